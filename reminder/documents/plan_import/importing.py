"""From the tables of a file to a draft of the plan."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from reminder.documents.plan_import.building import Builder
from reminder.documents.plan_import.draft import Doubt, Draft, DraftTask, Header, Place, Question
from reminder.documents.plan_import.headings import (
    LONGEST,
    Column,
    Columns,
    column_of,
    find_columns,
    guess_columns,
    upright,
)
from reminder.documents.plan_import.outline import read_outline
from reminder.documents.plan_import.rows import Note, SourceRow, SourceRows, read_rows
from reminder.documents.plan_import.task_times import find_sessions
from reminder.documents.plan_import.times import bare, read_time
from reminder.documents.plan_import.titles import (
    Known,
    is_of_series,
    office_of,
    read_notes,
    tag_of,
    term_of,
    title_of,
)
from reminder.documents.plan_import.unit_names import Named, UnitNames
from reminder.documents.plan_import.wording_cells import label_kind
from reminder.documents.tables.grid import Cell, Table
from reminder.domain.plan import TaskKind
from reminder.domain.units import Directory
from reminder.domain.when import Term, parse_when
from reminder.domain.workdays import first_day

ITEM = 8  # characters that a task has at least
NEW_PLAN = "new-plan"


class NoTasksError(ValueError):
    """Nothing in the file reads as a task."""


@dataclass
class _Source:
    """What the tables say, before it is understood."""

    parts: list[tuple[list[SourceRow], Columns]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def ask(self, doubt: Doubt, place: Place, said: str = "") -> None:
        self.questions.append(Question(doubt, place, said))

    def add(self, found: SourceRows, columns: Columns) -> None:
        self.parts.append((found.rows, columns))
        self.notes += found.notes
        self.questions += found.questions

    def ask_about_text(self, lines: Sequence[str], place: Place) -> None:
        """Beside tables: whether its items are tasks."""
        items = [line for line in lines if label_kind(line) and len(line) > ITEM]
        if len(items) > 2:
            self.ask(Doubt.TEXT_LEFT_OUT, place, items[0])


def draft_plan(
    tables: Sequence[Table],
    directory: Directory,
    plans: Sequence[Known],
    year: int = 0,
    today: int = 2000,
) -> Draft:
    """`plans` are those that are there, or the one of which this is a later version. `year` as it
    was given, 0 for none; `today` is the year of now. Raises NoTasksError."""
    names = UnitNames(directory)
    hidden = [question for n, table in _numbered_tables(tables) for question in _hidden(table, n)]
    tables = [upright(_without_struck(table)) for table in tables]
    title = title_of(_above(tables))
    times = "\n".join(map(_times, tables))
    revised = next((known.term for known in plans if known.term), None)
    term, questions = term_of(title, revised.year if revised else year, times, today)
    term = revised or term
    source = _read(tables, names, term)
    series = next((k for k in plans if k.term or k.goes_on or is_of_series(title, k)), None)
    office = series.office if series else office_of(title, names)
    builder, tasks = _build(source, names, term, office or Named(""))
    if not office:
        office, sure = _most_often(tasks, directory)
        if not sure:
            asked = Question(Doubt.UNITS_OFFICE, Place(), title, office.full_name)
            questions.append(asked)
        builder, tasks = _build(source, names, term, office)
    below = read_notes(source.notes, office)
    tasks += below.tasks
    if not tasks:
        raise NoTasksError
    draft = Draft(_header(title, term, office, series), tasks)
    draft.notes, draft.known_ids = below.kept, frozenset(directory.units)
    questions += [*hidden, *source.questions, *builder.questions, *below.questions]
    draft.questions = questions
    draft.meetings = find_sessions(tasks, term)
    _number(draft)
    return draft


def _build(
    source: _Source, names: UnitNames, term: Term, office: Named
) -> tuple[Builder, list[DraftTask]]:
    builder = Builder(names, term, office)
    tasks = []
    for rows, columns in source.parts:
        own = list(builder.tasks(rows, columns))
        if not columns.has_units and any(task.lead_said for task in own):
            for task in own:  # which says nobody, as its neighbours do
                if not task.lead_said:
                    asked = Question(Doubt.EMPTY_LEAD, task.place, taken=office.full_name)
                    task.questions.append(asked)
        tasks += own
    return builder, tasks


def _most_often(tasks: Sequence[DraftTask], directory: Directory) -> tuple[Named, bool]:
    """The unit that leads most of them, any where nobody is known; sure if it leads nearly all."""
    leads = [task.lead[0] for task in tasks if task.lead[0].unit]
    if leads:
        [(name, count)] = Counter(lead.full_name for lead in leads).most_common(1)
        return next(lead for lead in leads if lead.full_name == name), count > 0.9 * len(tasks)
    units = iter(directory.units.values())
    return next((Named(unit.name, unit) for unit in units), Named("")), False


def _header(title: str, term: Term, office: Named, series: Known | None) -> Header:
    tag = series.tag if series else tag_of(title) or "年度工作"
    return Header(
        id=series.id if series else NEW_PLAN,
        term=term,
        name=title or (series.name if series else f"{term.year}年度工作安排表"),
        tag=tag,
        office=office,
        zone=series.zone if series else "Asia/Shanghai",
    )


def _above(tables: Sequence[Table]) -> Iterator[str]:
    """Lines above the first headings, and the sheet's name."""
    for table in tables[:1]:
        yield from table.before
        columns = find_columns(table.rows)
        for row in table.rows[: columns.begin if columns else 1]:
            cells = list(dict.fromkeys(cell for cell in row if cell and cell.text))
            if len(cells) == 1:
                yield "".join(cells[0].lines)
        yield table.name


def _times(table: Table) -> str:
    return "\n".join(
        cell.text for row in table.rows for cell in row if cell and len(cell.text) < 24
    )


def _read(tables: Sequence[Table], names: UnitNames, term: Term) -> _Source:
    source = _Source()
    columns: Columns | None = None
    for number, table in _numbered_tables(tables):
        place = Place(table=number)
        own = find_columns(table.rows)
        if own is None and columns and table.rows and _goes_on(table, columns, term):
            own = replace(columns, begin=0)
        elif not (own or columns) and (own := guess_columns(table.rows, names, term)):
            source.ask(Doubt.COLUMNS_GUESSED, place)
        if own is None:
            if len(table.rows) > 1:
                source.ask(Doubt.TABLE_UNREAD, place, _first_words(table))
            continue
        if columns and not own.same_as(columns):
            source.ask(Doubt.TABLE_OTHER, place, _first_words(table))
        if own.several:
            source.ask(Doubt.COLUMNS_SEVERAL, place, own.heading(Column.CONTENT))
        if len(own.leading) > 1:
            source.ask(Doubt.ROLE_COLUMNS, place, "、".join(own.leading))
        source.ask_about_text(table.before, place)
        columns = own
        source.add(read_rows(table, own, number), own)
    if not source.parts:
        if any(map(_lost_its_cells, tables)):
            raise NoTasksError
        for table in tables:
            # Beside rows the numbers are the rows'.
            numbers = () if table.rows else table.numbers
            source.add(read_outline(table.before, numbers), Columns({}))
    elif tables[-1].before and not tables[-1].rows:
        source.notes.append((Place(), tables[-1].before))
        source.ask_about_text(tables[-1].before, Place())
    return source


def _numbered_tables(tables: Sequence[Table]) -> Iterator[tuple[int, Table]]:
    """With 0 for the only one."""
    several = sum(bool(table.rows) for table in tables) > 1
    return ((number if several else 0, table) for number, table in enumerate(tables, 1))


def _without_struck(table: Table) -> Table:
    """Crossed out is not said any more; a merged cell stays one."""
    cells = {cell: _kept(cell) for row in table.rows for cell in row if cell}
    rows = tuple(tuple(cells[cell] if cell else None for cell in row) for row in table.rows)
    return replace(table, rows=rows)


def _kept(cell: Cell) -> Cell:
    lines = list(cell.lines)
    for text in cell.struck:
        at = next((at for at, line in enumerate(lines) if text in line), None)
        if at is not None:
            lines[at] = lines[at].replace(text, "", 1)
    return Cell(tuple(line for line in lines if line)) if cell.struck else cell


def _hidden(table: Table, number: int) -> Iterator[Question]:
    for hidden in table.hidden:
        place = Place(int(hidden.place) if hidden.place.isdecimal() else 0, number)
        yield Question(Doubt.HIDDEN_PART, place, hidden.text, f"{hidden.part}:{hidden.place}")
    numbers = table.numbers or range(1, len(table.rows) + 1)
    for row, line in zip(table.rows, numbers, strict=False):
        for cell in dict.fromkeys(cell for cell in row if cell):
            if cell.struck:
                yield Question(Doubt.HIDDEN_STRUCK, Place(line, number), "、".join(cell.struck))
            if cell.no_value:
                yield Question(Doubt.HIDDEN_RESULT, Place(line, number))


def _goes_on(table: Table, columns: Columns, term: Term) -> bool:
    """Over a page: as many columns, and times where the table above has them."""
    width = max(sum(cell is not None for cell in row) for row in table.rows)
    at = next((at for at, column in columns.of.items() if column is Column.TIME), None)
    cells = [row[at] for row in table.rows if at is not None and at < len(row)]
    times = [cell.text for cell in cells if cell and cell.text]
    known = [text for text in times if read_time(text, term).is_known]
    return width == len(columns.names) and 2 * len(known) >= len(times)


def _lost_its_cells(table: Table) -> bool:
    """A table that was copied as text: its headings stand one below the other."""
    alone = [len(line) <= LONGEST and not re.search("[：:。；\\d]", line) for line in table.before]
    lines = zip(table.before, alone, strict=True)
    known = [column_of(bare(line)) if is_alone else None for line, is_alone in lines]
    threes = (set(known[at : at + 3]) for at in range(len(known) - 2))
    return any(None not in three and len(three) == 3 for three in threes)


def _first_words(table: Table) -> str:
    return next((cell.text[:20] for row in table.rows for cell in row if cell and cell.text), "")


def _number(draft: Draft) -> None:
    """Ids as the shipped plan has them: year, month, number in the month."""
    term, counts = draft.header.term, dict[str, int]()
    for task in draft.tasks:
        if task.kind is not TaskKind.MONTH:
            head = f"{term.year}-{task.kind}"
        else:
            month = month_of(task, term)
            head = f"{first_day(term.year, month):%Y-%m}" if month else f"{term.year}-any"
        counts[head] = counts.get(head, 0) + 1
        task.id = f"{head}-{counts[head]}"


def month_of(task: DraftTask, term: Term) -> int:
    """Of the term, in which it begins, 0 for none; by its row where the wording says more."""
    for words in filter(None, (task.row_when, task.when)):
        if spans := parse_when(words, term).spans:
            first = spans[0].first
            return 12 * (first.year - term.year) + first.month
    return 0
