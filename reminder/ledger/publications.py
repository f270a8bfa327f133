"""The documents that are in force, and all versions before."""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, bindparam, func, select, update

from reminder.domain.versions import Origin, Publication, Tell, Version
from reminder.ledger.rows import put_setting
from reminder.ledger.schema import publication, setting, version

_NEWEST = select(func.max(publication.c.number))
_SEEN = "file"


def newest(connection: Connection) -> int:
    """The last publication's number; 0 before the first."""
    return connection.scalar(_NEWEST) or 0


def hash_of(content: bytes | None) -> str:
    """Empty for what is not there."""
    return "" if content is None else sha256(content).hexdigest()


def in_force(connection: Connection, at: int | None = None) -> dict[str, Version]:
    """Of each document the newest version; as it was after the publication `at`."""
    query = select(version.c.publication, version.c.document, version.c.sha256)
    query = query.add_columns(publication.c.origin).join(publication)
    query = query.order_by(version.c.publication)
    rows = connection.execute(query if at is None else query.where(publication.c.number <= at))
    return {
        row.document: Version(row.document, row.publication, row.sha256, Origin(row.origin))
        for row in rows
    }


def known_hashes(connection: Connection) -> set[tuple[str, str]]:
    """Of all versions of each document."""
    return {
        (row.document, row.sha256)
        for row in connection.execute(select(version.c.document, version.c.sha256))
    }


def contents(connection: Connection, at: int | None = None) -> dict[str, bytes]:
    """Of the documents that are in force, or were after the publication `at`."""
    newest = select(version.c.document, func.max(version.c.publication).label("number"))
    if at is not None:
        newest = newest.where(version.c.publication <= at)
    held = newest.group_by(version.c.document).subquery()
    same = (version.c.document == held.c.document) & (version.c.publication == held.c.number)
    query = select(version.c.document, version.c.content).join(held, same)
    rows = connection.execute(query.where(version.c.content.is_not(None)))
    return {row.document: zlib.decompress(row.content) for row in rows}


_CONTENT = select(version.c.content).where(
    version.c.document == bindparam("of"), version.c.publication == bindparam("number")
)


def read_content(connection: Connection, document: str, number: int) -> bytes | None:
    """As that publication has it; None where it has not, or was taken away by it."""
    packed = connection.scalar(_CONTENT, {"of": document, "number": number})
    return None if packed is None else zlib.decompress(packed)


def add(
    connection: Connection,
    changed: Mapping[str, bytes | None],
    at: datetime,
    *,
    origin: Origin,
    author: str,
    approver: str = "",
    note: str = "",
    tell: Tell,
) -> int:
    """Returns its number. Within `Database.write`: one writer at a time."""
    number = newest(connection) + 1
    row = {"number": number, "at": at, "origin": origin, "author": author, "approver": approver}
    connection.execute(publication.insert(), row | {"note": note, "tell": tell})
    rows = [
        {
            "publication": number,
            "document": name,
            "sha256": hash_of(content),
            "content": None if content is None else zlib.compress(content),
        }
        for name, content in changed.items()
    ]
    connection.execute(version.insert(), rows)
    if number == 1:  # what there was from the beginning is no news
        note_told(connection, [number], at)
    return number


def read_publications(
    connection: Connection, document: str = "", after: int = 0, most: int | None = None
) -> list[Publication]:
    """The last one first: all, or those that changed that document."""
    names: dict[int, list[str]] = {}
    query = select(version.c.publication, version.c.document).order_by(version.c.document)
    for number, name in connection.execute(query.where(version.c.publication > after)):
        names.setdefault(number, []).append(name)
    numbers = [n for n in sorted(names, reverse=True) if not document or document in names[n]]
    rows = connection.execute(
        select(publication)
        .where(publication.c.number.in_(numbers[:most]))
        .order_by(publication.c.number.desc())
    )
    return [
        Publication(
            number=row.number,
            at=row.at,
            origin=Origin(row.origin),
            author=row.author,
            approver=row.approver,
            note=row.note,
            tell=Tell(row.tell),
            told=row.told,
            documents=tuple(names[row.number]),
        )
        for row in rows
    ]


def untold(connection: Connection) -> list[int]:
    """Numbers of publications of which it is not decided yet whom to tell, the first one first."""
    query = select(publication.c.number).where(publication.c.told.is_(None))
    return list(connection.scalars(query.order_by(publication.c.number)))


def authors_told_since(connection: Connection, at: datetime) -> set[str]:
    """Of publications of which others were told then or later, or not yet."""
    query = select(publication.c.author).where(
        publication.c.told.is_(None) | (publication.c.told >= at), publication.c.author != ""
    )
    return set(connection.scalars(query))


def note_told(connection: Connection, numbers: Iterable[int], at: datetime) -> None:
    of = publication.c.number.in_(list(numbers))
    connection.execute(update(publication).where(of).values(told=at))


# What a place's files were when they were last the same as what is in force


def read_seen(connection: Connection, place: str) -> dict[str, str]:
    """The hash of each document's file, by its name."""
    prefix = f"{_SEEN}/{place}/"
    query = select(setting).where(setting.c.name.startswith(prefix, autoescape=True))
    return {row.name.removeprefix(prefix): row.value for row in connection.execute(query)}


def note_seen(connection: Connection, place: str, hashes: Mapping[str, str]) -> None:
    for name, value in hashes.items():
        put_setting(connection, f"{_SEEN}/{place}/{name}", value)
