"""When an office writes, and to whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time

from reminder.domain.notices import Kind


@dataclass(frozen=True)
class Addressees:
    """To whom a reminder goes: the lead itself, then who in the own house is told too."""

    lead: bool = True
    secretariat: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.secretariat, *self.named)))


def together(steps: Iterable[Addressees]) -> Addressees:
    """One mail to all of them; to the lead alone when there is nothing to go by."""
    several = list(steps) or [Addressees()]
    return Addressees(
        any(one.lead for one in several),
        tuple(dict.fromkeys(address for one in several for address in one.secretariat)),
        tuple(dict.fromkeys(address for one in several for address in one.named)),
    )


@dataclass(frozen=True)
class Schedule:
    """When the office writes, and to whom. Times are of the plan's zone, counts working days.

    A step that `escalation` does not know goes to the lead alone.
    """

    at: time = time(9)
    workdays_before: int = 0
    nudges: tuple[int, ...] = (3,)
    overdue: tuple[int, ...] = (1, 7)
    tracking: bool = True
    preflight: int = 3
    escalation: Mapping[tuple[Kind, int], Addressees] = field(default_factory=dict)

    def addressees(self, kind: Kind, step: int) -> Addressees:
        return self.escalation.get((kind, step), Addressees())

    @property
    def nudges_of_leads(self) -> list[int]:
        return [step for step in self.nudges if self.addressees(Kind.NUDGE, step).lead]
