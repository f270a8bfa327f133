"""What is edited comes into force: whole or not at all, for every process at once."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from reminder.documents.edited_file import read_file
from reminder.documents.office import Office
from reminder.documents.settings_sources import config_dir
from reminder.domain.versions import Origin, Tell, Verdict
from reminder.errors import ConfigurationError, DeclinedError, Fault
from reminder.events import Event
from reminder.ledger import publications
from reminder.ledger.publications import hash_of
from reminder.ledger.registrations import carry_task, forget_dates, note_date, read_dates
from reminder.office.application import Application
from reminder.office.carried_tasks import carried_tasks
from reminder.office.session_days import days_set, with_session_days
from reminder.office.versions import FileState, file_state, merged, place_of
from reminder.output_files import write_edited
from reminder.words import IN_CHECKOUT, SHIPPED

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
    transaction. Raises `ConfigurationError` with every mistake, and `DeclinedError` where something
    else came into force since.
    """
    with app.database.read() as connection:
        contents, known = merged(connection, changes), publications.contents(connection)
    before, at = app.office, app.clock.now()
    after = _load(app, contents)
    carried = list(carried_tasks({name: known.get(name) for name in changes}, after))
    with app.database.write(approver or author) as connection:
        if publications.newest(connection) != base:
            raise DeclinedError("published_meanwhile", "something else came into force meanwhile")
        number = publications.add(
            connection, changes, at,
            origin=origin, author=author, approver=approver, note=note, tell=tell,
        )  # fmt: skip
        for plan, session, day in days_set(before, after):
            note_date(connection, plan, session, day, at)
        for plan, task, onto in carried:
            carry_task(connection, plan, task, onto)
        also(connection)
    if number > 1:
        words, names = "publication %d is in force: %s", ", ".join(changes)
        log.info(words, number, names, extra=Event.PUBLISHED.of(publication=number))
    take_in(app)
    return number


def _load(app: Application, contents: Mapping[str, bytes]) -> Office:
    now = app.office
    if contents == now.contents:
        return now
    return now.with_documents(contents)


def follow(app: Application) -> None:
    """From now on it goes by what is in force, and no more by the files."""
    if app.office.publication is None:
        with app.database.read() as connection:
            number, contents = publications.newest(connection), publications.contents(connection)
        if number:
            app.go_by(number if contents == app.office.contents else 0)
    take_in(app)


def take_in(app: Application) -> None:
    """Goes by what is in force now; calendars and notices follow."""
    if app.office.publication is None:
        return
    if app.refresh():
        app.sync_feeds(app.clock.now())
        app.wake()


def publish_files(app: Application, *, author: str, forced: bool = False) -> FileLook:
    """What was edited in files since they were last the same as what is in force.

    `forced`: also where something else came into force meanwhile. Files with mistakes change
    nothing: the last good version stays in force.
    """
    place = place_of(app.office.config)
    try:
        with app.database.read() as connection:
            state = file_state(connection, app.office.document_files, place)
    except ConfigurationError as error:
        follow(app)
        return FileLook(0, (), tuple(error.faults))
    conflicts = () if forced else tuple(state.with_verdict(Verdict.CONFLICT))
    changes = state.changes(forced=forced)
    if not changes:
        note_same(app, state, place)
        follow(app)
        return FileLook(0, conflicts)
    origin = Origin.FILE if state.number else Origin.START
    try:
        kept = {} if state.number else _session_days(app, changes)
        also = partial(_keep_with, app.clock.now(), place, changes, kept)
        number = publish(app, changes, origin=origin, author=author, base=state.number, also=also)
    except ConfigurationError as error:
        follow(app)
        return FileLook(0, conflicts, tuple(error.faults))
    except DeclinedError:
        return publish_files(app, author=author, forced=forced)
    follow(app)
    note_same(app, state, place)
    write_files(app, kept)
    return FileLook(number, conflicts)


def _session_days(app: Application, changes: Changes) -> dict[str, bytes]:
    """Days that a ledger of an earlier release has of sessions, as the plans' texts."""
    with app.database.read() as connection:
        days, contents = read_dates(connection), merged(connection, changes)
    if not days:
        return {}
    office = _load(app, contents)
    return with_session_days(office, days, partial(_load, app))


def _keep_with(
    at: datetime, place: str, changes: Changes, kept: Mapping[str, bytes], connection: Connection
) -> None:
    """In the publication's transaction: what the files were, or the next edit would look as if
    something else had come between; of the first one the days of sessions, so that no feed and no
    mail is made without."""
    publications.note_seen(connection, place, {n: hash_of(c) for n, c in changes.items()})
    forget_dates(connection)
    if kept:
        origin, tell = Origin.CONSOLE, Tell.NOBODY
        number = publications.add(connection, kept, at, origin=origin, author="", tell=tell)
        publications.note_told(connection, [number], at)


def note_same(app: Application, state: FileState, place: str) -> None:
    """Files that are what is in force, and at a place that was never in step those that are what
    was: an edit of such a one is made without knowing what came since."""
    stale = [name for name in state.with_verdict(Verdict.STALE) if state.files.get(name)]
    names = state.with_verdict(Verdict.SAME) + [n for n in stale if n not in state.seen]
    same = {name: hash_of(state.files.get(name)) for name in names}
    fresh = {name: value for name, value in same.items() if state.seen.get(name) != value}
    if fresh:
        with app.database.write() as connection:
            publications.note_seen(connection, place, fresh)


def write_left_files(app: Application) -> None:
    """Files that are as they were before the version in force: whoever published it was killed
    before it was written, or is on another machine."""
    place = place_of(app.office.config)
    with app.database.read() as connection:
        state = file_state(connection, app.office.document_files, place)
    write_files(app, [name for name in state.with_verdict(Verdict.STALE) if name in state.seen])


def write_files(app: Application, names: Iterable[str]) -> list[str]:
    """Brings the files of these documents to what is in force, where they were in step before and
    can be written, and are the office's own. Returns the names of those that were left as they
    are."""
    place, files = place_of(app.office.config), app.office.document_files
    with app.database.read() as connection:
        versions = publications.in_force(connection)
        contents = publications.contents(connection)
        seen = publications.read_seen(connection, place)
    left, written = [], {}
    for name in names:
        path = files.path_of(name)
        try:
            there = read_file(path) if path.exists() else None
            if is_sample(app, path) or hash_of(there) not in (
                seen.get(name, ""),
                versions[name].sha256,
            ):
                left.append(name)  # or somebody has edited it
                continue
            if name in contents:
                write_edited(path, contents[name])
            else:
                path.unlink(missing_ok=True)
            written[name] = versions[name].sha256
        except OSError as error:
            unwritten = Event.FILE_UNWRITTEN.of()
            log.warning("%s was not written: %s", path, error.strerror, extra=unwritten)
            left.append(name)
    if written:
        with app.database.write() as connection:
            publications.note_seen(connection, place, written)
    return left


def is_sample(app: Application, path: Path) -> bool:
    """Whether the program ships that file and nobody has named it as the office's own; of an
    installed program, whoever names it: the next version would take its place."""
    if not path.is_relative_to(SHIPPED):
        return False
    if not IN_CHECKOUT:
        return True
    is_named = app.office.config is not None or bool(os.environ.get("REMINDER_CONFIG"))
    is_here = is_named and config_dir(app.office.config).resolve() == (SHIPPED / "config").resolve()
    is_plan = path.is_relative_to(app.office.document_files.plan.parent)
    return not (is_here or (is_plan and "plan" in app.settings.model_fields_set))


def left_behind(app: Application, names: Iterable[str]) -> list[str]:
    """Those of the documents whose files are not what is in force: edited, or not to be written."""
    files, found = app.office.document_files, []
    with app.database.read() as connection:
        versions = publications.in_force(connection)
    for name in names:
        path, there = files.path_of(name), None
        with suppress(OSError):
            there = read_file(path)
        if (
            not is_sample(app, path)
            and name in versions
            and hash_of(there) != versions[name].sha256
        ):
            found.append(name)
    return found
