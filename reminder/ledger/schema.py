"""The ledger's tables."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC: SQLite hands back naive ones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a moment needs a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Words(sa.TypeDecorator[str]):
    """What others say, recorded whatever it holds: PostgreSQL keeps no NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value and value.replace("\0", "\N{SYMBOL FOR NULL}")


def _key(*names: str) -> list[Column[str]]:
    return [Column(name, String, primary_key=True) for name in names]


def _plan() -> Column[str]:
    """The id of the plan that a row belongs to, which tells its task's id from another plan's."""
    return Column("plan", String, nullable=False, server_default="")


def _filled(**kinds: type[sa.types.TypeEngine[Any]]) -> list[Column[Any]]:
    """Columns that always have a value."""
    return [Column(name, kind, nullable=False) for name, kind in kinds.items()]


# What the migrations lead to; `open_database` migrates when the database says otherwise.
REVISION = "0011"
metadata = MetaData()
# The installation key, and marks such as what the feeds were last made from.
setting = Table("setting", metadata, *_key("name"), *_filled(value=Text))
# Written once for a plan's table of one year and a stream, which is a transport, or a rehearsal
# on one; `held` until the operator releases.
start = Table(
    "start",
    metadata,
    *_key("stream", "plan"),
    Column("year", Integer, primary_key=True, autoincrement=False),
    *_filled(at=Moment, held=Boolean),
)
occasion = Table(
    "occasion",
    metadata,
    *_key("key"),
    _plan(),
    *_filled(kind=String, period=String, due=Moment, planned_at=Moment),
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
    _plan(),
    *_filled(kind=String, period=String, unit=String, due=Moment, useful_until=Moment),
    # Set on the notice itself (held, expired, baseline, refused for want of an address);
    # otherwise the state follows from the recipients.
    Column("state", String),
    # `stream`: under which first start it was made; only the same transport may deliver it.
    *_filled(reason=String, stream=String, rehearsal=Boolean),
    # Fixed when the notice becomes queued.
    Column("message_id", String),
    Column("as_of", Moment),
    Column("sha256", String),
    # Of what was in force when it was composed, the newest publication.
    Column("publication", Integer),
    # Of the message as the secretariat has seen and approved it, while it waits for its moment.
    Column("approved", String),
    *_filled(attempts=Integer, created=Moment, updated=Moment),
    Index("notice_period", "plan", "kind", "period"),
    Index("notice_unit", "unit", "created"),
    # Monitoring counts them by it, without a look at any.
    Index("notice_state", "state", "stream", "plan", "kind"),
    Index("notice_created", "created", "key"),
    Index("notice_message_id", "message_id"),  # by which answers find it
)
# The stored bytes: compressed, kept 24 months; the hash stays with the notice.
message = Table(
    "message",
    metadata,
    Column("notice", sa.ForeignKey("notice.key"), primary_key=True),
    *_filled(content=sa.LargeBinary, stored=Moment),
    Index("message_stored", "stored"),
)
# What one address of a notice gets where that is not what all get: a reader's copy with a link of
# its own, or the short text of another way than mail.
own_message = Table(
    "own_message",
    metadata,
    Column("notice", sa.ForeignKey("notice.key"), primary_key=True),
    *_key("address"),
    # Under a Message-ID of its own, which tells nothing of the notice's.
    *_filled(message_id=String, sha256=String, content=sa.LargeBinary, stored=Moment),
    Index("own_message_stored", "stored"),
    Index("own_message_id", "message_id"),
)
# `route` is by which way it goes: mail when empty, else the name of a channel.
recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice", sa.ForeignKey("notice.key"), nullable=False),
    Column("route", String, nullable=False, server_default=""),
    *_filled(address=String, state=String, reason=String),
    *_filled(reply=Words, attempts=Integer, not_before=Moment),
    Column("claim", String),
    *_filled(updated=Moment),
    sa.UniqueConstraint("notice", "address"),
    Index("recipient_ready", "state", "route", "not_before"),
)
# Addresses that a server has told us are none, in lower case: no mail goes there until somebody
# clears it, which takes the row away. `notice` is whose mail came back.
bounced_address = Table(
    "bounced_address",
    metadata,
    *_key("address"),
    *_filled(at=Moment, reason=String, detail=Words, notice=String),
)
# Mails that were read from the mailbox for answers, each once: `name` is a hash of its bytes.
# `kind`: bounce, reply, automatic, own or unknown. `state`: registered, noted, passed-over, or
# waiting for a person, who settles it. `notice` and `unit` are whom it answers, where it is known.
incoming = Table(
    "incoming",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    *_filled(at=Moment, noted=Moment, kind=String, state=String, reason=String),
    *_filled(sender=Words, subject=Words, text=Words, message_id=Words, notice=String, unit=String),
    Column("registration", Integer),
    Column("who", Words, nullable=False, server_default=""),
    Index("incoming_state", "state", "at"),
    Index("incoming_unit", "unit", "at"),
)
# What a unit (address empty) or one of its readers has chosen. `declined` are kinds of notices,
# separated by blanks; `quiet` is `22:00-07:00`; the pause is two days, both in it. A reader whom
# the unit has added is `extra`, and gets mail from `confirmed` on until `left`.
preference = Table(
    "preference",
    metadata,
    *_key("unit", "address"),
    *_filled(label=Words, declined=String, quiet=String, pause_from=String, pause_until=String),
    *_filled(extra=Boolean, changed=Moment),
    Column("confirmed", Moment),
    Column("left", Moment),
    Column("who", Words, nullable=False, server_default=""),
)
# Which tasks a unit was reminded of, for which due date, at which step.
reminded = Table(
    "reminded",
    metadata,
    *_key("key", "task"),
    _plan(),
    *_filled(kind=String, unit=String, due=String, step=Integer),
    Index("reminded_step", "plan", "task", "due", "step"),
)
# What is registered of a task: done on a day, for good (period "") or for one month's check-in.
task_done = Table(
    "task_done",
    metadata,
    *_key("plan", "task", "period"),
    *_filled(done_on=String, note=Words, recorded=Moment),
)
# Append-only: what units and the secretariat say of tasks and months; the last word holds.
registration = Table(
    "registration",
    metadata,
    Column("id", Integer, primary_key=True),
    _plan(),
    *_filled(at=Moment),
    # `period`: the month that was signed, or a year-round task's check-in; empty for a task as a
    # whole. `task` is empty for a month.
    *_filled(act=String, unit=String, period=String, task=String, done_on=String),
    Column("percent", Integer),
    *_filled(message=Words, who=Words, link=String),  # by which it came, e.g. `page/deputies/1`
    # Where the secretariat registers for a unit: how it was told, and who wrote it down.
    Column("channel", String, nullable=False, server_default=""),
    Column("clerk", Words, nullable=False, server_default=""),
    Index("registration_unit", "unit", "at"),
    Index("registration_task", "task", "unit"),
    Index("registration_act", "plan", "act", "period", "unit"),
)
# The days of sessions as the secretariat has set them; each outweighs the plan's.
meeting_date = Table(
    "meeting_date", metadata, *_key("plan", "meeting"), *_filled(day=String, recorded=Moment)
)
# What people edit, as it is in force: a publication is a set of documents that changed together.
# `number` counts up; `approver` is who let it go where its author may not. `tell` is when those
# whom it concerns are told; `told` when that was decided, and null until then.
publication = Table(
    "publication",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_filled(at=Moment, origin=String, author=Words, approver=Words, note=Words, tell=String),
    Column("told", Moment),
)
# A document's text from that publication on, compressed; null where it was taken away.
version = Table(
    "version",
    metadata,
    Column("publication", sa.ForeignKey("publication.number"), primary_key=True),
    *_key("document"),
    *_filled(sha256=String),
    Column("content", sa.LargeBinary),
)
# The edits of a person that are not published yet, as JSON, on the publication `base`; an open
# one goes on, a submitted one waits for somebody who may approve it, who may give an `answer`.
# `person` is the account's name, `author` the person's.
draft = Table(
    "draft",
    metadata,
    Column("id", Integer, primary_key=True),
    *_filled(person=String, state=String, base=Integer, created=Moment, updated=Moment),
    *_filled(author=Words, note=Words, tell=String, edits=Text, answer=Words, answered_by=Words),
)
# Who may use the console. `password` is a hash, or empty until one is chosen; `totp` a secret,
# `totp_used` the step of its last code; `subject` the name by which an identity provider knows
# them. `name` is what they log in with.
person = Table(
    "person",
    metadata,
    *_key("name"),
    *_filled(full_name=Words, role=String, password=String, totp=String, totp_used=Integer),
    *_filled(subject=String, disabled=Boolean, created=Moment),
)
# One-time links by which a person chooses a password; `name` is a hash of the link's word.
ticket = Table("ticket", metadata, *_key("name"), *_filled(person=String, until=Moment))
# Append-only: calls between the secretariat and a unit. `clerk` has phoned, `who` has answered.
call = Table(
    "call",
    metadata,
    Column("id", Integer, primary_key=True),
    *_filled(at=Moment, plan=String, period=String, unit=String),
    *_filled(clerk=Words, who=Words, message=Words),
    Index("call_unit", "plan", "unit", "at"),
)
# Who is logged in at the console, by a hash of the cookie's word, and with which program.
session = Table(
    "session",
    metadata,
    *_key("name"),
    *_filled(begun=Moment, seen=Moment),
    Column("person", String, nullable=False, server_default=""),
    Column("agent", Words, nullable=False, server_default=""),
)
# Failed log-ins by where they came from: the next one waits.
attempt = Table(
    "attempt", metadata, *_key("source"), *_filled(failures=Integer, last=Moment, not_before=Moment)
)
# Append-only. `subject` is a notice's key, or `PLAN/TASK`.
history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    *_filled(at=Moment, subject=String),
    Column("address", String),
    *_filled(state=String, reason=String, detail=Words),
    # The name of the person whose act it was; empty for the program's own.
    Column("who", Words, nullable=False, server_default=""),
    Index("history_subject", "subject"),
)
# The mail server's trouble as each replica finds it, so that a new process goes on waiting where
# the last one stopped; of a ledger in a file there is one, without a name.
server_trouble = Table(
    "server_trouble",
    metadata,
    Column("replica", String, primary_key=True, server_default=""),
    # The way that it is about, as of a recipient.
    Column("route", String, primary_key=True, server_default=""),
    *_filled(server=String, failures=Integer, since=Moment, not_before=Moment, detail=Words),
    Column("reason", String, nullable=False, server_default="server"),
)
# Who sends, on a ledger that many replicas share; gone when it has not renewed its lease.
lease = Table(
    "lease",
    metadata,
    *_key("name"),
    # `config_hash` is of settings: those of who began last are in force.
    *_filled(replica=String, until=Moment, config_hash=String, since=Moment),
)
# What the operator was told of, until it is over.
alarm = Table("alarm", metadata, *_key("name"), *_filled(since=Moment, detail=Words))
# `plan`, or a unit: since when it is the same, and a hash of what it was made from.
feed = Table("feed", metadata, *_key("name"), *_filled(input_hash=String, changed=Moment))
# Written only when plan or state changes.
event = Table(
    "event",
    metadata,
    *_key("feed", "uid"),
    *_filled(position=Integer, entry=Text, content_hash=String),
    *_filled(sequence=Integer, last_modified=Moment),
    Column("cancelled_at", Moment),
    Index("event_cancelled", "cancelled_at"),
)
# Signed links that were rotated, revoked or used; a link without a row is generation 1.
link = Table(
    "link",
    metadata,
    *_key("purpose", "subject"),
    *_filled(generation=Integer, revoked=Boolean),
    Column("last_use", Moment),
    # Of a link for a single reader: whose it is, and since when.
    Column("label", Words, nullable=False, server_default=""),
    Column("created", Moment),
)
