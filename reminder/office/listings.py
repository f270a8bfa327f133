"""Parts of a report that have a row for each unit, mail or task: as many as anybody reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

SHOWN = 200  # rows of a listing; `reminder ledger list` has them all


@dataclass(frozen=True)
class Listing:
    """A part of a report: the first of `count` rows. `kind` is what its template calls it."""

    kind: str
    rows: Sequence[object]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def listing(kind: str, rows: Iterable[object]) -> Listing:
    """Counts them all, keeps as many as anybody reads."""
    rest = iter(rows)
    kept = list(islice(rest, SHOWN))
    return Listing(kind, kept, len(kept) + sum(1 for _ in rest))
