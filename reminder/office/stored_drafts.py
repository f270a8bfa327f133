"""Notices in the ledger as they were when they were put in, and what ends those that wait."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from reminder.domain.changes import why_done
from reminder.domain.notices import REMINDERS, Kind, NoticeDraft, Reason, State, original
from reminder.domain.windows import Progress
from reminder.ledger import notices, occasions
from reminder.ledger.views import NoticeView


def draft_of(connection: Connection, view: NoticeView) -> NoticeDraft:
    """What was due when that notice was put in."""
    [draft] = drafts_of(connection, [view])
    return draft


def drafts_of(connection: Connection, views: Sequence[NoticeView]) -> list[NoticeDraft]:
    keys = {original(view.key) for view in views if view.kind in REMINDERS}
    read = {key: f"{key}{occasions.BY_DIGEST}" for key in keys}
    tasks = occasions.reminded_tasks(connection, [*keys, *read.values()]) if keys else {}
    return [
        _draft(
            view,
            tasks.get(key, ()),
            by_digest=view.kind is Kind.OVERDUE and read[key] in tasks,
        )
        for view in views
        for key in [original(view.key)]
    ]


def _draft(
    notice: NoticeView | Row[Any], tasks: Iterable[tuple[str, str, int]], *, by_digest: bool = False
) -> NoticeDraft:
    return NoticeDraft(
        notice.key, Kind(notice.kind), notice.period, notice.unit, notice.due,
        notice.useful_until, tuple(tasks), by_digest,
    )  # fmt: skip


def stop(
    connection: Connection,
    unfinished: Sequence[Row[Any]],
    why: Callable[[NoticeDraft], Reason | None],
    at: datetime,
) -> None:
    """Those for which `why` has a reason end.

    A copy is of the same tasks as the notice that it copies.
    """
    of_tasks = {original(row.key) for row in unfinished if row.kind in REMINDERS}
    tasks = occasions.reminded_tasks(connection, of_tasks)
    stopped = defaultdict(list)
    for row in unfinished:
        if reason := why(_draft(row, tasks[original(row.key)])):
            stopped[reason].append(row.key)
    for reason, keys in stopped.items():
        notices.set_states(connection, keys, State.EXPIRED, reason, at)


def stop_done(connection: Connection, plan: str, progress: Progress, at: datetime) -> None:
    """Reminders of the plan's tasks that were all registered since end."""
    unfinished = [row for row in notices.unfinished(connection, at) if row.plan == plan]
    stop(connection, unfinished, lambda draft: why_done(draft, progress), at)
