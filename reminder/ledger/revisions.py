"""Which tables are there: the ledger's, of which version, or another program's."""

from sqlalchemy import Connection, inspect, text

from reminder.errors import LedgerError
from reminder.ledger.location import Place
from reminder.ledger.schema import REVISION, metadata

_OURS = {*metadata.tables, "alembic_version"}


def known_revision(connection: Connection, place: Place, *, shared: bool = False) -> str | None:
    """None when there are no tables yet. Raises `LedgerError` for those of others.

    `shared`: others may have tables there, of other names.
    """
    tables = set(inspect(connection).get_table_names())
    if not (tables & _OURS if shared else tables):
        return None
    query = text("SELECT version_num FROM alembic_version")
    ours = {"alembic_version", "setting"} <= tables
    found = connection.scalar(query) if ours else None
    if not found:
        raise LedgerError(
            f"{place} is a database, but no ledger",
            hint="REMINDER_STATE_DIR or REMINDER_DATABASE_URL can name another place; this one "
            "is left as it is.",
        )
    if found > REVISION:
        raise LedgerError(
            f"the ledger {place} was made by a newer version of this program: its tables are "
            f"{found}, this one knows {REVISION}",
            hint="Install the newer version again; the ledger is left as it is.",
        )
    return str(found)
