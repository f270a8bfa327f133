"""Whether anything that readers of the feeds see has changed since they looked last."""

from sqlalchemy import Connection, Integer, String, cast, insert, select, update

from reminder.ledger.schema import setting

_NAME = "feeds-changed"


def stamp(connection: Connection) -> str:
    """Another one after every change."""
    query = select(setting.c.value).where(setting.c.name == _NAME)
    return str(connection.execute(query).scalar() or 0)


def note_change(connection: Connection) -> None:
    """In the transaction that makes the change."""
    following = cast(cast(setting.c.value, Integer) + 1, String)
    noted = connection.execute(
        update(setting).where(setting.c.name == _NAME).values(value=following)
    )
    if not noted.rowcount:
        connection.execute(insert(setting).values(name=_NAME, value="1"))
