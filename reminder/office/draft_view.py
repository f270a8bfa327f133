"""A draft as it is looked at before it is published."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from reminder.documents.editing import WHOLE
from reminder.domain.edits import DocumentDraft, Edit
from reminder.domain.plan_changes import PlanChanges, compare
from reminder.domain.timetable import Timetable
from reminder.domain.versions import Publication
from reminder.errors import ConfigurationError, Fault, ReminderError
from reminder.ledger import publications
from reminder.office.application import Application
from reminder.office.drafts import DraftOutcome, came_since, office_of, outcome, place_of_edit
from reminder.office.effects import Effects, effects


@dataclass(frozen=True)
class EditLine:
    """One edit with what is wrong with it. `stale` is why it fits no more; `is_shared` where
    somebody else has changed the same since the draft was begun."""

    edit: Edit
    place: str
    faults: tuple[Fault, ...]
    stale: ReminderError | None
    is_shared: bool

    @property
    def typed(self) -> list[str]:
        """What a person has written, to be copied."""
        names = ("id", "origin")
        values = (value for name, value in self.edit.args.items() if name not in names)
        return [value for value in values if isinstance(value, str) and value]


@dataclass(frozen=True)
class CameSince:
    """What others have published since the draft was begun, and what that has changed."""

    publications: tuple[Publication, ...]
    before: Timetable | None
    changes: PlanChanges | None


@dataclass(frozen=True)
class DraftView:
    """`other_faults` come from none of its edits. `effects` are None while there are mistakes."""

    draft: DocumentDraft
    outcome: DraftOutcome
    lines: tuple[EditLine, ...]
    other_faults: tuple[Fault, ...]
    since: CameSince
    effects: Effects | None

    @cached_property
    def seen(self) -> str:
        """The same as long as the same would be published, with the same effects."""
        shown = (self.draft.mark, self.outcome.number, self.effects)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


def draft_view(app: Application, connection: Connection, draft: DocumentDraft) -> DraftView:
    found, since = outcome(app, connection, draft), _since(app, connection, draft)
    after = found.office
    return DraftView(
        draft,
        found,
        tuple(_lines(draft, found, since)),
        tuple(found.faults.get(-1, ())),
        since,
        effects(app, connection, app.office, after) if after else None,
    )


def _lines(draft: DocumentDraft, found: DraftOutcome, since: CameSince) -> Iterator[EditLine]:
    rows = {change.id for change in since.changes.tasks} if since.changes else set()
    rows |= set(since.changes.meetings) if since.changes else set()
    documents = {name for one in since.publications for name in one.documents}
    for position, edit in enumerate(draft.edits):
        faults = tuple(found.faults.get(position, ()))
        is_shared = edit.args.get("id") in rows
        if edit.kind in WHOLE:
            is_shared = edit.document in documents
        yield EditLine(edit, place_of_edit(edit), faults, found.stale.get(position), is_shared)


def _since(app: Application, connection: Connection, draft: DocumentDraft) -> CameSince:
    came = tuple(came_since(connection, draft)) if draft.base else ()
    if not came:
        return CameSince((), None, None)
    try:
        then = office_of(app, publications.contents(connection, at=draft.base)).table
    except ConfigurationError:  # it was read by another release
        return CameSince(came, None, None)
    return CameSince(came, then, compare(then, app.table))
