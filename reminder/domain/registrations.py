"""What units register of months and tasks, and what the secretariat makes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from reminder.domain.plan import Plan, Task


class Act(StrEnum):
    SIGN = "sign"
    PROGRESS = "progress"
    FINISH = "finish"
    CONFIRM = "confirm"
    RETURN = "return"
    UNDO = "undo"
    # Of the secretariat alone, on a task of an earlier year: to a task of the next table, which
    # the message names; or for good, with a word.
    CARRY = "carry"
    END = "end"


OF_UNITS = (Act.SIGN, Act.PROGRESS, Act.FINISH)
# Of those the last one decides whether a unit's word on a task still waits.
DECIDING = (Act.FINISH, Act.CONFIRM, Act.RETURN, Act.UNDO, Act.CARRY, Act.END)


class Channel(StrEnum):
    """How the secretariat was told what it registers for a unit."""

    PHONE = "phone"
    VISIT = "visit"
    MAIL = "mail"


BY_MAIL = "mail/"  # before the number of the letter


@dataclass(frozen=True)
class Signature:
    """Whose word it is, as they name themselves, and by which link they came.

    `clerk` is who wrote it down at the secretariat; with a `channel` for a unit (代登记), which has
    told it that way.
    """

    who: str
    link: str
    channel: Channel | None = None
    clerk: str = ""

    @property
    def way(self) -> str:
        """`clerk` where the secretariat has noted it, `mail` for the unit's own reply, else
        `link`."""
        if self.channel:
            return "clerk"
        return "mail" if self.link.startswith(BY_MAIL) else "link"


@dataclass(frozen=True)
class Registration:
    """One line of the history, of a task or month of that `plan`. `at` is UTC.

    `period` is the month that is signed, or the one of a year-round task's check-in; it is empty
    for a task as a whole, as `task` is for a month. `percent` is 0 to 100.
    """

    at: datetime
    act: Act
    unit: str
    period: str
    task: str
    by: Signature
    done_on: date | None = None
    percent: int | None = None
    message: str = ""
    plan: str = ""
    id: int = 0


@dataclass(frozen=True)
class Registered:
    """Like acts of a unit, as its receipt tells of them: the last of `count`. `since` and `at`,
    the first and the last, are in the plan's zone; `task` is None for a month that is signed and
    for one that has left the plan.

    `month` is that of the registration, else the task's own; 0 for a year-round task as a whole.
    """

    registration: Registration
    since: datetime
    at: datetime
    task: Task | None
    month: int
    count: int


def registered(plan: Plan, history: Sequence[Registration]) -> Iterator[Registered]:
    """In the order of the last of each kind."""
    alike: dict[tuple[Act, str, str], list[Registration]] = {}
    for one in history:
        key = one.act, one.task, one.period
        alike[key] = [*alike.pop(key, ()), one]
    for same in alike.values():
        last, task = same[-1], plan.by_id.get(same[-1].task)
        since, at = (one.at.astimezone(plan.zone) for one in (same[0], last))
        month = int(last.period[5:]) if last.period else task.month if task else at.month
        yield Registered(last, since, at, task, month, len(same))
