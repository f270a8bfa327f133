"""A draft as the plan's file, row by row as the table; `# ?` beside what is not sure."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from reminder.documents.plan_import.draft import Doubt, Draft, DraftTask, Question
from reminder.documents.plan_import.times import whole_month
from reminder.documents.plan_import.unit_names import Named
from reminder.domain.characters import harmless
from reminder.domain.plan import TaskKind

LONGEST = 88  # characters of a line with a list
Words = Callable[..., str]


def plan_text(draft: Draft, say: Words, *, asks: bool = True) -> str:
    """`say` is a macro of the template by its name, with facts. Not where it `asks` elsewhere what
    is not sure."""
    return "\n".join(_Writer(draft, say, asks=asks).lines()) + "\n"


class _Writer:
    def __init__(self, draft: Draft, say: Words, *, asks: bool) -> None:
        self.draft, self.say, self.asks = draft, say, asks

    def lines(self) -> Iterator[str]:
        if self.asks:
            yield from (*self._comment("intro", draft=self.draft), "")
        yield from self._header()
        for meeting in self.draft.meetings:
            yield from ("", "[[meeting]]", f"id = {_text(meeting.id)}")
            yield f"name = {_text(meeting.name)}"
            yield f"month = {meeting.month}"
            if meeting.day:
                yield f"date = {meeting.day}"
            if meeting.until:
                yield f"until = {meeting.until}"
        for _, group in groupby(self.draft.tasks, key=_row_key):
            tasks = list(group)
            yield from (
                self._month(tasks) if tasks[0].kind is TaskKind.MONTH else self._others(tasks)
            )
        yield from self._end()

    def _header(self) -> Iterator[str]:
        head = self.draft.header
        of_year = [q for q in self.draft.questions if q.doubt.kind == "year"]
        yield from ("[plan]", f"id = {_text(head.id)}")
        yield f"year = {head.term.year}{self._marks(of_year)}"
        if head.term.first != 1:
            yield f"starts = {head.term.year}-{head.term.first:02}-01"
        yield f"name = {_text(head.name)}"
        yield f"tag = {_text(head.tag)}"
        yield f"office = {_text(head.office.name)}"
        yield f"timezone = {_text(head.zone)}"
        if self.draft.retired:
            yield f"retired = {_list(self.draft.retired)}"

    def _month(self, tasks: Sequence[DraftTask]) -> Iterator[str]:
        first = tasks[0]
        asked = [question for task in tasks for question in task.questions]
        yield from ("", "[[month]]")
        if month := whole_month(first.row_when):
            yield f"month = {month}{self._marks(_of(asked, 'when'))}"
        elif first.row_when:
            yield f"when = {_text(first.row_when)}{self._marks(_of(asked, 'when'))}"
        yield from self._units(first, asked)
        yield from _extras(first)
        for task in tasks:
            yield from ("", "[[month.task]]", f"id = {_text(task.id)}")
            own = _of(task.questions, "title") + (
                [] if first.row_when else _of(task.questions, "when")
            )
            yield f"title = {_text(task.title)}{self._marks(own)}"
            yield from self._task(task)

    def _task(self, task: DraftTask) -> Iterator[str]:
        if task.short:
            yield f"short = {_text(task.short)}"
        if task.when != task.row_when:
            yield f"when = {_text(task.when)}"
        if task.meetings:
            yield f"meetings = {_list(task.meetings)}"
        yield from task.kept
        if task.at_meeting:
            yield "before = { workdays = 1 }"
        if task.soft:
            yield "soft = true"
        if task.source:
            yield f"source = {_text(task.source)}"

    def _others(self, tasks: Sequence[DraftTask]) -> Iterator[str]:
        for task in tasks:
            yield from ("", f"[[{'year-round' if task.kind is TaskKind.YEAR else 'standing'}]]")
            yield f"id = {_text(task.id)}"
            yield f"title = {_text(task.title)}{self._marks(_of(task.questions, 'title'))}"
            if task.short:
                yield f"short = {_text(task.short)}"
            asked = _of(task.questions, "when")
            if task.when:
                yield f"when = {_text(task.when)}{self._marks(asked)}"
            elif asked and self.asks:
                yield self._marks(asked).strip()
            yield from self._units(task, task.questions)
            yield from _extras(task)
            if task.source:
                yield f"source = {_text(task.source)}"

    def _units(self, task: DraftTask, asked: Sequence[Question]) -> Iterator[str]:
        for key, units in (("lead", task.lead), ("related", task.related)):
            marks = self._marks([q for q in _of(asked, "units") if _is_about(q, units, task, key)])
            if units or marks:
                yield f"{key} = {_list([unit.name for unit in units])}{marks}"

    def _marks(self, questions: Sequence[Question]) -> str:
        said = self.say("marks", questions=questions) if self.asks else ""
        return f"  # ? {harmless(said)}" if said else ""

    def _comment(self, macro: str, **facts: object) -> Iterator[str]:
        for line in self.say(macro, **facts).split("\n"):
            yield f"# {harmless(line)}".rstrip()

    def _end(self) -> Iterator[str]:
        if self.draft.dropped and self.asks:
            yield from ("", *self._comment("dropped", titles=self.draft.dropped))
        if self.draft.notes:
            yield from ("", *self._comment("notes", notes=self.draft.notes))
        if self.draft.all_questions and self.asks:
            yield from ("", *self._comment("list", questions=self.draft.all_questions))
        if self.draft.unknown and self.asks:
            yield from ("", *self._comment("units", units=proposed_units(self.draft)))


def proposed_units(draft: Draft) -> list[dict[str, str]]:
    """Ids for those that the directory does not know."""
    ids = (f"unit-{n}" for n in range(1, 100_000))
    free = (name for name in ids if name not in draft.known_ids)
    return [{"id": next(free), "name": named.name} for named in draft.unknown]


def _row_key(task: DraftTask) -> tuple[object, ...]:
    lead, related = ([unit.name for unit in units] for units in (task.lead, task.related))
    return task.kind, task.row_when, lead, related, task.section, task.remark


def _of(questions: Iterable[Question], key: str) -> list[Question]:
    return [question for question in questions if _key(question) == key]


def _key(question: Question) -> str:
    """The line that it is written beside: of a cell that of its column."""
    doubt = question.doubt
    if doubt.kind in ("time", "date") and not question.place.column:
        return "title"
    if doubt.kind in ("time", "date") or doubt is Doubt.EMPTY_TIME:
        return "when"
    return "units" if doubt.kind in ("units", "role") or doubt is Doubt.EMPTY_LEAD else "title"


def _is_about(question: Question, units: Sequence[Named], task: DraftTask, key: str) -> bool:
    named = {unit.name for unit in units}
    if question.doubt.kind == "units":
        return bool({question.said, question.taken} & named)
    return key == "lead"


def _extras(task: DraftTask) -> Iterator[str]:
    for key, text in (("section", task.section), ("remark", task.remark)):
        if text:
            yield f"{key} = {_text(text)}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(items: Sequence[str]) -> str:
    line = f"[{', '.join(map(_text, items))}]"
    if len(line) <= LONGEST // 2 or len(items) < 2:
        return line
    return "[\n" + "".join(f"    {_text(item)},\n" for item in items) + "]"
