"""What stands in each feed: the facts of every entry, from which any view is rendered."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from reminder.domain.plan import Part, Task
from reminder.domain.timetable import Role, Timetable
from reminder.domain.windows import Progress, Rule, Window, window
from reminder.storage.ledger.events import Draft

PLAN = "plan"  # the feed of the whole table; no unit may have this id
# Part of the fingerprint: a new form of the entries makes all of them anew.
_FORM = 1


@dataclass(frozen=True)
class Item:
    """A task as one feed sees it. `done` is known to its lead's own feed only; the feed of
    the whole plan has no `role`. Units as the table names them, groups not expanded."""

    title: str
    brief: str
    role: Role | None
    leads: tuple[str, ...]
    related: tuple[str, ...]
    done: date | None


@dataclass(frozen=True)
class Entry:
    """One task in its window, or all year-round tasks of one month together."""

    period: str
    rule: Rule
    opens: date
    due: date
    soft: bool
    guessed: bool
    part: Part | None
    meeting: str
    meeting_day: date | None
    before: int | None
    items: tuple[Item, ...]

    @property
    def year_round(self) -> bool:
        return self.rule is Rule.YEAR_ROUND

    @property
    def undated(self) -> bool:
        return self.rule is Rule.MEETING_UNDATED

    @property
    def year(self) -> int:
        return int(self.period[:4])

    @property
    def month(self) -> int:
        return int(self.period[5:])

    @property
    def role(self) -> Role | None:
        """Of a single task; the first one's where there are several."""
        return self.items[0].role

    @property
    def done(self) -> date | None:
        """The day on which the last of its tasks was done; None while one is open."""
        days = [item.done for item in self.items if item.done]
        return max(days) if len(days) == len(self.items) else None

    def to_json(self) -> str:
        """The same text for the same facts."""
        facts = asdict(self)
        return json.dumps(
            facts, default=date.isoformat, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        facts = json.loads(text)
        return cls(
            **facts
            | {
                "rule": Rule(facts["rule"]),
                "opens": date.fromisoformat(facts["opens"]),
                "due": date.fromisoformat(facts["due"]),
                "part": Part(facts["part"]) if facts["part"] else None,
                "meeting_day": _day(facts["meeting_day"]),
                "items": tuple(_item(item) for item in facts["items"]),
            }
        )


def feed_names(table: Timetable) -> list[str]:
    """Every unit that is no group, then the whole plan."""
    return [*(unit.id for unit in table.directory.single), PLAN]


def drafts(table: Timetable, progress: Progress) -> dict[str, list[Draft]]:
    """The events of every feed, in the table's order."""
    return {feed: list(_feed(table, progress, feed)) for feed in feed_names(table)}


def fingerprint(table: Timetable, progress: Progress) -> str:
    """Of all that the entries are made from: the same means that none of them has moved."""
    months = [_check_in(table, month) for month in range(1, 13)]
    facts = (
        _FORM,
        table.plan,
        table.directory.units,
        table.windows,
        months,
        sorted(progress.done.items()),
        sorted(progress.checked_in.items()),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _feed(table: Timetable, progress: Progress, feed: str) -> Iterator[Draft]:
    plan = table.plan
    for task_id, found in table.windows.items():
        task = plan.by_id[task_id]
        if item := _as_seen(table, feed, task, progress.done.get(task_id)):
            entry = _entry(table, found, plan.period(task.month), task, (item,))
            yield Draft(f"{plan.id}.{task_id}", entry.to_json())
    for month in range(1, 13):
        period = plan.period(month)
        items = tuple(_year_items(table, progress, feed, period))
        if items and (checked := _check_in(table, month)):
            entry = _entry(table, checked, period, plan.year_round[0], items)
            yield Draft(f"{plan.id}.{plan.year}-year.{period}", entry.to_json())


def _entry(
    table: Timetable, found: Window, period: str, task: Task, items: tuple[Item, ...]
) -> Entry:
    return Entry(
        period=period,
        rule=found.rule,
        opens=found.opens,
        due=found.due,
        soft=found.soft and found.rule is not Rule.YEAR_ROUND,
        guessed=found.guessed,
        part=task.timing.part if found.rule is Rule.PART else None,
        meeting=found.meeting.name if found.meeting else "",
        meeting_day=found.meeting.day if found.meeting else None,
        before=task.timing.before_workdays if found.rule is Rule.MEETING else None,
        items=items,
    )


def _year_items(table: Timetable, progress: Progress, feed: str, period: str) -> Iterator[Item]:
    for task in table.plan.year_round:
        done = progress.done.get(task.id) or progress.checked_in.get((task.id, period))
        if item := _as_seen(table, feed, task, done):
            yield item


def _as_seen(table: Timetable, feed: str, task: Task, done: date | None) -> Item | None:
    """None when the task is no business of that feed's unit."""
    role = None if feed == PLAN else table.role(feed, task)
    if role is None and feed != PLAN:
        return None
    return Item(
        title=task.title,
        brief=task.brief,
        role=role,
        leads=tuple(table.directory[unit].name for unit in task.lead),
        related=tuple(table.directory[unit].name for unit in task.related),
        done=done if role is Role.LEAD else None,
    )


def _check_in(table: Timetable, month: int) -> Window | None:
    """The window that all year-round tasks share in that month."""
    tasks = table.plan.year_round
    return window(table.plan, tasks[0], table.days, month) if tasks else None


def _item(facts: dict[str, Any]) -> Item:
    return Item(
        **facts
        | {
            "role": Role(facts["role"]) if facts["role"] else None,
            "leads": tuple(facts["leads"]),
            "related": tuple(facts["related"]),
            "done": _day(facts["done"]),
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
