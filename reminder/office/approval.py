"""Digests that are read before they go: at each tick, who is left, what reads otherwise than it
was approved, and what is due now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from reminder.domain.notices import CLEARED, NEEDLESS, UNREAD, Reason, State
from reminder.domain.timetable import Timetable
from reminder.ledger import holds, notices
from reminder.ledger.database import Database
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeView, read_notices
from reminder.office.outgoing import HeldMails, OutgoingMail


@dataclass(frozen=True)
class Approvals:
    """Of one table. Any number of processes may do this at once: each looks again before it
    writes."""

    mails: HeldMails
    database: Database

    @property
    def table(self) -> Timetable:
        return self.mails.writer.composer.office.table

    def look_again(self, period: str, at: datetime) -> None:
        """After a change of plan, units or tasks: who is left, and what reads otherwise now."""
        reasons = (*UNREAD, *CLEARED, *NEEDLESS)
        with self.database.read() as connection:
            keys = self._keys(connection, reasons, period=period)
        for batch in batched(keys):
            with self.database.write() as connection:
                for one in self._read(connection, batch, reasons):
                    self._look_at(connection, one, at)

    def _look_at(self, connection: Connection, one: OutgoingMail, at: datetime) -> None:
        view, why = one.view, one.why_not
        if why and (view.due <= at or view.reason != why):
            # For good when it was due; before that it may come back.
            ended = State.REFUSED if why is Reason.NO_ADDRESS else State.EXPIRED
            state = ended if view.due <= at else State.HELD
            notices.set_states(connection, [view.key], state, why, at)
        elif not why and view.reason in NEEDLESS:
            notices.set_states(connection, [view.key], State.HELD, Reason.APPROVAL, at)
        elif view.due > at and one.reads_otherwise:
            holds.take_back(connection, [view.key], at)

    def send(self, at: datetime) -> None:
        """Queues what was approved and is due now, each with the bytes that were read.

        A tick that comes late sends them all the same, as of their due moment.
        """
        with self.database.read() as connection:
            keys = self._keys(connection, CLEARED, due_by=at)
        for batch in batched(keys):
            with self.database.write() as connection:
                for one in self._read(connection, batch, CLEARED):
                    if one.reads_otherwise:
                        holds.take_back(connection, [one.key], at)
                    elif one.mail:  # else it is looked at again in the next pass
                        reason = Reason(one.view.reason)
                        notices.fix(connection, one.key, one.composed(), at, reason)

    def _keys(self, connection: Connection, reasons: Collection[Reason], **of: Any) -> list[str]:
        stream, plan = self.mails.writer.stream, self.table.plan.id
        return holds.held_digests(connection, stream, reasons, plan=plan, **of)

    def _read(
        self, connection: Connection, keys: Collection[str], reasons: Collection[Reason]
    ) -> list[OutgoingMail]:
        """Those of them that are held still and are of this table, each as of its due moment."""
        views = [view for view in read_notices(connection, keys=keys) if self._is_mine(view)]
        held = [view for view in views if view.state is State.HELD and view.reason in reasons]
        return self.mails.read(connection, held, lambda view: view.due)

    def _is_mine(self, view: NoticeView) -> bool:
        return bool(self.table.plan.month_of(view.period[:7]))
