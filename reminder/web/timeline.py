"""The year as one picture: a bar for each task, and its name beside it, for one SVG of any width.

Across, all is in per cent, so that names keep their size on a phone; down, in rows.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from reminder.domain.plan import Task, TaskKind
from reminder.domain.status import HIDDEN, Light, Reader, TaskState, TaskStatus, unit_status
from reminder.domain.timetable import Role
from reminder.domain.windows import Window
from reminder.domain.workdays import last_day

MANY = 60  # bars: with more of them nobody finds one
_ROOM = 0.45  # of the width: beside a bar it holds the name on a page as wide as a desk's
_IN_ORDER = (Light.BLUE, Light.GREEN, Light.YELLOW, Light.RED, Light.WAIT, Light.GREY)
Place = tuple[str, str]  # of a name: x in per cent, and SVG's text-anchor


@dataclass(frozen=True)
class Bar:
    """A task, or `count` tasks of one month and role, of which so many are `done`. Both days are
    inclusive and within the year. A task of the whole year has no window.

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
    def order(self) -> tuple[bool, int, bool]:
        """Month by month, what is led first; then what runs all year."""
        return self.all_year, self.opens.month, not self.lead


@dataclass(frozen=True)
class Year:
    """Seen `on` that day. `bars` are those of the picture, `tasks` every one of them for who
    reads it as words."""

    number: int
    on: date
    tasks: Sequence[Bar]

    @property
    def today(self) -> date | None:
        """None in another year."""
        return self.on if self.on.year == self.number else None

    @cached_property
    def bars(self) -> Sequence[Bar]:
        return self.tasks if len(self.tasks) <= MANY else list(_by_month(self.tasks))

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
        return sum(bar.lead is lead for bar in self.tasks)


def year_of(reader: Reader) -> Year:
    """What one unit leads or is related to; only what it leads has a light."""
    table, year = reader.table, reader.table.plan.year
    bars = []
    for task in table.plan.tasks:
        role = table.role(reader.unit.id, task)
        if role and task.kind is not TaskKind.STANDING:
            window, lead = table.windows.get(task.id), role is Role.LEAD
            status = unit_status(reader, window) if lead and window else HIDDEN
            exact = lead and not reader.parallel
            bars.append(task_bar(year, task, window, status, lead=lead, exact=exact))
    return Year(year, reader.on, sorted(bars, key=lambda bar: bar.order))


def task_bar(
    year: int,
    task: Task,
    window: Window | None,
    status: TaskStatus,
    *,
    lead: bool = True,
    exact: bool = True,
) -> Bar:
    """Without a window over the whole year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    if window is None:
        return Bar(first, last, lead, task, exact=exact, all_year=True)
    opens = max(window.opens, first)
    return Bar(opens, max(opens, min(window.due, last)), lead, task, window, status, exact)


def _by_month(bars: Sequence[Bar]) -> Iterator[Bar]:
    """One bar for each month and role, one for the whole year."""
    for (all_year, month, _), group in groupby(bars, key=lambda bar: bar.order):
        same = list(group)
        year = same[0].opens.year
        yield Bar(
            date(year, month, 1),
            same[0].due if all_year else last_day(year, month),
            same[0].lead,
            count=len(same),
            done=sum(bar.status.state is TaskState.DONE for bar in same),
            all_year=all_year,
        )


@dataclass(frozen=True)
class Row:
    """`beside` is the name's place on a wide page, `above` on a narrow one; none: on the bar."""

    bar: Bar
    x: str
    width: str
    style: str
    beside: Place | None
    above: Place | None


def timeline(year: Year) -> dict[str, Any]:
    """`months` are number, left edge and middle of each; `today` is empty in another year."""
    today = _begin(year.today) if year.today else None
    return {
        "year": year,
        "rows": [_row(bar) for bar in year.bars],
        "months": [(m, _percent((m - 1) / 12), _percent((m - 0.5) / 12)) for m in range(1, 13)],
        "today": "" if today is None else _percent(today),
        "today_anchor": _anchor(today or 0),
    }


def _row(bar: Bar) -> Row:
    begin = _begin(bar.opens)
    end = (bar.due.month - 1 + bar.due.day / monthrange(bar.due.year, bar.due.month)[1]) / 12
    place = _percent(begin), _percent(max(end - begin, 0.01))
    style = f"{'lead' if bar.lead else 'related'} {bar.status.light}".strip()
    if 1 - end >= _ROOM:
        beside = _percent(end), "start"
    elif begin >= _ROOM:
        beside = _percent(begin), "end"
    else:
        return Row(bar, *place, f"{style} long", None, None)
    middle = (begin + end) / 2
    anchor = _anchor(middle)
    x = {"start": begin, "middle": middle, "end": end}[anchor]
    return Row(bar, *place, style, beside, (_percent(x), anchor))


def _anchor(place: float) -> str:
    """That keeps a name of usual length inside the picture."""
    return "start" if place < 0.36 else "middle" if place < 0.64 else "end"


def _begin(day: date) -> float:
    return (day.month - 1 + (day.day - 1) / monthrange(day.year, day.month)[1]) / 12


def _percent(part: float) -> str:
    return f"{100 * part:.2f}%"
