"""Which rows of a revised table are those of the table before it: a table on paper has no ids."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# How alike two wordings must be, to be one task reworded: in a row of the same time, and in
# another. Below, they are two tasks.
ALIKE_AT_ONE_TIME = 0.6
ALIKE = 0.8


@dataclass(frozen=True)
class Wording:
    """`time` is the same for rows of the same time."""

    title: str
    time: str


@dataclass(frozen=True)
class SameRow:
    """By their places in the two tables; not `sure` where the wording differs in words."""

    before: int
    after: int
    sure: bool = True


def same_rows(before: Sequence[Wording], after: Sequence[Wording]) -> list[SameRow]:
    """Each row once, in the new table's order; what is left of the old one was dropped.

    The surest first: the wording at the same time, the wording at another, one that differs by
    blanks and signs alone, then the most alike.
    """
    old, new = dict(enumerate(before)), dict(enumerate(after))
    pairs: list[SameRow] = []

    def take(found: Iterator[SameRow]) -> None:
        for pair in found:
            if pair.before in old and pair.after in new:
                del old[pair.before], new[pair.after]
                pairs.append(pair)

    keys: list[Callable[[Wording], Hashable]] = [
        lambda row: (row.title, row.time),
        lambda row: row.title,
        lambda row: (_bare(row.title), row.time),
        lambda row: _bare(row.title),
    ]
    for key in keys:
        take(_equal(dict(old), dict(new), key))
    take(_alike(dict(old), dict(new)))
    return sorted(pairs, key=lambda pair: pair.after)


def _bare(title: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", title))


def _numerals(title: str) -> list[str]:
    """Which session, which year: what tells apart wordings that are much alike."""
    return re.findall("[0-9]+|[一二三四五六七八九十]+", title)


def _equal(
    old: dict[int, Wording], new: dict[int, Wording], key: Callable[[Wording], Hashable]
) -> Iterator[SameRow]:
    """Of several equal ones the first goes with the first."""
    places: dict[Hashable, list[int]] = {}
    for place, row in old.items():
        places.setdefault(key(row), []).append(place)
    for place, row in new.items():
        if same := places.get(key(row)):
            yield SameRow(same.pop(0), place)


def _alike(old: dict[int, Wording], new: dict[int, Wording]) -> Iterator[SameRow]:
    found = []
    for after, row in new.items():
        matcher = SequenceMatcher(None, b=_bare(row.title), autojunk=False)
        for before, was in old.items():
            if was.time != row.time and _numerals(was.title) != _numerals(row.title):
                continue
            wanted = ALIKE_AT_ONE_TIME if was.time == row.time else ALIKE
            matcher.set_seq1(_bare(was.title))
            if matcher.real_quick_ratio() >= wanted and matcher.quick_ratio() >= wanted:
                ratio = matcher.ratio()
                if ratio >= wanted:
                    found.append((was.time == row.time, ratio, before, after))
    for _, _, before, after in sorted(found, key=lambda it: (not it[0], -it[1], it[2:])):
        yield SameRow(before, after, sure=False)
