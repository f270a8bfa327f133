"""Which events each feed shows: its unit's tasks in their roles, or those of the whole plan."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from reminder.calendar.entries import PLAN, CalendarEntry, EntryTask
from reminder.domain.plan import Task, TaskKind
from reminder.domain.timetable import MONTHS, Role, Timetable
from reminder.domain.windows import Progress, Rule
from reminder.ledger.feeds import EventDraft, FeedContent

# Part of the input hashes: moves with the form of the entries.
_FORM = 3
Shown = Sequence[tuple[Task, Role | None]]


@dataclass(frozen=True)
class FeedEvents:
    """Of all feeds at one moment; what several of them show is made once."""

    table: Timetable
    progress: Progress
    uid_domain: str
    _drafts: dict[object, EventDraft] = field(default_factory=dict, compare=False)

    def contents(self) -> dict[str, FeedContent]:
        """Of every unit that is no group, then of the whole plan."""
        table, contents = self.table, {}
        by_names: dict[tuple[str, ...], FeedContent] = {}
        for unit in table.directory.single:
            names = table.named_as(unit.id)
            if names not in by_names:
                roles = ((task, table.role(unit.id, task)) for task in table.plan.tasks)
                by_names[names] = self._content([(task, role) for task, role in roles if role])
            contents[unit.id] = by_names[names].named(unit.label)
        contents[PLAN] = self._content([(task, None) for task in table.plan.tasks])
        return contents

    def drafts(self, shown: Shown) -> list[EventDraft]:
        """In the table's order, the year-round tasks of each month last."""
        plan = self.table.plan
        drafts = [
            self._draft(task.id, plan.period(task.month), [(task, role)])
            for task, role in shown
            if task.id in self.table.windows
        ]
        year = [(task, role) for task, role in shown if task.kind is TaskKind.YEAR]
        periods = map(plan.period, MONTHS) if year else ()
        return drafts + [self._draft(f"{plan.year}-year.{each}", each, year) for each in periods]

    def entry(self, period: str, shown: Shown) -> CalendarEntry:
        task = shown[0][0]
        window = self.table.window_in(task, int(period[5:]))
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
            items=tuple(self._task(task, role, period) for task, role in shown),
        )

    def _draft(self, uid: str, period: str, shown: Shown) -> EventDraft:
        key = (uid, *((task.id, role) for task, role in shown))
        if key not in self._drafts:
            entry = self.entry(period, shown).to_json()
            self._drafts[key] = EventDraft(f"{self.table.plan.id}.{uid}", entry)
        return self._drafts[key]

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
        plan, drafts = self.table.plan, self.drafts(shown)
        events = [(draft.uid, draft.content_hash) for draft in drafts]
        facts = (_FORM, self.uid_domain, plan.tag, plan.year, plan.zone.key, events)
        return FeedContent(drafts, hashlib.sha256(repr(facts).encode()).hexdigest())


def input_hash(table: Timetable, progress: Progress, uid_domain: str) -> str:
    """Of all that the feeds are made from."""
    checked = [
        table.window_in(task, month) for task in table.plan.year_round[:1] for month in MONTHS
    ]
    done = (sorted(progress.done.items()), sorted(progress.checked_in.items()))
    facts = (_FORM, uid_domain, table.input_hash, checked, done)
    return hashlib.sha256(repr(facts).encode()).hexdigest()
