"""The year as one picture: a bar for each task, and what each says in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

from reminder.domain import wording
from reminder.domain.content import Reader
from reminder.domain.looks import NONE, Look, look
from reminder.domain.plan import Task, TaskKind
from reminder.domain.timetable import Role
from reminder.domain.units import Relation
from reminder.domain.workdays import last_day

MANY = 60  # bars: with more of them nobody finds one


@dataclass(frozen=True)
class Bar:
    """Both days inclusive; a task of the whole year has the whole year."""

    name: str
    opens: date
    due: date
    lead: bool
    when: str
    look: Look = NONE
    all_year: bool = False

    @property
    def label(self) -> str:
        """What stands at the bar itself, so that colour is never alone."""
        return f"{self.look.mark} {self.name}".strip()


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
    def colours(self) -> tuple[str, ...]:
        """Those of the lights that the picture shows, in the order of a task's life."""
        order = ("blue", "green", "yellow", "red", "wait", "grey")
        return tuple(each for each in order if any(bar.look.colour == each for bar in self.bars))

    @cached_property
    def lit(self) -> bool:
        """Whether any task has a state to be told of."""
        return any(bar.look.words for bar in self.tasks)

    def has(self, *, lead: bool) -> bool:
        return any(bar.lead is lead for bar in self.tasks)


def year_of(reader: Reader) -> Year:
    """What one unit leads or is related to; only what it leads has a light."""
    plan, table = reader.table.plan, reader.table
    roles = ((task, table.role(reader.unit.id, task)) for task in plan.tasks)
    dated = [(task, role) for task, role in roles if role and task.kind is not TaskKind.STANDING]
    bars = [_bar(reader, task, role) for task, role in dated]
    bars.sort(key=lambda bar: (bar.all_year, bar.opens.month, not bar.lead))
    return Year(plan.year, reader.on if reader.on.year == plan.year else None, tuple(bars))


def _bar(reader: Reader, task: Task, role: Role) -> Bar:
    year, lead = reader.table.plan.year, role is Role.LEAD
    if task.kind is TaskKind.YEAR:
        first, last = date(year, 1, 1), date(year, 12, 31)
        return Bar(f"全年·{task.brief}", first, last, lead, "全年", all_year=True)
    found = reader.table.windows[task.id]
    exact = lead and reader.tone is not Relation.PARALLEL
    when = wording.timing(found, task) if exact else wording.short_timing(found, task)
    if found.undated and not exact:
        when = f"{when}（会期待定）"
    shown = look(reader, found) if lead else NONE
    opens = max(found.opens, date(year, 1, 1))
    return Bar(task.brief, opens, max(opens, min(found.due, date(year, 12, 31))), lead, when, shown)


def _by_month(bars: Sequence[Bar]) -> Iterator[Bar]:
    """One bar for each month and role, one for the whole year."""

    def kind(bar: Bar) -> tuple[bool, int, bool]:
        return bar.all_year, bar.opens.month, not bar.lead

    for _, group in groupby(bars, key=kind):
        yield _together(list(group))


def _together(bars: Sequence[Bar]) -> Bar:
    first, count = bars[0], len(bars)
    role = "承办" if first.lead else "相关"
    of_year = "全年·" if first.all_year else ""
    opens, due = min(bar.opens for bar in bars), max(bar.due for bar in bars)
    month = date(opens.year, opens.month, last_day(opens.year, opens.month).day)
    due = due if first.all_year else month
    return Bar(
        f"{of_year}{role}{count}项{_marks(bars)}",
        opens.replace(day=1),
        due,
        first.lead,
        first.when,
        all_year=first.all_year,
    )


def _marks(bars: Iterable[Bar]) -> str:
    """How many are done, for a unit that sees its lights."""
    done = sum(bar.look.colour == "grey" and bar.look.mark == "✓" for bar in bars)
    return f"，已办结{done}项" if done else ""
