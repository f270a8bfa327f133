"""Which version of the documents is in force, and what the files that people edit mean for it."""

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.documents.document_files import DocumentFiles
from reminder.documents.office import Office, load_office
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.domain.versions import Verdict, Version, judge
from reminder.errors import ConfigurationError, LedgerError
from reminder.ledger import publications
from reminder.ledger.database import DatabaseServer, Place, known_revision, reading
from reminder.ledger.file import was_begun
from reminder.ledger.publications import hash_of
from reminder.ledger.registrations import read_dates
from reminder.ledger.schema import REVISION
from reminder.office.session_days import with_session_days


def place_of(config: Path | None) -> str:
    """Names the files of this machine and folder, by a hash."""
    where = f"{socket.gethostname()}\0{config_dir(config).resolve()}"
    return hashlib.sha256(where.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class FileState:
    """Each document's file beside the version in force: by the name of the document."""

    number: int  # of the newest publication
    verdicts: Mapping[str, Verdict]
    files: Mapping[str, bytes | None]
    seen: Mapping[str, str]
    versions: Mapping[str, Version] = field(repr=False)

    def with_verdict(self, verdict: Verdict) -> list[str]:
        return [name for name, found in self.verdicts.items() if found is verdict]

    def changes(self, *, forced: bool = False) -> dict[str, bytes | None]:
        """What the files would bring into force; `forced` where something else came between,
        too."""
        wanted = {Verdict.EDITED, *((Verdict.CONFLICT, Verdict.STALE) if forced else ())}
        return {name: self.files.get(name) for name, v in self.verdicts.items() if v in wanted}


def file_state(connection: Connection, files: DocumentFiles, place: str) -> FileState:
    versions = publications.in_force(connection)
    found = files.contents(versions)
    seen, known = (publications.read_seen(connection, place), publications.known_hashes(connection))
    verdicts = {}
    for name in dict.fromkeys((*found, *versions)):
        hashes = {sha for document, sha in known if document == name}
        file = hash_of(found.get(name))
        verdicts[name] = judge(file, seen.get(name), versions.get(name), hashes)
    return FileState(publications.newest(connection), verdicts, found, seen, versions)


def merged(connection: Connection, changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """What would be in force with them."""
    after: dict[str, bytes | None] = {**publications.contents(connection), **changes}
    return {name: content for name, content in after.items() if content is not None}


def open_office(
    config: Path | None = None, command_line: Mapping[str, Any] | None = None
) -> Office:
    """As it would be at the next tick: what is in force, and edited files that would come into
    force by themselves. A plan that the command line names is read as it lies there. Raises
    `ConfigurationError` and `LedgerError`.
    """
    try:
        settings = SettingsSources(config, command_line).load()
        by_files = (command_line or {}).get("plan") or not has_ledger(settings)
        found = None if by_files else _to_come(settings, config)
    except (ConfigurationError, LedgerError):
        found = None  # said by who reads all the files, or opens the ledger
    if not found:
        return load_office(config, command_line)
    number, contents = found
    if not number:
        return _with_days(load_office(config, command_line), settings)
    try:
        return replace(load_office(config, command_line, contents), publication=number)
    except ConfigurationError:
        good = last_good(config, command_line) if contents else None
        if good is None:
            raise
        return good  # these files do not go with what else is in force


def _with_days(office: Office, settings: Settings) -> Office:
    """With days of sessions that a ledger of an earlier release has, and the first publication
    makes part of the plans."""
    with reading(settings.ledger) as connection:
        days = read_dates(connection)

    def load(contents: Mapping[str, bytes]) -> Office:
        return office.with_documents(contents, settings)

    changes = with_session_days(office, days, load) if days else {}
    return load({**office.contents, **changes}) if changes else office


def _to_come(settings: Settings, config: Path | None) -> tuple[int, dict[str, bytes] | None] | None:
    """The newest publication, and the contents that its documents will have; without contents they
    are as the files are. 0 where nothing was published yet; None for another release's ledger."""
    with reading(settings.ledger) as connection:
        if known_revision(connection, settings.ledger) != REVISION:
            return None
        if not (number := publications.newest(connection)):
            return 0, None
        files = DocumentFiles(settings.plan, config_dir(config))
        state = file_state(connection, files, place_of(config))
        as_files = set(state.verdicts.values()) <= {Verdict.SAME, Verdict.EDITED}
        if as_files and state.files.keys() == files.documents().keys():
            return number, None
        return number, merged(connection, state.changes())


def last_good(
    config: Path | None = None, command_line: Mapping[str, Any] | None = None
) -> Office | None:
    """What is in force, whatever the files are; None where nothing was published yet. Raises
    `ConfigurationError` for the settings."""
    settings = SettingsSources(config, command_line).load()
    if not has_ledger(settings):
        return None
    with reading(settings.ledger) as connection:
        if known_revision(connection, settings.ledger) != REVISION:
            return None
        number, contents = publications.newest(connection), publications.contents(connection)
    if not number:
        return None
    return replace(load_office(config, command_line, contents), publication=number)


def has_ledger(settings: Settings) -> bool:
    """Or had one: it is opened then, and its loss is said."""
    place: Place = settings.ledger
    return isinstance(place, DatabaseServer) or was_begun(place)
