"""A plan's file as the table that its office prints, in the file's own spelling and order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from reminder.documents.plan_tables import MonthTable, MonthTaskTable, PlanTables, TaskTable
from reminder.documents.tables.grid import Cell, Table
from reminder.domain.when import Term, When, parse_when

# In the order in which they are printed; the first and the last only where a row has them.
COLUMNS = ("section", "time", "content", "related", "lead", "remark")
ALWAYS = ("time", "content", "related", "lead")
# Where equal cells of rows that follow each other are one.
_MERGED = ("section", "time")


@dataclass(frozen=True)
class PrintedLine:
    """A task, and what its row says; `row` keeps apart what the file keeps apart, `heading` is
    what that says of its time."""

    id: str
    row: tuple[str, int]
    heading: str
    counted: object  # what its number counts within
    time: str
    title: str
    lead: tuple[str, ...]
    related: tuple[str, ...]
    section: str = ""
    remark: str = ""
    number: int = 0

    @property
    def beside(self) -> tuple[object, ...]:
        """Tasks stand in one cell where all beside it is the same."""
        return self.row, self.time, self.lead, self.related, self.section, self.remark


def printed_table(tables: PlanTables, say: Callable[..., str]) -> tuple[Table, tuple[str, ...]]:
    """With the names of its columns. `say` is a macro of `documents/table.txt`.

    A remark that is the publishing office's alone stands below, over all columns.
    """
    notes = [task for task in tables.standing if _is_the_offices(task, tables.plan.office)]
    notes = notes if len(notes) == len(tables.standing) else []
    lines = printed_lines(tables, say, with_standing=not notes)
    columns = tuple(n for n in COLUMNS if n in ALWAYS or any(getattr(line, n) for line in lines))
    rows = [[Cell((say("heading", column=name),)) for name in columns]]
    for _, together in groupby(lines, key=lambda line: line.beside):
        rows.append(_joined(columns, rows[-1], _row(list(together), columns, say)))
    if notes:
        titles = [say("task", number=n, title=task.title) for n, task in enumerate(notes, 1)]
        note = Cell((say("note"), *titles))
        rows.append([note] * len(columns))
    return Table(tuple(map(tuple, rows)), before=(tables.plan.name,)), columns


def printed_lines(
    tables: PlanTables, say: Callable[..., str], *, with_standing: bool = True
) -> list[PrintedLine]:
    """Each task's, in the file's order."""
    others = _others(tables, say, with_standing=with_standing)
    return list(_numbered([*_months(tables, say), *others]))


def _is_the_offices(task: Any, office: str) -> bool:
    says_more = task.related or task.section or task.remark
    return not says_more and (task.lead or [office]) == [office]


def _months(tables: PlanTables, say: Callable[..., str]) -> Iterator[PrintedLine]:
    term = tables.plan.term
    for index, row in enumerate(tables.month):
        for task in row.task:
            lead = row.lead if task.lead is None else task.lead
            related = row.related if task.related is None else task.related
            units = tuple(lead), tuple(related)
            counted = row.month or row.when
            beside = task.section or row.section, task.remark or row.remark
            time = printed_time(term, row, task, say)
            place = ("month", index), row.words, counted
            yield PrintedLine(task.id, *place, time, task.title, *units, *beside)


def printed_time(term: Term, row: MonthTable, task: MonthTaskTable, say: Callable[..., str]) -> str:
    """In the file's own words, and what the task says beside them."""
    own = parse_when(task.when, term) if task.when else When()
    of_row = "" if own.spans or own.offset else row.words
    words = [word for word in (of_row, task.when) if word]
    said = parse_when(of_row, term) if of_row else own
    spans, soft = said.spans, said.soft or own.soft
    if spans and (task.opens or task.due):
        first, last = task.opens or spans[0].first, task.due or spans[0].last
        is_one_month = not task.opens and first.replace(day=1) == last.replace(day=1)
        return say("days", opens=None if is_one_month else first, due=last, soft=soft)
    if task.part:
        months = tuple(span.first.month for span in spans)
        return say("parts", months=months, part=task.part, soft=soft)
    return say("time", said=tuple(words))


def _others(
    tables: PlanTables, say: Callable[..., str], *, with_standing: bool
) -> Iterator[PrintedLine]:
    kinds: dict[str, Sequence[TaskTable]] = {
        "year-round": tables.year_round,
        "standing": tables.standing if with_standing else [],
    }
    for kind, tasks in kinds.items():
        for index, task in enumerate(tasks):
            units = tuple(task.lead or ()), tuple(task.related or ())
            place = (kind, index)
            heading = say(kind.replace("-", "_"))
            time = getattr(task, "when", None) or heading
            said = time, task.title, *units, task.section, task.remark
            yield PrintedLine(task.id, place, heading, place, *said)


def _numbered(lines: Sequence[PrintedLine]) -> Iterator[PrintedLine]:
    """As in mails: within a month; a task that stands alone there has no number."""
    totals = Counter(line.counted for line in lines)
    counts = Counter[object]()
    for line in lines:
        counts[line.counted] += 1
        yield replace(line, number=counts[line.counted] if totals[line.counted] > 1 else 0)


def _row(lines: list[PrintedLine], columns: Iterable[str], say: Callable[..., str]) -> list[Cell]:
    titles = tuple(
        say("task", number=line.number, title=line.title, goes_on=line is not lines[-1])
        for line in lines
    )
    first = lines[0]
    cells = {
        "section": Cell((first.section,)),
        "time": Cell((first.time,)),
        "content": Cell(titles),
        "related": Cell(first.related),
        "lead": Cell(first.lead),
        "remark": Cell((first.remark,)),
    }
    return [cells[name] for name in columns]


def _joined(columns: Sequence[str], above: list[Cell], row: list[Cell]) -> list[Cell]:
    """Equal sections, and within one equal times, are one cell with that of the row above."""
    cells = dict(zip(columns, row, strict=True))
    for name, cell in zip(columns, above, strict=True):
        if name in _MERGED:
            if cells[name].lines != cell.lines:
                break
            cells[name] = cell if cell.text else cells[name]
    return list(cells.values())
