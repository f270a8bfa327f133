"""A table that is sent to the console becomes an edit of its document; what is not sure of it is
kept beside it, and answered there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.documents.document_files import PLAN, UNITS
from reminder.documents.edited_file import EditedFile
from reminder.documents.editing import WHOLE, apply_each
from reminder.documents.plan_answers import Asked, asked_of
from reminder.documents.plan_import.draft import Doubt, Draft
from reminder.documents.plan_import.importing import NEW_PLAN, NoTasksError
from reminder.documents.plan_import.unit_names import UnitNames
from reminder.documents.plan_import.writing import plan_text
from reminder.documents.tables.grid import Table
from reminder.documents.tables.reading import tables_in
from reminder.documents.templates import office_templates, refusals
from reminder.documents.units_file import read_units
from reminder.domain.edits import DocumentDraft, Edit
from reminder.domain.persons import Person
from reminder.domain.units import Directory
from reminder.domain.versions import Origin
from reminder.errors import DeclinedError
from reminder.ledger.drafts import open_draft
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.plan_import import PlanImport, PlansThere, no_tasks, take_in

NEXT, OTHER = "next:", "other"  # of that document's series; of none that is there


@dataclass(frozen=True)
class WantedTable:
    """`of` is the document that is revised, `next:` and one whose series goes on, `other`, or
    empty: then its title decides. `year` is 0 where the table says it."""

    of: str = ""
    year: int = 0


@dataclass(frozen=True)
class Upload:
    """An uploaded table as it is in a draft. `content` is what its document holds by now."""

    edit: Edit
    content: bytes

    @property
    def asked(self) -> list[Asked]:
        asked: list[Asked] = self.edit.args["asked"]
        return asked

    @property
    def mark(self) -> str:
        return str(self.edit.args["mark"])


def take_table(
    app: Application, by: Person, name: str, content: bytes, wanted: WantedTable
) -> Upload:
    """Into that person's draft. Raises `DeclinedError`, and `ConfigurationError` for a file that
    cannot be read."""
    templates = office_templates(app.settings)
    with refusals(templates, Path(name)):
        tables = tables_in(name, content)
    with app.database.read() as connection:
        draft = open_draft(connection, by.name)
    there = contents_below(app, draft)
    edited = apply_each(there, draft.edits if draft else ()).contents
    sent = {n: text for n, text in edited.items() if n not in there}
    taken = _Taking(app, there, sent, tables, wanted)
    try:
        found = taken.read()
    except NoTasksError as error:
        raise no_tasks(templates, Path(name)) from error
    text = plan_text(found.draft, found.say, asks=False)
    args = {
        "text": text,
        "origin": Origin.IMPORT,
        "name": name,
        "mark": hashlib.sha256(content).hexdigest()[:12],
        "asked": _with_near(asked_of(found.draft, tables), taken.directory),
        "dropped": found.draft.dropped,
        "tasks": len(found.draft.tasks),
    }
    edit = Edit(taken.document(found.draft), "text", args)
    drafts.add(app, by, edit)
    return Upload(edit, text.encode())


def _with_near(asked: list[Asked], directory: Directory) -> list[Asked]:
    """Whom a name that nobody has may mean is proposed sooner where it only need be chosen."""
    names = UnitNames(directory)
    for question in asked:
        if question["doubt"] == Doubt.UNITS_UNKNOWN:
            question["taken"] = names.near(question["said"], 0.5)
    return asked


def contents_below(app: Application, draft: DocumentDraft | None) -> Mapping[str, bytes]:
    """With what the draft says but for uploads: a file that is sent again is compared with what was
    there before it."""
    edits = [edit for edit in draft.edits if edit.kind not in WHOLE] if draft else []
    return apply_each(app.office.contents, edits).contents


@dataclass(frozen=True)
class _Taking:
    """`sent` are new documents that were sent before."""

    app: Application
    contents: Mapping[str, bytes]
    sent: Mapping[str, bytes]
    tables: list[Table]
    wanted: WantedTable

    def read(self) -> PlanImport:
        of = self.wanted.of
        if of in self.contents:
            return self._take(of)
        found = self._take()
        if found.draft.header.id != NEW_PLAN:
            there = self._document_of(found.draft)
            return self._take(there) if there else found
        if of != OTHER and self._plans():
            raise DeclinedError("which_table", title=found.draft.header.name)
        return self._as_another(found)

    def _take(self, revised: str = "") -> PlanImport:
        """With that document as the one of which it is a later version."""
        before = self.wanted.of.removeprefix(NEXT) if self.wanted.of.startswith(NEXT) else ""
        one = revised or before
        plans = {one: self.contents.get(one, b"")} if one else self._plans()
        files = [EditedFile(Path(name), text) for name, text in plans.items()]
        of = files[0] if revised else None
        there = PlansThere(files, self.directory, of, goes_on=bool(before))
        templates = office_templates(self.app.settings)
        today = self.app.table.local_day(self.app.clock.now()).year
        return take_in(self.tables, there, templates, self.wanted.year, today)

    @property
    def directory(self) -> Directory:
        return read_units(EditedFile(Path(UNITS), self.contents[UNITS]))

    def _plans(self) -> dict[str, bytes]:
        return {n: text for n, text in self.contents.items() if n.startswith(f"{PLAN}/")}

    def _document_of(self, draft: Draft) -> str:
        return _same(self._plans(), draft)

    def _as_another(self, found: PlanImport) -> PlanImport:
        """Its id is free, or that of the same table that was sent before."""
        title = found.draft.header.name
        old = [_head(n, text) for n, text in self.sent.items()]
        taken = {_head(n, text)["id"] for n, text in self._plans().items()}
        taken |= {head["id"] for head in old if head["name"] != title}
        name = next(one for n in count(1) if (one := f"plan-{n}") not in taken)
        header = replace(found.draft.header, id=name)
        return replace(found, draft=replace(found.draft, header=header))

    def document(self, draft: Draft) -> str:
        """Its file, an old one or a new one."""
        if there := self._document_of(draft) or _same(self.sent, draft):
            return there
        head = draft.header
        names = [f"{PLAN}/plan_{head.term.year}.toml", f"{PLAN}/{head.id}_{head.term.year}.toml"]
        taken = self.contents.keys() | self.sent.keys()
        return next((name for name in names if name not in taken), names[-1])


def _same(plans: Mapping[str, bytes], draft: Draft) -> str:
    """The document of that series and year, if there is one."""
    wanted = draft.header.id, draft.header.term.year
    heads = {name: _head(name, text) for name, text in plans.items()}
    return next((n for n, head in heads.items() if (head["id"], head["year"]) == wanted), "")


def _head(name: str, content: bytes) -> dict[str, Any]:
    head = EditedFile(Path(name), content).data.get("plan")
    said = head if isinstance(head, dict) else {}
    return {key: said.get(key) for key in ("id", "year", "name")}


def uploads(app: Application, connection: Connection, person: Person) -> list[Upload]:
    """Those of that person's draft."""
    draft = open_draft(connection, person.name)
    if draft is None:
        return []
    contents = apply_each(app.office.contents, draft.edits).contents
    found = [edit for edit in draft.edits if edit.kind == "text" and "asked" in edit.args]
    return [Upload(edit, contents.get(edit.document, b"")) for edit in found]
