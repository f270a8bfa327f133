"""Whether anything that readers of the feeds see has changed since they looked last."""

from sqlalchemy import Connection, Integer, String, cast, select, update

from reminder.storage.ledger.schema import setting

_CHANGED = setting.c.name == "feeds-changed"


def stamp(connection: Connection) -> str:
    """Another one after every change. The migration has put the row there."""
    return str(connection.execute(select(setting.c.value).where(_CHANGED)).scalar_one())


def note_change(connection: Connection) -> None:
    """In the transaction that makes the change; whoever else notes one waits for its end."""
    following = cast(cast(setting.c.value, Integer) + 1, String)
    connection.execute(update(setting).where(_CHANGED).values(value=following))
