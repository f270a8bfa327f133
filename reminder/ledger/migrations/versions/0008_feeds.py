"""An event is a row of its feed: feeds share no agendas any more."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment

revision = "0008"
down_revision = "0007"

_COLUMNS = (
    "uid",
    "position",
    "entry",
    "content_hash",
    "sequence",
    "last_modified",
    "cancelled_at",
)
_SETTING = sa.table("setting", sa.column("name"), sa.column("value"))


def upgrade() -> None:
    op.drop_index("event_cancelled", "event")
    op.drop_index("feed_agenda", "feed")
    op.rename_table("event", "event_of_agenda")
    op.rename_table("feed", "feed_of_agenda")
    feed = op.create_table(
        "feed",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    event = op.create_table(
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
    _copy(feed, event)
    op.drop_table("event_of_agenda")
    op.drop_table("feed_of_agenda")
    op.create_index("event_cancelled", "event", ["cancelled_at"])
    old = ("feeds-made-from", "feeds-formed")
    op.execute(sa.delete(_SETTING).where(_SETTING.c.name.in_(old)))
    version = _SETTING.c.name == "feeds-changed"
    op.execute(sa.update(_SETTING).where(version).values(name="feed-version"))


def _copy(feed: sa.Table, event: sa.Table) -> None:
    """No event changes by it. A feed's Last-Modified was its youngest event's, or a later one for
    all feeds. Without input hashes every feed is looked at once."""
    connection = op.get_bind()
    columns = (sa.column(name, event.c[name].type) for name in _COLUMNS)
    events = sa.table("event_of_agenda", sa.column("agenda"), *columns)
    feeds = sa.table("feed_of_agenda", sa.column("name"), sa.column("agenda"))
    of_agenda = feeds.c.agenda == events.c.agenda
    rows = sa.select(feeds.c.name, *(events.c[name] for name in _COLUMNS)).where(of_agenda)
    connection.execute(sa.insert(event).from_select(["feed", *_COLUMNS], rows))
    value = sa.select(_SETTING.c.value).where(_SETTING.c.name == "feeds-formed")
    formed = datetime.fromisoformat(text) if (text := connection.scalar(value)) else None
    moments = (
        sa.select(feeds.c.name, sa.func.max(events.c.last_modified))
        .select_from(feeds.outerjoin(events, of_agenda))
        .group_by(feeds.c.name)
    )
    changed = [
        {"name": name, "input_hash": "", "changed": max(filter(None, (youngest, formed)))}
        for name, youngest in connection.execute(moments)
        if youngest or formed
    ]
    if changed:
        connection.execute(sa.insert(feed), changed)
