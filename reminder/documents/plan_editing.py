"""Edits of a plan's file: a task, a row, a session, the head. Comments and order stay.

What the file's form cannot say is written all the same where it can be: its reader says what is
wrong with it, at its line.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from reminder.documents.plan_rows import PlanRows
from reminder.documents.plan_text import TASKS, Block
from reminder.errors import DeclinedError

Args = Mapping[str, Any]
# What a task's own table says, in the order of a new one; dates are texts in an edit.
WORDS = ("title", "short", "section", "remark", "source")
TIMES = ("opens", "due", "exact", "meetings", "before", "soft")
UNITS = ("lead", "related")
# The text that was made last, as its tables: the next edit of a draft need not read it again.
_made: dict[bytes, PlanRows] = {}
_DATES = ("opens", "due", "date", "until")


def edit_task(content: bytes | None, args: Args) -> bytes:
    """`new`, `drop`, or what becomes otherwise: WORDS, TIMES, UNITS; `place` (month, year-round,
    standing) and `time`, in the office's words, say where it stands."""
    plan = _opened(content)
    if args.get("new"):
        return _add(plan, args)
    task = plan.text.find(args["id"], *TASKS)
    if task is None:
        raise DeclinedError("edited_task_is_gone", f"no task {args['id']!r}")
    if args.get("drop"):
        plan.drop(task)
        retired = plan.text.header.data.get("retired", [])
        plan.text.header.put("retired", [*retired, task.id])
    else:
        _change(plan, task, args)
    return _closed(plan)


def _add(plan: PlanRows, args: Args) -> bytes:
    known = {block.id for block in plan.text.of_kind(*TASKS)}
    if args["id"] in known or args["id"] in plan.text.header.data.get("retired", ()):
        raise DeclinedError("edited_id_is_taken", f"the id {args['id']!r} is taken", id=args["id"])
    task = Block.new("standing", {"id": args["id"], "title": args["title"]})
    plan.text.put_behind(task, plan.text.blocks[-1])
    _change(plan, task, {"place": "month", "time": "", **args})
    return _closed(plan)


def _change(plan: PlanRows, task: Block, args: Args) -> None:
    for key, value in _values(args, WORDS):
        task.put(key, value)
    for key in UNITS:
        if key in args:
            plan.put_units(task, key, args[key])
    if "place" in args or "time" in args:
        kind = {"month": "task"}.get(args.get("place", ""), args.get("place") or task.kind)
        plan.put_time(task, kind, args.get("time"))
    for key, value in _values(args, TIMES if task.kind == "task" else ()):
        task.put(key, value)


def edit_row(content: bytes | None, args: Args) -> bytes:
    """Of the row in which the task of that id stands: UNITS, `time`, section, remark, source."""
    plan = _opened(content)
    task = plan.text.find(args["id"], "task")
    row = plan.text.row_of(task) if task else None
    if row is None:
        raise DeclinedError("edited_task_is_gone", f"no row with a task {args['id']!r}")
    for key, value in _values(args, ("section", "remark", "source")):
        row.put(key, value)
    for key in UNITS:
        if key in args:
            plan.put_row_units(row, key, args[key])
    if "time" in args:
        plan.put_row_time(row, args["time"])
    return _closed(plan)


def edit_session(content: bytes | None, args: Args) -> bytes:
    """`new`, `drop`, or name, month, date, until."""
    plan = _opened(content)
    session = plan.text.find(args["id"], "meeting")
    if args.get("new"):
        if session:
            raise DeclinedError("edited_id_is_taken", "the id is taken", id=args["id"])
        others = plan.text.of_kind("plan", "meeting")
        session = Block.new("meeting", {"id": args["id"]})
        plan.text.put_behind(session, others[-1])
    if session is None:
        raise DeclinedError("edited_session_is_gone", f"no session {args['id']!r}")
    if args.get("drop"):
        plan.text.take_out(session)
    for key, value in _values(args, ("name", "month", "date", "until")):
        session.put(key, value)
    return _closed(plan)


def edit_head(content: bytes | None, args: Args) -> bytes:
    """Its name and tag."""
    plan = _opened(content)
    for key, value in _values(args, ("name", "tag")):
        plan.text.header.put(key, value)
    return _closed(plan)


def _opened(content: bytes | None) -> PlanRows:
    if content is None:
        raise DeclinedError("no_such_document", "the plan is gone")
    return _made.pop(content, None) or PlanRows.read(content)


def _closed(plan: PlanRows) -> bytes:
    content = plan.text.content()
    _made.clear()
    _made[content] = plan
    return content


def _values(args: Args, keys: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """None for what is empty or false, which a file says by saying nothing."""
    for key in keys:
        if key in args:
            value = args[key]
            if key == "before":
                value = None if value is None else {"workdays": value}
            elif key in _DATES and value:
                value = date.fromisoformat(value)
            yield key, value or None


PLAN_EDITORS: dict[str, Callable[[bytes | None, Args], bytes]] = {
    "task": edit_task,
    "row": edit_row,
    "session": edit_session,
    "head": edit_head,
}
