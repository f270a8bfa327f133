"""The moments at which notices are due, and for which units."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

from reminder.domain.notices import Kind, NoticeDraft, notice_key
from reminder.domain.schedule import Addressees, together
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress, Window, nudge_day
from reminder.domain.workdays import last_day

# Of a nudge for a soft task (适时): one is all, whatever becomes of the due date.
ONCE = "once"
# Whom a step without the lead concerns, and every step after the window's end: a unit of
# another body then stands in the call list.
_ESCALATED = frozenset({Relation.OWN, Relation.PARALLEL})
_LOCAL = frozenset({Relation.LOCAL})


@dataclass(frozen=True)
class Occasion:
    kind: Kind
    period: str
    at: datetime
    units: tuple[str, ...]


@dataclass(frozen=True)
class PastDigest:
    """A digest that a unit got: of which month, and the day on which it was due or made."""

    month: int
    day: date


@dataclass(frozen=True)
class Step:
    """Of a task's reminders the one that is in reach: once for each unit that leads it and
    has one of the tones."""

    kind: Kind
    task: str
    due: str
    step: int
    since: date = field(compare=False)
    until: datetime = field(compare=False)
    tones: Set[Relation] = field(default=frozenset(Relation), compare=False)


def digest_units(table: Timetable, month: int, on: date, progress: Progress) -> tuple[str, ...]:
    """Who gets that month's digest: the units of its rows, then who has tasks to confirm."""
    rows = row_units(table, month, progress)
    asked = {
        unit
        for task in table.unregistered(month, on, progress)
        for unit in table.lead_units(task)
        if table.directory[unit].tone is not Relation.PARALLEL and progress.is_asked(task.id, unit)
    }
    others = asked.difference(rows)
    return (*rows, *(unit for unit in table.directory.units if unit in others)) if others else rows


def asked_months(table: Timetable, at: datetime, progress: Progress) -> Iterator[int]:
    """Those whose digest was due by then; before the first start nobody was asked to sign."""
    for month in table.plan.months:
        is_before = progress.started and last_day(table.plan.year, month) < progress.started
        if not is_before and table.digest_due(month) <= at:
            yield month


def gets_digest(table: Timetable, unit: str, month: int, on: date, progress: Progress) -> bool:
    """Whether that unit is one of `digest_units`."""
    named = _is_named(table, unit, month, progress)
    return named or bool(table.unconfirmed(unit, month, on, progress))


def row_units(table: Timetable, month: int, progress: Progress) -> tuple[str, ...]:
    """Units of the month's rows, as far as these stand in its digest for them."""
    rows = table.reached(month)
    if not table.carries(month):
        return rows
    left: set[str] = set()
    for task in table.month_tasks(month):
        units = table.directory.expand([*task.lead, *task.related])
        left.update(unit for unit in units if table.stands(task, unit, month, progress))
    return tuple(unit for unit in rows if unit in left)


def _is_named(table: Timetable, unit: str, month: int, progress: Progress) -> bool:
    """By what is left of the month's rows."""
    if table.carries(month):
        return any(table.role(unit, task) for task in table.digest_tasks(unit, month, progress))
    return not set(table.names_by_month[month]).isdisjoint((unit, *table.named_as(unit)))


def digest_draft(
    table: Timetable, month: int, unit: str, *, rehearsal: bool = False
) -> NoticeDraft:
    period, due, until = table.plan.period(month), table.digest_due(month), table.digest_end(month)
    key = notice_key(table.plan.id, Kind.DIGEST, period, unit, rehearsal=rehearsal)
    return NoticeDraft(key, Kind.DIGEST, period, unit, due, until)


def steps_in_reach(table: Timetable, at: datetime, progress: Progress) -> list[Step]:
    """What may have to be told now; nothing on a rest day or before the sending hour."""
    on = table.local_day(at)
    if not table.days.is_working(on) or at < table.moment(on):
        return []
    return [*_nudge_steps(table, on, progress), *_overdue_steps(table, on, progress)]


def reminders(
    table: Timetable,
    at: datetime,
    notified: Mapping[Step, Set[str]],
    progress: Progress,
    past_digests: Mapping[str, Sequence[PastDigest]] = MappingProxyType({}),
    *,
    rehearsal: bool = False,
) -> Iterator[NoticeDraft]:
    """Of steps in reach, each with the units that were told: for those that lead and were not,
    and have not reported the task as done. `past_digests` are the units' latest digests.

    At most one of a kind for a unit and day. A unit of another body is never pressed: its
    drafts are for the secretariat to phone. Nor does one go to a unit that has read all of it
    in a digest since the step was reached.
    """
    due: dict[tuple[Kind, str], list[Step]] = defaultdict(list)
    for step, units in notified.items():
        for unit in table.lead_units(table.plan.by_id[step.task]):
            concerned = table.directory[unit].tone in step.tones and unit not in units
            if concerned and progress.is_asked(step.task, unit):
                due[step.kind, unit].append(step)
    period, moment = table.local_day(at).isoformat(), table.moment(table.local_day(at))
    for (kind, unit), steps in due.items():
        digests = past_digests.get(unit, ()) if table.directory[unit].tone is Relation.OWN else ()
        by_digest = all(_says(table, digests, step) for step in steps)
        key = notice_key(table.plan.id, kind, period, unit, rehearsal=rehearsal)
        tasks = tuple((step.task, step.due, step.step) for step in steps)
        until = min(step.until for step in steps)
        yield NoticeDraft(key, kind, period, unit, moment, until, tasks, by_digest)


def joined(one: NoticeDraft, other: NoticeDraft) -> NoticeDraft:
    """Two of one key, of two years' tables."""
    until = min(one.useful_until, other.useful_until)
    tasks, by_digest = (*one.tasks, *other.tasks), one.by_digest and other.by_digest
    return replace(other, useful_until=until, tasks=tasks, by_digest=by_digest)


def _says(table: Timetable, digests: Iterable[PastDigest], step: Step) -> bool:
    """Whether one of the digests has asked the unit for that task, in place of the step."""
    months = table.months_of(table.plan.by_id[step.task])
    return step.kind is Kind.OVERDUE and any(
        digest.day >= step.since and digest.month >= months[0] for digest in digests
    )


def addressees(table: Timetable, draft: NoticeDraft) -> Addressees:
    """All to whom its steps go. Nobody but the lead is told of a unit of another body."""
    if table.directory[draft.unit].tone is not Relation.OWN:
        return Addressees()
    # A soft task's only nudge goes at the lead's own first step, whoever is told beside it.
    soft = max(table.schedule.nudges_of_leads, default=0)
    told = together(
        table.schedule.addressees(draft.kind, soft if due == ONCE else step)
        for _, due, step in draft.tasks
    )
    return replace(told, lead=False) if draft.by_digest else told


def _nudge_steps(table: Timetable, on: date, progress: Progress) -> Iterator[Step]:
    end = table.days.shift(on, max(table.schedule.nudges, default=0) + 1)
    for window in table.windows.values():
        is_within = on <= window.due < end and window.is_reached(on)
        if not (is_within and window.tracked and progress.is_open(window)):
            continue
        left, until = table.days.between(on, window.due), table.end_of(window.due)
        for step, tones in _nudges_at(table, left, soft=window.soft):
            due = ONCE if window.soft else window.due.isoformat()
            yield Step(Kind.NUDGE, window.task, due, 0 if window.soft else step, on, until, tones)


def _nudges_at(table: Timetable, left: int, *, soft: bool) -> Iterator[tuple[int, Set[Relation]]]:
    """The latest step; for units that only their own steps concern, the latest of those."""
    latest, of_lead = (
        min((step for step in steps if left <= step), default=None)
        for steps in (table.schedule.nudges, table.schedule.nudges_of_leads)
    )
    if of_lead is not None and (soft or of_lead == latest):
        yield of_lead, frozenset(Relation)
    elif not soft:
        if latest is not None:
            yield latest, _ESCALATED
        if of_lead is not None:
            yield of_lead, _LOCAL


def _overdue_steps(table: Timetable, on: date, progress: Progress) -> Iterator[Step]:
    if not table.schedule.tracking:
        return
    # What was due before that had its last step before this month: nothing is said of it any more.
    first = table.days.shift(on.replace(day=1), -max(table.schedule.overdue, default=0) - 1)
    for window in table.windows.values():
        is_within = first <= window.due < on
        if not (is_within and window.can_be_overdue and progress.is_open(window)):
            continue
        steps = [(step, table.days.shift(window.due, step)) for step in table.schedule.overdue]
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
            due = window.due.isoformat()
            yield Step(Kind.OVERDUE, window.task, due, step, day, end, _ESCALATED)


def forecast(
    table: Timetable, start: date, end: date, now: datetime, progress: Progress
) -> Iterator[Occasion]:
    """Every occasion from `start` to `end`, both inclusive, if nothing more is registered.

    Digests name the units of their rows, and those who have tasks to confirm by `now`, or on the
    digest's own day for the first time.
    """
    digests = {
        (table.digest_due(month), Kind.DIGEST): month
        for month in table.plan.months
        if start <= table.digest_day(month) <= end
    }
    leads: dict[tuple[datetime, Kind], list[str]] = defaultdict(list)
    for window in table.windows.values():
        for kind, day, units_asked in reminders_to_come(table, window, progress):
            if start <= day <= end:
                leads[table.moment(day), kind] += units_asked
    for at, kind in sorted({*digests, *leads}):
        units, period = tuple(dict.fromkeys(leads[at, kind])), at.date().isoformat()
        if kind is Kind.DIGEST:
            month = digests[at, kind]
            reached = table.reached(month)
            if progress.started:
                reached = digest_units(table, month, table.local_day(now), progress)
            units, period = tuple(dict.fromkeys((*reached, *units))), table.plan.period(month)
        if units:
            yield Occasion(kind, period, at, units)


def reminders_to_come(
    table: Timetable, window: Window, progress: Progress
) -> Iterator[tuple[Kind, date, list[str]]]:
    """Each with its day and the units that a mail is about on it; what a digest says is one."""
    task = table.plan.by_id[window.task]
    leads = [unit for unit in table.lead_units(task) if progress.is_asked(task.id, unit)]
    for kind, day, tones in _reminder_days(table, window, progress):
        yield kind, day, [unit for unit in leads if table.directory[unit].tone in tones]


def _reminder_days(
    table: Timetable, window: Window, progress: Progress
) -> Iterator[tuple[Kind, date, Set[Relation]]]:
    if not (window.tracked and progress.is_open(window)):
        return
    own, of_leads = frozenset({Relation.OWN}), table.schedule.nudges_of_leads
    steps = sorted(of_leads)[-1:] if window.soft else table.schedule.nudges
    for step in steps:
        day = nudge_day(window, table.days, step)
        if day <= window.due:
            yield Kind.NUDGE, day, own | _LOCAL if step in of_leads else own
    if window.can_be_overdue and table.schedule.tracking:
        for step in table.schedule.overdue:
            day = table.days.shift(window.due, step)
            months = table.months_of(table.plan.by_id[window.task])
            by_digest = table.month_of_digest(day) >= months[0]
            if by_digest:
                yield Kind.DIGEST, day, own
            if not by_digest or table.schedule.addressees(Kind.OVERDUE, step).others:
                yield Kind.OVERDUE, day, own
