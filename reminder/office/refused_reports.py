"""What the operator's own mail server refused comes again: nobody else would notice."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.notices import Kind, NoticeDraft, copy_key, copy_number, original
from reminder.ledger import notices
from reminder.ledger.counts import refused_reports
from reminder.ledger.views import read_notices
from reminder.mail.compose import Composer
from reminder.office.notice_writer import NoticeWriter

FIRST = timedelta(hours=1)  # then twice as long each time, while the report is of use


def send_again(
    connection: Connection, composer: Composer, notice_writer: NoticeWriter, at: datetime
) -> int:
    """To the operator's address of now. Returns how many."""
    count = 0
    for view in read_notices(
        connection, keys=refused_reports(connection, notice_writer.stream, at)
    ):
        number = copy_number(view.key)
        key = copy_key(original(view.key), number + 1)
        content = notices.content_of(connection, view.key)
        if (
            content is None
            or at - view.updated < FIRST * 2 ** (number - 1)
            or key in notices.keys_of(connection, Kind.REPORT, view.period)
        ):
            continue
        draft = NoticeDraft(key, view.kind, view.period, view.unit, at, view.useful_until)
        composed = composer.again(key, at, content, to_operator=True)
        notices.add(
            connection, draft, at, composed=composed, stream=notice_writer.stream,
            rehearsal=notice_writer.rehearsal,
        )  # fmt: skip
        count += 1
    return count
