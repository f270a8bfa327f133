"""A month's signatures: who is asked, who has signed, who has not though the mail came long ago."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.notices import Kind
from reminder.domain.occasions import digest_units
from reminder.domain.registrations import Act, Registration
from reminder.domain.status import is_signature_missing
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger.counts import tally
from reminder.ledger.registrations import in_force


@dataclass(frozen=True)
class Signing:
    """Of one month: `units` get its digest, `asked` are to sign it."""

    units: tuple[str, ...]
    asked: tuple[str, ...]
    signed: Mapping[str, Registration]

    @property
    def unsigned(self) -> tuple[str, ...]:
        return tuple(unit for unit in self.asked if unit not in self.signed)

    @property
    def count(self) -> int:
        """Of those that were asked."""
        return len(self.asked) - len(self.unsigned)


def read_signing(
    connection: Connection, table: Timetable, month: int, at: datetime, progress: Progress
) -> Signing:
    """As of that moment while the month runs, else as of its last or first day."""
    units = digest_units(table, month, day_within(table, month, at), progress)
    asked = tuple(u for u in units if table.directory[u].tone is not Relation.PARALLEL)
    signed = in_force(connection, table.plan.id, Act.SIGN, period=table.plan.period(month))
    return Signing(units, asked, {one.unit: one for one in signed})


def day_within(table: Timetable, month: int, at: datetime) -> date:
    """That moment's, or the nearest one on which the month's digest is in force."""
    return table.local_day(min(max(at, table.digest_due(month)), table.digest_end(month)))


def missing_signatures(
    table: Timetable,
    month: int,
    on: date,
    signing: Signing,
    accepted_at: Mapping[str, datetime],
) -> Iterator[str]:
    """Of units whose mail has arrived some working days ago."""
    for unit in signing.unsigned:
        mailed = accepted_at.get(unit)
        if mailed and is_signature_missing(table, month, table.local_day(mailed), on):
            yield unit


def read_missing(
    connection: Connection,
    table: Timetable,
    month: int,
    at: datetime,
    signing: Signing,
    *,
    rehearsal: bool,
) -> list[str]:
    plan, on = table.plan, table.local_day(at)
    mails = tally(connection, plan.id, Kind.DIGEST, plan.period(month), rehearsal=rehearsal)
    return list(missing_signatures(table, month, on, signing, mails.accepted_at))
