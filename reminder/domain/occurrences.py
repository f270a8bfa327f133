"""From what a row and its task say of their time to the occurrences of that task."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from reminder.domain.plan import Part, Plan, Task, TaskKind
from reminder.domain.when import Basis, Offset, Span, Term, When, listed
from reminder.domain.workdays import first_day, last_day
from reminder.errors import Mistake

# What may be said of a task's time beside its `when`, by what that says.
_BESIDE = {
    Basis.MONTHS: {"opens", "due", "before"},
    Basis.PART: {"opens", "due"},
    Basis.BEFORE: {"opens", "exact"},
    Basis.DAYS: {"exact"},
}
_PARTS = {part.days: part for part in Part}


@dataclass(frozen=True)
class Said:
    """In the office's `words`, and what they mean; without `when` a month alone.

    `months` are those of a row that says one time, else empty.
    """

    words: str = ""
    when: When | None = None
    months: range = range(0)

    @property
    def names_days(self) -> bool:
        spans = self.when.spans if self.when else ()
        return any(span.basis in (Basis.BEFORE, Basis.DAYS) for span in spans)

    def within(self, row: "Said") -> "Said":
        """A task's own word comes before its row's; what it leaves open is the row's."""
        if self.when is None:
            return row
        words, when, above = self.words, self.when, row.when or When()
        if not (when.spans or when.offset):
            when = replace(above, soft=True)
            words = listed(row.words, words) if row.when else words
        return Said(words, when, row.months)

    def allows(self, term: Term) -> set[str]:
        """Which of opens, due, part, before, exact may stand beside it."""
        if self.when is None or (self.months and self.when == When(soft=True)):
            return {"opens", "due", "part", "before", "exact"}
        if self.when.offset:
            return {"opens", "exact"}
        if is_all_year(self, term):
            return set()
        spans = self.when.spans
        allowed = set.intersection(*(_BESIDE[span.basis] for span in spans))
        if len(spans) > 1:
            allowed &= {"exact"}
        if all(span.basis is Basis.MONTHS and len(_months(span, term)) == 1 for span in spans):
            allowed.add("part")
        return allowed | ({"exact"} if allowed & {"opens", "due"} else set())


def read_row(words: str, when: When, term: Term) -> Said:
    months = _months(when.spans[0], term) if len(when.spans) == 1 else range(0)
    return Said(words, when, months)


def is_all_year(said: Said, term: Term) -> bool:
    """全年, or 适时 without any time: listed in each month, in none of them due."""
    if said.when is None or said.when.offset:
        return False
    first, last = first_day(term.year, term.months[0]), last_day(term.year, term.months[-1])
    return said.when.spans == (Span(first, last),) or not (said.when.spans or said.months)


def occurrences(task: Task, said: Said, term: Term) -> Iterator[Task]:
    """Each with its own id; `task` is what they have in common.

    Raises `Mistake` for two that begin on one day.
    """
    when = said.when or When()
    timing = replace(task.timing, soft=task.timing.soft or when.soft)
    task = replace(task, when=said.words, timing=timing)
    if is_all_year(said, term):
        yield replace(task, kind=TaskKind.YEAR, number=0)
    elif when.offset:
        yield _beside_meeting(task, when.offset, said.months, term)
    elif not when.spans:
        yield replace(task, kind=TaskKind.MONTH, months=said.months)
    else:
        for key, span in zip(_keys(task, when), when.spans, strict=True):
            yield _spanning(replace(task, id=key), span, term)


def _beside_meeting(task: Task, offset: Offset, months: range, term: Term) -> Task:
    timing = replace(task.timing, offset=offset)
    if not (offset.days or offset.months) and offset.workdays <= 0:
        timing = replace(task.timing, before_workdays=-offset.workdays)
    span = Span(first_day(term.year, months[0]), last_day(term.year, months[-1]))
    return replace(task, kind=TaskKind.MONTH, months=months, timing=timing, span=span)


def _spanning(task: Task, span: Span, term: Term) -> Task:
    months = _months(span, term)
    timing = task.timing
    if span.basis is Basis.PART:
        last = span.last.day if span.last.day <= 20 else 31  # the month's end
        timing = replace(timing, part=_PARTS[span.first.day, last])
    return replace(task, kind=TaskKind.MONTH, months=months, timing=timing, span=span)


def carried_keys(before: Plan, after: Plan) -> dict[str, str]:
    """Of tasks whose times became others: under which key each time goes on. It is the one that
    begins in the same month or, else, in the same place among those that came."""
    carried: dict[str, str] = {}
    old, new = _by_id(before), _by_id(after)
    for name in old.keys() & new.keys():
        keys = {task.id for task in (*old[name], *new[name])}
        gone = [task for task in old[name] if task.id in keys - {one.id for one in new[name]}]
        come = [task for task in new[name] if task.id in keys - {one.id for one in old[name]}]
        for task in [*gone]:
            if same := next((one for one in come if one.months[:1] == task.months[:1]), None):
                carried[task.id] = same.id
                gone.remove(task)
                come.remove(same)
        carried |= {task.id: one.id for task, one in zip(gone, come, strict=False)}
    return carried


def _by_id(plan: Plan) -> dict[str, list[Task]]:
    tasks: dict[str, list[Task]] = {}
    for task in plan.tasks:
        tasks.setdefault(task.table_id, []).append(task)
    return tasks


def _keys(task: Task, when: When) -> list[str]:
    days = [span.first for span in when.spans]
    if len(days) == 1:
        return [task.id]
    same: Counter[date] = Counter(day.replace(day=1) for day in days)
    twice = next((day for day, count in Counter(days).items() if count > 1), None)
    if twice:
        raise Mistake("begins_twice", words=task.when, day=twice)
    return [
        f"{task.id}@{day:%Y-%m}" if same[day.replace(day=1)] == 1 else f"{task.id}@{day}"
        for day in days
    ]


def _months(span: Span, term: Term) -> range:
    def month(day: date) -> int:
        return 12 * (day.year - term.year) + day.month

    return range(month(span.first), month(span.last) + 1)
