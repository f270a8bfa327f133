"""What stands in a feed: the facts of its entries, from which any view is rendered."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pydantic import TypeAdapter

from reminder.domain.plan import Part, Task, TaskKind
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Unit
from reminder.domain.when import Offset
from reminder.domain.windows import Progress, Rule
from reminder.domain.workdays import DAY
from reminder.ledger.feeds import FeedContent
from reminder.words import CHINESE

PLAN = "plan"  # the feed of the main plan as a whole; no unit may have this id
_FORM = 3  # part of the input hashes: moves with the form of the entries
# Arrangements of a month: a related unit is told when they begin, who leads when they end.
_OF_THE_MONTH = (Rule.MONTH, Rule.MONTHS, Rule.PART, Rule.MEETING_UNDATED)
# Not in the text of an entry that they say nothing of: texts of before stay as they are.
_SOMETIMES = ("offset", "ranged", "stretch")
Shown = Sequence[tuple[Task, Role | None]]


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
    """One task in its window, or all year-round tasks of one month together. `period` is the
    month in which it begins."""

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
    offset: Offset | None = None
    ranged: bool = False
    stretch: str = ""

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
        """The day for which `view=due` shows it."""
        is_told_early = self.role is Role.RELATED and self.rule in _OF_THE_MONTH
        return self.opens if is_told_early else self.due

    @property
    def short_days(self) -> tuple[date, date]:
        """On which `view=due` shows it: that day, or all days that the table says (4月15日—17日)
        while they are no long bar."""
        if self.ranged and self.due - self.opens < 7 * DAY:
            return self.opens, self.due
        return self.short_day, self.short_day

    def to_json(self) -> str:
        """The same text for the same facts: feeds compare its hash."""
        facts = _JSON.dump_python(self, mode="json")
        facts = {key: facts[key] for key in facts if facts[key] or key not in _SOMETIMES}
        return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "CalendarEntry":
        return _JSON.validate_json(text)


_JSON = TypeAdapter(CalendarEntry)


@dataclass(frozen=True)
class FeedEvents:
    """Which events each feed shows at one moment: its unit's tasks in their roles, or those of the
    whole plan. What several of them show is made once."""

    table: Timetable
    progress: Progress
    uid_domain: str
    language: str = CHINESE  # the office's
    _texts: dict[object, str] = field(default_factory=dict, compare=False)

    def contents(self, units: Iterable[Unit] | None = None) -> dict[str, FeedContent]:
        """Of those units, or of every one that is no group; then of the whole plan."""
        table, tasks, contents = self.table, self.table.plan.tasks, {}
        by_names: dict[tuple[str, ...], FeedContent] = {}
        for unit in table.directory.single if units is None else units:
            names = table.named_as(unit.id)
            if names not in by_names:
                roles = ((task, table.role(unit.id, task)) for task in tasks)
                by_names[names] = self._content([(task, role) for task, role in roles if role])
            same = by_names[names]
            spoken = _spoken(unit.language or self.language)
            contents[unit.id] = replace(same, input_hash=f"{same.input_hash} {unit.label}{spoken}")
        whole = self._content([(task, None) for task in tasks])
        contents[PLAN] = replace(whole, input_hash=whole.input_hash + _spoken(self.language))
        return contents

    def entries(self, shown: Shown) -> dict[str, str]:
        """In the table's order, the year-round tasks of each month last."""
        plan = self.table.plan
        events = [
            (task.id, self.period(task), [(task, role)])
            for task, role in shown
            if task.id in self.table.windows
        ]
        if year := [(task, role) for task, role in shown if task.kind is TaskKind.YEAR]:
            periods = map(plan.period, plan.months)
            events += [(f"{plan.year}-year.{period}", period, year) for period in periods]
        return {f"{plan.id}.{event[0]}": self._text(*event) for event in events}

    def period(self, task: Task) -> str:
        """In which it begins."""
        return self.table.plan.period(self.table.months_of(task)[0])

    def entry(self, period: str, shown: Shown) -> CalendarEntry:
        task = shown[0][0]
        window = self.table.window_in(task, self.table.plan.month_of(period))
        return CalendarEntry(
            period=period,
            rule=window.rule,
            opens=window.opens,
            due=window.due,
            soft=window.soft and window.rule is not Rule.YEAR_ROUND,
            guessed=window.guessed,
            part=task.timing.part if window.rule is Rule.PART else None,
            meeting=window.meeting.name if window.meeting else "",
            meeting_day=window.meeting.day if window.meeting else None,
            before=task.timing.before_workdays if window.rule is Rule.MEETING else None,
            offset=task.timing.offset if window.rule is Rule.MEETING else None,
            ranged=window.ranged,
            stretch=task.stretch,
            items=tuple(self._task(task, role, period) for task, role in shown),
        )

    def _text(self, event: str, period: str, shown: Shown) -> str:
        key = (event, *((task.id, role) for task, role in shown))
        if key not in self._texts:
            self._texts[key] = self.entry(period, shown).to_json()
        return self._texts[key]

    def _task(self, task: Task, role: Role | None, period: str) -> EntryTask:
        done = self.progress.done.get(task.id) or self.progress.checked_in.get((task.id, period))
        return EntryTask(
            title=task.title,
            brief=task.brief,
            role=role,
            leads=tuple(self.table.directory[unit].name for unit in task.lead),
            related=tuple(self.table.directory[unit].name for unit in task.related),
            done=done if role is Role.LEAD else None,
        )

    def _content(self, shown: Shown) -> FeedContent:
        """The hash is of the bytes' other sources too: calendar's name, zone, the UIDs' domain."""
        plan, entries = self.table.plan, self.entries(shown)
        events = [(uid, _sha256(entry)) for uid, entry in entries.items()]
        facts = (_FORM, self.uid_domain, plan.tag, plan.year, plan.zone.key, events)
        return FeedContent(entries, _sha256(repr(facts)))


def _spoken(language: str) -> str:
    """In an input hash; those of before know one language alone."""
    return "" if language == CHINESE else f" {language}"


def input_hash(table: Timetable, progress: Progress, uid_domain: str, language: str) -> str:
    """Of all that the feeds are made from."""
    done = (sorted(progress.done.items()), sorted(progress.checked_in.items()))
    return _sha256(
        repr((_FORM, uid_domain, language, table.input_hash, list(table.check_ins), done))
    )


def together(contents: Sequence[FeedContent]) -> FeedContent:
    """Of several tables, in one feed."""
    if len(contents) == 1:
        return contents[0]
    entries = {uid: entry for one in contents for uid, entry in one.entries.items()}
    return FeedContent(entries, _sha256(" ".join(one.input_hash for one in contents)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
