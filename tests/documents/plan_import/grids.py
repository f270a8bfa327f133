"""Small tables as one line a row: `|` between cells, `↵` in them, `^` and `<` for merged ones."""

from reminder.documents.plan_import.draft import Draft, DraftTask
from reminder.documents.plan_import.importing import draft_plan
from reminder.documents.tables.grid import Cell, Table
from tests.documents.plan_import.directory import DIRECTORY, ids

TITLE = "常委会办公厅2026年工作安排表"


def table(text: str, *before: str) -> Table:
    rows: list[list[Cell | None]] = []
    for line in text.strip().split("\n"):
        row: list[Cell | None] = []
        for at, cell in enumerate(line.strip().split("|")):
            if cell == "^":
                row.append(rows[-1][at])
            elif cell == "<":
                row.append(row[-1])
            else:
                row.append(Cell(tuple(cell.strip().split("↵"))))
        rows.append(row)
    width = max(map(len, rows))
    full = tuple((*row, *[None] * (width - len(row))) for row in rows)
    return Table(full, before, tuple(range(1, len(rows) + 1)))


def draft(*tables: str | Table, title: str = TITLE) -> Draft:
    grids = [table(text, title) if isinstance(text, str) else text for text in tables]
    return draft_plan(grids, DIRECTORY, (), today=2026)


def row(task: DraftTask) -> str:
    """`4月|召开会议|office|deputies`"""
    when = task.when or (task.said and f"?{task.said}") or str(task.kind)
    return "|".join((when, task.title, ",".join(ids(task.lead)), ",".join(ids(task.related))))


def rows(of: Draft) -> list[str]:
    return [row(task) for task in of.tasks]


def asked(of: Draft) -> list[str]:
    """`3 empty.time`: the row and what is asked."""
    return [f"{question.place.row} {question.doubt}" for question in of.all_questions]
