"""`console.four_eyes`: nobody lets go what they have written themselves."""

from datetime import datetime

from sqlalchemy import Connection

from reminder.documents.settings import Settings
from reminder.errors import DeclinedError
from reminder.ledger.publications import authors_told_since


def needs_other(settings: Settings, who: str, author: str) -> bool:
    """Whether somebody else must publish what that author has edited."""
    return settings.console.four_eyes and who == author


def refuse_own(settings: Settings, who: str, author: str) -> None:
    """Raises `DeclinedError`."""
    if needs_other(settings, who, author):
        raise DeclinedError("own_work", f"{who} has edited this: somebody else publishes it")


def refuse_own_words(
    connection: Connection, settings: Settings, who: str, put_in: datetime
) -> None:
    """Of a mail that waits since `put_in`: it tells of what came into force since, or was not told
    yet. Raises `DeclinedError` for who has written any of that."""
    if settings.console.four_eyes and who in authors_told_since(connection, put_in):
        message = f"{who} has edited what this mail tells: somebody else approves it"
        raise DeclinedError("own_words", message)
