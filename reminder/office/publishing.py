"""What is edited comes into force: whole or not at all, for every process at once."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from reminder.documents.edited_file import read_file
from reminder.documents.office import load_office
from reminder.domain.versions import Origin, Tell, Verdict
from reminder.errors import ConfigurationError, DeclinedError, Fault
from reminder.ledger import publications
from reminder.ledger.publications import hash_of
from reminder.office.application import Application
from reminder.office.versions import FileState, file_state, merged, place_of
from reminder.output_files import write_edited

log = logging.getLogger(__name__)

Changes = Mapping[str, bytes | None]


@dataclass(frozen=True)
class FileLook:
    """What became of the files: the publication that they made, or 0; the documents of which
    something else came into force meanwhile; what is wrong with them."""

    number: int
    conflicts: tuple[str, ...]
    faults: tuple[Fault, ...] = ()


def publish(
    app: Application,
    changes: Changes,
    *,
    origin: Origin,
    author: str,
    base: int,
    approver: str = "",
    note: str = "",
    tell: Tell = Tell.NOW,
    also: Callable[[Connection], object] = lambda connection: None,
) -> int:
    """Puts these texts of documents in force; None takes a document away. Returns the number.

    `base` is the newest publication that the author has seen; `also` is done in the same
    transaction. Raises `ConfigurationError` with
    every mistake, and `DeclinedError` where something else came into force since.
    """
    with app.database.read() as connection:
        contents = merged(connection, changes)
    now = app.as_edited
    load_office(now.config, now.command_line, contents, now.settings)
    at = app.clock.now()
    with app.database.write() as connection:
        if publications.newest(connection) != base:
            raise DeclinedError("published_meanwhile", "something else came into force meanwhile")
        number = publications.add(
            connection, changes, at,
            origin=origin, author=author, approver=approver, note=note, tell=tell,
        )  # fmt: skip
        also(connection)
    if number > 1:
        log.info("publication %d is in force: %s", number, ", ".join(changes))
    take_in(app)
    return number


def follow(app: Application) -> None:
    """From now on it goes by what is in force, and no more by the files."""
    if app.as_edited.publication is None:
        with app.database.read() as connection:
            number, contents = publications.newest(connection), publications.contents(connection)
        if number:
            app.go_by(number if contents == app.as_edited.contents else 0)
    take_in(app)


def take_in(app: Application) -> None:
    """Goes by what is in force now; calendars and notices follow."""
    if app.as_edited.publication is None:
        return
    if app.refresh():
        app.sync_feeds(app.clock.now())
        app.wake()


def publish_files(app: Application, *, author: str, forced: bool = False) -> FileLook:
    """What was edited in files since they were last the same as what is in force.

    `forced`: also where something else came into force meanwhile. Files with mistakes change
    nothing: the last good version stays in force.
    """
    place = place_of(app.as_edited.config)
    with app.database.read() as connection:
        state = file_state(connection, app.as_edited.document_files, place)
    conflicts = () if forced else tuple(state.with_verdict(Verdict.CONFLICT))
    changes = state.changes(forced=forced)
    if not changes:
        note_same(app, state, place)
        follow(app)
        return FileLook(0, conflicts)
    origin = Origin.FILE if state.number else Origin.START
    try:
        if all(v in (Verdict.SAME, Verdict.EDITED) for v in state.verdicts.values()):
            load_office(app.as_edited.config, app.as_edited.command_line, None, app.settings)
        number = publish(app, changes, origin=origin, author=author, base=state.number)
    except ConfigurationError as error:
        follow(app)
        return FileLook(0, conflicts, tuple(error.faults))
    except DeclinedError:
        return publish_files(app, author=author, forced=forced)
    follow(app)
    with app.database.write() as connection:
        publications.note_seen(connection, place, {n: hash_of(c) for n, c in changes.items()})
    note_same(app, state, place)
    return FileLook(number, conflicts)


def note_same(app: Application, state: FileState, place: str) -> None:
    """That the files are what is in force."""
    same = {name: hash_of(state.files.get(name)) for name in state.with_verdict(Verdict.SAME)}
    fresh = {name: value for name, value in same.items() if state.seen.get(name) != value}
    if fresh:
        with app.database.write() as connection:
            publications.note_seen(connection, place, fresh)


def write_files(app: Application, names: Iterable[str]) -> list[str]:
    """Brings the files of these documents to what is in force, where they were in step before and
    can be written. Returns the names of those that were left as they are."""
    place, files = place_of(app.as_edited.config), app.as_edited.document_files
    with app.database.read() as connection:
        versions = publications.in_force(connection)
        contents = publications.contents(connection)
        seen = publications.read_seen(connection, place)
    left, written = [], {}
    for name in names:
        path = files.path_of(name)
        try:
            there = read_file(path) if path.exists() else None
            if hash_of(there) not in (seen.get(name, ""), versions[name].sha256):
                left.append(name)  # somebody has edited it
                continue
            if name in contents:
                write_edited(path, contents[name])
            else:
                path.unlink(missing_ok=True)
            written[name] = versions[name].sha256
        except OSError as error:
            log.warning("%s was not written: %s", path, error.strerror)
            left.append(name)
    if written:
        with app.database.write() as connection:
            publications.note_seen(connection, place, written)
    return left
