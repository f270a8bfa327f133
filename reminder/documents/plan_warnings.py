"""What is valid in a plan and probably not meant: a slip of the pen, a time that has no field."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from reminder.documents.edited_file import EditedFile, Location
from reminder.documents.plan_tables import SHORT
from reminder.domain.plan import calendar_month
from reminder.domain.timetable import Timetable
from reminder.domain.when import Basis, Span, When, parse_when
from reminder.domain.windows import Window
from reminder.domain.wordings import sessions_named, times_named
from reminder.domain.workdays import WorkingDays, first_day, last_day
from reminder.errors import Fault, Mistake

# What a table does more often than that is its way, and no slip.
SLIPS = 3
_FIELDS = {"opens", "due", "part", "when", "before"}


def plan_warnings(file: EditedFile, table: Timetable) -> list[Fault]:
    """Of one plan and the file that it was read from, in the order of its lines."""
    if file.faults:  # it was changed since
        return []
    return sorted({*_Rows(file, table).warnings(), *_Tasks(file, table).warnings()})


@dataclass(frozen=True)
class _Row:
    """One [[month]], or one [[year-round]] task, which is its own row."""

    place: Location
    data: dict[str, Any]
    months: Collection[int]
    tasks: Sequence[tuple[Location, dict[str, Any]]]

    @property
    def key(self) -> str:
        """Which says its time."""
        return "when" if "when" in self.data else "month"

    @property
    def all_but_its_tasks(self) -> str:
        return repr(sorted((key, value) for key, value in self.data.items() if key != "task"))


class _Reader:
    def __init__(self, file: EditedFile, table: Timetable) -> None:
        self.file, self.plan = file, table.plan
        self.days, self.windows = table.days, table.windows
        self.term = table.plan.term
        # What the file says in another form (due = "2026-04-15") is asked of what was read.
        self.known = {task.table_id: task for task in table.plan.tasks}
        self.rows = [
            self._row(("month", n), row, row["task"])
            for n, row in enumerate(file.data.get("month", []))
        ]
        self.year_round = [
            self._row(("year-round", n), task, None)
            for n, task in enumerate(file.data.get("year-round", []))
        ]

    def _row(self, place: Location, row: dict[str, Any], tasks: list[Any] | None) -> _Row:
        months = {self.term.month(int(row["month"]))} if "month" in row else set()
        if when := self.when(row.get("when")):
            months = months_of(when.spans, self.plan.year)
        places = [((*place, "task", n), task) for n, task in enumerate(tasks or [])]
        return _Row(place, row, months, places if tasks else [(place, row)])

    def when(self, words: str | None) -> When | None:
        """None for a wording's own way to say it, which nobody reads."""
        with suppress(ValueError):
            return parse_when(words, self.term) if words else None
        return None


class _Rows(_Reader):
    """What rows and sessions are beside each other."""

    def warnings(self) -> Iterator[Fault]:
        for slips in (list(self._copied()), list(self._out_of_order())):
            if len(slips) <= SLIPS:
                yield from slips
        yield from self._gap()
        yield from self._shorts()
        yield from self._year()
        yield from self._guessed()
        yield from self._meetings()

    def _copied(self) -> Iterator[Fault]:
        first: dict[str, _Row] = {}
        for row in self.rows:
            same = first.setdefault(row.all_but_its_tasks, row)
            if same is not row:
                line = self.file.line_of((*same.place, same.key))
                value = row.data[row.key]
                yield self.file.fault((*row.place, row.key), "row_twice", value=value, line=line)

    def _out_of_order(self) -> Iterator[Fault]:
        rows = [row for row in self.rows if len(row.months) == 1]
        for before, row in pairwise(rows):
            month, above = min(row.months), min(before.months)
            if month < above and row.data.get("section") == before.data.get("section"):
                months = {"month": calendar_month(month), "above": calendar_month(above)}
                yield self.file.fault((*row.place, row.key), "row_out_of_order", **months)

    def _gap(self) -> Iterator[Fault]:
        months = {month for row in (*self.rows, *self.year_round) for month in row.months}
        between = range(min(months, default=0), max(months, default=0))
        missing = [month for month in between if month not in months]
        if missing and len(missing) <= min(SLIPS, len(months) - 1):
            after = next(row for row in self.rows if max(row.months, default=0) > missing[0])
            place = (*after.place, after.key)
            yield self.file.fault(place, "months_missing", months=_named(missing))

    def _shorts(self) -> Iterator[Fault]:
        tasks = [one for row in (*self.rows, *self.year_round) for one in row.tasks]
        long = [here for here, task in tasks if len(task["title"]) > SHORT and "short" not in task]
        if long:
            yield self.file.fault((*long[0], "title"), "long_titles", most=SHORT, count=len(long))

    def _year(self) -> Iterator[Fault]:
        """Last year's file, of which only `year` was changed."""
        named = re.findall(r"(?<!\d)20\d\d(?!\d)", self.plan.name)
        if named and str(self.plan.year) not in named:
            years = {"named": named[0], "year": self.plan.year}
            yield self.file.fault(("plan", "name"), "name_of_other_year", **years)

    def _guessed(self) -> Iterator[Fault]:
        year = self.plan.year
        ends = [(first_day(year, month), last_day(year, month)) for month in self.term.months]
        guessed = [days for days in ends if any(map(self.days.is_provisional, days))]
        if guessed:
            ends_of = {"first": f"{guessed[0][0]:%Y-%m}", "last": f"{guessed[-1][0]:%Y-%m}"}
            yield self.file.fault(("plan", "year"), "guessed_days", **ends_of)

    def _meetings(self) -> Iterator[Fault]:
        hanging = defaultdict[str, set[int]](set)  # months, by meeting; none for 会前5个工作日
        for row in self.rows:
            for _, task in row.tasks:
                for meeting in task.get("meetings", []):
                    hanging[meeting] |= set(row.months)
        for n, row in enumerate(self.file.data.get("meeting", [])):
            place, meeting = ("meeting", n), self.plan.meetings[row["id"]]
            months = hanging.get(meeting.id)
            days = [day for day in (meeting.day, meeting.until) if day]
            if days and meeting.month not in {day.month for day in days}:
                facts = {"day": days[0], "month": meeting.month}
                yield self.file.fault((*place, "date"), "meeting_on_other_day", **facts)
            if months is None:
                yield self.file.fault((*place, "id"), "meeting_of_no_task", id=meeting.id)
            elif months and self.term.month(meeting.month) not in months:
                facts = {"month": meeting.month, "months": _named(months)}
                yield self.file.fault((*place, "month"), "meeting_in_other_month", **facts)


class _Tasks(_Reader):
    """What a wording says, beside what its fields say."""

    def warnings(self) -> Iterator[Fault]:
        windows = defaultdict[str, list[Window]](list)  # by the id in the file
        for occurrence, window in self.windows.items():
            windows[self.plan.by_id[occurrence].table_id].append(window)
        for row in (*self.rows, *self.year_round):
            for place, task in row.tasks:
                if row.place[0] == "month":
                    yield from self._sessions(place, task)
                    yield from self._outside(row, place, task)
                if wrong := self._times(row, task, windows[task["id"]]):
                    yield self.file.fault((*place, "title"), wrong.reason, **wrong.facts)

    def _sessions(self, place: Location, task: dict[str, Any]) -> Iterator[Fault]:
        for session in sessions_named(task["title"]):
            same = [
                name
                for name, meeting in self.plan.meetings.items()
                if any(map(session.is_same_as, sessions_named(meeting.name)))
            ]
            if set(same).isdisjoint(task.get("meetings", [])):
                facts = {"words": session.words, "id": same[0] if same else ""}
                yield self.file.fault((*place, "title"), "session_of_no_field", **facts)

    def _outside(self, row: _Row, place: Location, task: dict[str, Any]) -> Iterator[Fault]:
        """The task's own time in no month of its row."""
        times = {"when": when.spans if (when := self.when(task.get("when"))) else ()}
        if due := self.known[task["id"]].timing.due:
            times["due"] = (Span(due, due),)
        for key, spans in times.items():
            months = months_of(spans, self.plan.year)
            if row.months and months and months.isdisjoint(row.months):
                facts = {"value": task[key], "months": _named(row.months)}
                yield self.file.fault((*place, key), "outside_its_row", **facts)

    def _times(self, row: _Row, task: dict[str, Any], windows: Sequence[Window]) -> Mistake | None:
        """One warning a task: a time that has no field, or that is another than its field's."""
        has_field = not _FIELDS.isdisjoint(task) or "when" in row.data
        years = {first_day(self.plan.year, month).year for month in self.term.months}
        read = {named: self.when(named.words) for named in times_named(task["title"])}
        for named, when in read.items():
            if named.year and named.year not in years:
                if when and any(span.basis is not Basis.MONTHS for span in when.spans):
                    return Mistake("time_of_other_year", words=named.words, year=named.year)
            elif not has_field and not (when and self._is_row(when, row)):
                return Mistake("time_of_no_field", words=named.words, is_when=when is not None)
        said = [when for when in read.values() if when]
        if not has_field or not said or any(self._agrees(when, windows) for when in said):
            return None
        days = list(dict.fromkeys(window.due for window in windows))
        return Mistake("time_of_other_field", words=next(iter(read)).words, days=days)

    def _is_row(self, when: When, row: _Row) -> bool:
        months = {month for span in when.spans for month in months_of([span], self.plan.year)}
        whole = all(span.basis is Basis.MONTHS for span in when.spans)
        return whole and months == set(row.months or self.term.months)

    def _agrees(self, when: When, windows: Sequence[Window]) -> bool:
        """Where that is known: what hangs on a meeting has its day from there."""
        if not when.spans or not windows or any(w.meeting for w in windows):
            return True
        return any(_fits(span, window, self.days) for span in when.spans for window in windows)


def _fits(span: Span, window: Window, days: WorkingDays) -> bool:
    if span.basis is Basis.MONTHS:
        return span.first <= window.due <= span.last
    due = window.due in (span.last, days.on_or_before(span.last))
    return due or (
        span.first == span.last and window.opens in (span.first, days.on_or_after(span.first))
    )


def months_of(spans: Iterable[Span], year: int) -> set[int]:
    """Counted from January of that year."""
    return {
        month
        for span in spans
        for month in range(_month(span.first, year), _month(span.last, year) + 1)
    }


def _month(day: date, year: int) -> int:
    return 12 * (day.year - year) + day.month


def _named(months: Iterable[int]) -> list[int]:
    return [calendar_month(month) for month in sorted(months)]
