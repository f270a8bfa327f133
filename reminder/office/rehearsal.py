"""A first look for newcomers: one month of the plan as it would go."""

from dataclasses import replace
from datetime import datetime, timedelta

from reminder.domain.notices import Kind
from reminder.domain.occasions import digest_draft
from reminder.ledger import notices
from reminder.office.application import Application

USEFUL = timedelta(days=7)


def rehearse(app: Application, at: datetime) -> tuple[str, int]:
    """One month of the plan into the outbox, marked 【演练】, as on its own day.

    Returns the period and how many are new: of the next month to come, or when the year is
    over of the month that this day would have.
    """
    table = app.table
    month = table.next_digest(at) or table.local_day(at).month
    period, count = table.plan.period(month), 0
    with app.database.write() as connection:
        keys = notices.keys_of(connection, Kind.DIGEST, period)
        for unit in table.reached(month):
            draft = digest_draft(table, month, unit, rehearsal=True)
            if draft.key in keys or not table.directory[unit].has_address:
                continue
            known = app.notice_writer.known(connection, draft, draft.due)
            composed = app.composer.compose(draft, known, rehearsal=True)
            draft = replace(draft, useful_until=max(draft.useful_until, at + USEFUL))
            notices.add(connection, draft, at, composed=composed, stream="maildir", rehearsal=True)
            count += 1
    return period, count
