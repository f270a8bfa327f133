"""What a plan's file says of one task, row or session, as a form has it and an edit takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reminder.documents.plan_rows import PlanRows
from reminder.documents.plan_tables import MonthTable, part_words
from reminder.documents.plan_text import TASKS, Block
from reminder.errors import ReminderError

_read = lru_cache(maxsize=4)(PlanRows.read)  # a page asks for several of one plan
PLACES = ("month", "year-round", "standing")
# What a task says when it says nothing.
NOTHING: Mapping[str, Any] = {
    "place": "month",
    "time": "",
    "title": "",
    "short": "",
    "lead": [],
    "related": [],
    "opens": "",
    "due": "",
    "exact": False,
    "meetings": [],
    "before": None,
    "soft": False,
    "section": "",
    "remark": "",
    "source": "",
}


@dataclass(frozen=True)
class TaskValues:
    """`values` by the keys of an edit; `beside` are the other tasks of its row, whose time is
    `row_time`. `lines` are those of its table and its row in the file."""

    values: Mapping[str, Any]
    beside: tuple[str, ...] = ()
    row_time: str = ""
    lines: frozenset[int] = frozenset()


def is_editable(content: bytes) -> bool:
    """Its tables can be told apart: else it is a file to be mended as a whole."""
    try:
        return bool(_read(content))
    except ReminderError:
        return False


def task_values(content: bytes, name: str) -> TaskValues | None:
    """None where there is no such task."""
    plan = _read(content)
    task = plan.text.find(name, *TASKS)
    if task is None:
        return None
    row = plan.text.row_of(task) if task.kind == "task" else None
    table = MonthTable.model_construct(**{"month": None, **(row.data if row else {})})
    data = {key: value for key, value in task.data.items() if key in NOTHING}
    before = task.data.get("before")
    values = {
        **NOTHING,
        **data,
        "place": "month" if task.kind == "task" else task.kind,
        "time": task.data.get("when") or part_words(table.words, task.data.get("part")),
        "before": before.get("workdays") if before else None,
        **{key: str(data.get(key, "")) for key in ("opens", "due")},
        **{key: list(plan.effective(task, key) or []) for key in ("lead", "related")},
    }
    of_row = plan.text.tasks_of(row) if row else []
    lines = plan.text.lines_of(task, *([row] if row else []))
    beside = tuple(_title(one) for one in of_row if one is not task)
    return TaskValues(values, beside, table.words, lines)


@dataclass(frozen=True)
class SessionValues:
    """By the keys of an edit; `tasks` are the titles of those that name it."""

    values: Mapping[str, Any]
    tasks: tuple[str, ...]
    lines: frozenset[int]


def session_values(content: bytes, name: str) -> SessionValues | None:
    plan = _read(content)
    session = plan.text.find(name, "meeting")
    if session is None:
        return None
    naming = [task for task in plan.text.of_kind("task") if name in task.data.get("meetings", ())]
    texts = {key: str(session.data.get(key, "")) for key in ("name", "date", "until")}
    values = {**texts, "month": session.data.get("month")}
    return SessionValues(values, tuple(map(_title, naming)), plan.text.lines_of(session))


def _title(task: Block) -> str:
    return str(task.data.get("title", ""))


def used_ids(content: bytes) -> set[str]:
    """Of all tasks and sessions that it has or had."""
    text = _read(content).text
    return {block.id for block in text.blocks} | set(text.header.data.get("retired", ()))
