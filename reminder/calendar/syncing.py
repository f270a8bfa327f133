"""Brings the events in step with the plan and what is registered of it."""

import json
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from reminder.calendar.contents import Contents, Drafts, fingerprint
from reminder.domain.windows import Progress
from reminder.ledger import agendas, changes, events
from reminder.ledger.database import Database

Latest = Callable[[Connection], tuple[Contents, Progress]]


def sync(database: Database, latest: Latest, at: datetime) -> bool:
    """Says whether it had to write.

    Without a change it costs one read: every tick, export and registration may call it. `latest`
    is asked again where nobody else can write: what was read before may be older than what
    another has brought in step since.
    """
    with database.read() as connection:
        in_step = agendas.made_from(connection) == fingerprint(*latest(connection))
        if in_step and not events.has_outlived(connection, at):
            return False
    with database.write() as connection:
        changes.note_change(connection)  # first: another replica that syncs waits here
        contents, progress = latest(connection)
        regroup = not agendas.made_from(connection).startswith(contents.digest)
        agendas.note_formed(connection, at, regroup or events.has_outlived(connection, at))
        agendas.sync_events(
            connection,
            contents.by_feed,
            Drafts(contents.table, progress).of,
            at,
            _of_another_year(contents.table.plan.year),
            regroup=regroup,
        )
        agendas.note_made_from(connection, fingerprint(contents, progress))
    return True


def _of_another_year(year: int) -> Callable[[str], bool]:
    return lambda entry: not json.loads(entry)["period"].startswith(f"{year}-")
