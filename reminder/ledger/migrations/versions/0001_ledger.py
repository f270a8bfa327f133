"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("last_modified", Moment(), nullable=False),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "uid"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("history_subject", "history", ["subject"], unique=False)
    op.create_table(
        "link",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("last_use", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("purpose", "subject"),
    )
    op.create_table(
        "notice",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("useful_until", Moment(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("as_of", Moment(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("notice_period", "notice", ["kind", "period"], unique=False)
    op.create_index("notice_state", "notice", ["state"], unique=False)
    op.create_index("notice_unit", "notice", ["unit", "created"], unique=False)
    op.create_table(
        "occasion",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("planned_at", Moment(), nullable=False),
        sa.Column("interim_at", Moment(), nullable=True),
        sa.Column("reported_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "relay",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "reminded",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "task"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "start",
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("course"),
    )
    op.create_table(
        "task_done",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("done_on", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("task", "period"),
    )
    op.create_table(
        "message",
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"],
            ["notice.key"],
        ),
        sa.PrimaryKeyConstraint("notice"),
    )
    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.Column("claim", sa.String(), nullable=True),
        sa.Column("updated", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"],
            ["notice.key"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice", "address"),
    )
    op.create_index("recipient_ready", "recipient", ["state", "not_before"], unique=False)
