"""The words of the tables: one for one thing."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("notice", "start"):
        op.alter_column(table, "course", new_column_name="stream")
