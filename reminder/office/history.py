"""What was in force before, and how it comes back."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from reminder.domain.edits import Edit
from reminder.domain.versions import Origin, Publication, Tell
from reminder.errors import ConfigurationError, DeclinedError, UnknownError
from reminder.ledger import publications
from reminder.office.application import Application
from reminder.office.drafts import office_of
from reminder.office.effects import Effects, said_otherwise
from reminder.office.publishing import publish, write_files


def read_history(app: Application, document: str) -> list[Publication]:
    """The last one first. Raises `UnknownError` for a document that was never in force."""
    with app.database.read() as connection:
        found = publications.read_publications(connection, document)
        if not found:
            names = sorted(publications.in_force(connection))
            raise UnknownError.because("no_version", document=document, names=names)
    return found


def content_at(app: Application, document: str, number: int) -> bytes:
    """As it was in force after that publication. Raises `UnknownError`."""
    with app.database.read() as connection:
        held = publications.in_force(connection, number).get(document)
        newest = publications.newest(connection)
        content = publications.read_content(connection, document, held.number) if held else None
    if not 1 <= number <= newest:
        raise UnknownError.because("no_publication", number=number, newest=newest)
    if content is None:
        raise UnknownError.because("not_in_force_then", document=document, number=number)
    return content


def read_all(connection: Connection, document: str = "") -> list[Publication]:
    """The last one first: all, or those that changed that document."""
    return publications.read_publications(connection, document)


@dataclass(frozen=True)
class PastVersion:
    """A publication, and what it changed; `effects` is None for the first one, and where this
    program cannot read what was in force then. `differing` are those of its documents that are
    otherwise now."""

    publication: Publication
    effects: Effects | None
    differing: tuple[str, ...]


def read_version(app: Application, connection: Connection, number: int) -> PastVersion:
    """Raises `UnknownError`."""
    found = publications.read_publications(connection, after=number - 1)
    if not found or found[-1].number != number:
        raise UnknownError.because("no_publication", number=number, newest=0)
    one, now = found[-1], publications.in_force(connection)
    then = publications.in_force(connection, number)
    differing = tuple(n for n in one.documents if now[n].sha256 != then[n].sha256)
    before, after = (publications.contents(connection, at) for at in (number - 1, number))
    effects = None
    with suppress(ConfigurationError):
        if before:
            offices = (office_of(app, before), office_of(app, after))
            effects = said_otherwise(*offices, app.clock.now())
    return PastVersion(one, effects, differing)


def restoring(connection: Connection, one: PastVersion) -> list[Edit]:
    """The edits that bring its documents back."""
    edits = []
    for name in one.differing:
        content = publications.read_content(connection, name, one.publication.number)
        if content is None:
            edits.append(Edit(name, "remove", {"origin": Origin.RESTORE}))
        else:
            text = content.decode("utf-8-sig")
            edits.append(Edit(name, "text", {"text": text, "origin": Origin.RESTORE}))
    return edits


def restore(
    app: Application, document: str, number: int, author: str, tell: Tell = Tell.NOW
) -> tuple[int, list[str]]:
    """The text of that version comes into force again, as a version of its own. Returns its number,
    and the documents whose files could not be written. Raises `DeclinedError` where it is in force,
    and `ConfigurationError` where it does not fit what else is."""
    content = content_at(app, document, number)
    with app.database.read() as connection:
        base, held = publications.newest(connection), publications.in_force(connection)
    if document in held and held[document].sha256 == publications.hash_of(content):
        raise DeclinedError("in_force_already", "that version is in force")
    made = publish(
        app, {document: content},
        origin=Origin.RESTORE, author=author, base=base, note=str(number), tell=tell,
    )  # fmt: skip
    return made, write_files(app, [document])
