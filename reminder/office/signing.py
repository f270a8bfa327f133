"""Who is asked to sign a month's digest, and who has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.occasions import digest_units
from reminder.domain.registrations import Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger import registrations


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
    moment = min(max(at, table.digest_due(month)), table.digest_end(month))
    units = digest_units(table, month, table.local_day(moment), progress)
    signed = registrations.signed(connection, table.plan.period(month))
    asked = tuple(u for u in units if table.directory[u].tone is not Relation.PARALLEL)
    return Signing(units, asked, signed)


def shown_month(table: Timetable, at: datetime) -> int:
    """The month that is in force, or the plan's first or last one."""
    on = table.local_day(at)
    in_year = on.year == table.plan.year
    return (in_year and table.live_digest(at)) or table.running_month(on)
