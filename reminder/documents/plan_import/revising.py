"""A later version of a table: its tasks keep their ids, and what no printed table says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from reminder.documents.plan_import.draft import Doubt, Draft, DraftMeeting, DraftTask, Question
from reminder.documents.plan_tables import (
    ALL_YEAR,
    MonthTable,
    MonthTaskTable,
    PlanTables,
    TaskTable,
)
from reminder.documents.printed_plan import printed_time
from reminder.domain.plan import TaskKind
from reminder.domain.revision import Wording, same_rows
from reminder.domain.when import Term, parse_when


@dataclass(frozen=True)
class _Row:
    """A task as it stands in the plan; `time` as a printed table has it."""

    task: TaskTable
    kind: TaskKind
    time: str
    row: MonthTable | None = None

    @property
    def units(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who leads and who is related, as the plan writes them."""
        row, task = self.row, self.task
        lead = task.lead if task.lead is not None else row.lead if row else []
        related = task.related if task.related is not None else row.related if row else []
        return tuple(lead), tuple(related)


def revise(draft: Draft, tables: PlanTables, say: Callable[..., str]) -> None:
    """`say` is a macro of `documents/table.txt`. What is not sure is asked."""
    term = draft.header.term
    rows = list(_rows(tables, term, say))
    old = [Wording(row.task.title, _meant(row.time, row.kind, term)) for row in rows]
    new = [
        Wording(task.title, _meant(task.when or task.row_when or task.said, task.kind, term))
        for task in draft.tasks
    ]
    _keep_meetings(draft, tables)
    pairs = {pair.after: pair for pair in same_rows(old, new)}
    taken = {*tables.plan.retired, *(row.task.id for row in rows)}
    for place, task in enumerate(draft.tasks):
        pair = pairs.get(place)
        if pair is None:
            task.id = _free(task.id, taken)
            continue
        row = rows[pair.before]
        task.id, task.short = row.task.id, row.task.short or ""
        task.source = row.task.source or (row.row.source if row.row else "")
        if old[pair.before].time == new[place].time:
            _keep_time(task, row, same_sessions=pair.sure or not task.meetings)
        if row.units == tuple(tuple(unit.name for unit in units) for units in task.units):
            _forget(task, "units", "role", "empty.lead")
        if row.task.title == task.title:
            _forget(task, "split")
        if not pair.sure:
            question = Question(Doubt.TASK_REWORDED, task.place, row.task.title, row.task.id)
            task.questions.append(question)
    _forget_meetings(draft, tables)
    still = {pair.before for pair in pairs.values()}
    dropped = [row.task for place, row in enumerate(rows) if place not in still]
    draft.dropped = [task.title for task in dropped]
    draft.retired = [*tables.plan.retired, *(task.id for task in dropped)]


def _rows(tables: PlanTables, term: Term, say: Callable[..., str]) -> Iterator[_Row]:
    for row in tables.month:
        for task in row.task:
            yield _Row(task, TaskKind.MONTH, printed_time(term, row, task, say), row)
    for timed in tables.year_round:
        yield _Row(timed, TaskKind.YEAR, timed.when or "")
    for remark in tables.standing:
        yield _Row(remark, TaskKind.STANDING, "")


def _meant(words: str, kind: TaskKind, term: Term) -> str:
    """The same for words that mean the same."""
    if not words or words == ALL_YEAR:
        return TaskKind.YEAR if words else kind
    try:
        return repr(parse_when(words, term))
    except ValueError:
        return words


def _keep_time(task: DraftTask, kept: _Row, *, same_sessions: bool) -> None:
    """As the plan says it: a table says days and parts of months in other words, and no session."""
    _forget(task, "time", "date", "empty.time")
    task.kind, task.said, task.at_meeting = kept.kind, "", False
    task.row_when = kept.row.words if kept.row else ""
    task.when = getattr(kept.task, "when", None) or task.row_when
    if isinstance(kept.task, MonthTaskTable):
        task.soft = kept.task.soft
        if same_sessions:
            task.meetings = tuple(kept.task.meetings)
            _forget(task, "session")
        task.kept = tuple(_beside(kept.task))


def _forget(task: DraftTask, *doubts: str) -> None:
    """What might be asked was answered in the plan."""
    task.questions = [
        question
        for question in task.questions
        if question.doubt not in doubts and question.doubt.kind not in doubts
    ]


def _beside(task: MonthTaskTable) -> Iterator[str]:
    """Lines of the plan's file about its time, besides when, meetings and soft."""
    for key in ("opens", "due"):
        if day := getattr(task, key):
            yield f"{key} = {day}"
    if task.exact:
        yield "exact = true"
    if task.part:
        yield f'part = "{task.part}"'
    if task.before:
        yield f"before = {{ workdays = {task.before.workdays} }}"


def _keep_meetings(draft: Draft, tables: PlanTables) -> None:
    """With their ids and dates, also those that no wording names."""
    kept = {meeting.name: meeting.id for meeting in tables.meeting}
    taken = set(kept.values())
    ids = {m.id: kept.get(m.name) or _free(m.id, taken) for m in draft.meetings}
    new = [replace(m, id=ids[m.id]) for m in draft.meetings if m.name not in kept]
    old = [DraftMeeting(m.id, m.name, m.month, m.day, m.until) for m in tables.meeting]
    draft.meetings = [*old, *new]
    for task in draft.tasks:
        task.meetings = tuple(ids[name] for name in task.meetings)


def _forget_meetings(draft: Draft, tables: PlanTables) -> None:
    """New ones of tasks that kept what the plan says in their place."""
    wanted = {meeting.id for meeting in tables.meeting}.union(*(t.meetings for t in draft.tasks))
    draft.meetings = [meeting for meeting in draft.meetings if meeting.id in wanted]


def _free(wanted: str, taken: set[str]) -> str:
    """That id or, where the plan has or had it, the next number; taken then."""
    head, _, number = wanted.rpartition("-")
    ids = (f"{head}-{n}" for n in count(int(number) + 1))
    name = next(name for name in chain([wanted], ids) if name not in taken)
    taken.add(name)
    return name
