"""Many replicas: who sends, and which of them has trouble with the mail server."""

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "sender",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("replica", sa.String(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.rename_table("relay", "relay_of_all")
    op.create_table(
        "relay",
        sa.Column("replica", sa.String(), nullable=False, server_default=""),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False, server_default="server"),
        sa.PrimaryKeyConstraint("replica"),
    )
    op.execute(
        "INSERT INTO relay (replica, name, failures, since, not_before, detail, reason) "
        "SELECT '', name, failures, since, not_before, detail, reason FROM relay_of_all"
    )
    op.drop_table("relay_of_all")
