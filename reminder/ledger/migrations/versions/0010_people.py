"""Documents in force, people with names, what the secretariat registers for units."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment, Words

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        *_filled(at=Moment, origin=sa.String, author=Words, approver=Words),
        *_filled(note=Words, tell=sa.String),
        sa.Column("told", Moment()),
    )
    op.create_table(
        "version",
        sa.Column("publication", sa.Integer(), sa.ForeignKey("publication.number")),
        sa.Column("document", sa.String()),
        *_filled(sha256=sa.String),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("publication", "document"),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_filled(person=sa.String, state=sa.String, base=sa.Integer),
        *_filled(created=Moment, updated=Moment, author=Words, note=Words, tell=sa.String),
        *_filled(edits=sa.Text, answer=Words, answered_by=Words),
    )
    op.create_table(
        "person",
        sa.Column("name", sa.String(), primary_key=True),
        *_filled(full_name=Words, role=sa.String, password=sa.String, totp=sa.String),
        *_filled(totp_used=sa.Integer, subject=sa.String, disabled=sa.Boolean, created=Moment),
    )
    op.create_table(
        "ticket",
        sa.Column("name", sa.String(), primary_key=True),
        *_filled(person=sa.String, until=Moment),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_filled(at=Moment, plan=sa.String, period=sa.String, unit=sa.String),
        *_filled(clerk=Words, who=Words, message=Words),
    )
    op.create_index("call_unit", "call", ["plan", "unit", "at"])
    op.add_column("notice", sa.Column("publication", sa.Integer()))
    op.add_column("session", _empty("person", sa.String))
    op.add_column("session", _empty("agent", Words))
    op.add_column("history", _empty("who", Words))
    op.add_column("registration", _empty("channel", sa.String))
    op.add_column("registration", _empty("clerk", Words))


def _filled(**kinds: type[sa.types.TypeEngine[Any]]) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind(), nullable=False) for name, kind in kinds.items()]


def _empty(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    """For rows that are there already."""
    return sa.Column(name, kind(), nullable=False, server_default="")
