"""Feeds that show the same share their events: an agenda."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0004"
down_revision = "0003"

_FACTS = ("uid", "position", "content_hash", "sequence", "last_modified", "cancelled_at")
_COLUMNS = (*_FACTS, "entry")


def upgrade() -> None:
    op.rename_table("event", "event_of_feed")
    feed = op.create_table(
        "feed",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("agenda", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    event = op.create_table(
        "event",
        sa.Column("agenda", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("last_modified", Moment(), nullable=False),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("agenda", "uid"),
    )
    _share(feed, event)
    op.drop_table("event_of_feed")
    op.create_index("feed_agenda", "feed", ["agenda", "name"], unique=False)
    op.create_index("event_cancelled", "event", ["cancelled_at"], unique=False)
    setting = sa.table("setting", sa.column("name"), sa.column("value"))
    op.execute(sa.insert(setting).values(name="feeds-changed", value="0"))


def _share(feed: sa.Table, event: sa.Table) -> None:
    """Feeds that are the same in every row show one agenda; no row changes by it."""
    connection = op.get_bind()
    old = sa.table("event_of_feed", *(sa.column(name) for name in ("feed", *_COLUMNS)))
    agendas: dict[bytes, int] = {}
    names = []
    for name, digest in _digests(connection, old):
        known = agendas.setdefault(digest, len(agendas) + 1)
        names.append({"name": name, "agenda": known})
    first = {row["agenda"]: row["name"] for row in reversed(names)}
    for agenda, shown in first.items():
        rows = sa.select(sa.literal(agenda), *(old.c[column] for column in _COLUMNS))
        copied = sa.insert(event).from_select(
            ["agenda", *_COLUMNS], rows.where(old.c.feed == shown)
        )
        connection.execute(copied)
    if names:
        connection.execute(sa.insert(feed), names)


def _digests(connection: sa.Connection, old: sa.TableClause) -> Iterator[tuple[str, bytes]]:
    facts = sa.select(old.c.feed, *(old.c[name] for name in _FACTS))
    rows = connection.execute(facts.order_by(old.c.feed, old.c.uid))
    for name, events in groupby(rows, attrgetter("feed")):
        yield name, hashlib.sha256(repr([tuple(row)[1:] for row in events]).encode()).digest()
