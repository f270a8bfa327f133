"""The year as one picture: a bar for each task that a unit leads or is related to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

from reminder.domain.plan import Task, TaskKind
from reminder.domain.status import HIDDEN, Light, Reader, TaskState, TaskStatus, unit_status
from reminder.domain.timetable import Role
from reminder.domain.windows import Window
from reminder.domain.workdays import last_day

MANY = 60  # bars: with more of them nobody finds one


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


@dataclass(frozen=True)
class Year:
    """`bars` are those of the picture, `tasks` every one of them for who reads it as words."""

    number: int
    today: date | None
    tasks: tuple[Bar, ...]

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        return self.tasks if len(self.tasks) <= MANY else tuple(_by_month(self.tasks))

    @cached_property
    def lights(self) -> tuple[Light, ...]:
        """Those that the picture shows, in the order of a task's life."""
        shown = {bar.status.light for bar in self.bars}
        order = (Light.BLUE, Light.GREEN, Light.YELLOW, Light.RED, Light.WAIT, Light.GREY)
        return tuple(light for light in order if light in shown)

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
    bars.sort(key=lambda bar: (bar.all_year, bar.opens.month, not bar.lead))
    return Year(year, reader.on if reader.on.year == year else None, tuple(bars))


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

    def kind(bar: Bar) -> tuple[bool, int, bool]:
        return bar.all_year, bar.opens.month, not bar.lead

    for (all_year, month, _), group in groupby(bars, key=kind):
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
