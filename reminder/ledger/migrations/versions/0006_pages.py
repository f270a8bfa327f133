"""Pages: what units register, who is logged in, days of sessions, links for single readers."""

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("done_on", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("registration_unit", "registration", ["unit", "at"])
    op.create_index("registration_task", "registration", ["task", "unit"])
    op.create_index("registration_act", "registration", ["act", "period", "unit"])
    op.create_table(
        "meeting_date",
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("recorded", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("meeting"),
    )
    op.create_table(
        "session",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("begun", Moment(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "attempt",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.add_column("notice", sa.Column("approved", sa.String()))
    op.create_index("notice_created", "notice", ["created", "key"])
    op.add_column("link", sa.Column("label", sa.Text(), nullable=False, server_default=""))
    op.add_column("link", sa.Column("created", Moment()))
