"""What all queries share: rows that may be there already, settings, work in parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from reminder.ledger.schema import setting

Row = Mapping[str, Any]


def put(
    connection: Connection, table: Table, *rows: Row, changing: Sequence[str] | None = None
) -> None:
    """A row whose key is there already is changed: in these columns, or in all that are given."""
    key = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    names = [name for name in rows[0] if name not in key] if changing is None else changing
    fresh = {name: statement.excluded[name] for name in names}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=fresh), list(rows))


def put_new(connection: Connection, table: Table, row: Row) -> bool:
    """False when its key is there already: that row stays as it is.

    Asked by RETURNING: of an INSERT without it SQLAlchemy knows no row count on PostgreSQL.
    """
    statement = _insert(connection, table).on_conflict_do_nothing()
    added = connection.execute(statement.returning(*table.primary_key), row)
    return added.first() is not None


# Asked with every answer: made once, for making a statement takes longer than running it.
_VALUE = sa.select(setting.c.value).where(setting.c.name == sa.bindparam("of_name"))


def read_setting(connection: Connection, name: str) -> str | None:
    return connection.scalar(_VALUE, {"of_name": name})


def put_setting(connection: Connection, name: str, value: str) -> None:
    put(connection, setting, {"name": name, "value": value})


def put_new_setting(connection: Connection, name: str, value: str) -> bool:
    """False when it has a value already, which stays."""
    return put_new(connection, setting, {"name": name, "value": value})


def drop_setting(connection: Connection, name: str) -> bool:
    """False when there was none."""
    return bool(connection.execute(sa.delete(setting).where(setting.c.name == name)).rowcount)


def _insert(connection: Connection, table: Table) -> Any:
    # Only of the database in use: PostgreSQL's dialect takes 17 ms to import.
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """SQLite limits the variables of one statement; and long work goes in short transactions,
    so that others wait for half a second at most."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
