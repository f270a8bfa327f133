"""情况简报: half a page on a month or a year, for whoever leads the office. Every figure is one of
the console's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from reminder.domain.occasions import asked_months
from reminder.domain.plan import Task, calendar_month
from reminder.domain.registrations import Registration
from reminder.domain.status import TaskState, TaskStatus
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Window
from reminder.errors import UsageError
from reminder.ledger.registrations import latest_progress, read_progress
from reminder.office.application import Application
from reminder.office.lookup import month_of
from reminder.office.overview import TaskStanding, read_month, read_overview
from reminder.office.signatures import Signing, read_signing
from reminder.office.turn import LeftTask, read_turn


class BriefPart(StrEnum):
    """Where a task stands; each in one of them."""

    DONE = "done"
    IN_HAND = "in-hand"
    REPORTED = "reported"
    TO_CONFIRM = "to-confirm"
    WAITING = "waiting"  # for its session's date, also while its month runs
    NOT_OPEN = "not-open"
    CLOSED = "closed"  # carried over or ended
    SETTLED = "settled"


_PARTS = {
    TaskState.NOT_OPEN: BriefPart.NOT_OPEN,
    TaskState.OPEN: BriefPart.IN_HAND,
    TaskState.DUE_SOON: BriefPart.IN_HAND,
    TaskState.LINGERING: BriefPart.IN_HAND,
    TaskState.TO_CONFIRM: BriefPart.TO_CONFIRM,
    TaskState.OVERDUE: BriefPart.TO_CONFIRM,
    TaskState.WAITING: BriefPart.WAITING,
    TaskState.REPORTED: BriefPart.REPORTED,
    TaskState.CHECKED_IN: BriefPart.DONE,
    TaskState.DONE: BriefPart.DONE,
    TaskState.CARRIED: BriefPart.CLOSED,
    TaskState.ENDED: BriefPart.CLOSED,
    TaskState.SETTLED: BriefPart.SETTLED,
}
# What stays in sight when its month is over.
_LEFT = (BriefPart.IN_HAND, BriefPart.REPORTED, BriefPart.TO_CONFIRM, BriefPart.WAITING)


def part_of(status: TaskStatus, window: Window) -> BriefPart:
    part = _PARTS[status.state]
    return BriefPart.WAITING if part is BriefPart.IN_HAND and window.undated else part


@dataclass(frozen=True)
class BriefItem:
    """A task as it stands now. `last` is the last word on it, `told` what was told last of its
    progress."""

    task: Task
    window: Window
    status: TaskStatus
    leads: Sequence[Unit]
    last: Registration | None = None
    told: Registration | None = None

    @property
    def part(self) -> BriefPart:
        return part_of(self.status, self.window)


@dataclass(frozen=True)
class Brief:
    """Of a `month` as the plan counts it, or with 0 of its whole year.

    `items` are the month's rows, `earlier` what is left of those before; `signing` is that of
    `last_month`, None where nobody was asked; `asked` and `signed` add up all months of a year so
    far. `following` is what begins in the month behind `last_month`.
    """

    table: Timetable
    at: datetime
    month: int
    last_month: int
    items: Sequence[BriefItem]
    earlier: Sequence[BriefItem]
    year_round: Sequence[BriefItem]
    signing: Signing | None
    asked: int
    signed: int
    following: Sequence[Task]

    @property
    def period(self) -> str:
        """As it is asked for."""
        plan = self.table.plan
        return plan.period(self.month) if self.month else str(plan.year)

    @property
    def last_number(self) -> int:
        """1 to 12, as `next_number`."""
        return calendar_month(self.last_month)

    @property
    def next_number(self) -> int:
        return calendar_month(self.last_month + 1)

    def of(self, part: BriefPart) -> list[BriefItem]:
        """What is done the last one first, all else as it came."""
        found = [item for item in (*self.earlier, *self.items) if item.part is part]
        if part is BriefPart.DONE:
            found.sort(key=lambda item: item.status.since or self.at.date(), reverse=True)
        return found

    @property
    def unsigned(self) -> list[Unit]:
        units = self.signing.unsigned if self.signing else ()
        return [self.table.directory[unit] for unit in units]


def counts(items: Iterable[BriefItem]) -> dict[BriefPart, int]:
    parts = [item.part for item in items]
    return {part: parts.count(part) for part in BriefPart}


def about_brief(app: Application, period: str, at: datetime) -> tuple[Application, int]:
    """About the table that has that month, 2026-04, or is that year's, 2026; with the month, 0 for
    the whole year. Without a period the month that runs; once the term is over the year.

    Raises `UnknownError`, `UsageError`.
    """
    plan = app.table.plan
    if not period:
        is_over = plan.month_at(app.table.local_day(at)) > plan.months[-1]
        return app, 0 if is_over else app.table.shown_month(at)
    if len(period) == len("2026") and period.isascii() and period.isdigit():
        return app.about(plan.id, int(period)), 0
    if len(period) != len("2026-04"):
        example = f"{plan.period(plan.months[2])}, {plan.year}"
        raise UsageError.because("no_period", period=period, plan=plan.name, example=example)
    app = app.about_period(period)
    return app, month_of(app, period)


def offered_periods(app: Application, at: datetime) -> list[str]:
    """That somebody may want today: the month's, the year's, in a term's first month also the year
    before's."""
    table = app.table
    _, month = about_brief(app, "", at)
    periods = [table.plan.period(month)] if month else []
    periods.append(str(table.plan.year))
    if table.previous and month == table.plan.months[0]:
        periods.append(str(table.previous.plan.year))
    return periods


def read_brief(app: Application, connection: Connection, at: datetime, month: int) -> Brief:
    """Tasks as they stand at that moment, also those of a month that is over."""
    table, overview = app.table, read_overview(app, connection, at)
    plan, on, last_month = table.plan, table.local_day(at), month or table.shown_month(at)
    is_over = not month and plan.month_at(on) > plan.months[-1]
    told = latest_progress(connection, plan.id)
    by_month = dict(zip(plan.months, overview["months"].values(), strict=True))
    if month:
        shown = read_month(app, connection, at, month, 1)
        rows, year_round = shown["tasks"], shown["year_round"]
        before = [row for number in by_month if number < month for row in by_month[number]]
    else:
        rows, year_round = (
            [row for some in by_month.values() for row in some],
            overview["year_round"],
        )
        before = []
    listed = {row.task.id for row in rows}
    earlier = [_item(row, told) for row in (*_left(app, connection, at), *before)]
    signings = dict(_signings(app, connection, at, month))
    return Brief(
        table=table,
        at=at.astimezone(plan.zone),
        month=month,
        last_month=last_month,
        items=[_item(row, told) for row in rows],
        earlier=[i for i in earlier if i.task.id not in listed and i.part in _LEFT],
        year_round=[_item(row, told) for row in year_round],
        signing=None if is_over else signings.get(last_month),
        asked=sum(len(signing.asked) for signing in signings.values()),
        signed=sum(signing.count for signing in signings.values()),
        following=() if is_over else _beginning(table, last_month + 1),
    )


def _left(app: Application, connection: Connection, at: datetime) -> Iterator[LeftTask]:
    """What is open of the years before."""
    if app.table.previous:
        turn = read_turn(app, connection, at)
        yield from (left for left in turn.open if left.year < app.table.plan.year)


def _item(row: TaskStanding | LeftTask, told: Mapping[tuple[str, str], Registration]) -> BriefItem:
    progress = told.get((row.task.id, row.window.period))
    if isinstance(row, LeftTask):
        return BriefItem(row.task, row.window, row.status, row.leads, None, progress)
    units, words = [lead.unit for lead in row.leads], [lead.last for lead in row.leads]
    last = max(filter(None, words), key=lambda word: word.id, default=None)
    return BriefItem(row.task, row.window, row.status, units, last, progress)


def _signings(
    app: Application, connection: Connection, at: datetime, month: int
) -> Iterator[tuple[int, Signing]]:
    """By month; of that one alone, or of all so far."""
    table = app.table
    progress = read_progress(connection, table, app.settings.stream)
    for asked in asked_months(table, at, progress):
        if month in (0, asked):
            yield asked, read_signing(connection, table, asked, at, progress)


def _beginning(table: Timetable, month: int) -> list[Task]:
    """What stands in that month's rows and not in those before, the next table's too."""
    return [task for task in table.tasks_in(month) if not table.has_begun(task, month)]
