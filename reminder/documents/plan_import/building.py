"""From the rows of a table to the tasks of a plan: their times, and who leads."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from reminder.documents.plan_import.draft import Doubt, DraftTask, Place, Question
from reminder.documents.plan_import.headings import Column, Columns
from reminder.documents.plan_import.rows import SourceRow
from reminder.documents.plan_import.task_times import RowTime, row_time, wording_time
from reminder.documents.plan_import.times import TimeRead
from reminder.documents.plan_import.unit_names import Named, UnitNames
from reminder.documents.plan_import.wording_cells import (
    CellTask,
    clean,
    closed,
    split_tasks,
    take_asides,
)
from reminder.domain.plan import TaskKind
from reminder.domain.when import Span, Term, When, parse_when
from reminder.domain.wordings import sessions_named
from reminder.domain.workdays import first_day, last_day

_LEADS = "牵头|承办|主办|责任|负责|主责"
_HELPS = "配合|协办|协助|协作|参与|参加|相关|会办|支持"
_OFFICE = "(?:单位|部门|处室|科室|机关|方)?"
# 牵头单位：甲；配合单位：乙
_LABEL = re.compile(
    rf"(?:^|(?<=[\s;；,，、。]))(?:(?P<lead>{_LEADS})|(?P<related>{_HELPS})){_OFFICE}[:：]"
)
# 甲（牵头）、乙
_MARK = re.compile(rf"[（(【\[](?:(?P<lead>{_LEADS})|(?P<related>{_HELPS})){_OFFICE}[）)】\]]")
# 甲牵头，乙、丙配合
_VERBS = re.compile(
    rf"^由?(?P<lead>[^,，;；]+?)(?:{_LEADS})(?:[,，;；、\s]+|$)(?:(?P<related>.+?)(?:{_HELPS}))?[。;；]?$",
    re.DOTALL,
)
_NOBODY = re.compile(r"[\s/／—–\-－无]*")


@dataclass(frozen=True)
class Roles:
    """`unsaid`: who leads of them was guessed."""

    lead: tuple[Named, ...] = ()
    related: tuple[Named, ...] = ()
    unsaid: bool = False

    @property
    def units(self) -> tuple[Named, ...]:
        return (*self.lead, *self.related)


def is_nobody(text: str) -> bool:
    """Empty, or what stands for it."""
    return bool(_NOBODY.fullmatch(text))


def read_roles(text: str, names: UnitNames, *, mixed: bool = False) -> Roles:
    """Of a cell below a heading that says who leads; `mixed` where it says both roles."""
    if is_nobody(text):
        return Roles()
    for read in (_labelled, _marked, _in_a_sentence):
        if roles := read(text, names):
            return roles
    units = names.read(text)
    if mixed and len(units) > 1:
        return Roles(units[:1], units[1:], unsaid=True)
    return Roles(units)


def _labelled(text: str, names: UnitNames) -> Roles | None:
    labels = list(_LABEL.finditer(text))
    if not labels:
        return None
    units: dict[str, list[Named]] = {"lead": [], "related": []}
    ends = [label.start() for label in labels[1:]] + [len(text)]
    for label, end in zip(labels, ends, strict=True):
        units[label.lastgroup or ""] += names.read(text[label.end() : end])
    before = names.read(text[: labels[0].start()])
    unsaid = bool(before)
    if before and not units["lead"]:
        units["lead"], unsaid = list(before), False
    elif before:
        units["related"] = [*before, *units["related"]]
    return Roles(tuple(units["lead"]), tuple(units["related"]), unsaid)


def _marked(text: str, names: UnitNames) -> Roles | None:
    """A mark is of the unit before it; the others have the other role."""
    if not _MARK.search(text):
        return None
    lead: list[Named] = []
    related: list[Named] = []
    unmarked: list[Named] = []
    unsaid = False
    for piece, role in _pieces(text):
        units = names.read(piece)
        before, marked = (units[:-1], units[-1:]) if role else (units, ())
        unsaid |= bool(before) and role == "lead"  # 甲、乙（牵头）: the mark may be of both
        unmarked += before
        (lead if role == "lead" else related).extend(marked)
    if not lead:
        return Roles(tuple(unmarked), tuple(related))
    return Roles(tuple(lead), (*unmarked, *related), unsaid)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    begin = 0
    for mark in _MARK.finditer(text):
        yield text[begin : mark.start()], mark.lastgroup
        begin = mark.end()
    yield text[begin:], None


def _in_a_sentence(text: str, names: UnitNames) -> Roles | None:
    found = _VERBS.match(text)
    if not found:
        return None
    lead, related = names.read(found["lead"]), names.read(found["related"] or "")
    return Roles(lead, related) if lead else None


_SOFT = "适时"
_SAYS_NOTHING = re.compile(r"[（(]?(?:略|无|暂无|待定|同上)?[）)]?[\s/—\-。]*")


@dataclass
class Builder:
    """`office` leads where no unit is named."""

    names: UnitNames
    term: Term
    office: Named
    questions: list[Question] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)  # what is asked once: units, times

    def tasks(self, rows: Iterable[SourceRow], columns: Columns) -> Iterator[DraftTask]:
        for row in rows:
            time = row_time(row, columns, self.term)
            wordings = split_tasks(row.content)
            if not wordings.tasks or _SAYS_NOTHING.fullmatch("".join(row.content)):
                place = replace(row.place, column=columns.heading(Column.CONTENT))
                said = " ".join(text.replace("\n", "") for text in row.texts.values() if text)
                self.questions.append(Question(Doubt.EMPTY_CONTENT, place, said))
                continue
            roles, asked = self._roles(row, columns)
            questions = [*time.questions, *asked]
            if wordings.doubt:
                place = replace(row.place, column=columns.heading(Column.CONTENT))
                said = "".join(row.content)
                questions.append(Question(wordings.doubt, place, said, str(len(wordings.tasks))))
            for wording in wordings.tasks:
                task = self._task(wording, row, time, roles, columns)
                task.questions = [*questions, *task.questions]
                questions = []
                yield task

    def _task(
        self, wording: CellTask, row: SourceRow, time: RowTime, roles: Roles, columns: Columns
    ) -> DraftTask:
        asides = take_asides(wording.title, self.names, bare=not columns.has_units)
        task = DraftTask(closed(asides.rest), row.place)
        texts = asides.texts
        if Column.TIME in texts:
            own = replace(row, times=(texts[Column.TIME],), from_above=frozenset())
            time = row_time(own, columns, self.term)
            task.questions += time.questions
        units, asked = self._aside_roles(texts, row.place)
        if units.units:
            roles = Roles(units.lead or roles.lead, units.related or roles.related)
        task.questions += asked
        task.lead_said = bool(roles.lead)
        task.lead, task.related = _once(roles.lead or (self.office,)), _once(roles.related)
        task.section = clean(" · ".join(filter(None, (row.section, wording.section))))
        notes = [f"{unit.name}（{unit.note}）" for unit in roles.units if unit.note]
        remarks = dict.fromkeys(filter(None, (row.remark, *asides.remarks, *notes)))
        task.remark = clean("；".join(remarks))
        self._set_time(task, time, own=Column.TIME in texts)
        return task

    def _set_time(self, task: DraftTask, time: RowTime, *, own: bool) -> None:
        read, meets = time.read, bool(sessions_named(task.title))
        if read.words and parse_when(read.words, self.term).offset and not meets:
            read = TimeRead()
            task.questions.append(Question(Doubt.TIME_NO_MEETING, task.place, time.said))
        task.kind, task.when = read.kind, read.words
        task.row_when = "" if own else read.words
        if not read.is_known:
            task.kind, task.said = TaskKind.YEAR, time.said
        said = wording_time(task.title, time, self.term, meets=meets)
        if said.words:
            task.when, task.kind = said.words, TaskKind.MONTH
        elif not (read.is_known or said.doubt or time.questions or task.questions):
            task.questions += self._once(Question(Doubt.TIME_NONE, task.place))
        if said.doubt:
            taken = said.words or read.words
            task.questions.append(Question(said.doubt, task.place, said.said, taken))
        if task.when and self._is_all_year(parse_when(task.when, self.term)):
            task.kind = TaskKind.YEAR
        task.soft = _SOFT in task.title

    def _is_all_year(self, when: When) -> bool:
        """1—12月, or 适时 alone."""
        months = self.term.months
        first, last = first_day(self.term.year, months[0]), last_day(self.term.year, months[-1])
        return when in (When(soft=True), When((Span(first, last),)))

    def _roles(self, row: SourceRow, columns: Columns) -> tuple[Roles, list[Question]]:
        """Of a row's cells."""
        questions: list[Question] = []
        lead, related = row.text(Column.LEAD), row.text(Column.RELATED)
        mixed = row.text(Column.UNITS)
        main = Column.LEAD if columns.has(Column.LEAD) else Column.UNITS
        roles = read_roles(lead, self.names)
        if mixed:
            both = read_roles(mixed, self.names, mixed=True)
            roles = Roles((*roles.lead, *both.lead), (*roles.related, *both.related), both.unsaid)
        of_related = read_roles(related, self.names) if related else Roles()
        # 牵头：甲 may stand in a column for related units as well.
        said = of_related.lead if of_related.related else ()
        helpers = of_related.related if said else of_related.units
        roles = replace(roles, lead=(*roles.lead, *said), related=(*roles.related, *helpers))
        place = replace(row.place, column=columns.heading(main))
        if main in row.from_above:
            questions.append(Question(Doubt.EMPTY_LEAD, place, taken=_listed(roles.lead)))
        elif columns.has(main) and not roles.lead:
            questions.append(Question(Doubt.EMPTY_LEAD, place, taken=self.office.full_name))
        if roles.unsaid:
            text = (mixed or lead).replace("\n", "、")
            questions.append(Question(Doubt.ROLE_UNSAID, place, text, _listed(roles.lead)))
        questions += self._about(roles.lead, place)
        other = replace(row.place, column=columns.heading(Column.RELATED))
        questions += self._about(roles.related, other if related else place)
        return roles, questions

    def _aside_roles(self, texts: dict[Column, str], place: Place) -> tuple[Roles, list[Question]]:
        roles = read_roles(texts.get(Column.LEAD, ""), self.names)
        both = read_roles(texts.get(Column.UNITS, ""), self.names, mixed=True)
        related = texts.get(Column.RELATED, "")
        helpers = () if is_nobody(related) else self.names.read(related)
        roles = Roles((*roles.lead, *both.lead), (*roles.related, *both.related, *helpers))
        return roles, list(self._about(roles.units, place))

    def _about(self, units: Iterable[Named], place: Place) -> Iterator[Question]:
        for named in units:
            if named.joined:
                yield Question(Doubt.UNITS_JOINED, place, named.name, named.full_name)
            if named.parted:
                yield Question(Doubt.UNITS_PARTED, place, named.parted, named.full_name)
            if named.short:
                asked = Question(Doubt.UNITS_SHORT, place, named.short, named.full_name)
                yield from self._once(asked)
            if named.unit or named.name in self._asked:
                continue
            near = self.names.near(named.name, 0.85 if named.is_class else 0.75)
            doubt = Doubt.UNITS_CLASS if named.is_class else Doubt.UNITS_UNKNOWN
            doubt = Doubt.UNITS_NEAR if near else doubt
            yield from self._once(Question(doubt, place, named.name, near))

    def _once(self, question: Question) -> Iterator[Question]:
        if question.said not in self._asked:
            self._asked.add(question.said)
            yield question


def _once(units: Iterable[Named]) -> tuple[Named, ...]:
    found: dict[str, Named] = {}
    for unit in units:
        found.setdefault(unit.full_name, unit)
    return tuple(found.values())


def _listed(units: Iterable[Named]) -> str:
    return "、".join(unit.full_name for unit in units)
