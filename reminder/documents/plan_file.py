"""plan/plan_YEAR.toml: the official table, row by row."""

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from reminder.documents.edited_file import EditedFile
from reminder.documents.toml_lines import Location
from reminder.documents.units_file import Id, Line
from reminder.domain.characters import one_line, quoted
from reminder.domain.plan import Meeting, Part, Plan, Task, TaskKind, Timing
from reminder.domain.units import Directory
from reminder.domain.windows import window
from reminder.domain.workdays import WorkingDays
from reminder.errors import Fault


def _short(value: str) -> str:
    if len(value) > SHORT:
        raise ValueError(f"is {quoted(value)}, wanted {SHORT} characters at most")
    return one_line(value)


def _part(value: object) -> object:
    """As the table would say it, too: 上旬, 中旬, 下旬."""
    return {"上旬": Part.EARLY, "中旬": Part.MIDDLE, "下旬": Part.LATE}.get(str(value), value)


PartOfMonth = Annotated[Part, BeforeValidator(_part)]
SHORT = 16
Short = Annotated[str, AfterValidator(_short)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Header(_Strict):
    id: Id
    year: int = Field(ge=2000, le=2100)
    name: Line
    tag: Line
    office: Line
    timezone: str

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{quoted(value)} is no time zone, wanted an IANA name such as Asia/Shanghai"
            ) from None
        return value


class _Meeting(_Strict):
    id: Id
    name: Line
    month: int = Field(ge=1, le=12)
    day: date | None = Field(None, alias="date")


class _Before(_Strict):
    workdays: int = Field(ge=0, le=60)


class _Task(_Strict):
    id: Id
    title: Line
    short: Short | None = None
    lead: list[str] | None = None
    related: list[str] | None = None


class _MonthTask(_Task):
    opens: date | None = None
    due: date | None = None
    exact: bool = False
    part: PartOfMonth | None = None
    meetings: list[str] = []
    before: _Before | None = None
    soft: bool = False


class _Month(_Strict):
    month: int = Field(ge=1, le=12)
    lead: list[str] = []
    related: list[str] = []
    task: list[_MonthTask] = Field(min_length=1)


class _File(_Strict):
    plan: _Header
    meeting: list[_Meeting] = []
    month: list[_Month] = []
    year_round: list[_Task] = Field([], alias="year-round")
    standing: list[_Task] = []


def read_plan(
    file: EditedFile, directory: Directory, days: WorkingDays
) -> tuple[Plan | None, list[Fault]]:
    """The plan, or None when its form is wrong; and every mistake found."""
    tables, faults = file.validate(_File)
    if tables is None:
        return None, faults
    reader = _Reader(file, directory)
    plan = reader.plan(tables)
    reader.faults += _duplicates(file, tables)
    reader.faults += _impossible_windows(file, plan, days, reader.places)
    # A key that was left out for a mistake of its own is not missing as well.
    said = {(fault.line, fault.key) for fault in faults}
    return plan, faults + [f for f in reader.faults if (f.line, f.key) not in said]


class _Reader:
    def __init__(self, file: EditedFile, directory: Directory) -> None:
        self.file = file
        self.directory = directory
        self.faults: list[Fault] = []
        self.places: dict[str, Location] = {}

    def plan(self, tables: _File) -> Plan:
        header = tables.plan
        for index, table in enumerate(tables.meeting):
            if table.day and abs(table.day.year - header.year) > 1:
                place = ("meeting", index, "date")
                self._fault(place, f"is {table.day}, wanted a day of {header.year}")
                table.day = None
        meetings = {
            table.id: Meeting(table.id, table.name, table.month, table.day)
            for table in tables.meeting
        }
        tasks = [task for row in self._months(tables, set(meetings)) for task in row]
        tasks += self._row(TaskKind.YEAR, "year-round", tables.year_round)
        tasks += self._row(TaskKind.STANDING, "standing", tables.standing)
        if not tasks:
            self.faults.append(self.file.fault(("plan",), "has no tasks, wanted [[month]] rows"))
        return Plan(
            id=header.id,
            year=header.year,
            name=header.name,
            tag=header.tag,
            office=self._unit(header.office, ("plan", "office")),
            zone=ZoneInfo(header.timezone),
            tasks=tuple(tasks),
            meetings=meetings,
            digest=hashlib.sha256(repr(self.file.data).encode()).hexdigest(),
        )

    def _months(self, tables: _File, meetings: set[str]) -> Iterator[list[Task]]:
        seen: dict[int, int] = {}
        for index, row in enumerate(tables.month):
            here: Location = ("month", index)
            lead = self._units(row.lead, (*here, "lead"))
            related = self._units(row.related, (*here, "related"))
            first = seen.get(row.month, 0) + 1
            seen[row.month] = first + len(row.task) - 1
            rows_of_month = sum(len(r.task) for r in tables.month if r.month == row.month)
            yield [
                self._task(
                    TaskKind.MONTH,
                    table,
                    (*here, "task", position),
                    row.month,
                    first + position if rows_of_month > 1 else 0,
                    (row.lead, lead, related),
                    self._timing(table, (*here, "task", position), meetings, tables.plan.year),
                )
                for position, table in enumerate(row.task)
            ]

    def _row(self, kind: TaskKind, key: str, tables: Sequence[_Task]) -> Iterator[Task]:
        for index, table in enumerate(tables):
            yield self._task(kind, table, (key, index), 0, 0, ([], (), ()), Timing())

    def _task(
        self,
        kind: TaskKind,
        table: _Task,
        here: Location,
        month: int,
        number: int,
        row: tuple[list[str], tuple[str, ...], tuple[str, ...]],
        timing: Timing,
    ) -> Task:
        self.places.setdefault(table.id, here)
        named, lead, related = row
        if table.lead is not None:
            lead = self._units(table.lead, (*here, "lead"))
        if table.related is not None:
            related = self._units(table.related, (*here, "related"))
        if not (named if table.lead is None else table.lead):
            self.faults.append(self.file.fault((*here, "lead"), "is missing, wanted a unit"))
        return Task(
            table.id, kind, table.title, table.short or "", month, number, lead, related, timing
        )

    def _timing(self, table: _MonthTask, here: Location, meetings: set[str], year: int) -> Timing:
        for position, name in enumerate(table.meetings):
            if name not in meetings:
                place = (*here, "meetings", position)
                self._unknown("meeting", name, meetings, place)
        if table.before and not table.meetings:
            self._fault((*here, "before"), "counts from a meeting, wanted meetings = [...] too")
        if table.exact and not (table.opens or table.due):
            self._fault((*here, "exact"), "keeps dates, wanted opens or due beside it")
        days = {"opens": table.opens, "due": table.due}
        for key, day in days.items():
            if day and day.year != year:
                self._fault((*here, key), f"is {day}, wanted a day of {year}")
                days[key] = None
        return Timing(
            opens=days["opens"],
            due=days["due"],
            exact=table.exact,
            meetings=tuple(name for name in table.meetings if name in meetings),
            before_workdays=table.before.workdays if table.before else None,
            part=table.part,
            soft=table.soft,
        )

    def _units(self, names: list[str], here: Location) -> tuple[str, ...]:
        found = [self._unit(name, (*here, index)) for index, name in enumerate(names)]
        return tuple(dict.fromkeys(unit for unit in found if unit))

    def _unit(self, name: str, place: Location) -> str:
        unit = self.directory.find(name)
        if unit:
            return unit.id
        if self.directory.units:  # else its file is broken, which is said already
            self._unknown("unit", name, self.directory.names(), place)
        return ""

    def _unknown(self, what: str, name: str, known: Any, place: Location) -> None:
        close = difflib.get_close_matches(name, known, n=1)
        wanted = f"{close[0]}?" if close else f"a {what} that exists, by name or alias"
        self._fault(place, f"unknown {what} {quoted(name)}, wanted {wanted}")

    def _fault(self, place: Location, message: str) -> None:
        self.faults.append(self.file.fault(place, message))


def _duplicates(file: EditedFile, tables: _File) -> Iterator[Fault]:
    tasks: list[tuple[Location, str]] = [
        (("month", row, "task", index, "id"), table.id)
        for row, month in enumerate(tables.month)
        for index, table in enumerate(month.task)
    ]
    tasks += [(("year-round", i, "id"), table.id) for i, table in enumerate(tables.year_round)]
    tasks += [(("standing", i, "id"), table.id) for i, table in enumerate(tables.standing)]
    meetings: list[tuple[Location, str]] = [
        (("meeting", i, "id"), table.id) for i, table in enumerate(tables.meeting)
    ]
    for places in (tasks, meetings):
        seen: dict[str, Location] = {}
        for place, name in places:
            if first := seen.get(name):
                line = file.line_of(first)
                yield file.fault(place, f"{name!r} is the id at line {line} too, wanted a new id")
            seen.setdefault(name, place)


def _impossible_windows(
    file: EditedFile, plan: Plan, days: WorkingDays, places: dict[str, Location]
) -> Iterator[Fault]:
    for task in plan.tasks:
        if task.kind is not TaskKind.MONTH:
            continue
        found = window(plan, task, days)
        if found.due < found.opens:
            place = (*places[task.id], "due" if task.timing.due else "opens")
            yield file.fault(
                place,
                f"due {found.due} stands before opens {found.opens} (on working days), "
                "wanted due on or after opens",
            )
