"""plan/plan_YEAR.toml: the official table, row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from reminder.documents.edited_file import EditedFile, Location, nearest
from reminder.documents.plan_tables import (
    ALL_YEAR,
    MonthTable,
    MonthTaskTable,
    PlanTables,
    TaskTable,
)
from reminder.domain.occurrences import Said, occurrences, read_row
from reminder.domain.plan import LONGEST_MEETING, Meeting, Plan, Task, TaskKind, Timing
from reminder.domain.units import Directory
from reminder.domain.when import Term, When, parse_when
from reminder.domain.windows import window
from reminder.domain.workdays import WorkingDays, first_day, last_day
from reminder.errors import Mistake


def read_plan(file: EditedFile, directory: Directory, days: WorkingDays) -> Plan | None:
    """None when the file's form is past mending."""
    tables = file.validated(PlanTables)
    if tables is None:
        return None
    reader = _Reader(file, directory, tables)
    plan = reader.plan()
    reader.refuse_windows(plan, days)
    return plan


@dataclass
class _Reader:
    file: EditedFile
    directory: Directory
    tables: PlanTables
    places: dict[str, Location] = field(default_factory=dict)  # of tasks
    times: dict[str, Location] = field(default_factory=dict)  # of the words that say a task's time

    @cached_property
    def term(self) -> Term:
        year, starts = self.tables.plan.year, self.tables.plan.starts
        if starts and (starts.year, starts.day) != (year, 1):
            self.file.refuse(("plan", "starts"), "no_first_of_month", value=starts, year=year)
        return self.tables.plan.term

    def plan(self) -> Plan:
        header, meetings = self.tables.plan, self._meetings()
        standing = enumerate(self.tables.standing)
        tasks = [
            *self._month_tasks(meetings),
            *self._year_tasks(),
            *(self._task(TaskKind.STANDING, task, ("standing", n)) for n, task in standing),
        ]
        if not tasks and not self.file.faults:
            self.file.refuse(("plan",), "no_tasks")
        for name in self.places.keys() & set(header.retired):
            self.file.refuse((*self.places[name], "id"), "retired_id", id=name)
        return Plan(
            **header.model_dump(exclude={"office", "timezone", "starts", "retired"}),
            office=self._unit(header.office, ("plan", "office")),
            zone=ZoneInfo(header.timezone),
            tasks=tuple(tasks),
            meetings=meetings,
            first_month=self.term.first,
        )

    def refuse_windows(self, plan: Plan, days: WorkingDays) -> None:
        seen: set[tuple[str, date, date]] = set()
        for task in plan.month_tasks:
            found, place = window(plan, task, days), self.places[task.table_id]
            if found.due < found.opens:
                where = (*place, "due" if task.timing.due else "opens")
                self.file.refuse(where, "due_before_opens", due=found.due, opens=found.opens)
            same = (task.table_id, found.opens, found.due)
            if same in seen:
                where = self.times[task.table_id]
                self.file.refuse(where, "window_twice", opens=found.opens, due=found.due)
            seen.add(same)

    def _meetings(self) -> dict[str, Meeting]:
        places: dict[str, Location] = {}
        meetings: dict[str, Meeting] = {}
        for n, table in enumerate(self.tables.meeting):
            self._note_id(places, table.id, ("meeting", n))
            day, year, length = table.day, self.term.year, 1
            if day and abs(day.year - year) > 1:
                self.file.refuse(("meeting", n, "date"), "not_in_year", value=day, year=year)
                day = None
            elif table.until:
                length = (table.until - day).days + 1 if day else 0
            if not 1 <= length <= LONGEST_MEETING:
                where = ("meeting", n, "until")
                self.file.refuse(where, "bad_until", value=table.until, most=LONGEST_MEETING)
                length = 1
            meetings[table.id] = Meeting(table.id, table.name, table.month, day, length)
        return meetings

    def _month_tasks(self, meetings: Mapping[str, Meeting]) -> Iterator[Task]:
        numbers: Counter[int | str | None] = Counter()
        totals = Counter(row.month or row.when for row in self.tables.month for _ in row.task)
        for index, row in enumerate(self.tables.month):
            here: Location = ("month", index)
            lead = self._units(row.lead, (*here, "lead"))
            related = self._units(row.related, (*here, "related"))
            of_row, name = self._row(row, here), row.month or row.when
            for position, table in enumerate(row.task):
                numbers[name] += 1
                place = (*here, "task", position)
                task = self._task(
                    TaskKind.MONTH,
                    table,
                    place,
                    lead=lead,
                    related=related,
                    **row.remarks,
                    number=numbers[name] if totals[name] > 1 else 0,
                    timing=self._timing(table, place, meetings),
                )
                said = self._said(table.when, (*place, "when")).within(of_row)
                task = replace(task, timing=self._beside(table, task.timing, said, place))
                self.times[task.id] = (*(place if table.when else here), "when")
                yield from self._occurrences(task, said, meetings)

    def _year_tasks(self) -> Iterator[Task]:
        for n, table in enumerate(self.tables.year_round):
            place: Location = ("year-round", n)
            said = self._said(table.when, (*place, "when"))
            task = self._task(TaskKind.YEAR, table, place)
            self.times[task.id] = (*place, "when")
            yield from self._occurrences(task, said.within(Said(ALL_YEAR, When())), {})

    def _row(self, row: MonthTable, here: Location) -> Said:
        if row.month and row.when:
            self.file.refuse((*here, "when"), "month_and_when")
        elif row.when:
            return self._said(row.when, (*here, "when"))
        elif not row.month and not all(task.when for task in row.task):
            # At `when` where that was left out for a mistake of its own: it is one, not two.
            key = "when" if "when" in self.file.data["month"][here[1]] else "month"
            self.file.refuse((*here, key), "month_or_when")
        if not row.month:
            return Said()
        month = self.term.month(row.month)
        return Said(row.words, months=range(month, month + 1))

    def _said(self, words: str | None, place: Location) -> Said:
        """Nothing for what cannot be read, which is a mistake."""
        if words:
            try:
                return read_row(words, parse_when(words, self.term), self.term)
            except Mistake as error:
                self.file.refuse(place, error.reason, **error.facts)
        return Said()

    def _beside(self, table: MonthTaskTable, timing: Timing, said: Said, here: Location) -> Timing:
        """Less what contradicts `when`, which is a mistake."""
        if table.exact and not (table.opens or table.due or said.names_days):
            self.file.refuse((*here, "exact"), "exact_without_days")
        given = {key for key in ("opens", "due", "part", "before", "exact") if getattr(table, key)}
        wrong = given - said.allows(self.term)
        for key in sorted(wrong):
            self.file.refuse((*here, key), "contradicts_when", words=said.words)
        return Timing(meetings=timing.meetings, soft=timing.soft) if wrong else timing

    def _occurrences(
        self, task: Task, said: Said, meetings: Mapping[str, Meeting]
    ) -> Iterator[Task]:
        """None for a time that is a mistake."""
        counts, place = said.when and said.when.offset, self.times[task.id]
        if said == Said():  # which was told of
            return
        if counts and not said.months and task.timing.meetings:
            month = self.term.month(meetings[task.timing.meetings[-1]].month)
            said = replace(said, months=range(month, month + 1))
        elif counts and not task.timing.meetings:
            self.file.refuse(place, "when_without_meeting")
            return
        try:
            yield from occurrences(task, said, self.term)
        except Mistake as error:
            self.file.refuse(place, error.reason, **error.facts)

    def _task(self, kind: TaskKind, table: TaskTable, here: Location, **of_row: Any) -> Task:
        """`of_row` is what its row says of it; what the task says itself is in place of that."""
        of_row |= {key: words for key, words in table.remarks.items() if words}
        self._note_id(self.places, table.id, here)
        for role, names in (("lead", table.lead), ("related", table.related)):
            if names is not None:
                of_row[role] = self._units(names, (*here, role))
        if not of_row.setdefault("lead", ()):
            self.file.refuse((*here, "lead"), "no_lead")
        return Task(table.id, kind, table.title, table.short or "", **of_row)

    def _timing(self, table: MonthTaskTable, here: Location, meetings: Iterable[str]) -> Timing:
        for position, name in enumerate(table.meetings):
            if name not in meetings:
                where = (*here, "meetings", position)
                self.file.refuse(where, "unknown_meeting", name=name, near=nearest(name, meetings))
        if table.before and not table.meetings:
            self.file.refuse((*here, "before"), "before_without_meeting")
        return Timing(
            opens=self._day_within(table.opens, (*here, "opens")),
            due=self._day_within(table.due, (*here, "due")),
            exact=table.exact,
            meetings=tuple(name for name in table.meetings if name in meetings),
            before_workdays=table.before.workdays if table.before else None,
            part=table.part,
            soft=table.soft,
        )

    def _note_id(self, places: dict[str, Location], name: str, here: Location) -> None:
        if name in places:
            line = self.file.line_of((*places[name], "id"))
            self.file.refuse((*here, "id"), "id_twice", id=name, line=line)
        places.setdefault(name, here)

    def _day_within(self, day: date | None, place: Location) -> date | None:
        """None for one outside the plan's term, which is a mistake."""
        term = self.term
        first, last = first_day(term.year, term.months[0]), last_day(term.year, term.months[-1])
        if day is None or first <= day <= last:
            return day
        if term.first == 1:
            self.file.refuse(place, "not_in_year", value=day, year=term.year)
        else:
            self.file.refuse(place, "not_in_term", value=day, first=first, last=last)
        return None

    def _units(self, names: list[str], here: Location) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._unit(name, (*here, n)) for n, name in enumerate(names)))

    def _unit(self, name: str, place: Location) -> str:
        """Its id; empty for an unknown one, which is a mistake."""
        if unit := self.directory.by_name.get(name):
            return unit.id
        if self.directory.units:  # else its file is broken, which stands among the faults
            near = nearest(name, self.directory.by_name)
            self.file.refuse(place, "unknown_unit", name=name, near=near)
        return ""
