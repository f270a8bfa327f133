"""What was in force before, and how it comes back."""

from reminder.documents.document_files import PLAN
from reminder.domain.versions import Origin, Publication, Tell
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import publications
from reminder.office.application import Application
from reminder.office.publishing import publish, write_files


def plan_document(app: Application) -> str:
    """Of the plan that it is about."""
    return f"{PLAN}/{app.office.path.name}"


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
