"""What changes mean: windows and notices that move with a session, notices that need not go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest

from reminder.domain.notices import REMINDERS, Kind, NoticeDraft, Reason
from reminder.domain.occasions import ONCE, gets_digest, reminders_to_come
from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import Role, Timetable
from reminder.domain.windows import Progress, Window
from reminder.domain.workdays import last_day

# Who is reminded of what: by the kind, the task and the unit.
Call = tuple[Kind, str, str]
Calls = Mapping[Call, set[date]]


@dataclass(frozen=True)
class NoticeMove:
    """None for a day that there was not, or will not be."""

    kind: Kind
    task: str
    before: date | None
    after: date | None
    units: tuple[str, ...]


def moved_to(table: Timetable, held: Meeting) -> Timetable:
    """With that session of its on another day, or without a day."""
    meetings = {**table.plan.meetings, held.id: held}
    return replace(table, plan=replace(table.plan, meetings=meetings))


def upside_down(table: Timetable, meeting: str) -> list[Window]:
    """Windows of that session, the last of their task's, that would close before they open."""
    windows = (
        table.windows[task.id]
        for task in table.plan.month_tasks
        if task.timing.meetings[-1:] == (meeting,)
    )
    return [window for window in windows if window.due < window.opens]


def notice_moves(before: Calls, after: Calls) -> list[NoticeMove]:
    """Each reminder of a task by itself, and the units that move alike together."""
    units: dict[tuple[Kind, str, date | None, date | None], list[str]] = defaultdict(list)
    for call in dict.fromkeys((*before, *after)):
        kind, task, unit = call
        # Of several steps the last ones belong together: the first may be over already.
        days = (sorted(calls.get(call, ()), reverse=True) for calls in (before, after))
        for was, becomes in zip_longest(*days):
            if was != becomes:
                units[kind, task, was, becomes].append(unit)
    moves = [NoticeMove(*move, tuple(moved)) for move, moved in units.items()]
    return sorted(moves, key=lambda move: (move.task, min(filter(None, (move.before, move.after)))))


def calls_from(
    table: Timetable,
    tasks: Sequence[Task],
    now: datetime,
    first: Iterable[Call],
    progress: Progress,
) -> Calls:
    """Reminders of these tasks to come: `first` at the next sending hour, then as forecast."""
    start = next_hour(table, now).date()
    # What is due by the end of the term is asked after in the month that follows.
    end = last_day(table.plan.year, table.plan.months[-1] + 3)
    days: dict[Call, set[date]] = defaultdict(set)
    for call in first:
        days[call].add(start)
    for task in tasks:
        for kind, day, units in reminders_to_come(table, table.windows[task.id], progress):
            if kind in REMINDERS and start < day <= end:
                for unit in units:
                    days[kind, task.id, unit].add(day)
    return days


def next_hour(table: Timetable, now: datetime) -> datetime:
    """When reminders go that are due already: now, or from the next sending hour on."""
    on = table.local_day(now)
    if table.days.is_working(on):
        return max(now.astimezone(table.plan.zone), table.moment(on))
    return table.moment(table.days.on_or_after(on))


def why_done(draft: NoticeDraft, progress: Progress) -> Reason | None:
    """Of a reminder whose tasks were all registered since."""
    asked = any(progress.is_asked(task, draft.unit) for task, *_ in draft.tasks)
    return Reason.DONE if draft.kind in REMINDERS and draft.tasks and not asked else None


def why_needless(table: Timetable, draft: NoticeDraft, progress: Progress) -> Reason | None:
    """Why nothing is left to say of it: it was dropped from the plan, moved to another day, or
    all of it is done.

    What a receipt or a report says was fixed when it was made; a receipt's unit may have left.
    """
    of_unit = draft.kind in (Kind.RECEIPT, Kind.SUPPLEMENT)
    if of_unit and table.directory.receiver(draft.unit) is None:
        return Reason.DROPPED_FROM_PLAN
    if draft.kind is not Kind.DIGEST and draft.kind not in REMINDERS:
        return None
    if draft.plan != table.plan.id:
        return Reason.DROPPED_FROM_PLAN
    if draft.kind is Kind.DIGEST:
        return _why_no_digest(table, draft, progress)
    if not any(_is_led(table, draft, task) for task, *_ in draft.tasks):
        return Reason.DROPPED_FROM_PLAN
    left = _still_due(table, draft)
    return why_done(left, progress) if left.tasks else Reason.MOVED


def still_asked(table: Timetable, draft: NoticeDraft, progress: Progress) -> NoticeDraft:
    """A reminder of those tasks alone that its unit still leads, that are due on the same day
    as then, and that it has not registered."""
    left = _still_due(table, draft)
    asked = tuple(task for task in left.tasks if progress.is_asked(task[0], draft.unit))
    return replace(draft, tasks=asked)


def _is_led(table: Timetable, draft: NoticeDraft, task: str) -> bool:
    table = table.of_task(task)
    return task in table.windows and table.role(draft.unit, table.plan.by_id[task]) is Role.LEAD


def _still_due(table: Timetable, draft: NoticeDraft) -> NoticeDraft:
    """Of the tasks that its unit still leads; one that is due on another day now is reminded of
    before that one."""
    same = tuple(
        (task, due, step)
        for task, due, step in draft.tasks
        if _is_led(table, draft, task)
        and due in (ONCE, table.of_task(task).windows[task].due.isoformat())
    )
    return replace(draft, tasks=same)


def _why_no_digest(table: Timetable, draft: NoticeDraft, progress: Progress) -> Reason | None:
    month = table.plan.month_of(draft.period)
    unit = table.directory.receiver(draft.unit)
    if not month or unit is None:
        return Reason.DROPPED_FROM_PLAN
    if gets_digest(table, unit.id, month, table.digest_day(month), progress):
        return None
    led = table.leads(unit.id, table.plan.tasks)
    is_done = any(task.id in table.windows and table.has_begun(task, month) for task in led)
    return Reason.DONE if is_done else Reason.DROPPED_FROM_PLAN
