"""What stands in a feed: the facts of an entry, from which any view is rendered."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from reminder.domain.plan import Part
from reminder.domain.timetable import Role
from reminder.domain.windows import Rule

PLAN = "plan"  # the feed of the whole table; no unit may have this id
# Arrangements of a month: a related unit is told when they begin, who leads when they end.
_OF_THE_MONTH = (Rule.MONTH, Rule.PART, Rule.MEETING_UNDATED)


@dataclass(frozen=True)
class EntryTask:
    """A task as one feed sees it. `done` is known to its lead's own feed only; the feed of
    the whole plan has no `role`. Units as the table names them, groups not expanded."""

    title: str
    brief: str
    role: Role | None
    leads: tuple[str, ...]
    related: tuple[str, ...]
    done: date | None


@dataclass(frozen=True)
class CalendarEntry:
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
    items: tuple[EntryTask, ...]

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

    @property
    def short_day(self) -> date:
        """The one day on which `view=due` shows it."""
        is_told_early = self.role is Role.RELATED and self.rule in _OF_THE_MONTH
        return self.opens if is_told_early else self.due

    def to_json(self) -> str:
        """The same text for the same facts: feeds compare its hash."""
        facts = asdict(self)
        return json.dumps(
            facts, default=date.isoformat, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> "CalendarEntry":
        facts = json.loads(text)
        return cls(
            **facts
            | {
                "rule": Rule(facts["rule"]),
                "opens": date.fromisoformat(facts["opens"]),
                "due": date.fromisoformat(facts["due"]),
                "part": Part(facts["part"]) if facts["part"] else None,
                "meeting_day": _day(facts["meeting_day"]),
                "items": tuple(_task(item) for item in facts["items"]),
            }
        )


def _task(facts: dict[str, Any]) -> EntryTask:
    return EntryTask(
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
