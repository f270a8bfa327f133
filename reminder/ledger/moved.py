"""The mark of a ledger that was copied elsewhere: who went on with it would send again."""

from sqlalchemy import Connection, delete, select

from reminder.errors import LedgerError
from reminder.ledger.location import Place
from reminder.ledger.rows import put
from reminder.ledger.schema import setting

NAME = "moved-to"
_TARGET = select(setting.c.value).where(setting.c.name == NAME)


def refuse_moved(connection: Connection, place: Place) -> None:
    target = connection.scalar(_TARGET)
    if target is not None:
        raise LedgerError(
            f"the ledger {place} was moved to {target}: two that go on would send twice",
            hint="Set REMINDER_DATABASE_URL to the other. If that one was never in use: "
            "reminder ledger copy --undo",
        )


def mark(connection: Connection, target: Place) -> None:
    put(connection, setting, {"name": NAME, "value": str(target)})


def unmark(connection: Connection) -> bool:
    """False when it was not moved."""
    return bool(connection.execute(delete(setting).where(setting.c.name == NAME)).rowcount)
