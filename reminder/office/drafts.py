"""Drafts: edits that a person gathers, looks at, and publishes or has published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection

from reminder.documents.editing import apply_each, with_edits
from reminder.documents.editing import place_of_edit as place_of_edit
from reminder.documents.office import Office
from reminder.domain.edits import DocumentDraft, DraftState, Edit
from reminder.domain.persons import Person
from reminder.domain.versions import Publication, Tell
from reminder.errors import ConfigurationError, DeclinedError, Fault, ReminderError, UnknownError
from reminder.ledger import drafts, publications
from reminder.ledger.drafts import open_draft as open_draft
from reminder.ledger.drafts import read_draft
from reminder.ledger.drafts import submitted_drafts as submitted_drafts
from reminder.office.application import Application
from reminder.office.four_eyes import refuse_own
from reminder.office.publishing import follow, publish, publish_files, write_files

NOTE = 200  # characters
KEPT = 7  # drafts that were looked at last


@dataclass(frozen=True)
class DraftOutcome:
    """A draft, applied to what is in force. `office` is what would be in force with it; None where
    it has mistakes. `faults` and `stale` are by the positions of the edits that they come from;
    a fault that comes from none is under -1."""

    number: int  # of the newest publication
    before: Mapping[str, bytes] = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)
    changes: Mapping[str, bytes | None] = field(repr=False)
    office: Office | None = field(repr=False)
    faults: Mapping[int, list[Fault]]
    stale: Mapping[int, ReminderError]

    @property
    def wrong(self) -> list[Fault | ReminderError]:
        return [
            *(fault for faults in self.faults.values() for fault in faults),
            *self.stale.values(),
        ]

    @property
    def can_publish(self) -> bool:
        return bool(self.changes) and self.office is not None and not self.stale


def draft_of(app: Application, author: str, *edits: Edit) -> DocumentDraft:
    """One that is not kept."""
    at, base = app.clock.now(), app.office.publication or 0
    return DocumentDraft("", author, DraftState.OPEN, base, with_edits((), edits), at, at)


def add(app: Application, by: Person, *edits: Edit) -> None:
    """To that person's draft; of two edits of one place the later one counts."""
    at = app.clock.now()
    with app.database.write() as connection:
        old = open_draft(connection, by.name)
        if old:
            drafts.put_edits(connection, old.id, with_edits(old.edits, edits), at)
            return
        base = publications.newest(connection)
        added = with_edits((), edits)
        new = DocumentDraft(by.name, by.full_name, DraftState.OPEN, base, added, at, at)
        drafts.add_draft(connection, new)


def drop(app: Application, by: Person, place: str) -> None:
    """Takes back the edit of that place (`place_of_edit`)."""
    with app.database.write() as connection:
        if draft := open_draft(connection, by.name):
            left = [edit for edit in draft.edits if place_of_edit(edit) != place]
            drafts.put_edits(connection, draft.id, left, app.clock.now())


def discard(app: Application, by: Person) -> None:
    with app.database.write() as connection:
        if draft := open_draft(connection, by.name):
            drafts.drop_draft(connection, draft.id)


def outcome(app: Application, connection: Connection, draft: DocumentDraft) -> DraftOutcome:
    """As it would be published now. The same question again costs nothing."""
    number, contents = _latest(app, connection)
    asked = (number, draft.mark, id(app.office.settings))
    found: DraftOutcome | None = app.outcomes.get(asked)
    if found is None:
        found = app.outcomes[asked] = _outcome(app, number, contents, draft)
        for old in list(app.outcomes)[:-KEPT]:
            app.outcomes.pop(old, None)
    return replace(found, office=found.office and _chosen(app, found.office))


def _outcome(
    app: Application, number: int, contents: Mapping[str, bytes], draft: DocumentDraft
) -> DraftOutcome:
    edited = apply_each(contents, draft.edits)
    office, faults = None, {}
    try:
        office = replace(office_of(app, edited.contents), begun=app.office.begun)
    except ConfigurationError as error:
        faults = _by_edit(app, contents, draft, error.faults)
    changes, misfits = edited.changes, edited.misfits
    return DraftOutcome(number, contents, edited.contents, changes, office, faults, misfits)


def _latest(app: Application, connection: Connection) -> tuple[int, Mapping[str, bytes]]:
    """The newest publication, and what its documents hold; of a command with what files add."""
    office = app.office
    if office.publication is not None:
        return office.publication, office.contents
    number = publications.newest(connection)
    return number, publications.contents(connection) if number else office.contents


def office_of(app: Application, contents: Mapping[str, bytes]) -> Office:
    """With these documents. Raises `ConfigurationError`."""
    now = app.office
    return _chosen(app, now.with_documents(contents))


def _chosen(app: Application, office: Office) -> Office:
    """About the table that the application is about, where it is still there."""
    plan = app.table.plan
    return office.choosing(office.positions.get((plan.id, plan.year), 0))


def _by_edit(
    app: Application, contents: Mapping[str, bytes], draft: DocumentDraft, faults: list[Fault]
) -> dict[int, list[Fault]]:
    """Each mistake by the edit with which it came."""
    found: dict[int, list[Fault]] = {}
    known: dict[int, set[tuple[str, str, str]]] = {}

    def has(fault: Fault, count: int) -> bool:
        """Whether the first so many edits make that mistake, at whatever line."""
        if count not in known:
            edited = apply_each(contents, draft.edits[:count])
            known[count] = {_name(one) for one in _faults(app, edited.contents)}
        return _name(fault) in known[count]

    for fault in faults:
        came = _first(len(draft.edits), partial(has, fault))
        found.setdefault(came - 1, []).append(fault)
    return found


def _first(most: int, holds: Callable[[int], bool]) -> int:
    """The least number for which it holds, as it does for `most`; by halves."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _faults(app: Application, contents: Mapping[str, bytes]) -> list[Fault]:
    try:
        office_of(app, contents)
    except ConfigurationError as error:
        return error.faults
    return []


def _name(fault: Fault) -> tuple[str, str, str]:
    facts = {name: value for name, value in fault.facts.items() if name != "line"}
    return fault.path, fault.key, f"{fault.reason} {facts}"


def came_since(connection: Connection, draft: DocumentDraft) -> list[Publication]:
    """What came into force after the draft was begun, the last one first."""
    return publications.read_publications(connection, after=draft.base)


# Submitting, publishing


def submit(app: Application, by: Person, note: str, tell: Tell) -> None:
    """The draft waits for somebody who may publish it. Raises `DeclinedError`."""
    at = app.clock.now()
    with app.database.write() as connection:
        draft = open_draft(connection, by.name)
        if not draft:
            raise DeclinedError("nothing_to_publish", "nothing was edited")
        values = {"state": DraftState.SUBMITTED, "note": note, "tell": tell}
        values |= {"answer": "", "answered_by": ""}
        drafts.change_draft(connection, draft.id, at, **values)


def take_up(app: Application, number: int, answer: str = "", who: str = "") -> None:
    """A submitted draft goes on: its author takes it back, or hears why it is not published. What
    the author has edited meanwhile comes to it."""
    at = app.clock.now()
    with app.database.write() as connection:
        draft = find_submitted(connection, number)
        if later := open_draft(connection, draft.person):
            drafts.drop_draft(connection, later.id)
            drafts.put_edits(connection, number, with_edits(draft.edits, later.edits), at)
        values = {"state": DraftState.OPEN, "answer": answer, "answered_by": who}
        drafts.change_draft(connection, number, at, **values)


def find_submitted(connection: Connection, number: int) -> DocumentDraft:
    """Raises `UnknownError`."""
    draft = read_draft(connection, number)
    if draft is None or draft.state is not DraftState.SUBMITTED:
        raise UnknownError.because("no_draft", number=number)
    return draft


def publish_draft(
    app: Application,
    draft: DocumentDraft,
    by: Person,
    *,
    note: str,
    tell: Tell,
    seen: DraftOutcome | None = None,
) -> int:
    """Under its author's name; `by` stands beside it where that is another. As `publish_at_once`,
    and refused where it was edited while this was looked at."""
    refuse_own(app.settings, by.full_name, draft.author)

    def gone(connection: Connection) -> None:
        now = read_draft(connection, draft.id)
        if now is None or now.mark != draft.mark:
            raise DeclinedError("draft_changed", "the draft was edited meanwhile")
        drafts.drop_draft(connection, draft.id)

    approver = "" if draft.person == by.name else by.full_name
    return publish_at_once(
        app, draft, approver=approver, note=note, tell=tell, seen=seen, also=gone
    )


def publish_at_once(
    app: Application,
    draft: DocumentDraft,
    *,
    approver: str = "",
    note: str = "",
    tell: Tell = Tell.NOW,
    seen: DraftOutcome | None = None,
    also: Callable[[Connection], object] = lambda connection: None,
) -> int:
    """One that need not be kept. The files follow where they can be written. Returns the
    publication's number.

    Raises `DeclinedError` where it has mistakes or changes nothing, and where something came into
    force since it was `seen`.
    """
    begin(app)
    with app.database.read() as connection:
        found = outcome(app, connection, draft)
    if seen and found.before != seen.before:
        raise DeclinedError("published_meanwhile", "something else came into force meanwhile")
    if not found.changes:
        raise DeclinedError("nothing_to_publish", "the draft changes nothing")
    if not found.can_publish:
        raise DeclinedError("draft_has_mistakes", "the draft has mistakes")
    number = publish(
        app,
        found.changes,
        origin=draft.origin,
        author=draft.author,
        approver=approver,
        base=found.number,
        note=note,
        tell=tell,
        also=also,
    )
    write_files(app, found.changes)
    return number


def begin(app: Application) -> None:
    """What the files say comes into force first, where nothing ever was; and from now on it goes
    by what is in force."""
    with app.database.read() as connection:
        is_first = not publications.newest(connection)
    if is_first:
        publish_files(app, author="")
    follow(app)
