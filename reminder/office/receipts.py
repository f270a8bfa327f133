"""Receipts: a unit hears what was registered by its link, and what was sent back to it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.digest import receipt
from reminder.domain.notices import Kind, NoticeDraft, State
from reminder.domain.registrations import Act, Registration
from reminder.domain.status import Reader
from reminder.domain.windows import Progress
from reminder.ledger import registrations
from reminder.ledger.holds import hold_new
from reminder.ledger.notices import NewNotice
from reminder.mail.compose import Sketch, UnitFacts
from reminder.office.notice_writer import NoticeWriter

USEFUL = timedelta(days=7)
APART = timedelta(minutes=10)  # of one unit: a link in wrong hands must be no mail gun


class Receipts:
    """A receipt bears the number of the last registration that it tells of.

    So what no receipt tells of yet follows from the ledger alone: nothing else has to be kept.
    """

    def __init__(self, writer_for: Callable[[str, str, Collection[str]], NoticeWriter]) -> None:
        """`writer_for` is told a plan's id, a month, and tasks."""
        self._writer_for = writer_for
        self._told = 0  # all registrations up to this number have theirs

    def send(self, connection: Connection, at: datetime, **of: str) -> list[str]:
        """One to each unit, or `of` that one of that plan, that has registered something and has
        had none for ten minutes. Returns the keys."""
        newest = registrations.newest(connection)
        if newest == self._told:
            return []
        keys, waits = [], False
        for history, last in registrations.untold(connection, at - USEFUL, **of).values():
            if last and timedelta() <= at - last < APART:  # else a clock was set back
                waits = True
                continue
            for writer, same in self._apart(history):
                if writer.hold(connection):
                    waits = True
                elif key := self._put(connection, writer, same, at):
                    keys.append(key)
        if not (of or waits or keys):  # what was put in may yet be rolled back
            self._told = newest
        return keys

    def send_back(self, connection: Connection, returned: Registration) -> None:
        """At once: it is the secretariat's word, and answered on the unit's page."""
        at, [(writer, same)] = returned.at, self._apart([returned])
        hold = writer.hold(connection)
        if (not hold or hold.of_all) and (key := self._put(connection, writer, same, at)):
            hold_new(connection, key, at)

    def _apart(
        self, history: Iterable[Registration]
    ) -> list[tuple[NoticeWriter, list[Registration]]]:
        """Of a plan's years each has its own tasks; and what the secretariat has noted for a unit
        did not come by its link, nor what it has written in a reply."""
        found: dict[tuple[NoticeWriter, str], list[Registration]] = {}
        for one in history:
            writer = self._writer_for(one.plan, one.period, [one.task])
            found.setdefault((writer, one.by.way), []).append(one)
        return [(writer, same) for (writer, _), same in found.items()]

    def _put(
        self,
        connection: Connection,
        writer: NoticeWriter,
        history: Sequence[Registration],
        at: datetime,
    ) -> str:
        """Empty for a unit that cannot be reached."""
        composer, last = writer.composer, history[-1]
        office = composer.office
        unit = office.table.directory.receiver(last.unit)
        if unit is None or not unit.has_address:
            return ""
        period = office.table.local_day(at).isoformat()
        key = f"{office.table.plan.id}/{Kind.RECEIPT}/{last.id}/{unit.id}"
        draft = NoticeDraft(key, Kind.RECEIPT, period, unit.id, at, at + USEFUL)
        reader = Reader(office.table, unit, office.table.local_day(at), Progress())
        content = receipt(reader, history, at)
        if why := writer.readers.why_not(writer.readers.choices(connection, [draft]), draft, at):
            writer.put(connection, [NewNotice(draft, why, state=State.EXPIRED)], at)
            return ""
        [own] = writer.unit_facts(connection, [draft])
        link = own.page_link if last.act is Act.RETURN else ""
        facts = UnitFacts(page_link=link, copies=own.copies, withheld=own.withheld)
        text = composer.text(draft, content, facts)
        sketch = Sketch(composer, draft, at, content, facts, text, "", writer.rehearsal)
        writer.add_composed(connection, draft, at, sketch.composed())
        return key
