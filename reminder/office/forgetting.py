"""What somebody wants forgotten: only when nothing in force says it any more."""

from secrets import token_hex

from sqlalchemy import Connection, func, select

from reminder.documents.document_files import UNITS
from reminder.domain.notices import WAITING
from reminder.errors import UsageError
from reminder.ledger import publications
from reminder.ledger.forgetting import forget
from reminder.ledger.persons import read_persons
from reminder.ledger.schema import recipient
from reminder.office.application import Application

_LEAST = 2  # characters: less stands in words of all kinds


def forget_word(app: Application, word: str, who: str) -> int:
    """In how many rows of the ledger it stood. Raises `UsageError` where it is still in use."""
    word, at = word.strip(), app.clock.now()
    if len(word) < _LEAST:
        raise UsageError.because("nothing_to_forget")
    domain = "@removed.invalid" if "@" in word else ""
    with app.database.write(who) as connection:
        _refuse_in_use(app, connection, word)
        return forget(connection, word, f"removed-{token_hex(4)}{domain}", UNITS, at)


def _refuse_in_use(app: Application, connection: Connection, word: str) -> None:
    text = publications.contents(connection).get(UNITS, b"").decode("utf-8", "replace")
    units = map(str, app.table.directory.units.values())
    if any(word.lower() in one.lower() for one in (text, *units)):
        raise UsageError.because("forget_from_units", word=word, file=UNITS)
    if word in {person.full_name for person in read_persons(connection)}:
        raise UsageError.because("forget_account", word=word)
    waits = func.lower(recipient.c.address) == word.lower()
    waits |= recipient.c.address.endswith(f":{word}", autoescape=True)
    query = select(recipient.c.notice).where(waits, recipient.c.state.in_(WAITING)).limit(1)
    if key := connection.scalar(query):
        raise UsageError.because("forget_waiting", word=word, key=key)
