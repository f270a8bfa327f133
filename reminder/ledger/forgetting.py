"""What somebody wants forgotten: an address or a name, taken out of every row that people fill."""

import zlib
from datetime import datetime

from sqlalchemy import Connection, Text, delete, func, select, update

from reminder.ledger.history import note_act
from reminder.ledger.schema import (
    Words,
    bounced_address,
    history,
    metadata,
    own_message,
    preference,
    recipient,
    version,
)

# Accounts keep what they did; calendars and settings hold no words of that kind.
_LEFT_ALONE = {"person", "ticket", "setting", "event"}
_ADDRESSES = (recipient.c.address, own_message.c.address, history.c.address)


def forget(connection: Connection, word: str, instead: str, document: str, at: datetime) -> int:
    """How many rows held it. `document` is the one of which past versions hold it too: what is in
    force must not. Stored mails keep it for their 24 months."""
    count = 0
    for chosen in (bounced_address, preference):
        gone = delete(chosen).where(func.lower(chosen.c.address) == word.lower())
        count += connection.execute(gone).rowcount
    for column in _ADDRESSES:
        whole = update(column.table).where(func.lower(column) == word.lower())
        count += connection.execute(whole.values({column: instead})).rowcount
        # Of a channel, whose name stands before.
        target = update(column.table).where(column.endswith(f":{word}", autoescape=True))
        renamed = func.replace(column, word, instead)
        count += connection.execute(target.values({column: renamed})).rowcount
    for spelling in {word, word.lower()}:
        count += _in_words(connection, spelling, instead)
    count += _in_versions(connection, word, instead, document)
    note_act(connection, at, "data", "forgotten", instead)
    return count


def _in_words(connection: Connection, word: str, instead: str) -> int:
    """In what people and servers have said, as a part of it too."""
    count = 0
    for table in metadata.sorted_tables:
        for column in table.c if table.name not in _LEFT_ALONE else ():
            if isinstance(column.type, Words | Text):
                said = update(table).where(column.contains(word, autoescape=True))
                said = said.values({column: func.replace(column, word, instead)})
                count += connection.execute(said).rowcount
    return count


def _in_versions(connection: Connection, word: str, instead: str, document: str) -> int:
    """Their hashes stay: by them an old file is known for one."""
    rows = select(version).where(version.c.document == document, version.c.content.is_not(None))
    count = 0
    for row in connection.execute(rows).all():
        text = zlib.decompress(row.content).decode("utf-8", "surrogateescape")
        if word in text:
            packed = zlib.compress(text.replace(word, instead).encode("utf-8", "surrogateescape"))
            this = (version.c.document == document) & (version.c.publication == row.publication)
            connection.execute(update(version).where(this).values(content=packed))
            count += 1
    return count
