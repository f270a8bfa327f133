"""What the next weeks bring: tasks that come to their time, sessions, the next digest."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress

_AHEAD = timedelta(days=40)  # so that the end of the running month and the next digest are in it


@dataclass(frozen=True)
class Coming:
    """One day. `digest` is the moment at which a month's goes, of the month 1 to 12."""

    day: date
    due: tuple[Task, ...] = ()
    sessions: tuple[Meeting, ...] = ()
    digest: datetime | None = None


def coming(table: Timetable, at: datetime, progress: Progress) -> list[Coming]:
    """Of today and the days after it, in their order; days on which nothing is due are left out."""
    today = table.local_day(at)
    due: dict[date, list[Task]] = defaultdict(list)
    for window in table.windows.values():
        if window.tracked and progress.is_open(window):
            due[window.due].append(table.plan.by_id[window.task])
    sessions: dict[date, list[Meeting]] = defaultdict(list)
    for meeting in table.plan.meetings.values():
        if meeting.day:
            sessions[meeting.day].append(meeting)
    month = table.next_digest(at)
    digest = table.digest_due(month) if month is not None else None
    days = {*due, *sessions, *([digest.date()] if digest else [])}
    return [
        Coming(
            day,
            tuple(due.get(day, ())),
            tuple(sessions.get(day, ())),
            digest if digest and digest.date() == day else None,
        )
        for day in sorted(days)
        if today <= day <= today + _AHEAD
    ]
