"""Feeds: kept in step with plan and state, rendered on demand, written out as files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection

from reminder.calendar.contents import Contents
from reminder.calendar.entries import PLAN
from reminder.calendar.query import Query
from reminder.calendar.rendered import MEMORY, Kept, Rendered, Renderer, Sheet
from reminder.calendar.rendering import head
from reminder.calendar.syncing import sync
from reminder.domain.plan import Plan
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from reminder.ledger import changes
from reminder.ledger.agendas import agenda_of
from reminder.ledger.database import Database
from reminder.output_files import make_folder, write_file


@dataclass(frozen=True, eq=False)
class _State:
    """Which agenda a feed shows under one stamp; under the next a number may mean another."""

    stamp: str
    plan: Plan
    agendas: dict[str, int] = field(default_factory=dict)

    def is_of(self, stamp: str, plan: Plan) -> bool:
        return self.stamp == stamp and self.plan is plan


class Feeds:
    """All feeds of the plan in force, which `table` answers with whenever it is asked."""

    def __init__(self, database: Database, table: Callable[[], Timetable], uid_domain: str) -> None:
        self._database = database
        self._table = table
        self._contents = Contents(table(), uid_domain)
        self._renderer = Renderer(uid_domain)
        self._building = Lock()
        self._state = _State("", table().plan)
        self._sheets: Kept[tuple[int, Query], tuple[_State, Sheet]] = Kept(MEMORY)

    def names(self) -> list[str]:
        """Every unit that is no group, then the whole plan."""
        return [*(unit.id for unit in self._table().directory.single), PLAN]

    def has(self, name: str) -> bool:
        return _whose(self._table(), name) is not None

    def sync(self, progress: Callable[[Connection], Progress], at: datetime) -> bool:
        """Says whether it had to write. Any process may, so none relies on its own.

        `progress` reads the latest, and may bring the table up to date before it is asked for.
        """

        def latest(connection: Connection) -> tuple[Contents, Progress]:
            known, table = progress(connection), self._table()
            if self._contents.table is not table:
                self._contents = Contents(table, self._contents.uid_domain)
            return self._contents, known

        return sync(self._database, latest, at)

    def stamp(self) -> str:
        """Another one after every change of any feed: one small read."""
        with self._database.read() as connection:
            return changes.stamp(connection)

    def rendered(self, name: str, query: Query, stamp: str | None = None) -> Rendered:
        """From memory while the stamp is the same; `stamp` spares reading it again.

        Raises `UnknownError`.
        """
        table = self._table()
        plan, whose = table.plan, _whose(table, name)
        if whose is None:
            raise UnknownError(f"{name!r} is no feed")
        state = self._state
        sheet = None
        if state.is_of(stamp or self.stamp(), plan) and name in state.agendas:
            sheet = self._kept(state, state.agendas[name], query)
        sheet = sheet or self._read(name, query, plan)
        title = f"{plan.tag}{plan.year}·{whose}"
        return Rendered(head(title, plan.zone, sheet.last_modified), sheet)

    def export(self, folder: Path) -> list[Path]:
        """Every feed as a file, in the view that shows whole windows with full wordings."""
        stamp = self.stamp()
        make_folder(folder)
        for name in self.names():
            write_file(folder / f"{name}.ics", [self.rendered(name, Query(), stamp).body])
        return [folder / f"{name}.ics" for name in self.names()]

    def _kept(self, state: _State, agenda: int, query: Query) -> Sheet | None:
        of, sheet = self._sheets.get((agenda, query)) or (None, None)
        return sheet if of is state else None

    def _read(self, name: str, query: Query, plan: Plan) -> Sheet:
        """Stamp, agenda and events out of one state of the ledger."""
        with self._building, self._database.read() as connection:
            stamp = changes.stamp(connection)
            if not self._state.is_of(stamp, plan):
                self._state = _State(stamp, plan)
            state = self._state
            agenda = state.agendas[name] = agenda_of(connection, name)
            sheet = self._kept(state, agenda, query)
            if sheet is None:
                _, old = self._sheets.get((agenda, query)) or (None, None)
                sheet = self._renderer.sheet(connection, agenda, query, plan, old)
                self._sheets.put((agenda, query), (state, sheet), sheet.size)
        return sheet


def _whose(table: Timetable, name: str) -> str | None:
    """What the feed is called after; None for a group and for a stranger."""
    if name == PLAN:
        return "年度安排"
    unit = table.directory.units.get(name)
    return unit.label if unit and not unit.is_group else None
