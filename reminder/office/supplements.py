"""Publications that tell now become mails: after a quiet time, one to each unit concerned."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from reminder.domain.notices import Kind, NoticeDraft, notice_key
from reminder.domain.series import running
from reminder.domain.timetable import Timetable
from reminder.domain.versions import Tell
from reminder.domain.workdays import last_day
from reminder.ledger import notices, occasions, supplements
from reminder.ledger.database import Database
from reminder.ledger.rows import batched
from reminder.office.container import Container, Containers
from reminder.office.corrections import Hearing

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)  # after the last publication: ten edits make one mail
LONGEST = timedelta(hours=1)  # after the first one, however many follow
FIRST, LAST = time(8), time(20)  # of the day: nobody is written to at night


@dataclass(frozen=True)
class Supplements:
    """Any number of them may run at once, and another goes on where one was killed: what is told
    together is noted before the first notice, and keys are unique."""

    at: datetime
    database: Database
    containers: Containers

    def plan(self) -> list[str]:
        """The keys of what is to be sent."""
        if self.containers.office.publication is None:
            return []  # it goes by files, whatever is in force
        rehearsal = self._rehearsal
        with self.database.read() as connection:
            is_idle = not supplements.undecided(connection, rehearsal=rehearsal)
            if is_idle and not supplements.read_open(connection, rehearsal=rehearsal):
                return []
        with self.database.write() as connection:
            found = supplements.read_open(connection, rehearsal=rehearsal)
            found = found or self._decide(connection)
        if not found:
            return []
        number, since = found
        planned = [
            key
            for series in self.containers.office.series.values()
            for key in self._plan_series(series, number, since)
        ]
        with self.database.write() as connection:
            supplements.close_batch(connection, number, rehearsal=rehearsal)
        return planned

    @property
    def _rehearsal(self) -> bool:
        return bool(self.containers.office.settings.rehearsal)

    def _decide(self, connection: Connection) -> tuple[int, datetime] | None:
        """What is told of now; what nobody is told of by a mail of its own is decided at once."""
        waiting = supplements.undecided(connection, rehearsal=self._rehearsal)
        numbers = [row.number for row in waiting]
        loud = [row.at for row in waiting if row.tell == Tell.NOW]
        if not loud:
            if numbers:
                supplements.decide(connection, numbers, self.at, rehearsal=self._rehearsal)
            return None
        if self._is_too_soon(loud) or self._is_night():
            return None
        supplements.open_batch(connection, numbers, self.at, rehearsal=self._rehearsal)
        return numbers[-1], self.at

    def _is_too_soon(self, loud: Sequence[datetime]) -> bool:
        """A clock that was set back waits for nothing."""
        first, last = self.at - min(loud), self.at - max(loud)
        return timedelta() <= last < QUIET and timedelta() <= first < LONGEST

    def _is_night(self) -> bool:
        """Or the hours before today's digests, which tell of it."""
        tables = self.containers.office.tables
        local = self.at.astimezone(tables[0].plan.zone)
        return not FIRST <= local.time() < LAST or any(map(self._is_before_digest, tables))

    def _is_before_digest(self, table: Timetable) -> bool:
        on = table.local_day(self.at)
        return self.at < table.moment(on) and bool(table.month_of_digest(on))

    def _plan_series(
        self, series: Sequence[Timetable], number: int, since: datetime
    ) -> Iterator[str]:
        table = running(series, series[0].local_day(self.at))
        parts, plan = self.containers.of(table), table.plan.id
        writer = parts.notice_writer
        with self.database.read() as connection:
            hearing = Hearing(plan, self.at, writer.progress(connection, self.at))
            units = list(self.containers.corrections.of_batch(connection, number, hearing))
        for batch in batched(_draft(table, number, unit, since, parts) for unit in units):
            yield from self._add(parts, batch)

    def _add(self, parts: Container, batch: Sequence[NoticeDraft]) -> list[str]:
        writer = parts.notice_writer
        with self.database.write() as connection:
            there = notices.existing(connection, [draft.key for draft in batch])
            fresh = [draft for draft in batch if draft.key not in there]
            writer.add(connection, fresh, writer.context(connection, self.at))
            for draft in fresh[:1]:  # an occasion that is not noted is never reported
                kind = writer.marked(draft.kind)
                occasions.note_occasion(
                    connection, draft.plan, kind, draft.period, draft.due, self.at, has_new=True
                )
        return [draft.key for draft in fresh]


def _draft(
    table: Timetable, number: int, unit: str, since: datetime, parts: Container
) -> NoticeDraft:
    rehearsal = bool(parts.notice_writer.rehearsal)
    key = notice_key(table.plan.id, Kind.SUPPLEMENT, str(number), unit, rehearsal=rehearsal)
    on = table.local_day(since)
    until = table.end_of(last_day(on.year, on.month))
    return NoticeDraft(key, Kind.SUPPLEMENT, on.isoformat(), unit, since, until)
