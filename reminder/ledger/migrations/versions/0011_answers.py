"""Answers by mail, messages of single addresses, other ways than mail, what readers choose."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment, Words

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("recipient", _empty("route", sa.String))
    op.create_index("notice_message_id", "notice", ["message_id"])
    op.create_table(
        "own_message",
        sa.Column("notice", sa.String(), sa.ForeignKey("notice.key")),
        sa.Column("address", sa.String()),
        *_filled(message_id=sa.String, sha256=sa.String, content=sa.LargeBinary, stored=Moment),
        sa.PrimaryKeyConstraint("notice", "address"),
    )
    op.create_index("own_message_stored", "own_message", ["stored"])
    op.create_index("own_message_id", "own_message", ["message_id"])
    op.create_table(
        "bounced_address",
        sa.Column("address", sa.String(), primary_key=True),
        *_filled(at=Moment, reason=sa.String, detail=Words, notice=sa.String),
    )
    op.create_table(
        "incoming",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        *_filled(at=Moment, noted=Moment, kind=sa.String, state=sa.String, reason=sa.String),
        *_filled(sender=Words, subject=Words, text=Words, message_id=Words),
        *_filled(notice=sa.String, unit=sa.String),
        sa.Column("registration", sa.Integer()),
        _empty("who", Words),
    )
    op.create_index("incoming_state", "incoming", ["state", "at"])
    op.create_index("incoming_unit", "incoming", ["unit", "at"])
    op.create_table(
        "preference",
        sa.Column("unit", sa.String()),
        sa.Column("address", sa.String()),
        *_filled(label=Words, declined=sa.String, quiet=sa.String),
        *_filled(pause_from=sa.String, pause_until=sa.String, extra=sa.Boolean, changed=Moment),
        sa.Column("confirmed", Moment()),
        sa.Column("left", Moment()),
        _empty("who", Words),
        sa.PrimaryKeyConstraint("unit", "address"),
    )
    _key_of_trouble()
    _widen("notice_state", "notice", ["state", "stream", "plan", "kind"])
    _widen("recipient_ready", "recipient", ["state", "route", "not_before"])


def _widen(name: str, table: str, columns: list[str]) -> None:
    """So that monitoring counts by the index alone."""
    op.drop_index(name, table_name=table)
    op.create_index(name, table, columns)


def _key_of_trouble() -> None:
    """SQLite adds no column to a primary key: the table is made anew, with its few rows."""
    old = sa.table(
        "server_trouble",
        *map(sa.column, ("replica", "server", "failures", "detail", "reason")),
        *(sa.column(name, Moment()) for name in ("since", "not_before")),
    )
    rows = op.get_bind().execute(sa.select(old)).mappings().all()
    op.drop_table("server_trouble")
    new = op.create_table(
        "server_trouble",
        sa.Column("replica", sa.String(), server_default=""),
        sa.Column("route", sa.String(), server_default=""),
        *_filled(server=sa.String, failures=sa.Integer, since=Moment, not_before=Moment),
        *_filled(detail=Words),
        sa.Column("reason", sa.String(), nullable=False, server_default="server"),
        sa.PrimaryKeyConstraint("replica", "route"),
    )
    assert new is not None
    for row in rows:
        op.execute(new.insert().values(dict(row)))


def _filled(**kinds: type[sa.types.TypeEngine[Any]]) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind(), nullable=False) for name, kind in kinds.items()]


def _empty(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    """For rows that are there already."""
    return sa.Column(name, kind(), nullable=False, server_default="")
