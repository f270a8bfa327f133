"""A list of liaisons that is sent to the console: what is sure becomes edits of units, what is not
is kept beside them and answered there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.documents.document_files import UNITS
from reminder.documents.edited_file import EditedFile
from reminder.documents.editing import place_of_edit
from reminder.documents.liaison_cells import ListDoubt, UnitColumn, joined
from reminder.documents.plan_answers import CELL, Asked, cells_of
from reminder.documents.tables.grid import Table
from reminder.documents.tables.reading import tables_in
from reminder.documents.templates import office_templates, refusals
from reminder.documents.units_file import read_units
from reminder.documents.units_list import ListQuestion, column_of
from reminder.domain.edits import Edit
from reminder.domain.persons import Person
from reminder.domain.units import plain_name
from reminder.errors import DeclinedError, Fault
from reminder.ledger.drafts import open_draft
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.plan_edits import FieldMistakesError
from reminder.office.unit_edits import NOTHING, UnitsDraft, lines, save_unit, units_draft
from reminder.office.unit_lists import ADDRESSES, UnitsFile, UnitsImport, listed_in, take_rows

KEEP, NEAR, NEW, SKIP = "keep", "near", "new", "skip"
_OF_A_ROW = (ListDoubt.UNKNOWN_UNIT, ListDoubt.GROUP)
_NO_ANSWER = (ListDoubt.NO_HEADINGS, ListDoubt.HIDDEN, ListDoubt.NO_UNIT)


@dataclass(frozen=True)
class ListAnswer:
    """`choice` is KEEP (this value, though shared), NEAR, NEW, SKIP or empty; what is typed counts
    more."""

    choice: str = ""
    text: str = ""


def take_list(app: Application, by: Person, name: str, content: bytes) -> int:
    """Into that person's draft. Returns how many units it changes. Raises `ConfigurationError`."""
    templates = office_templates(app.settings)
    with refusals(templates, Path(name)):
        tables = tables_in(name, content)
    with app.database.read() as connection:
        draft = units_draft(app, connection, by)
    units = units_of(app, draft)
    listed = listed_in(units, tables)
    said = {row.row: (row.name, dict(row.values)) for row in listed.units}
    taken = take_rows(units, listed)
    edits = [
        _edit(draft, unit, {change.key: change.after for change in changes})
        for unit, changes in taken.changed_units.items()
    ]
    asked = [_asked(taken, one, said, tables) for one in taken.questions]
    mark = hashlib.sha256(content).hexdigest()[:12]
    args = {"name": name, "mark": mark, "asked": asked, "rows": len(taken.rows)}
    drafts.add(app, by, *edits, Edit(UNITS, "asked", args | {"changed": len(edits)}))
    return len(edits)


def units_of(app: Application, draft: UnitsDraft) -> UnitsFile:
    file = EditedFile(Path(UNITS), draft.content)
    return UnitsFile(app.settings, file, read_units(file))


def _edit(draft: UnitsDraft, unit: str, values: Mapping[str, Any]) -> Edit:
    old = draft.edit_of(unit)
    return Edit(UNITS, "unit", {**(old.args if old else {"id": unit}), **values})


def _asked(
    taken: UnitsImport,
    question: ListQuestion,
    said: Mapping[int, tuple[str, Mapping[UnitColumn, Sequence[str]]]],
    tables: Sequence[Table],
) -> Asked:
    name, values = said.get(question.row, ("", {}))
    units = taken.units
    known = units.by_name.get(plain) if (plain := plain_name(name)) else None
    column = column_of(question.heading) or question.heading
    kind = "unit" if question.doubt in _OF_A_ROW else "value"
    if question.doubt in _NO_ANSWER or (
        kind == "value" and (known is None or known.is_group or column not in NOTHING)
    ):
        kind = ""
    return {
        **{
            key: str(getattr(question, key))
            for key in ("doubt", "cell", "heading", "text", "other")
        },
        "row": question.row,
        "field": kind,
        "key": str(column) if column in NOTHING else "",
        "unit": known.id if known else "",
        "name": name,
        "values": {str(key): list(found) for key, found in values.items()},
        "cells": [text[:CELL] for text in cells_of(tables, 0, question.row)],
    }


def read_asked(connection: Connection, by: Person) -> Edit | None:
    """What is still asked of the list that was sent last."""
    draft = open_draft(connection, by.name)
    found = (edit for edit in draft.edits if edit.kind == "asked") if draft else iter(())
    return next(found, None)


def answer_list(
    app: Application, by: Person, mark: str, answers: Mapping[int, ListAnswer]
) -> dict[int, Fault]:
    """Returns what is wrong with those that were not taken, by their numbers. Raises
    `DeclinedError` where the list was sent again meanwhile."""
    with app.database.read() as connection:
        app.refresh_from(connection)
        edit = read_asked(connection, by)
    if edit is None or edit.args["mark"] != mark:
        raise DeclinedError("other_upload")
    asked, wrong = [dict(one) for one in edit.args["asked"]], {}
    for n, given in answers.items():
        if n >= len(asked) or not (given.choice or given.text):
            continue
        try:
            _take(app, by, asked[n], given)
            asked[n]["done"] = True
        except FieldMistakesError as error:
            wrong[n] = next(iter(error.fields.values()))
    if all(one.get("done") for one in asked):
        drafts.drop(app, by, place_of_edit(edit))
    else:
        drafts.add(app, by, Edit(UNITS, "asked", {**edit.args, "asked": asked}))
    return wrong


def _take(app: Application, by: Person, asked: Asked, given: ListAnswer) -> None:
    """Raises `FieldMistakesError`."""
    if given.choice == SKIP and not given.text:
        return
    with app.database.read() as connection:
        draft = units_draft(app, connection, by)
    values = {key: _value(key, found) for key, found in asked["values"].items()}
    if asked["field"] == "value":
        key, typed = asked["key"], [given.text]
        if not given.text:
            typed = asked["values"].get(key, [])
        elif key in ADDRESSES:
            typed = lines(given.text, " ,;\n")
        _save(app, by, draft, asked["unit"], {key: _value(key, typed)})
    elif given.choice == NEW and not given.text:
        save_unit(app, by, draft, "", {**NOTHING, "name": asked["name"], **values})
    elif name := given.text or asked["other"]:
        unit = units_of(app, draft).by_name.get(plain_name(name))
        if unit is None or unit.is_group:
            facts = {"name": name, "near": units_of(app, draft).near(name)}
            raise FieldMistakesError({"name": Fault("", 0, "", "unknown_unit", facts)})
        _save(app, by, draft, unit.id, values)


def _save(app: Application, by: Person, draft: UnitsDraft, unit: str, values: Any) -> None:
    there = draft.values(unit)
    if there is not None:
        save_unit(app, by, draft, unit, {**there, **values})


def _value(key: str, values: Sequence[str]) -> list[str] | str:
    return list(values) if key in ADDRESSES else joined(values)
