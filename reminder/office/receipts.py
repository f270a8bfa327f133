"""Receipts: a unit hears what was registered by its link, and what was sent back to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.digest import receipt
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.registrations import Act, Registration
from reminder.domain.status import Reader
from reminder.domain.windows import Progress
from reminder.ledger import registrations
from reminder.ledger.holds import hold_new
from reminder.mail.compose import Composer, UnitFacts
from reminder.office.notice_writer import NoticeWriter

USEFUL = timedelta(days=7)
APART = timedelta(minutes=10)  # of one unit: a link in wrong hands must be no mail gun


class Receipts:
    """A receipt bears the number of the last registration that it tells of.

    So what no receipt tells of yet follows from the ledger alone: nothing else has to be kept.
    """

    def __init__(self, composer: Composer, writer: NoticeWriter) -> None:
        self._composer = composer
        self._writer = writer
        self._told = 0  # all registrations up to this number have theirs

    def send(self, connection: Connection, at: datetime, **of: str) -> list[str]:
        """One to each unit, or `of` that one, that has registered something and has had none for
        ten minutes. Returns the keys."""
        newest = registrations.newest(connection)
        if newest == self._told or self._writer.hold(connection):
            return []
        keys, waits = [], False
        for history, last in registrations.untold(connection, at - USEFUL, **of).values():
            if last and timedelta() <= at - last < APART:  # else a clock was set back
                waits = True
            elif key := self._put(connection, history, at):
                keys.append(key)
        if not (of or waits or keys):  # what was put in may yet be rolled back
            self._told = newest
        return keys

    def send_back(self, connection: Connection, returned: Registration) -> None:
        """At once: it is the secretariat's word, and answered on the unit's page."""
        hold = self._writer.hold(connection)
        at = returned.at
        if (not hold or hold.of_all) and (key := self._put(connection, [returned], at)):
            hold_new(connection, key, at)

    def _put(self, connection: Connection, history: Sequence[Registration], at: datetime) -> str:
        """Empty for a unit that cannot be reached."""
        office, last, facts = self._composer.office, history[-1], UnitFacts()
        unit = office.table.directory.receiver(last.unit)
        if unit is None or not unit.has_address:
            return ""
        period = office.table.local_day(at).isoformat()
        key = f"{office.table.plan.id}/{Kind.RECEIPT}/{last.id}/{unit.id}"
        draft = NoticeDraft(key, Kind.RECEIPT, period, unit.id, at, at + USEFUL)
        reader = Reader(office.table, unit, office.table.local_day(at), Progress())
        content = receipt(reader, history, at)
        if last.act is Act.RETURN:
            [own] = self._writer.unit_facts(connection, [draft])
            facts = UnitFacts(page_link=own.page_link)
        text = self._composer.text(draft, content, facts)
        composed = self._composer.message(
            draft, at, content, facts, text, rehearsal=self._writer.rehearsal
        )
        self._writer.add_composed(connection, draft, at, composed)
        return key
