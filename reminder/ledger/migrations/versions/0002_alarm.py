"""What the operator was told of, and why a mail server is in trouble."""

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.add_column(
        "relay", sa.Column("reason", sa.String(), nullable=False, server_default="server")
    )
