"""Each task as the secretariat sees it: its light in a word, and what its leads have said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain import wording
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Act, Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Light, Progress, Rule, Window, light, workdays_left
from reminder.ledger import registrations
from reminder.ledger.registrations import read_progress

LISTED = 20  # leads of one task, those that have said something first
WAITS = "wait"  # beside the lights: reported and not confirmed yet, or its session has no date


@dataclass(frozen=True)
class Lamp:
    word: str
    colour: str

    @property
    def short(self) -> str:
        """Without counts, so that the same can be counted."""
        return "临近" if self.colour == Light.YELLOW else self.word.split()[0]


@dataclass(frozen=True)
class Lead:
    """One that leads a task; `said` is its last word on it, or the secretariat's to it."""

    unit: Unit
    lamp: Lamp
    said: Registration | None


@dataclass(frozen=True)
class Standing:
    """A task in one window. `period` is that of a year-round task's check-in, else empty.

    `leads` are some of them, and `more` how many others there are.
    `done_as` is that period when it was only checked in, and empty when it is done for good.
    """

    task: Task
    timing: str
    period: str
    lamp: Lamp
    leads: tuple[Lead, ...]
    more: int
    done_on: date | None
    done_as: str
    when: str  # `timing` where the month stands above

    @property
    def confirmed(self) -> Unit | None:
        """Whose report it was that the secretariat has confirmed."""
        closing = (lead.unit for lead in self.leads if lead.said and lead.said.act is Act.CONFIRM)
        return next(closing, None)


@dataclass(frozen=True)
class Known:
    """What the ledger says of all tasks at one moment."""

    progress: Progress
    pending: tuple[Registration, ...]
    said: Mapping[tuple[str, str], Registration]

    @cached_property
    def _waiting(self) -> frozenset[tuple[str, str, str]]:
        return frozenset((one.task, one.unit, one.period) for one in self.pending)

    def waits(self, task: str, unit: str, period: str) -> bool:
        return any((task, unit, of) in self._waiting for of in ("", period))


def read_known(
    connection: Connection, table: Timetable, stream: str, period: str | None = None
) -> Known:
    """With a period also what was said of year-round tasks in that month."""
    return Known(
        read_progress(connection, table, stream),
        tuple(registrations.pending(connection)),
        registrations.latest_on_tasks(connection, ("", period) if period else ("",)),
    )


def standings(
    table: Timetable, tasks: Iterable[Task], month: int, on: date, known: Known, only: str = ""
) -> list[Standing]:
    """Of a month's tasks, and of year-round ones as of that month; with `only` that lead's."""
    return [_standing(table, task, month, on, known, only) for task in tasks]


def _standing(
    table: Timetable, task: Task, month: int, on: date, known: Known, only: str
) -> Standing:
    found = table.window_in(task, month)
    is_year = task.kind is TaskKind.YEAR
    period = table.plan.period(month) if is_year else ""
    units = [table.directory[unit] for unit in table.lead_units(task)]
    shown = [unit for unit in units if unit.id == only] if only else _listed(units, task.id, known)
    leads = tuple(
        Lead(
            unit,
            lamp(table, found, on, known, [unit], period),
            known.said.get((task.id, unit.id)),
        )
        for unit in shown
    )
    done = known.progress.done.get(task.id) or known.progress.checked_in.get((task.id, period))
    return Standing(
        task,
        "全年" if is_year else wording.timing(found, task),
        period,
        lamp(table, found, on, known, units, period),
        leads,
        0 if only else len(units) - len(shown),
        done,
        "" if task.id in known.progress.done else period,
        "全年" if is_year else _when(found, task, on),
    )


def _listed(units: list[Unit], task: str, known: Known) -> list[Unit]:
    if len(units) <= LISTED:
        return units
    return sorted(units, key=lambda unit: (task, unit.id) not in known.said)[:LISTED]


def _when(found: Window, task: Task, on: date) -> str:
    words = "会期待定" if found.undated else wording.short_timing(found, task)
    if found.is_waiting(on):  # the light says why
        words = f"暂按{found.due.month}月"
    return f"{words} · 适时" if found.soft else words


def lamp(
    table: Timetable, found: Window, on: date, known: Known, units: list[Unit], period: str
) -> Lamp:
    """Of a task for those leads; `period` is that of a year-round task's check-in, else empty."""
    shown = light(found, on, table.days, known.progress)
    is_waiting = known.progress.is_open(found) and found.is_waiting(on)
    if shown is Light.GREY and not is_waiting:
        return Lamp(_closed(found, known.progress, period), shown)
    waiting = sum(known.waits(found.task, unit.id, period) for unit in units)
    if waiting:
        count = f" {waiting}/{len(units)}" if len(units) > 1 else ""
        return Lamp(f"待复核{count}", WAITS)
    if is_waiting:
        return Lamp("会期待定", WAITS)
    return Lamp(_word(table, found, on, shown, units), shown)


def _closed(found: Window, progress: Progress, period: str) -> str:
    if found.task in progress.done:
        return "已办结"
    return "本月已登记" if (found.task, period) in progress.checked_in else "启用前"


def _word(table: Timetable, found: Window, on: date, shown: Light, units: list[Unit]) -> str:
    if shown is Light.RED:
        is_own = any(unit.tone is Relation.OWN for unit in units)
        return "已逾期" if is_own and found.rule is Rule.EXPLICIT else "待确认"
    if shown is Light.YELLOW and on <= found.due:
        left = workdays_left(found, on, table.days)
        return f"剩{left}个工作日" if left else "最后一个工作日"
    if shown is Light.BLUE:
        return "未开始"
    return "进行中"
