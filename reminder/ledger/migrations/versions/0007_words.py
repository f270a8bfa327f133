"""The words of the tables: one for one thing."""

from alembic import op

revision = "0007"
down_revision = "0006"

_COLUMNS = (
    ("notice", "course", "stream"),
    ("start", "course", "stream"),
    ("occasion", "made_from", "input_hash"),
    ("registration", "words", "message"),
    ("sender", "facts", "config_hash"),
    ("relay", "name", "server"),
)


def upgrade() -> None:
    for table, before, after in _COLUMNS:
        op.alter_column(table, before, new_column_name=after)
    op.rename_table("sender", "lease")
    op.rename_table("relay", "server_trouble")
