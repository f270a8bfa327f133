"""Tables as they were in force after an earlier publication."""

import logging
from collections.abc import Mapping

from sqlalchemy import Connection

from reminder.documents.office import Office, load_office
from reminder.domain.timetable import Timetable
from reminder.errors import ConfigurationError
from reminder.ledger import publications

log = logging.getLogger(__name__)

_KEPT = 8
Tables = Mapping[tuple[str, int], Timetable]  # by plan and year


class PastVersions:
    """Read from the ledger with the settings of now."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._kept: dict[int, Tables] = {}

    def tables(self, connection: Connection, number: int) -> Tables:
        """None of a version that cannot be read any more: the log says so."""
        if number == self._office.publication:
            return _by_key(self._office.tables)
        if number not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.pop(min(self._kept))
            self._kept[number] = self._read(connection, number)
        return self._kept[number]

    def _read(self, connection: Connection, number: int) -> Tables:
        now, contents = self._office, publications.contents(connection, number)
        try:
            office = load_office(now.config, now.command_line, contents, now.settings)
        except ConfigurationError as error:
            log.error("publication %d cannot be read, nobody hears of it: %s", number, error)
            return {}
        return _by_key(office.tables)


def _by_key(tables: tuple[Timetable, ...]) -> Tables:
    return {(table.plan.id, table.plan.year): table for table in tables}
