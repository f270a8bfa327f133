"""What each unit hears of what was published: in a mail of its own, or in its next digest."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain.notices import NoticeDraft
from reminder.domain.plan_changes import TaskChange, compare
from reminder.domain.supplements import Batch, Correction, corrections
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import ConfigurationError
from reminder.events import Event
from reminder.ledger import publications
from reminder.ledger.supplements import PastTelling, past_tellings, read_batch, told_by_digest

log = logging.getLogger(__name__)

_KEPT = 8  # versions
Tables = Mapping[tuple[str, int], Timetable]  # by plan and year
_Changes = tuple[TaskChange, ...]
Heard = Mapping[str, tuple[Correction, ...]]  # by unit


class PastVersions:
    """Tables as they were in force after an earlier publication: read from the ledger with the
    settings of now."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._kept: dict[int, Tables] = {}
        self._changes: dict[tuple[int, int], tuple[Timetable, Timetable, _Changes]] = {}

    def tables(self, connection: Connection, number: int) -> Tables:
        """None of a version that cannot be read any more: the log says so."""
        if number == self._office.publication:
            return _by_key(self._office.tables)
        if number not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
                self._changes.clear()
            self._kept[number] = self._read(connection, number)
        return self._kept[number]

    def changes(self, before: Timetable, after: Timetable) -> _Changes:
        """Compared once for all batches of units: tables are kept while they are asked for."""
        key = id(before), id(after)
        if key not in self._changes:
            self._changes[key] = before, after, compare(before, after).tasks
        return self._changes[key][2]

    def _read(self, connection: Connection, number: int) -> Tables:
        now, contents = self._office, publications.contents(connection, number)
        try:
            office = now.with_documents(contents)
        except ConfigurationError as error:
            words = "publication %d cannot be read, nobody hears of it: %s"
            log.error(words, number, error, extra=Event.UNREADABLE.of())
            return {}
        return _by_key(office.tables)


def _by_key(tables: tuple[Timetable, ...]) -> Tables:
    return {(table.plan.id, table.plan.year): table for table in tables}


@dataclass(frozen=True)
class Hearing:
    """Who asks: a plan's series as of a moment, with what is registered then."""

    plan: str
    at: datetime
    progress: Progress


class Corrections:
    """Of one version of the office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._past = PastVersions(office)

    def of_batch(
        self, connection: Connection, number: int, hearing: Hearing, units: Sequence[str] = ()
    ) -> Heard:
        """Of the batch that ends with that publication: those of the units, or all."""
        batch = read_batch(connection, number)
        told = self._tellings(connection, hearing, units)
        known = {unit: self._known(batch, past, hearing) for unit, past in told.items()}
        return self._heard(connection, batch, hearing, told, known)

    def since_digests(
        self, connection: Connection, hearing: Hearing, drafts: Sequence[NoticeDraft]
    ) -> Heard:
        """Of digests that are made now: what changed, without a mail of its own, since each
        unit's last one."""
        now = self._office.publication
        batch = told_by_digest(connection, now) if now else None
        if not batch or not batch.loud:
            return {}
        own = {draft.key for draft in drafts}
        told = {
            unit: [one for one in past if one.key not in own and one.publication]
            for unit, past in self._tellings(connection, hearing, [d.unit for d in drafts]).items()
        }
        known = {unit: _newest(past) for unit, past in told.items() if past}
        if not known or max(batch.loud) <= min(known.values()):
            return {}
        return self._heard(connection, batch, hearing, told, known)

    def of_draft(self, connection: Connection, hearing: Hearing, after: Office) -> set[str]:
        """Units of the plan that would hear by a mail, if that came into force now."""
        told = self._tellings(connection, hearing, ())
        months = {
            unit: {one.period for one in past if one.publication}
            for unit, past in told.items()
            if not self._waits(past, hearing)
        }
        found: set[str] = set()
        for old, new in _pairs(_by_key(self._office.tables), _by_key(after.tables), hearing.plan):
            if old.input_hash != new.input_hash:
                changes = compare(old, new).tasks
                known = {unit: _months(new, periods) for unit, periods in months.items()}
                on = new.local_day(hearing.at)
                found |= set(corrections(old, new, changes, known, hearing.progress, on))
        return found

    def _tellings(
        self, connection: Connection, hearing: Hearing, units: Sequence[str]
    ) -> dict[str, list[PastTelling]]:
        settings, directory = self._office.settings, self._office.table.directory
        return past_tellings(
            connection,
            hearing.plan,
            units or [unit.id for unit in directory.single],
            settings.stream,
            hearing.at,
            rehearsal=bool(settings.rehearsal),
        )

    def _known(self, batch: Batch, past: Iterable[PastTelling], hearing: Hearing) -> int:
        """The publication by which a unit was told last, or hears the rest."""
        if self._waits(past, hearing):
            return batch.number
        return min(max(batch.base, _newest(past)), batch.number)

    def _waits(self, past: Iterable[PastTelling], hearing: Hearing) -> bool:
        """Whether its digest of the running month is held, and tells what is in force then."""
        running = f"{self._office.series[hearing.plan][0].local_day(hearing.at):%Y-%m}"
        return any(one.publication is None and one.period == running for one in past)

    def _heard(
        self,
        connection: Connection,
        batch: Batch,
        hearing: Hearing,
        told: Mapping[str, Sequence[PastTelling]],
        known: Mapping[str, int],
    ) -> Heard:
        """By what each unit knows: most know the same."""
        after = self._past.tables(connection, batch.number)
        heard: dict[str, tuple[Correction, ...]] = {}
        for number in sorted(set(known.values()) - {batch.number}):
            before = self._past.tables(connection, number)
            rows = self._rows(connection, batch, number, hearing.plan)
            units = {unit for unit, theirs in known.items() if theirs == number}
            periods = {u: {one.period for one in told[u] if one.publication} for u in units}
            for old, new in _pairs(before, after, hearing.plan):
                of_year = old.plan.year
                months = {unit: _months(new, theirs) for unit, theirs in periods.items()}
                on = new.local_day(hearing.at)
                changes = (c for c in self._past.changes(old, new) if c.id in rows[of_year])
                found = corrections(old, new, changes, months, hearing.progress, on)
                for unit, items in found.items():
                    heard[unit] = (*heard.get(unit, ()), *items)
        return heard

    def _rows(
        self, connection: Connection, batch: Batch, known: int, plan: str
    ) -> Mapping[int, set[str]]:
        """What the batch's publications changed after that one, by the year of the table."""
        rows: dict[int, set[str]] = defaultdict(set)
        for first, last in batch.runs:
            if last <= known:
                continue
            before = self._past.tables(connection, max(first, known))
            for old, new in _pairs(before, self._past.tables(connection, last), plan):
                rows[old.plan.year].update(one.id for one in self._past.changes(old, new))
        return rows


def _newest(past: Iterable[PastTelling]) -> int:
    return max((one.publication for one in past if one.publication), default=0)


def _pairs(before: Tables, after: Tables, plan: str) -> Iterator[tuple[Timetable, Timetable]]:
    """Tables of that plan that both have; a new one has its own first digest."""
    for key, table in after.items():
        if key in before and plan == key[0]:
            yield before[key], table


def _months(table: Timetable, periods: Iterable[str]) -> set[int]:
    """As that table counts them, also of another year."""
    return {table.plan.month_at(date.fromisoformat(f"{period}-01")) for period in periods}
