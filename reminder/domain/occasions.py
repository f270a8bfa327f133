"""The moments at which notices are due, and for which units."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from reminder.domain.notices import Kind, NoticeDraft, notice_key
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress, Window, nudge_day, overdue_day, workdays_left
from reminder.domain.workdays import last_day

# Of a nudge for a soft task (适时): one is all, whatever becomes of the due date.
ONCE = "once"


@dataclass(frozen=True)
class Occasion:
    kind: Kind
    period: str
    at: datetime
    units: tuple[str, ...]


@dataclass(frozen=True)
class Reminded:
    """That a unit was reminded of a task for this due date, at this step."""

    kind: Kind
    unit: str
    task: str
    due: str
    step: int


def digest_units(table: Timetable, month: int, on: date, progress: Progress) -> tuple[str, ...]:
    """Who gets that month's digest: the units of its rows, then who has tasks to confirm."""
    rows = table.reached.get(month, ())
    others = [
        unit.id
        for unit in table.directory.single
        if unit.id not in rows and table.unconfirmed(unit.id, month, on, progress)
    ]
    return (*rows, *others)


def digest_draft(
    table: Timetable, month: int, unit: str, *, rehearsal: bool = False
) -> NoticeDraft:
    period = table.plan.period(month)
    return NoticeDraft(
        key=notice_key(table.plan.id, Kind.DIGEST, period, unit, rehearsal=rehearsal),
        kind=Kind.DIGEST,
        period=period,
        unit=unit,
        due=table.digest_due(month),
        useful_until=table.digest_end(month),
    )


def due_reminders(
    table: Timetable, at: datetime, progress: Progress, reminded: set[Reminded]
) -> tuple[list[NoticeDraft], list[NoticeDraft]]:
    """Nudges and 待确认 mails due at that moment, and the secretariat's call list.

    At most one of a kind for a unit and day. A unit of another body is never pressed:
    its tasks come back as drafts that name it, for the secretariat to phone.
    """
    on = table.local_day(at)
    if not table.days.is_working(on) or at < table.moment(on):
        return [], []
    mails: list[NoticeDraft] = []
    calls: list[NoticeDraft] = []
    for kind, steps in ((Kind.NUDGE, _nudge_steps), (Kind.OVERDUE, _overdue_steps)):
        found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        until: dict[str, datetime] = {}
        for window, due, step, end in steps(table, on, progress):
            for unit in table.lead_units(table.plan.by_id[window.task]):
                if Reminded(kind, unit, window.task, due, step) not in reminded:
                    found[unit].append((window.task, due, step))
                    until[unit] = min(end, until.get(unit, end))
        for unit, tasks in found.items():
            draft = _draft(table, kind, on, unit, tasks, until[unit])
            tone = table.directory[unit].tone
            if tone is Relation.PARALLEL:
                calls.append(draft)
            elif kind is Kind.NUDGE or tone is Relation.OWN:
                mails.append(draft)
    return mails, calls


def _draft(
    table: Timetable,
    kind: Kind,
    on: date,
    unit: str,
    tasks: Iterable[tuple[str, str, int]],
    until: datetime,
) -> NoticeDraft:
    key = notice_key(table.plan.id, kind, on.isoformat(), unit)
    return NoticeDraft(key, kind, on.isoformat(), unit, table.moment(on), until, tuple(tasks))


Step = tuple[Window, str, int, datetime]


def _nudge_steps(table: Timetable, on: date, progress: Progress) -> Iterator[Step]:
    for found in table.windows.values():
        if not (found.tracked and progress.is_open(found) and found.opens <= on <= found.due):
            continue
        left = workdays_left(found, on, table.days)
        if reached := [step for step in table.schedule.nudges if left <= step]:
            due, step = (ONCE, 0) if found.soft else (found.due.isoformat(), min(reached))
            yield found, due, step, table.end_of(found.due)


def _overdue_steps(table: Timetable, on: date, progress: Progress) -> Iterator[Step]:
    if not table.schedule.tracking:
        return
    for found in table.windows.values():
        if not (found.can_be_overdue and progress.is_open(found) and on > found.due):
            continue
        steps = [(step, overdue_day(found, table.days, step)) for step in table.schedule.overdue]
        reached = [index for index, (_, day) in enumerate(steps) if day <= on]
        if not reached:
            continue
        step, day = steps[reached[-1]]
        following = steps[reached[-1] + 1 :]
        if following:
            end = table.moment(following[0][1])
        else:
            end = table.end_of(last_day(day.year, day.month))
        if table.moment(on) < end:
            yield found, found.due.isoformat(), step, end


def forecast(
    table: Timetable, start: date, end: date, now: datetime, progress: Progress
) -> list[Occasion]:
    """Every occasion from `start` to `end`, both inclusive, if nothing more is registered.

    Digests name the units of their rows, and those who have tasks to confirm by `now`.
    """
    today = table.local_day(now)
    occasions = []
    for month in table.reached:
        if start <= table.digest_day(month) <= end:
            known = digest_units(table, month, today, progress) if progress.started else ()
            units = known or table.reached[month]
            period, due = table.plan.period(month), table.digest_due(month)
            if units:
                occasions.append(Occasion(Kind.DIGEST, period, due, tuple(units)))
    days: dict[tuple[Kind, date], dict[str, None]] = defaultdict(dict)
    for found in table.windows.values():
        for kind, day in _reminder_days(table, found, progress):
            if start <= day <= end:
                days[kind, day].update(dict.fromkeys(_mailed(table, kind, found)))
    for (kind, day), units_of_day in days.items():
        if units_of_day:
            occasions.append(
                Occasion(kind, day.isoformat(), table.moment(day), tuple(units_of_day))
            )
    return sorted(occasions, key=lambda occasion: (occasion.at, occasion.kind))


def _reminder_days(
    table: Timetable, found: Window, progress: Progress
) -> Iterator[tuple[Kind, date]]:
    if not (found.tracked and progress.is_open(found)):
        return
    steps = sorted(table.schedule.nudges, reverse=True)
    days = [nudge_day(found, table.days, step) for step in steps]
    days = [day for day in days if day <= found.due]
    yield from ((Kind.NUDGE, day) for day in (days[:1] if found.soft else dict.fromkeys(days)))
    if found.can_be_overdue and table.schedule.tracking:
        for step in table.schedule.overdue:
            yield Kind.OVERDUE, overdue_day(found, table.days, step)


def _mailed(table: Timetable, kind: Kind, found: Window) -> list[str]:
    tones = {Relation.OWN, Relation.LOCAL} if kind is Kind.NUDGE else {Relation.OWN}
    units = table.lead_units(table.plan.by_id[found.task])
    return [unit for unit in units if table.directory[unit].tone in tones]
