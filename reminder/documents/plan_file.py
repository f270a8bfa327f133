"""plan/plan_YEAR.toml: the official table, row by row."""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from reminder.documents.edited_file import EditedFile
from reminder.documents.toml_lines import Location
from reminder.documents.units_file import Id, Line
from reminder.domain.characters import one_line, quoted
from reminder.domain.plan import Meeting, Part, Plan, Task, TaskKind, Timing
from reminder.domain.units import Directory
from reminder.domain.windows import window
from reminder.domain.workdays import WorkingDays
from reminder.errors import Fault

SHORT = 16  # characters


def _short(value: str) -> str:
    if len(value) > SHORT:
        raise ValueError(f"is {quoted(value)}, wanted {SHORT} characters at most")
    return one_line(value)


def _part(value: object) -> object:
    """As the table would say it, too: 上旬, 中旬, 下旬."""
    return {"上旬": Part.EARLY, "中旬": Part.MIDDLE, "下旬": Part.LATE}.get(str(value), value)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{quoted(value)} is no time zone, wanted an IANA name such as Asia/Shanghai"
        ) from None
    return value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Header(_Table):
    id: Id
    year: int = Field(ge=2000, le=2100)
    name: Line
    tag: Line
    office: Line
    timezone: Annotated[str, AfterValidator(_zone)]


class _Meeting(_Table):
    id: Id
    name: Line
    month: int = Field(ge=1, le=12)
    day: date | None = Field(None, alias="date")


class _Before(_Table):
    workdays: int = Field(ge=0, le=60)


class _Task(_Table):
    id: Id
    title: Line
    short: Annotated[str, AfterValidator(_short)] | None = None
    lead: list[str] | None = None
    related: list[str] | None = None


class _MonthTask(_Task):
    opens: date | None = None
    due: date | None = None
    exact: bool = False
    part: Annotated[Part, BeforeValidator(_part)] | None = None
    meetings: list[str] = []
    before: _Before | None = None
    soft: bool = False


class _Month(_Table):
    month: int = Field(ge=1, le=12)
    lead: list[str] = []
    related: list[str] = []
    task: list[_MonthTask] = Field(min_length=1)


class _File(_Table):
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
    reader.faults += _impossible_windows(file, plan, days, reader.places)
    # A key that was left out for a mistake of its own is not missing as well.
    places = {(fault.line, fault.key) for fault in faults}
    return plan, faults + [f for f in reader.faults if (f.line, f.key) not in places]


class _Reader:
    def __init__(self, file: EditedFile, directory: Directory) -> None:
        self.file = file
        self.directory = directory
        self.faults: list[Fault] = []
        self.places: dict[str, Location] = {}  # of tasks

    def plan(self, tables: _File) -> Plan:
        header = tables.plan
        meetings = self._meetings(tables.meeting, header.year)
        tasks = [
            *self._months(tables, set(meetings)),
            *self._tasks(TaskKind.YEAR, "year-round", tables.year_round),
            *self._tasks(TaskKind.STANDING, "standing", tables.standing),
        ]
        if not tasks:
            self._fault(("plan",), "has no tasks, wanted [[month]] rows")
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

    def _meetings(self, tables: Sequence[_Meeting], year: int) -> dict[str, Meeting]:
        meetings: dict[str, Meeting] = {}
        places: dict[str, Location] = {}
        for index, table in enumerate(tables):
            self._note_id(places, table.id, ("meeting", index))
            if table.day and abs(table.day.year - year) > 1:
                place = ("meeting", index, "date")
                self._fault(place, f"is {table.day}, wanted a day of {year}")
                table.day = None
            meetings[table.id] = Meeting(table.id, table.name, table.month, table.day)
        return meetings

    def _months(self, tables: _File, meetings: set[str]) -> Iterator[Task]:
        numbers: Counter[int] = Counter()
        totals = Counter(row.month for row in tables.month for _ in row.task)
        for index, row in enumerate(tables.month):
            here: Location = ("month", index)
            lead = self._units(row.lead, (*here, "lead"))
            related = self._units(row.related, (*here, "related"))
            for position, table in enumerate(row.task):
                numbers[row.month] += 1
                place = (*here, "task", position)
                yield replace(
                    self._task(TaskKind.MONTH, table, place, lead, related),
                    month=row.month,
                    number=numbers[row.month] if totals[row.month] > 1 else 0,
                    timing=self._timing(table, place, meetings, tables.plan.year),
                )

    def _tasks(self, kind: TaskKind, key: str, tables: Sequence[_Task]) -> Iterator[Task]:
        for index, table in enumerate(tables):
            yield self._task(kind, table, (key, index), (), ())

    def _task(
        self,
        kind: TaskKind,
        table: _Task,
        here: Location,
        lead: tuple[str, ...],
        related: tuple[str, ...],
    ) -> Task:
        """`lead` and `related` are the row's, for a task that names none."""
        self._note_id(self.places, table.id, here)
        if table.lead is not None:
            lead = self._units(table.lead, (*here, "lead"))
        if table.related is not None:
            related = self._units(table.related, (*here, "related"))
        if not lead:
            self._fault((*here, "lead"), "is missing, wanted a unit")
        return Task(table.id, kind, table.title, table.short or "", 0, 0, lead, related, Timing())

    def _timing(self, table: _MonthTask, here: Location, meetings: set[str], year: int) -> Timing:
        for position, name in enumerate(table.meetings):
            if name not in meetings:
                self._unknown("meeting", name, meetings, (*here, "meetings", position))
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
        return tuple(dict.fromkeys(self._unit(name, (*here, n)) for n, name in enumerate(names)))

    def _unit(self, name: str, place: Location) -> str:
        """Its id; empty for an unknown one, which is a mistake."""
        if unit := self.directory.find(name):
            return unit.id
        if self.directory.units:  # else its file is broken, which stands among the faults
            self._unknown("unit", name, self.directory.names(), place)
        return ""

    def _unknown(self, what: str, name: str, names: Iterable[str], place: Location) -> None:
        close = difflib.get_close_matches(name, list(names), n=1)
        wanted = f"{close[0]}?" if close else f"a {what} that exists, by name or alias"
        self._fault(place, f"unknown {what} {quoted(name)}, wanted {wanted}")

    def _note_id(self, places: dict[str, Location], name: str, here: Location) -> None:
        if name in places:
            line = self.file.line_of((*places[name], "id"))
            words = f"{name!r} is the id at line {line} too, wanted a new id"
            self._fault((*here, "id"), words)
        places.setdefault(name, here)

    def _fault(self, place: Location, message: str) -> None:
        self.faults.append(self.file.fault(place, message))


def _impossible_windows(
    file: EditedFile, plan: Plan, days: WorkingDays, places: dict[str, Location]
) -> Iterator[Fault]:
    for task in plan.tasks:
        if task.kind is not TaskKind.MONTH:
            continue
        of_task = window(plan, task, days)
        if of_task.due < of_task.opens:
            place = (*places[task.id], "due" if task.timing.due else "opens")
            yield file.fault(
                place,
                f"due {of_task.due} stands before opens {of_task.opens} (on working days), "
                "wanted due on or after opens",
            )
