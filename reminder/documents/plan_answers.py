"""What is not sure of an uploaded table, as a draft keeps it, and the file with an answer to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from reminder.documents.plan_editing import edit_session, edit_task
from reminder.documents.plan_import.draft import Doubt, Draft, DraftTask, Question
from reminder.documents.plan_rows import PlanRows
from reminder.documents.plan_text import TASKS
from reminder.documents.plan_values import task_values, used_ids
from reminder.documents.tables.grid import Table

Asked = dict[str, Any]  # what JSON can say
_NAMES = (Doubt.UNITS_UNKNOWN, Doubt.UNITS_NEAR, Doubt.UNITS_CLASS)
# What is typed as an answer; where nothing stands, that is looked at and no more.
_FIELDS = {
    **dict.fromkeys(_NAMES, "name"),
    Doubt.UNITS_OFFICE: "office",
    Doubt.ROLE_COLUMNS: "",
    Doubt.EMPTY_TIME: "time",
    Doubt.EMPTY_LEAD: "units",
    Doubt.TASK_REWORDED: "same",
    Doubt.SESSION_MONTH: "month",
}
_FIELDS_OF_KINDS = {"time": "time", "date": "time", "role": "units", "units": "units"}
_FIELDS_OF_KINDS |= {"split": "title"}
_OF_TASKS = ("time", "units", "title", "same")
CELL = 300  # characters


def asked_of(draft: Draft, tables: Sequence[Table]) -> list[Asked]:
    """In the order of the file's rows, each beside what the file says there."""
    return [_asked(draft, tables, question) for question in draft.all_questions]


def _asked(draft: Draft, tables: Sequence[Table], question: Question) -> Asked:
    place, doubt = question.place, question.doubt
    kind = _FIELDS.get(doubt, _FIELDS_OF_KINDS.get(doubt.kind, ""))
    tasks = [task.id for task in _tasks(draft, question, kind)]
    sessions = [one.id for one in draft.meetings if one.name in (question.said, question.taken)]
    if (kind in _OF_TASKS and not tasks) or (kind == "month" and not sessions):
        kind = ""
    return {
        "doubt": doubt.value,
        "place": {"row": place.row, "table": place.table, "column": place.column},
        "said": question.said,
        "taken": question.taken,
        "field": kind,
        "tasks": tasks,
        "session": sessions[0] if sessions else "",
        "cells": [text[:CELL] for text in cells_of(tables, place.table, place.row)],
    }


def _tasks(draft: Draft, question: Question, kind: str) -> list[DraftTask]:
    """Which it is about: of a cell all tasks of its row."""
    if kind == "office":
        return [task for task in draft.tasks if not task.lead_said]
    own = [task for task in draft.tasks if question in task.questions]
    if question.place.column or kind == "title" or (kind and not own):
        row = (question.place.table, question.place.row)
        return [t for t in draft.tasks if (t.place.table, t.place.row) == row and row[1]]
    return own


def cells_of(tables: Sequence[Table], number: int, row: int) -> list[str]:
    """The texts of that row, or the line of a text."""
    for at, table in enumerate(tables, 1):
        if not row or number not in (0, at):
            continue
        if not table.rows:
            numbers = table.numbers or range(1, len(table.before) + 1)
            return [text for n, text in zip(numbers, table.before, strict=False) if n == row]
        numbers = table.numbers or range(1, len(table.rows) + 1)
        for n, cells in zip(numbers, table.rows, strict=False):
            if n == row:
                return [cell.text for cell in dict.fromkeys(cells) if cell and cell.text]
    return []


def rename_units(content: bytes, names: Mapping[str, Sequence[str]]) -> bytes:
    """In each list of units, each once."""
    plan = PlanRows.read(content)
    for block in plan.text.blocks:
        for key in ("lead", "related"):
            there = block.data.get(key)
            if isinstance(there, list) and not names.keys().isdisjoint(there):
                after = (new for name in there for new in names.get(name, [name]))
                block.put(key, list(dict.fromkeys(after)))
    return plan.text.content()


def put_office(content: bytes, name: str, tasks: Sequence[str]) -> bytes:
    """It leads the tasks of which the table does not say who does."""
    plan = PlanRows.read(content)
    plan.text.header.put("office", name)
    content = plan.text.content()
    for task in tasks:
        content = edit_task(content, {"id": task, "lead": [name]})
    return content


def put_time(content: bytes, words: str, place: str, tasks: Sequence[str]) -> bytes:
    for task in tasks:
        content = edit_task(content, {"id": task, "place": place, "time": words})
    return content


def put_units(
    content: bytes, lead: Sequence[str], related: Sequence[str], tasks: Sequence[str]
) -> bytes:
    for task in tasks:
        content = edit_task(content, {"id": task, "lead": list(lead), "related": list(related)})
    return content


def put_titles(content: bytes, titles: Sequence[str], tasks: Sequence[str]) -> bytes:
    """One each; what is more becomes tasks like the last, what is less goes."""
    for task, title in zip(tasks, titles, strict=False):
        content = edit_task(content, {"id": task, "title": title})
    last = task_values(content, tasks[-1])
    for title in titles[len(tasks) :] if last else ():
        values = {key: value for key, value in last.values.items() if value} if last else {}
        new = {**values, "id": _next_id(content, tasks[-1]), "title": title, "new": True}
        content = edit_task(content, new)
    for task in tasks[len(titles) :]:
        content = edit_task(content, {"id": task, "drop": True})
    return content


def part_from(content: bytes, task: str) -> bytes:
    """It is another task than the one whose id it got."""
    plan = PlanRows.read(content)
    block = plan.text.find(task, *TASKS)
    if block:
        block.put("id", _next_id(content, task))
        retired = plan.text.header.data.get("retired", [])
        plan.text.header.put("retired", [*retired, task])
    return plan.text.content()


def put_month(content: bytes, session: str, month: int) -> bytes:
    return edit_session(content, {"id": session, "month": month})


def _next_id(content: bytes, like: str) -> str:
    head, _, number = like.rpartition("-")
    taken = used_ids(content)
    first = int(number) + 1 if number.isdecimal() else 1
    return next(name for n in count(first) if (name := f"{head}-{n}") not in taken)


def shown_tasks(content: bytes, asked: Sequence[Asked]) -> Iterator[list[Mapping[str, Any]]]:
    """For each question what the file says of its tasks now."""
    known: dict[str, Mapping[str, Any] | None] = {}
    for question in asked:
        for task in question["tasks"]:
            if task not in known:
                found = task_values(content, task)
                known[task] = {**found.values, "id": task} if found else None
        yield [values for task in question["tasks"] if (values := known[task])]
