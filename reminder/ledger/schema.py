"""The ledger's tables, and kinds of columns that both databases keep alike."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Dialect, Index, Integer, MetaData, String, Table, Text


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC: SQLite hands back naive ones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a moment needs a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Words(sa.TypeDecorator[str]):
    """What others say, recorded whatever it holds: PostgreSQL keeps no NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\0", "\N{SYMBOL FOR NULL}")


def _key(*names: str) -> list[Column[str]]:
    return [Column(name, String, primary_key=True) for name in names]


def _filled(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    """Columns that always have a value."""
    return [Column(name, kind, nullable=False) for name in names]


# What the migrations lead to; `open_database` migrates when the database says otherwise.
REVISION = "0008"
metadata = MetaData()
# The installation key, and marks such as what the feeds were last made from.
setting = Table("setting", metadata, *_key("name"), *_filled(Text, "value"))
# Written once a stream, which is a transport, or a rehearsal on one; `held` until the operator
# releases.
start = Table("start", metadata, *_key("stream"), *_filled(Moment, "at"), *_filled(Boolean, "held"))
occasion = Table(
    "occasion",
    metadata,
    *_key("key"),
    *_filled(String, "kind", "period"),
    *_filled(Moment, "due", "planned_at"),
    # While some of it still waits, one report goes after an hour; the last one when it ended.
    Column("interim_at", Moment),
    Column("reported_at", Moment),
    # Of plan, units and what was registered, once every notice is there.
    Column("input_hash", String),
)
notice = Table(
    "notice",
    metadata,
    *_key("key"),
    *_filled(String, "kind", "period", "unit"),
    *_filled(Moment, "due", "useful_until"),
    # Set on the notice itself (held, expired, baseline, refused for want of an address);
    # otherwise the state follows from the recipients.
    Column("state", String),
    # `stream`: under which first start it was made; only the same transport may deliver it.
    *_filled(String, "reason", "stream"),
    *_filled(Boolean, "rehearsal"),
    # Fixed when the notice becomes queued.
    Column("message_id", String),
    Column("as_of", Moment),
    Column("sha256", String),
    # Of the message as the secretariat has seen and approved it, while it waits for its moment.
    Column("approved", String),
    *_filled(Integer, "attempts"),
    *_filled(Moment, "created", "updated"),
    Index("notice_period", "kind", "period"),
    Index("notice_unit", "unit", "created"),
    Index("notice_state", "state"),
    Index("notice_created", "created", "key"),
)
# The stored bytes: compressed, kept 24 months; the hash stays with the notice.
message = Table(
    "message",
    metadata,
    Column("notice", sa.ForeignKey("notice.key"), primary_key=True),
    *_filled(sa.LargeBinary, "content"),
    *_filled(Moment, "stored"),
    Index("message_stored", "stored"),
)
recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice", sa.ForeignKey("notice.key"), nullable=False),
    *_filled(String, "address", "state", "reason"),
    *_filled(Words, "reply"),
    *_filled(Integer, "attempts"),
    *_filled(Moment, "not_before"),
    Column("claim", String),
    *_filled(Moment, "updated"),
    sa.UniqueConstraint("notice", "address"),
    Index("recipient_ready", "state", "not_before"),
)
# Which tasks a unit was reminded of, for which due date, at which step.
reminded = Table(
    "reminded",
    metadata,
    *_key("key", "task"),
    *_filled(String, "kind", "unit", "due"),
    *_filled(Integer, "step"),
    Index("reminded_step", "task", "due", "step"),
)
# What is registered of a task: done on a day, for good (period "") or for one month's check-in.
task_done = Table(
    "task_done",
    metadata,
    *_key("task", "period"),
    *_filled(String, "done_on"),
    *_filled(Words, "note"),
    *_filled(Moment, "recorded"),
)
# Append-only: what units and the secretariat say of tasks and months; the last word holds.
registration = Table(
    "registration",
    metadata,
    Column("id", Integer, primary_key=True),
    *_filled(Moment, "at"),
    # `period`: the month that was signed, or a year-round task's check-in; empty for a task as a
    # whole. `task` is empty for a month.
    *_filled(String, "act", "unit", "period", "task", "done_on"),
    Column("percent", Integer),
    *_filled(Words, "message", "who"),
    *_filled(String, "link"),  # by which it came, e.g. `page/deputies/1`
    Index("registration_unit", "unit", "at"),
    Index("registration_task", "task", "unit"),
    Index("registration_act", "act", "period", "unit"),
)
# The days of sessions as the secretariat has set them; each outweighs the plan's.
meeting_date = Table(
    "meeting_date",
    metadata,
    *_key("meeting"),
    *_filled(String, "day"),
    *_filled(Moment, "recorded"),
)
# Who is logged in at the console, by a hash of the cookie's word.
session = Table("session", metadata, *_key("name"), *_filled(Moment, "begun", "seen"))
# Failed log-ins by where they came from: the next one waits.
attempt = Table(
    "attempt",
    metadata,
    *_key("source"),
    *_filled(Integer, "failures"),
    *_filled(Moment, "last", "not_before"),
)
# Append-only. `subject` is a notice's key or a task's id.
history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    *_filled(Moment, "at"),
    *_filled(String, "subject"),
    Column("address", String),
    *_filled(String, "state", "reason"),
    *_filled(Words, "detail"),
    Index("history_subject", "subject"),
)
# The mail server's trouble as each replica finds it, so that a new process goes on waiting where
# the last one stopped; of a ledger in a file there is one, without a name.
server_trouble = Table(
    "server_trouble",
    metadata,
    Column("replica", String, primary_key=True, server_default=""),
    *_filled(String, "server"),
    *_filled(Integer, "failures"),
    *_filled(Moment, "since", "not_before"),
    *_filled(Words, "detail"),
    Column("reason", String, nullable=False, server_default="server"),
)
# Who sends, on a ledger that many replicas share; gone when it has not renewed its lease.
lease = Table(
    "lease",
    metadata,
    *_key("name"),
    *_filled(String, "replica"),
    *_filled(Moment, "until"),
    # Of its plan, units and working days: those of who began last are in force.
    *_filled(String, "config_hash"),
    *_filled(Moment, "since"),
)
# What the operator was told of, until it is over.
alarm = Table(
    "alarm", metadata, *_key("name"), *_filled(Moment, "since"), *_filled(Words, "detail")
)
# `plan`, or a unit: since when it is the same, and a hash of what it was made from.
feed = Table(
    "feed", metadata, *_key("name"), *_filled(String, "input_hash"), *_filled(Moment, "changed")
)
# Written only when plan or state changes.
event = Table(
    "event",
    metadata,
    *_key("feed", "uid"),
    *_filled(Integer, "position"),
    *_filled(Text, "entry"),
    *_filled(String, "content_hash"),
    *_filled(Integer, "sequence"),
    *_filled(Moment, "last_modified"),
    Column("cancelled_at", Moment),
    Index("event_cancelled", "cancelled_at"),
)
# Signed links that were rotated, revoked or used; a link without a row is generation 1.
link = Table(
    "link",
    metadata,
    *_key("purpose", "subject"),
    *_filled(Integer, "generation"),
    *_filled(Boolean, "revoked"),
    Column("last_use", Moment),
    # Of a link for a single reader: whose it is, and since when.
    Column("label", Words, nullable=False, server_default=""),
    Column("created", Moment),
)
