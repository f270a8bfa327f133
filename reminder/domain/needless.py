"""Whether a notice that waits still has something to say: plan and tasks may have changed since."""

from dataclasses import replace

from reminder.domain.notices import Kind, NoticeDraft, Reason
from reminder.domain.occasions import gets_digest
from reminder.domain.timetable import Role, Timetable
from reminder.domain.windows import Progress

_REMINDERS = (Kind.NUDGE, Kind.OVERDUE)


def why_done(draft: NoticeDraft, progress: Progress) -> Reason | None:
    """Of a reminder whose tasks were all registered since."""
    asked = any(progress.is_asked(task, draft.unit) for task, *_ in draft.tasks)
    return Reason.DONE if draft.kind in _REMINDERS and draft.tasks and not asked else None


def why_needless(table: Timetable, draft: NoticeDraft, progress: Progress) -> Reason | None:
    """Why nothing is left to say of it: it was dropped from the plan, moved to another day, or
    all of it is done.

    What a receipt or a report says was fixed when it was made; a receipt's unit may have left.
    """
    if draft.kind is Kind.RECEIPT and table.directory.receiver(draft.unit) is None:
        return Reason.DROPPED_FROM_PLAN
    if draft.kind is not Kind.DIGEST and draft.kind not in _REMINDERS:
        return None
    if draft.key.partition("/")[0] != table.plan.id:
        return Reason.DROPPED_FROM_PLAN
    if draft.kind is Kind.DIGEST:
        return _why_no_digest(table, draft, progress)
    led = _still_led(table, draft)
    if not led.tasks:
        return Reason.DROPPED_FROM_PLAN
    left = _still_due(table, led)
    return why_done(left, progress) if left.tasks else Reason.MOVED


def still_asked(table: Timetable, draft: NoticeDraft, progress: Progress) -> NoticeDraft:
    """A reminder of those tasks alone that its unit still leads, that are due on the same day
    as then, and that it has not registered."""
    left = _still_due(table, _still_led(table, draft))
    asked = tuple(task for task in left.tasks if progress.is_asked(task[0], draft.unit))
    return replace(draft, tasks=asked)


def _still_led(table: Timetable, draft: NoticeDraft) -> NoticeDraft:
    tasks = table.plan.by_id
    led = tuple(
        task
        for task in draft.tasks
        if task[0] in table.windows and table.role(draft.unit, tasks[task[0]]) is Role.LEAD
    )
    return replace(draft, tasks=led)


def _still_due(table: Timetable, draft: NoticeDraft) -> NoticeDraft:
    """A task that is due on another day now is reminded of before that one."""
    same = tuple(t for t in draft.tasks if t[1] == table.windows[t[0]].due.isoformat())
    return replace(draft, tasks=same)


def _why_no_digest(table: Timetable, draft: NoticeDraft, progress: Progress) -> Reason | None:
    month = table.plan.month_of(draft.period)
    unit = table.directory.receiver(draft.unit)
    if not month or unit is None:
        return Reason.DROPPED_FROM_PLAN
    if gets_digest(table, unit.id, month, table.digest_day(month), progress):
        return None
    led = table.leads(unit.id, table.plan.tasks)
    is_done = any(task.month < month and task.id in table.windows for task in led)
    return Reason.DONE if is_done else Reason.DROPPED_FROM_PLAN
