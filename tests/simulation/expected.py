"""What was due, worked out anew from windows and working days alone.

Nothing of planning, ledger or sending is used here: where they forget something, or make too
much, the difference shows. Passes that died count for what may be there, those that ended for
what must.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from reminder.domain.notices import Kind
from reminder.domain.plan import Task
from reminder.domain.registrations import OF_UNITS, Act, Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Window
from reminder.domain.workdays import last_day
from reminder.ledger.views import NoticeView

Telling = tuple[str, str, str, str, int]  # kind, unit, task, due date, step


@dataclass(frozen=True)
class Tick:
    """A pass: when it was in truth, what the clock said, what was registered by then."""

    at: datetime
    clock: datetime
    done: Mapping[str, date]
    reported: Mapping[tuple[str, str], date]  # by task and unit, neither confirmed nor sent back
    completed: bool

    def is_asked(self, task: str, unit: str) -> bool:
        return (task, unit) not in self.reported


@dataclass
class Expected:
    """Keys come without the plan's id. `tellings` are what units must have been reminded of,
    by mail, or by a call list where `calls` says so. `needless` are digests that were not due at
    some moment of their month, whatever they were at others."""

    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    needless: set[str] = field(default_factory=set)
    tellings: set[Telling] = field(default_factory=set)
    calls: set[Telling] = field(default_factory=set)


def expected(
    table: Timetable, journal: list[Tick], started: datetime, *, approved: bool = False
) -> Expected:
    """Where digests are to be `approved`, they may be there from the pre-flight on."""
    found, rules = Expected(), _Rules(table, table.local_day(started))
    for tick in journal:
        keys = {*rules.digests(tick), *rules.missed(tick)}
        found.needless |= found.may.intersection(rules.running(tick)) - keys
        found.may |= keys
        if approved:
            found.may |= {*rules.digests(tick, early=True)}
        found.must |= keys if tick.completed else set()
        for telling in rules.tellings(tick):
            kind, unit, *_ = telling
            by_mail = table.directory[unit].tone is not Relation.PARALLEL
            if by_mail:
                found.may.add(f"{kind}/{table.local_day(tick.clock)}/{unit}")
            if tick.completed:
                (found.tellings if by_mail else found.calls).add(telling)
    return found


class _Rules:
    def __init__(self, table: Timetable, started: date) -> None:
        self._table = table
        self._started = started
        months = table.plan.months
        # By the month in which they begin, and those that began before it.
        self._begun: dict[int, list[Task]] = {month: [] for month in months}
        first: dict[int, list[Task]] = {month: [] for month in months}
        for task in table.plan.month_tasks:
            of_task = table.months_of(task)
            first[of_task[0]].append(task)
            for month in of_task[1:]:
                self._begun.setdefault(month, []).append(task)
        self._rows = {month: self._units_of(tasks) for month, tasks in first.items()}
        named = self._units_of(table.plan.month_tasks)
        self._rows[months[0]] |= self._units_of(table.plan.year_round) - named
        self._due = {month: table.digest_due(month) for month in months}
        self._end = {month: table.digest_end(month) for month in months}
        self._told: tuple[object, ...] | None = None  # of these are the last tellings
        self._tellings: list[Telling] = []

    def _units_of(self, tasks: Sequence[Task]) -> set[str]:
        names = [unit for task in tasks for unit in (*task.lead, *task.related)]
        return set(self._table.directory.expand(names))

    def digests(self, tick: Tick, *, early: bool = False) -> Iterator[str]:
        """Of the months that run, or are made `early` and not due yet: who stands in the row, and
        who has something to confirm."""
        for month, due in self._due.items():
            end = due if early else self._end[month]
            if (self._table.preflight(month) if early else due) <= tick.clock < end:
                for unit in self._in_rows(month, tick) | self._unconfirmed(month, tick):
                    yield self._key(month, unit)

    def _in_rows(self, month: int, tick: Tick) -> set[str]:
        day = self._table.digest_day(month)
        carried = {
            unit
            for task in self._begun[month]
            for unit in self._units_of([task])
            if (tick.done.get(task.id) or tick.reported.get((task.id, unit)) or day) >= day
        }
        return self._rows[month] | carried

    def running(self, tick: Tick) -> Iterator[str]:
        """Of the months that run: everybody's."""
        for month, due in self._due.items():
            if due <= tick.clock < self._end[month]:
                yield from (self._key(month, unit.id) for unit in self._table.directory.single)

    def _key(self, month: int, unit: str) -> str:
        return f"digest/{self._table.plan.period(month)}/{unit}"

    def _unconfirmed(self, month: int, tick: Tick) -> set[str]:
        table, found = self._table, set()
        day = table.digest_day(month)
        if not table.schedule.tracking:
            return set()
        for window in self._open(tick.done):
            task = table.plan.by_id[window.task]
            if window.can_be_overdue and window.due < day and table.months_of(task)[-1] < month:
                leads = table.directory.expand(task.lead)
                found |= {unit for unit in leads if tick.is_asked(task.id, unit)}
        return {unit for unit in found if table.directory[unit].tone is not Relation.PARALLEL}

    def missed(self, tick: Tick) -> Iterator[str]:
        """Of months that ended: the ledger says at least that it was too late."""
        for month in self._rows:
            if self._end[month] <= tick.clock:
                yield from (self._key(month, unit) for unit in self._in_rows(month, tick))

    def _open(self, done: Container[str]) -> Iterator[Window]:
        for window in self._table.windows.values():
            if window.task not in done and window.due >= self._started:
                yield window

    def tellings(self, tick: Tick) -> list[Telling]:
        table = self._table
        day = table.local_day(tick.clock)
        if not table.days.is_working(day) or tick.clock < table.moment(day):
            return []
        if self._told != (day, tick.done, tick.reported):
            self._told = (day, tick.done, tick.reported)
            self._tellings = [
                (kind, unit, window.task, due, step)
                for window in self._open(tick.done)
                for unit in table.directory.expand(table.plan.by_id[window.task].lead)
                if tick.is_asked(window.task, unit)
                for kind, due, step in (
                    *self._nudge(window, day, unit),
                    *self._overdue(window, day, unit),
                )
            ]
        return self._tellings

    def _nudge(self, window: Window, day: date, unit: str) -> Iterator[tuple[str, str, int]]:
        """A step that leaves out the lead is none for a local unit, nor for a soft task."""
        is_within = (window.ranged or window.opens <= day) and day <= window.due
        if window.tracked and is_within:
            left, soft = self._table.days.between(day, window.due), window.soft
            local = self._table.directory[unit].tone is Relation.LOCAL
            steps = [step for step in self._table.schedule.nudges if step >= left]
            if soft or local:
                addressees = self._table.schedule.addressees
                steps = [step for step in steps if addressees(Kind.NUDGE, step).lead]
            if steps:
                yield Kind.NUDGE, *(("once", 0) if soft else (f"{window.due}", min(steps)))

    def _overdue(self, window: Window, day: date, unit: str) -> Iterator[tuple[str, str, int]]:
        table = self._table
        if table.directory[unit].tone is Relation.LOCAL:
            return
        if not (table.schedule.tracking and window.can_be_overdue and window.due < day):
            return
        days = {step: table.days.shift(window.due, step) for step in table.schedule.overdue}
        past = [step for step in sorted(days) if days[step] <= day]
        if not past:
            return
        later = [step for step in sorted(days) if step > past[-1]]
        last = days[past[-1]]
        end = (
            table.moment(days[later[0]]) if later else table.end_of(last_day(last.year, last.month))
        )
        if table.moment(day) < end:
            yield Kind.OVERDUE, f"{window.due}", past[-1]


def receipts_due(said: Sequence[Registration], views: Sequence[NoticeView]) -> frozenset[str]:
    """A receipt for each word of a unit, or one within days that tells of later words as well;
    what the secretariat sent back, each by itself."""
    made = {view.key.partition("/")[2] for view in views if view.kind is Kind.RECEIPT}
    due = set()
    for each in said:
        own = _receipt_key(each)
        later = (
            _receipt_key(other)
            for other in said
            if other.act in OF_UNITS and other.unit == each.unit and other.id >= each.id
            and other.at - each.at < timedelta(days=7)
        )  # fmt: skip
        if each.act is Act.RETURN:
            due.add(own)
        elif each.act in OF_UNITS:
            due.add(next((key for key in later if key in made), own))
    return frozenset(due)


def _receipt_key(said: Registration) -> str:
    return f"receipt/{said.id}/{said.unit}"
