"""Addresses to which no mail goes any more, because one came back, and whose they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.ledger.bounces import BouncedAddress, bounced_addresses


@dataclass(frozen=True)
class StoppedAddress:
    """`unit` is whose it is today; None for one that no unit has any more."""

    unit: Unit | None
    bounced: BouncedAddress

    @property
    def address(self) -> str:
        return self.bounced.address

    @property
    def is_last(self) -> bool:
        """Whether nothing reaches that unit, by what is known of this address alone."""
        return self.unit is not None and {a.lower() for a in self.unit.to} == {self.address}


def stopped_addresses(connection: Connection, table: Timetable) -> Iterator[StoppedAddress]:
    """Those that units have first."""
    owners = {
        address.lower(): unit
        for unit in reversed(table.directory.single)
        for address in (*unit.cc, *unit.to)
    }
    found = [StoppedAddress(owners.get(one.address), one) for one in bounced_addresses(connection)]
    yield from sorted(found, key=lambda one: one.unit is None)
