"""What each feed shows: which of the plan's tasks, in which roles, and the events made of them."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from reminder.calendar.entries import PLAN, Entry, Item
from reminder.domain.plan import Task, TaskKind
from reminder.domain.timetable import Role, Timetable
from reminder.domain.windows import Progress, Rule, window
from reminder.ledger.events import Draft

# Part of the fingerprint: moves with the form of the entries, and with how they are rendered.
_FORM = 2
Roles = tuple[tuple[Task, Role | None], ...]


@dataclass(frozen=True, eq=False)
class Selection:
    """The tasks that a feed shows, in the table's order; the whole plan's have no role.

    Feeds that show the same have the same one: it is compared by identity.
    """

    roles: Roles


@dataclass(frozen=True)
class Contents:
    """Of all feeds of a timetable, worked out once."""

    table: Timetable
    uid_domain: str = ""

    @cached_property
    def by_feed(self) -> dict[str, Selection]:
        """Of every unit that is no group, then of the whole plan."""
        found = {}
        by_names: dict[tuple[str, ...], Selection] = {}
        by_roles: dict[tuple[Role | None, ...], Selection] = {}
        for unit in self.table.directory.single:
            names = self.table.named_as(unit.id)
            if names not in by_names:
                roles = tuple(self.table.role(unit.id, task) for task in self.table.plan.tasks)
                by_names[names] = by_roles.setdefault(roles, self._selection(roles))
            found[unit.id] = by_names[names]
        found[PLAN] = Selection(tuple((task, None) for task in self.table.plan.tasks))
        return found

    @cached_property
    def digest(self) -> str:
        """Of all that feeds are made from, but for what is registered of the tasks."""
        table = self.table
        checked = [
            window(table.plan, task, table.days, month)
            for task in table.plan.year_round[:1]
            for month in range(1, 13)
        ]
        named = [
            table.directory[unit].name
            for task in table.plan.tasks
            for unit in (*task.lead, *task.related)
        ]
        facts = (_FORM, self.uid_domain, table.plan, table.windows, checked, named)
        digest = hashlib.sha256(repr(facts).encode())
        numbers: dict[Selection, int] = {}
        for name, selection in self.by_feed.items():
            number = numbers.setdefault(selection, len(numbers))
            label = "" if name == PLAN else table.directory[name].label
            digest.update(f"{name} {number} {label}\n".encode())
        roles = [[(task.id, role) for task, role in each.roles] for each in numbers]
        digest.update(repr(roles).encode())
        return digest.hexdigest()

    def _selection(self, roles: tuple[Role | None, ...]) -> Selection:
        shown = zip(self.table.plan.tasks, roles, strict=True)
        return Selection(tuple((task, role) for task, role in shown if role))


@dataclass(frozen=True)
class Drafts:
    """The events of any selection; what several of them show is made once."""

    table: Timetable
    progress: Progress
    _made: dict[object, Draft] = field(default_factory=dict)

    def of(self, selection: Selection) -> list[Draft]:
        """In the table's order, the year-round tasks of each month last."""
        plan = self.table.plan
        found = []
        for task, role in selection.roles:
            if task.id in self.table.windows:
                found.append(self._draft(task.id, plan.period(task.month), ((task, role),)))
        year = tuple(shown for shown in selection.roles if shown[0].kind is TaskKind.YEAR)
        if year:
            periods = (plan.period(month) for month in range(1, 13))
            found += [self._draft(f"{plan.year}-year.{each}", each, year) for each in periods]
        return found

    def _draft(self, uid: str, period: str, shown: Roles) -> Draft:
        key = (uid, *((task.id, role) for task, role in shown))
        if key not in self._made:
            entry = self._entry(period, shown)
            self._made[key] = Draft(f"{self.table.plan.id}.{uid}", entry.to_json())
        return self._made[key]

    def _entry(self, period: str, shown: Roles) -> Entry:
        task = shown[0][0]
        found = self.table.window_in(task, int(period[5:]))
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
            items=tuple(self._item(task, role, period) for task, role in shown),
        )

    def _item(self, task: Task, role: Role | None, period: str) -> Item:
        done = self.progress.done.get(task.id) or self.progress.checked_in.get((task.id, period))
        return Item(
            title=task.title,
            brief=task.brief,
            role=role,
            leads=tuple(self.table.directory[unit].name for unit in task.lead),
            related=tuple(self.table.directory[unit].name for unit in task.related),
            done=done if role is Role.LEAD else None,
        )


def fingerprint(contents: Contents, progress: Progress) -> str:
    """Of all that the events are made from: the same means that none of them has moved."""
    facts = (sorted(progress.done.items()), sorted(progress.checked_in.items()))
    return f"{contents.digest} {hashlib.sha256(repr(facts).encode()).hexdigest()}"
