"""Edits of the plan's table, gathered in a person's draft: typed, checked, taken back."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.documents.edited_file import EditedFile
from reminder.documents.editing import EDITORS, apply_each, place_of_edit
from reminder.documents.plan_editing import TIMES
from reminder.documents.plan_file import read_plan
from reminder.documents.plan_import.unit_names import UnitNames
from reminder.documents.plan_tables import PlanTables
from reminder.documents.plan_values import (
    NOTHING,
    SessionValues,
    TaskValues,
    is_editable,
    session_values,
    task_values,
    used_ids,
)
from reminder.domain.edits import Edit
from reminder.domain.persons import Person
from reminder.domain.units import Directory
from reminder.domain.when import Term, parse_when
from reminder.errors import DeclinedError, Fault, Mistake
from reminder.ledger.drafts import all_drafts, open_draft
from reminder.office import drafts
from reminder.office.application import Application

Values = Mapping[str, Any]
UNITS = ("lead", "related")
# Which field of the form a mistake of the file's key is shown at.
_FIELDS = {"when": "time", "part": "time", "id": "title", "workdays": "before"}


@dataclass(frozen=True)
class PlanDraft:
    """The plan's document in force, as somebody's draft has it, and that person's edits of it."""

    document: str
    in_force: bytes
    content: bytes
    edits: tuple[Edit, ...] = ()
    drafted: frozenset[str] = frozenset()  # ids of new tasks and sessions in anybody's draft

    @cached_property
    def tables_before(self) -> PlanTables:
        tables = _tables(self.in_force)
        assert tables is not None  # it was read already
        return tables

    @cached_property
    def tables(self) -> PlanTables:
        """As the draft has them, less what is a mistake; as they are in force where it has none."""
        return _tables(self.content) or self.tables_before

    def edit_of(self, kind: str, name: str) -> Edit | None:
        found = (edit for edit in self.edits if edit.kind == kind and edit.args.get("id") == name)
        return next(found, None)

    def without(self, *edits: Edit | None) -> bytes:
        """As the other edits have it. Raises `DeclinedError` where that is no plan's text."""
        rest = [edit for edit in self.edits if edit not in edits]
        after = apply_each({self.document: self.in_force}, rest).contents.get(self.document, b"")
        if not is_editable(after):
            raise DeclinedError("draft_is_no_plan", "the draft's text is no plan")
        return after


def _tables(content: bytes) -> PlanTables | None:
    return EditedFile(Path("plan.toml"), content).validated(PlanTables)


def plan_draft(app: Application, connection: Connection, person: Person) -> PlanDraft:
    """What fits no more is left out, and a whole text that is none."""
    office = app.office
    document = office.document
    in_force = office.contents[document]
    draft = open_draft(connection, person.name)
    edits = tuple(edit for edit in draft.edits if edit.document == document) if draft else ()
    content = apply_each({document: in_force}, edits).contents.get(document, in_force)
    content = content if is_editable(content) else in_force
    drafted = {
        str(edit.args["id"])
        for one in all_drafts(connection)
        for edit in one.edits
        if edit.args.get("new")
    }
    return PlanDraft(document, in_force, content, edits, frozenset(drafted))


@dataclass(frozen=True)
class TypedTask:
    """`values` as the form has them, units as they were typed; `with_row` says that the row's
    other tasks get the same units and time."""

    values: Values
    with_row: bool = False


class FieldMistakesError(DeclinedError):
    """What is wrong with what was typed, by the form's fields."""

    def __init__(self, fields: Mapping[str, Fault]) -> None:
        super().__init__("fields_are_wrong", "some fields are wrong", count=len(fields))
        self.fields = fields


def save_task(
    app: Application, person: Person, draft: PlanDraft, name: str, typed: TypedTask
) -> str:
    """Puts it into the draft; a new task without a name. Returns its id. Raises
    `FieldMistakesError`, and `DeclinedError` for a task that is no more."""
    values, wrong = _with_units(app.table.directory, typed.values)
    if values["place"] != "month":  # such a row says none of these
        values |= {key: NOTHING[key] for key in TIMES}
    elif not values["time"]:
        wrong["time"] = Fault("", 0, "time", "is_missing")
    if values["place"] == "standing":
        values["time"] = ""
    name = name or _new_id(app, draft, _head(app.table.plan.term, values))
    old, old_row = draft.edit_of("task", name), draft.edit_of("row", name)
    base = draft.without(old, old_row if typed.with_row else None)
    before = task_values(base, name)
    if before is None and not _is_new(draft, name):
        raise DeclinedError("edited_task_is_gone", f"no task {name!r}")
    edits, gone = _edits(draft, name, before, values, with_row=typed.with_row)
    wrong = wrong or _mistakes(app, base, edits, lambda content: task_values(content, name))
    if wrong:
        raise FieldMistakesError(wrong)
    _put(app, person, edits, [edit for edit in (old, *gone) if edit and edit not in edits])
    return name


def _is_new(draft: PlanDraft, name: str) -> bool:
    edit = draft.edit_of("task", name)
    return edit is None or bool(edit.args.get("new"))


def _edits(
    draft: PlanDraft, name: str, before: TaskValues | None, values: Values, *, with_row: bool
) -> tuple[list[Edit], list[Edit]]:
    """And the earlier edits that they are in place of."""
    known = before.values if before else NOTHING
    changed = {key: value for key, value in values.items() if value != known[key]}
    if before is None:
        changed |= {"new": True, "title": values["title"], "place": values["place"]}
        changed["time"] = values["time"]
    of_row: dict[str, Any] = {}
    if with_row and before and before.beside:
        of_row = {key: changed.pop(key) for key in UNITS if key in changed}
        if "time" in changed and known["time"] == before.row_time:
            of_row["time"] = changed.pop("time")
    if "place" in changed:
        changed["time"] = values["time"]
    pairs = [("row", of_row), ("task", changed)]
    edits = [Edit(draft.document, kind, {"id": name, **args}) for kind, args in pairs if args]
    row = draft.edit_of("row", name)
    return edits, [row] if row and with_row else []


def _with_units(directory: Directory, values: Values) -> tuple[dict[str, Any], dict[str, Fault]]:
    """Names as the directory knows them, and what it does not know."""
    names, found, wrong = UnitNames(directory), dict(values), dict[str, Fault]()
    for key in UNITS:
        if not isinstance(values[key], str):
            continue
        read = names.read(values[key])
        found[key] = list(dict.fromkeys(named.name for named in read))
        unknown = [named.name for named in read if named.unit is None]
        if unknown:
            facts = {"name": unknown[0], "near": names.near(unknown[0], 0.5)}
            wrong[key] = Fault("", 0, key, "unknown_unit", facts)
    return found, wrong


def _mistakes(
    app: Application,
    base: bytes,
    edits: Iterable[Edit],
    find: Callable[[bytes], TaskValues | SessionValues | None],
) -> dict[str, Fault]:
    """Of what was edited, by the form's fields."""
    content = base
    for edit in edits:
        content = EDITORS[edit.kind](content, edit.args) or b""
    found, file = find(content), EditedFile(app.office.path, content)
    read_plan(file, app.table.directory, app.table.days)
    fields = dict[str, Fault]()
    for fault in file.faults if found else ():
        if found and fault.line in found.lines:
            key = fault.key.rpartition(".")[2]
            field = _FIELDS.get(key, key)
            fields.setdefault(field if field in found.values else "time", fault)
    return fields


def _put(app: Application, person: Person, edits: list[Edit], gone: Iterable[Edit]) -> None:
    for edit in gone:
        if place_of_edit(edit) not in map(place_of_edit, edits):
            drafts.drop(app, person, place_of_edit(edit))
    if edits:
        drafts.add(app, person, *edits)


def _new_id(app: Application, draft: PlanDraft, head: str) -> str:
    """Year, month and number as in the shipped plan; never one that any table or draft has or
    had."""
    taken = set(draft.drafted)
    for document, content in app.office.contents.items():
        taken |= used_ids(content) if document.startswith("plan/") else set()
    numbers = [int(found[1]) for one in taken if (found := re.fullmatch(rf"{head}-(\d+)", one))]
    return f"{head}-{max(numbers, default=0) + 1}"


def _head(term: Term, values: Values) -> str:
    if values["place"] != "month":
        return f"{term.year}-{ {'year-round': 'year'}.get(values['place'], 'standing') }"
    try:
        first = parse_when(values["time"], term).spans[0].first
    except (Mistake, IndexError):
        return f"{term.year}-any"
    return f"{first:%Y-%m}"


def move_task(app: Application, person: Person, draft: PlanDraft, name: str, words: str) -> bool:
    """To that month, where its time is a month alone; else False: who moves it says its days."""
    found = task_values(draft.content, name)
    if found is None:
        raise DeclinedError("edited_task_is_gone", f"no task {name!r}")
    values = found.values
    is_plain = values["place"] == "month" and values["time"] == found.row_time
    if not is_plain or values["opens"] or values["due"]:
        return False
    save_task(app, person, draft, name, TypedTask({**values, "time": words}))
    return True


def drop_task(app: Application, person: Person, draft: PlanDraft, name: str) -> None:
    """One that is in force by an edit, a new one by taking that back."""
    if task_values(draft.in_force, name) is None:
        undo(app, person, draft, name)
    else:
        drafts.add(app, person, Edit(draft.document, "task", {"id": name, "drop": True}))


def undo(app: Application, person: Person, draft: PlanDraft, name: str) -> None:
    """All that the draft says of that task, its row or that session."""
    for kind in ("task", "row", "session"):
        if edit := draft.edit_of(kind, name):
            drafts.drop(app, person, place_of_edit(edit))


def save_session(
    app: Application, person: Person, draft: PlanDraft, name: str, values: Values
) -> str:
    """Puts name, month, date and until into the draft; a new session without an id."""
    name = name or _new_id(app, draft, f"{app.table.plan.year}-meeting")
    old = draft.edit_of("session", name)
    base = draft.without(old)
    before = session_values(base, name)
    if before is None and old and not old.args.get("new"):
        raise DeclinedError("edited_session_is_gone", f"no session {name!r}")
    known = before.values if before else {}
    changed = {key: value for key, value in values.items() if value != known.get(key)}
    args = {"id": name, **changed, **({} if before else {"new": True})}
    edits = [Edit(draft.document, "session", args)] if changed else []
    if wrong := _mistakes(app, base, edits, lambda content: session_values(content, name)):
        raise FieldMistakesError(wrong)
    _put(app, person, edits, [old] if old else [])
    return name


def drop_session(app: Application, person: Person, draft: PlanDraft, name: str) -> None:
    """Raises `DeclinedError` while tasks name it."""
    found = session_values(draft.content, name)
    if found is None:
        raise DeclinedError("edited_session_is_gone", f"no session {name!r}")
    if found.tasks:
        raise DeclinedError("session_has_tasks", "tasks name it", count=len(found.tasks))
    if session_values(draft.in_force, name) is None:
        undo(app, person, draft, name)
    else:
        drafts.add(app, person, Edit(draft.document, "session", {"id": name, "drop": True}))


def save_head(app: Application, person: Person, draft: PlanDraft, values: Values) -> None:
    """The plan's name and tag."""
    plan = app.table.plan
    known = {"name": plan.name, "tag": plan.tag}
    changed = {key: value for key, value in values.items() if value != known[key]}
    wrong = {key: Fault("", 0, key, "empty") for key, value in values.items() if not value}
    if wrong:
        raise FieldMistakesError(wrong)
    old = next((edit for edit in draft.edits if edit.kind == "head"), None)
    edits = [Edit(draft.document, "head", changed)] if changed else []
    _put(app, person, edits, [old] if old else [])
