"""The ledger's tables, and kinds of columns that both databases keep alike."""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC: SQLite hands back naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a moment needs a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Words(TypeDecorator[str]):
    """What others say, recorded whatever it holds: PostgreSQL keeps no NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\0", "\N{SYMBOL FOR NULL}")


# What the migrations lead to; `open_database` migrates when the database says otherwise.
REVISION = "0008"
metadata = MetaData()
# The installation key, and marks such as what the feeds were last made from.
setting = Table(
    "setting",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
# Written once a stream, which is a transport, or a rehearsal on one; `held` until the operator
# releases.
start = Table(
    "start",
    metadata,
    Column("stream", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("held", Boolean, nullable=False),
)
occasion = Table(
    "occasion",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("period", String, nullable=False),
    Column("due", Moment, nullable=False),
    Column("planned_at", Moment, nullable=False),
    # While some of it still waits, one report goes after an hour; the last one when it ended.
    Column("interim_at", Moment),
    Column("reported_at", Moment),
    # Of plan, units and what was registered, once every notice is there.
    Column("input_hash", String),
)
notice = Table(
    "notice",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("period", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("due", Moment, nullable=False),
    Column("useful_until", Moment, nullable=False),
    # Set on the notice itself (held, expired, baseline, refused for want of an address);
    # otherwise the state follows from the recipients.
    Column("state", String),
    Column("reason", String, nullable=False),
    # Under which first start it was made; only the same transport may deliver it.
    Column("stream", String, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    # Fixed when the notice becomes queued.
    Column("message_id", String),
    Column("as_of", Moment),
    Column("sha256", String),
    # Of the message as the secretariat has seen and approved it, while it waits for its moment.
    Column("approved", String),
    Column("attempts", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Index("notice_period", "kind", "period"),
    Index("notice_unit", "unit", "created"),
    Index("notice_state", "state"),
    Index("notice_created", "created", "key"),
)
# The stored bytes: compressed, kept 24 months; the hash stays with the notice.
message = Table(
    "message",
    metadata,
    Column("notice", ForeignKey("notice.key"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("stored", Moment, nullable=False),
    Index("message_stored", "stored"),
)
recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice", ForeignKey("notice.key"), nullable=False),
    Column("address", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("reply", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("claim", String),
    Column("updated", Moment, nullable=False),
    UniqueConstraint("notice", "address"),
    Index("recipient_ready", "state", "not_before"),
)
# Which tasks a unit was reminded of, for which due date, at which step.
reminded = Table(
    "reminded",
    metadata,
    Column("key", String, primary_key=True),
    Column("task", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("due", String, nullable=False),
    Column("step", Integer, nullable=False),
    Index("reminded_step", "task", "due", "step"),
)
# What is registered of a task: done on a day, for good (period "") or for one month's check-in.
task_done = Table(
    "task_done",
    metadata,
    Column("task", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("done_on", String, nullable=False),
    Column("note", Words, nullable=False),
    Column("recorded", Moment, nullable=False),
)
# Append-only: what units and the secretariat say of tasks and months; the last word holds.
registration = Table(
    "registration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("act", String, nullable=False),
    Column("unit", String, nullable=False),
    # The month that was signed, or a year-round task's check-in; empty for a task as a whole.
    Column("period", String, nullable=False),
    Column("task", String, nullable=False),  # empty for a month
    Column("done_on", String, nullable=False),
    Column("percent", Integer),
    Column("message", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("link", String, nullable=False),  # by which it came, e.g. `page/deputies/1`
    Index("registration_unit", "unit", "at"),
    Index("registration_task", "task", "unit"),
    Index("registration_act", "act", "period", "unit"),
)
# The days of sessions as the secretariat has set them; each outweighs the plan's.
meeting_date = Table(
    "meeting_date",
    metadata,
    Column("meeting", String, primary_key=True),
    Column("day", String, nullable=False),
    Column("recorded", Moment, nullable=False),
)
# Who is logged in at the console, by a hash of the cookie's word.
session = Table(
    "session",
    metadata,
    Column("name", String, primary_key=True),
    Column("begun", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
)
# Failed log-ins by where they came from: the next one waits.
attempt = Table(
    "attempt",
    metadata,
    Column("source", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
)
# Append-only. `subject` is a notice's key or a task's id.
history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("subject", String, nullable=False),
    Column("address", String),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", Words, nullable=False),
    Index("history_subject", "subject"),
)
# The mail server's trouble as each replica finds it, so that a new process goes on waiting where
# the last one stopped; of a ledger in a file there is one, without a name.
server_trouble = Table(
    "server_trouble",
    metadata,
    Column("replica", String, primary_key=True, server_default=""),
    Column("server", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("detail", Words, nullable=False),
    Column("reason", String, nullable=False, server_default="server"),
)
# Who sends, on a ledger that many replicas share; gone when it has not renewed its lease.
lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("replica", String, nullable=False),
    Column("until", Moment, nullable=False),
    # Of its plan, units and working days: those of who began last are in force.
    Column("config_hash", String, nullable=False),
    Column("since", Moment, nullable=False),
)
# What the operator was told of, until it is over.
alarm = Table(
    "alarm",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("detail", Words, nullable=False),
)
# `plan`, or a unit: since when it is the same, and a hash of what it was made from.
feed = Table(
    "feed",
    metadata,
    Column("name", String, primary_key=True),
    Column("input_hash", String, nullable=False),
    Column("changed", Moment, nullable=False),
)

# Written only when plan or state changes.
event = Table(
    "event",
    metadata,
    Column("feed", String, primary_key=True),
    Column("uid", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("entry", Text, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("last_modified", Moment, nullable=False),
    Column("cancelled_at", Moment),
    Index("event_cancelled", "cancelled_at"),
)

# Signed links that were rotated, revoked or used; a link without a row is generation 1.
link = Table(
    "link",
    metadata,
    Column("purpose", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("last_use", Moment),
    # Of a link for a single reader: whose it is, and since when.
    Column("label", Words, nullable=False, server_default=""),
    Column("created", Moment),
)
