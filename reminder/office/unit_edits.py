"""Edits of the list of units, gathered in a person's draft."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.documents.channel_section import ChannelSettings
from reminder.documents.document_files import UNITS
from reminder.documents.edited_file import EditedFile
from reminder.documents.editing import apply_each, place_of_edit
from reminder.documents.units_file import read_units
from reminder.domain.edits import Edit
from reminder.domain.persons import Person
from reminder.domain.units import plain_name
from reminder.errors import DeclinedError, Fault
from reminder.ledger.drafts import all_drafts, open_draft
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.plan_edits import FieldMistakesError

Values = Mapping[str, Any]
# As the file's keys are, in the order of the form; without a value a key is not in the file.
NOTHING: Values = {
    "name": "", "short": "", "aliases": [], "relation": "", "to": [], "cc": [], "contact": "",
    "phone": "", "language": "", "channels": [], "mail": None, "retired": False,
}  # fmt: skip


@dataclass(frozen=True)
class UnitsDraft:
    """The document in force, as somebody's draft has it, and that person's edits of it."""

    in_force: bytes
    content: bytes
    edits: tuple[Edit, ...] = ()
    drafted: frozenset[str] = frozenset()  # ids of new units in anybody's draft

    def values(self, unit: str) -> Values | None:
        """As the draft has it, what it has of its group left out; None for a unit that is not
        there."""
        return values_of(self.content, unit)

    def edit_of(self, unit: str) -> Edit | None:
        return next((edit for edit in self.edits if edit.args.get("id") == unit), None)

    @property
    def touched(self) -> dict[str, str]:
        """Which units it makes, takes away or changes: `new`, `drop` or `changed`."""
        return {
            edit.args["id"]: next((k for k in ("new", "drop") if edit.args.get(k)), "changed")
            for edit in self.edits
            if edit.kind == "unit"
        }


def values_of(content: bytes, unit: str) -> Values | None:
    data = EditedFile(Path(UNITS), content).data
    for table in (*data.get("unit", ()), *data.get("group", ())):
        if table.get("id") == unit:
            return {key: table.get(key, empty) for key, empty in NOTHING.items()}
    return None


def units_draft(app: Application, connection: Connection, person: Person) -> UnitsDraft:
    """What fits no more is left out."""
    in_force = app.office.contents[UNITS]
    draft = open_draft(connection, person.name)
    edits = tuple(edit for edit in draft.edits if edit.document == UNITS) if draft else ()
    content = apply_each({UNITS: in_force}, edits).contents[UNITS]
    drafted = {
        str(edit.args["id"])
        for one in all_drafts(connection)
        for edit in one.edits
        if edit.document == UNITS and edit.args.get("new")
    }
    return UnitsDraft(in_force, content, edits, frozenset(drafted))


def save_unit(app: Application, person: Person, draft: UnitsDraft, unit: str, typed: Values) -> str:
    """Puts it into the draft; a new one without an id. Returns its id. Raises
    `FieldMistakesError`."""
    before = values_of(draft.in_force, unit) if unit else None
    unit = unit or _new_id(draft)
    changed = {key: typed[key] for key in NOTHING if typed[key] != (before or NOTHING)[key]}
    args = {"id": unit, **changed} | ({} if before else {"new": True})
    edit, old = Edit(UNITS, "unit", args), draft.edit_of(unit)
    rest = apply_each({UNITS: draft.in_force}, [e for e in draft.edits if e != old])
    if wrong := _mistakes(rest.contents, edit, app.settings.channel):
        raise FieldMistakesError(wrong)
    if before is not None and not changed:
        if old:
            drafts.drop(app, person, place_of_edit(old))
    else:
        drafts.add(app, person, edit)
    return unit


def drop_unit(app: Application, person: Person, draft: UnitsDraft, unit: str) -> None:
    """Raises `DeclinedError` where a table names it still: there it is to be retired."""
    named = app.table.directory.units.get(unit)
    if named and (tasks := tasks_of(app, unit)):
        raise DeclinedError("unit_is_named", "tables name it", unit=named.name, tasks=tasks)
    old = draft.edit_of(unit)
    if old and old.args.get("new"):
        drafts.drop(app, person, place_of_edit(old))
    else:
        drafts.add(app, person, Edit(UNITS, "unit", {"id": unit, "drop": True}))


def undo(app: Application, person: Person, draft: UnitsDraft, unit: str) -> None:
    if old := draft.edit_of(unit):
        drafts.drop(app, person, place_of_edit(old))


def tasks_of(app: Application, unit: str) -> list[str]:
    """The wordings of what names it, of all tables, each once; also through its groups."""
    ids = {unit, *(g.id for g in app.table.directory.groups if unit in g.members)}
    return list(
        dict.fromkeys(
            task.brief
            for table in app.tables
            for task in table.plan.tasks
            if not ids.isdisjoint((*task.lead, *task.related))
        )
    )


def _new_id(draft: UnitsDraft) -> str:
    """The next free number: an id is for the file and for addresses, nobody reads it."""
    data = EditedFile(Path(UNITS), draft.content).data
    taken = {table.get("id") for table in (*data.get("unit", ()), *data.get("group", ()))}
    numbers = (f"unit-{n}" for n in count(len(taken) + 1))
    return next(name for name in numbers if name not in taken | draft.drafted)


def _mistakes(
    contents: Mapping[str, bytes], edit: Edit, channels: Mapping[str, ChannelSettings]
) -> dict[str, Fault]:
    """What is wrong with it and was not before, by the keys."""
    after = apply_each(contents, [edit])
    for misfit in after.misfits.values():
        raise misfit
    known = {_name(fault) for fault in _faults(contents[UNITS], channels)}
    faults = _faults(after.contents[UNITS], channels)
    new = [fault for fault in faults if _name(fault) not in known]
    return {fault.key.rpartition(".")[2]: fault for fault in reversed(new)}


def _faults(content: bytes, channels: Mapping[str, ChannelSettings]) -> list[Fault]:
    file = EditedFile(Path(UNITS), content)
    read_units(file, channels=channels)
    return file.faults


def _name(fault: Fault) -> tuple[str, str, str]:
    facts = {name: value for name, value in fault.facts.items() if name != "line"}
    return fault.key, fault.reason, repr(facts)


def lines(text: str, signs: str = "\n") -> list[str]:
    """Several things that stand in one field, each once."""
    for sign in signs:
        text = text.replace(sign, "\n")
    return list(dict.fromkeys(filter(None, (" ".join(one.split()) for one in text.split("\n")))))


def found(units: Iterable[Any], words: str) -> list[Any]:
    """By name, short name, alias, contact or address."""
    plain = plain_name(words).lower()
    return [
        unit
        for unit in units
        if any(
            plain in plain_name(text).lower()
            for text in (unit.name, unit.short, *unit.aliases, unit.contact, *unit.to, *unit.cc)
        )
    ]
