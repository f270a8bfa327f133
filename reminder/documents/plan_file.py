"""plan/plan_YEAR.toml: the official table, row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from reminder.documents.edited_file import EditedFile, Location, nearest
from reminder.documents.values import Id, Line, Zone
from reminder.domain.characters import one_line, quoted
from reminder.domain.plan import Meeting, Part, Plan, Task, TaskKind, Timing
from reminder.domain.units import Directory
from reminder.domain.windows import window
from reminder.domain.workdays import WorkingDays

SHORT = 16  # characters


def _short(value: str) -> str:
    if len(value) > SHORT:
        raise ValueError(f"is {quoted(value)}, wanted {SHORT} characters at most")
    return one_line(value)


def _part(value: object) -> object:
    """As the table would say it, too: 上旬, 中旬, 下旬."""
    return {"上旬": Part.EARLY, "中旬": Part.MIDDLE, "下旬": Part.LATE}.get(str(value), value)


class _Header(BaseModel, extra="forbid"):
    id: Id
    year: int = Field(ge=2000, le=2100)
    name: Line
    tag: Line
    office: Line
    timezone: Zone


class _Meeting(BaseModel, extra="forbid"):
    id: Id
    name: Line
    month: int = Field(ge=1, le=12)
    day: date | None = Field(None, alias="date")


class _Before(BaseModel, extra="forbid"):
    workdays: int = Field(ge=0, le=60)


class _Task(BaseModel, extra="forbid"):
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


class _Month(BaseModel, extra="forbid"):
    month: int = Field(ge=1, le=12)
    lead: list[str] = []
    related: list[str] = []
    task: list[_MonthTask] = Field(min_length=1)


class PlanTables(BaseModel, extra="forbid"):
    plan: _Header
    meeting: list[_Meeting] = []
    month: list[_Month] = []
    year_round: list[_Task] = Field([], alias="year-round")
    standing: list[_Task] = []


def read_plan(file: EditedFile, directory: Directory, days: WorkingDays) -> Plan | None:
    """None when the file's form is past mending."""
    tables = file.validated(PlanTables)
    if tables is None:
        return None
    reader = _Reader(file, directory, tables)
    plan = reader.plan()
    for task in plan.month_tasks:
        found = window(plan, task, days)
        if found.due < found.opens:
            words = f"due {found.due} stands before opens {found.opens} (on working days)"
            key = "due" if task.timing.due else "opens"
            place = (*reader.places[task.id], key)
            file.refuse(place, f"{words}, wanted due on or after opens")
    return plan


@dataclass
class _Reader:
    file: EditedFile
    directory: Directory
    tables: PlanTables
    places: dict[str, Location] = field(default_factory=dict)  # of tasks

    def plan(self) -> Plan:
        header = self.tables.plan
        places: dict[str, Location] = {}  # of sessions
        meetings: dict[str, Meeting] = {}
        for n, table in enumerate(self.tables.meeting):
            self._note_id(places, table.id, ("meeting", n))
            day = self._day_near(table.day, 1, ("meeting", n, "date"))
            meetings[table.id] = Meeting(table.id, table.name, table.month, day)
        year_round, standing = enumerate(self.tables.year_round), enumerate(self.tables.standing)
        tasks = [
            *self._months(meetings),
            *(self._task(TaskKind.YEAR, task, ("year-round", n)) for n, task in year_round),
            *(self._task(TaskKind.STANDING, task, ("standing", n)) for n, task in standing),
        ]
        if not tasks:
            self.file.refuse(("plan",), "has no tasks, wanted [[month]] rows")
        return Plan(
            **header.model_dump(exclude={"office", "timezone"}),
            office=self._unit(header.office, ("plan", "office")),
            zone=ZoneInfo(header.timezone),
            tasks=tuple(tasks),
            meetings=meetings,
        )

    def _months(self, meetings: Iterable[str]) -> Iterator[Task]:
        numbers: Counter[int] = Counter()
        totals = Counter(row.month for row in self.tables.month for _ in row.task)
        for index, row in enumerate(self.tables.month):
            here: Location = ("month", index)
            lead = self._units(row.lead, (*here, "lead"))
            related = self._units(row.related, (*here, "related"))
            for position, table in enumerate(row.task):
                numbers[row.month] += 1
                place = (*here, "task", position)
                yield self._task(
                    TaskKind.MONTH,
                    table,
                    place,
                    lead=lead,
                    related=related,
                    month=row.month,
                    number=numbers[row.month] if totals[row.month] > 1 else 0,
                    timing=self._timing(table, place, meetings),
                )

    def _task(self, kind: TaskKind, table: _Task, here: Location, **of_row: Any) -> Task:
        """`of_row` is what its row says of it; a task's own units are in place of the row's."""
        self._note_id(self.places, table.id, here)
        for role, names in (("lead", table.lead), ("related", table.related)):
            if names is not None:
                of_row[role] = self._units(names, (*here, role))
        if not of_row.setdefault("lead", ()):
            self.file.refuse((*here, "lead"), "is missing, wanted a unit")
        return Task(table.id, kind, table.title, table.short or "", **of_row)

    def _timing(self, table: _MonthTask, here: Location, meetings: Iterable[str]) -> Timing:
        for position, name in enumerate(table.meetings):
            if name not in meetings:
                self._refuse_unknown("meeting", name, meetings, (*here, "meetings", position))
        if table.before and not table.meetings:
            words = "counts from a meeting, wanted meetings = [...] too"
            self.file.refuse((*here, "before"), words)
        if table.exact and not (table.opens or table.due):
            self.file.refuse((*here, "exact"), "keeps dates, wanted opens or due beside it")
        return Timing(
            opens=self._day_near(table.opens, 0, (*here, "opens")),
            due=self._day_near(table.due, 0, (*here, "due")),
            exact=table.exact,
            meetings=tuple(name for name in table.meetings if name in meetings),
            before_workdays=table.before.workdays if table.before else None,
            part=table.part,
            soft=table.soft,
        )

    def _note_id(self, places: dict[str, Location], name: str, here: Location) -> None:
        if name in places:
            line = self.file.line_of((*places[name], "id"))
            words = f"{name!r} is the id at line {line} too, wanted a new id"
            self.file.refuse((*here, "id"), words)
        places.setdefault(name, here)

    def _day_near(self, day: date | None, years: int, place: Location) -> date | None:
        """None for one that is further than that from the plan's year, which is a mistake."""
        year = self.tables.plan.year
        if day is None or abs(day.year - year) <= years:
            return day
        self.file.refuse(place, f"is {day}, wanted a day of {year}")
        return None

    def _units(self, names: list[str], here: Location) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._unit(name, (*here, n)) for n, name in enumerate(names)))

    def _unit(self, name: str, place: Location) -> str:
        """Its id; empty for an unknown one, which is a mistake."""
        if unit := self.directory.by_name.get(name):
            return unit.id
        if self.directory.units:  # else its file is broken, which stands among the faults
            self._refuse_unknown("unit", name, self.directory.by_name, place)
        return ""

    def _refuse_unknown(self, what: str, name: str, names: Iterable[str], place: Location) -> None:
        wanted = nearest(name, names) or f"a {what} that exists, by name or alias"
        self.file.refuse(place, f"unknown {what} {quoted(name)}, wanted {wanted}")
