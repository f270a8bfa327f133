"""The year as one picture: a row for each task with a bar for each of its times, and its name
beside them, for one SVG of any width.

Across, all is in per cent, so that names keep their size on a phone; down, in rows.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from math import ceil
from typing import Any

from reminder.domain.plan import Task, TaskKind, calendar_month
from reminder.domain.status import HIDDEN, Light, Reader, TaskState, TaskStatus, unit_status
from reminder.domain.timetable import Role
from reminder.domain.when import Term
from reminder.domain.windows import Window
from reminder.domain.workdays import first_day, last_day

MANY = 400  # rows: with more of them nobody finds one
ON_A_PAGE = 36  # of one picture, under one line of months; the next rows have their own
_ROOM = 0.45  # of the width: beside a bar it holds the name on a page as wide as a desk's
_IN_ORDER = (
    Light.BLUE,
    Light.GREEN,
    Light.YELLOW,
    Light.RED,
    Light.REVIEW,
    Light.WAIT,
    Light.GREY,
)
# Of several times of one task the first of these decides what is said beside its name.
_PRESSING = (
    Light.RED,
    Light.YELLOW,
    Light.REVIEW,
    Light.WAIT,
    Light.GREEN,
    Light.BLUE,
    Light.GREY,
    Light.NONE,
)
Place = tuple[str, str]  # of a name: x in per cent, and SVG's text-anchor


@dataclass(frozen=True)
class Bar:
    """One time of a task, or `count` of one month and role, of which so many are `done`. Both days
    are inclusive and within the term. A task of the whole year has no window.

    `exact` says that the window's days are for its reader to see.
    """

    opens: date
    due: date
    lead: bool
    task: Task | None = None
    window: Window | None = None
    status: TaskStatus = HIDDEN
    exact: bool = True
    count: int = 1
    done: int = 0
    all_year: bool = False

    @property
    def order(self) -> tuple[bool, int, int, bool]:
        """Month by month, what is led first; then what runs all year."""
        return self.all_year, self.opens.year, self.opens.month, not self.lead

    @property
    def end(self) -> tuple[bool, int, int, bool]:
        """As `order`, by the month in which it ends."""
        return self.all_year, self.due.year, self.due.month, not self.lead


@dataclass(frozen=True)
class Year:
    """Seen `on` that day. `tasks` are their bars; `by_task` those of each task together, for who
    reads it as words; `rows` are those of the picture."""

    term: Term
    on: date
    tasks: Sequence[Bar]

    @property
    def number(self) -> int:
        return self.term.year

    @property
    def first(self) -> date:
        return first_day(self.term.year, self.term.months[0])

    @property
    def last(self) -> date:
        return last_day(self.term.year, self.term.months[-1])

    @property
    def today(self) -> date | None:
        """None in another year."""
        return self.on if self.first <= self.on <= self.last else None

    @cached_property
    def by_task(self) -> list[list[Bar]]:
        rows: dict[object, list[Bar]] = defaultdict(list)
        for number, bar in enumerate(self.tasks):
            rows[(bar.task.table_id, bar.lead) if bar.task else number].append(bar)
        return list(rows.values())

    @cached_property
    def rows(self) -> list[list[Bar]]:
        if len(self.by_task) > MANY:
            return [[bar] for bar in _by_month(self.tasks)]
        return self.by_task

    @cached_property
    def bars(self) -> list[Bar]:
        return [bar for row in self.rows for bar in row]

    @cached_property
    def lights(self) -> list[Light]:
        """Those that the picture shows, in the order of a task's life."""
        shown = {bar.status.light for bar in self.bars}
        return [light for light in _IN_ORDER if light in shown]

    @cached_property
    def lit(self) -> bool:
        """Whether any task has a state to be told of."""
        return any(bar.status.light for bar in self.tasks)

    def count(self, *, lead: bool) -> int:
        return sum(bars[0].lead is lead for bars in self.by_task)


def year_of(reader: Reader) -> Year:
    """What one unit leads or is related to; only what it leads has a light."""
    table, term = reader.table, reader.table.plan.term
    bars = []
    for task in table.plan.tasks:
        role = table.role(reader.unit.id, task)
        if role and task.kind is not TaskKind.STANDING:
            window, lead = table.windows.get(task.id), role is Role.LEAD
            status = unit_status(reader, window) if lead and window else HIDDEN
            exact = lead and not reader.parallel
            bars.append(task_bar(term, task, window, status, lead=lead, exact=exact))
    return Year(term, reader.on, sorted(bars, key=lambda bar: bar.order))


def task_bar(
    term: Term,
    task: Task,
    window: Window | None,
    status: TaskStatus,
    *,
    lead: bool = True,
    exact: bool = True,
) -> Bar:
    """Without a window over the whole term."""
    first, last = first_day(term.year, term.months[0]), last_day(term.year, term.months[-1])
    if window is None:
        return Bar(first, last, lead, task, exact=exact, all_year=True)
    opens = max(window.opens, first)
    opens = min(opens, last)
    return Bar(opens, max(opens, min(window.due, last)), lead, task, window, status, exact)


def _by_month(bars: Sequence[Bar]) -> Iterator[Bar]:
    """One bar for each month in which tasks end and each role, one for the whole year."""

    def end(bar: Bar) -> tuple[bool, int, int, bool]:
        return bar.end

    for (all_year, year, month, _), group in groupby(sorted(bars, key=end), key=end):
        same = list(group)
        yield Bar(
            same[0].opens if all_year else date(year, month, 1),
            same[0].due if all_year else last_day(year, month),
            same[0].lead,
            count=len(same),
            done=sum(bar.status.state is TaskState.DONE for bar in same),
            all_year=all_year,
        )


@dataclass(frozen=True)
class Strip:
    """Where a bar is drawn, and how."""

    x: str
    width: str
    style: str


@dataclass(frozen=True)
class Row:
    """`bar` is the one that is spoken of, `others` are drawn only. `beside` is the name's place on
    a wide page, `above` on a narrow one; without `beside` it stands above on both, without `above`
    on the bar."""

    bar: Bar
    x: str
    width: str
    style: str
    beside: Place | None
    above: Place | None
    others: Sequence[Strip] = ()


def timeline(year: Year) -> dict[str, Any]:
    """`months` are number, left edge and middle of each; `today` is empty in another year. `parts`
    are the rows of each picture."""
    today = _begin(year, year.today) if year.today else None
    rows = [_row(year, row) for row in year.rows]
    return {
        "year": year,
        "rows": rows,
        "parts": _parts(rows),
        "months": [
            (calendar_month(month), _percent(place / 12), _percent((place + 0.5) / 12))
            for place, month in enumerate(year.term.months)
        ],
        "today": "" if today is None else _percent(today),
        "today_anchor": _anchor(today or 0),
    }


def _parts(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """About as long as each other; one for a year without rows."""
    count = max(1, ceil(len(rows) / ON_A_PAGE))
    size = ceil(len(rows) / count)
    return [rows[size * number : size * (number + 1)] for number in range(count)]


def _row(year: Year, bars: Sequence[Bar]) -> Row:
    bar = min(bars, key=lambda bar: _PRESSING.index(bar.status.light))
    strip, *others = (_strip(year, each) for each in (bar, *(b for b in bars if b is not bar)))
    begin, end = _begin(year, bars[0].opens), _end(year, bars[-1].due)
    middle = (begin + end) / 2
    anchor = _anchor(middle)
    above = _percent({"start": begin, "middle": middle, "end": end}[anchor]), anchor
    beside = None
    if 1 - end >= _ROOM:
        beside = _percent(end), "start"
    elif begin >= _ROOM:
        beside = _percent(begin), "end"
    elif not others:
        return Row(bar, strip.x, strip.width, f"{strip.style} long", None, None)
    return Row(bar, strip.x, strip.width, strip.style, beside, above, others)


def _strip(year: Year, bar: Bar) -> Strip:
    begin = _begin(year, bar.opens)
    width = max(_end(year, bar.due) - begin, 0.01)
    style = f"{'lead' if bar.lead else 'related'} {bar.status.light}".strip()
    return Strip(_percent(begin), _percent(width), style)


def _anchor(place: float) -> str:
    """That keeps a name of usual length inside the picture."""
    return "start" if place < 0.36 else "middle" if place < 0.64 else "end"


def _begin(year: Year, day: date) -> float:
    return _place(year, day, day.day - 1)


def _end(year: Year, day: date) -> float:
    return _place(year, day, day.day)


def _place(year: Year, day: date, days: int) -> float:
    """In the term, after so many days of that day's month."""
    months = 12 * (day.year - year.number) + day.month - year.term.months[0]
    return (months + days / monthrange(day.year, day.month)[1]) / 12


def _percent(part: float) -> str:
    return f"{100 * part:.2f}%"
