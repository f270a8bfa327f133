"""The plan as the table that its office knows: what is in force, and as a person's draft has it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from reminder.documents.plan_tables import MeetingTable, PlanTables
from reminder.documents.printed_plan import PrintedLine, printed_lines
from reminder.documents.templates import environment, phrase
from reminder.domain.status import Light, TaskStatus, office_status
from reminder.domain.timetable import Timetable
from reminder.domain.units import Directory
from reminder.domain.windows import Progress
from reminder.ledger.registrations import read_progress
from reminder.office.application import Application
from reminder.office.plan_edits import PlanDraft

_SETTLED = (Light.GREY, Light.BLUE)
# What of a row is shown; where only the rest differs the row says so.
_SHOWN = ("time", "title", "lead", "related", "section", "remark")


@dataclass(frozen=True)
class RowStanding:
    """Of the occurrence that matters now, among `count` of which `done` are done."""

    status: TaskStatus
    count: int
    done: int


@dataclass(frozen=True)
class TableRow:
    """`line` is as it will be, of a dropped one as it was; `before` as it is in force, where it
    differs. `times` and `units` say over how many rows its cells for them stand, 0 within one."""

    line: PrintedLine
    change: str = ""  # new, changed, dropped
    before: PrintedLine | None = None
    standing: RowStanding | None = None
    times: int = 1
    units: int = 1

    def was(self, key: str) -> Any:
        """What it said before; nothing where that is the same."""
        before = getattr(self.before, key) if self.before else None
        return before if before != getattr(self.line, key) else None

    @property
    def is_unseen(self) -> bool:
        """Changed in what the table does not show."""
        return self.change == "changed" and not any(self.was(key) is not None for key in _SHOWN)


@dataclass(frozen=True)
class TableSection:
    heading: str
    rows: Sequence[TableRow]


@dataclass(frozen=True)
class SessionRow:
    session: MeetingTable
    change: str = ""
    before: MeetingTable | None = None


@dataclass(frozen=True)
class PlanTable:
    name: str
    sections: Sequence[TableSection]
    sessions: Sequence[SessionRow]
    total: int  # of all its tasks, whether they are shown or not
    changed: int

    @property
    def count(self) -> int:
        return sum(len(section.rows) for section in self.sections)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        rows = [row for section in self.sections for row in section.rows]
        return tuple(
            key for key in ("section", "remark") if any(getattr(r.line, key) for r in rows)
        )


@dataclass(frozen=True)
class Wanted:
    """Only rows with these words, and in which that unit has a part."""

    words: str = ""
    unit: str = ""

    def fits(self, row: TableRow, directory: Directory) -> bool:
        lines = [line for line in (row.line, row.before) if line]
        if self.words and not any(self.words in f"{line.id}{line.title}" for line in lines):
            return False
        return not self.unit or any(self.unit in _units(line, directory) for line in lines)


def _units(line: PrintedLine, directory: Directory) -> set[str]:
    named = (directory.by_name.get(name) for name in (*line.lead, *line.related))
    ids = {unit.id for unit in named if unit}
    return ids | set(directory.expand(ids))


def read_plan_table(
    app: Application, connection: Connection, at: datetime, draft: PlanDraft, wanted: Wanted
) -> PlanTable:
    templates = environment(app.settings.templates, autoescape=False)
    say = partial(phrase, templates, "documents/table.txt")
    before, after = draft.tables_before, draft.tables
    progress = read_progress(connection, app.table, app.settings.stream)
    standings = _standings(app.table, at, progress)
    rows = [
        replace(row, standing=standings.get(row.line.id))
        for row in _rows(_lines(before, say), _lines(after, say))
    ]
    shown = [row for row in rows if wanted.fits(row, app.table.directory)]
    sections = [
        TableSection(heading, list(_joined(list(of_heading))))
        for heading, of_heading in groupby(shown, key=lambda row: row.line.heading)
    ]
    sessions = list(_sessions(before, after))
    changed = sum(bool(row.change) for row in rows) + sum(bool(one.change) for one in sessions)
    return PlanTable(after.plan.name, sections, sessions, len(rows), changed)


@dataclass(frozen=True)
class _Full:
    """A line, and what its table says that the line does not."""

    line: PrintedLine
    rest: Mapping[str, Any]

    @property
    def said(self) -> tuple[Any, ...]:
        return (*(getattr(self.line, key) for key in _SHOWN), self.rest)


def _lines(tables: PlanTables, say: Callable[..., str]) -> dict[str, _Full]:
    of_months = (task for row in tables.month for task in row.task)
    tasks = (*of_months, *tables.year_round, *tables.standing)
    units = {"lead", "related"}
    rest = {task.id: task.model_dump(exclude=units) for task in tasks}
    return {line.id: _Full(line, rest[line.id]) for line in printed_lines(tables, say)}


def _rows(before: Mapping[str, _Full], after: Mapping[str, _Full]) -> Iterator[TableRow]:
    """In the order of the table to come; a dropped one behind what it stood behind."""
    dropped: dict[str, list[TableRow]] = {}
    behind = ""
    for name, was in before.items():
        if name in after:
            behind = name
        else:
            dropped.setdefault(behind, []).append(TableRow(was.line, "dropped"))
    yield from dropped.get("", ())
    for name, new in after.items():
        old = before.get(name)
        if old is None:
            yield TableRow(new.line, "new")
        elif old.said != new.said:
            yield TableRow(new.line, "changed", old.line)
        else:
            yield TableRow(new.line)
        yield from dropped.get(name, ())


def _joined(rows: Sequence[TableRow]) -> Iterator[TableRow]:
    """Equal times, and equal units, of rows that follow each other are one cell."""
    times = _runs(rows, lambda row: (row.line.time, row.was("time"), row.change == "dropped"))
    units = _runs(
        rows,
        lambda row: (row.line.lead, row.line.related, row.was("lead"), row.was("related"),
                     row.line.section, row.line.remark, row.change == "dropped"),
    )  # fmt: skip
    for row, time, unit in zip(rows, times, units, strict=True):
        yield replace(row, times=time, units=unit)


def _runs(rows: Iterable[TableRow], key: Callable[[TableRow], Any]) -> Iterator[int]:
    for _, run in groupby(rows, key=key):
        length = len(list(run))
        yield from (length, *[0] * (length - 1))


def _sessions(before: PlanTables, after: PlanTables) -> Iterator[SessionRow]:
    old = {session.id: session for session in before.meeting}
    for session in after.meeting:
        was = old.pop(session.id, None)
        change = "" if was == session else "changed" if was else "new"
        yield SessionRow(session, change, was if change else None)
    yield from (SessionRow(session, "dropped") for session in old.values())


def _standings(table: Timetable, at: datetime, progress: Progress) -> dict[str, RowStanding]:
    """By the ids of the table."""
    on, month = table.local_day(at), table.shown_month(at)
    statuses: dict[str, list[TaskStatus]] = {}
    for task in (*table.plan.month_tasks, *table.plan.year_round):
        window = table.window_in(task, month)
        leads = [table.directory[unit] for unit in table.lead_units(task)]
        status = office_status(table, window, on, progress, leads)
        statuses.setdefault(task.table_id, []).append(status)
    return {name: _standing(of_task) for name, of_task in statuses.items()}


def _standing(statuses: Sequence[TaskStatus]) -> RowStanding:
    now = [status for status in statuses if status.light not in _SETTLED]
    next_ = [status for status in statuses if status.light is Light.BLUE]
    done = sum(status.light is Light.GREY for status in statuses)
    return RowStanding((*now, *next_, statuses[-1])[0], len(statuses), done)
