"""What the secretariat reads before it goes, and approves or drops.

Approval carries the hash of what was shown: whatever would read otherwise now is refused.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from reminder.domain.notices import CLEARED, UNREAD, Reason, State
from reminder.errors import DeclinedError
from reminder.ledger import holds, notices
from reminder.ledger.holds import hold_new
from reminder.ledger.notices import Composed
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeView, read_notice, read_notices
from reminder.office.application import Application

WHY = 200  # characters of a reason


@dataclass(frozen=True)
class Digest:
    """A held digest, and how it would go; `composed` is None when it would go to nobody."""

    view: NoticeView
    composed: Composed | None

    @property
    def is_open(self) -> bool:
        """Nobody has approved what it says now."""
        return self.composed is not None and (
            self.view.reason in UNREAD or (self.view.reason == Reason.APPROVED and self.is_changed)
        )

    @property
    def is_changed(self) -> bool:
        same = (None, self.composed.sha256 if self.composed else None)
        return self.view.approved not in same


@dataclass(frozen=True)
class DigestBatch:
    """The held digests of one period and moment, as of one moment."""

    period: str
    due: datetime
    as_of: datetime
    digests: tuple[Digest, ...]

    @property
    def open(self) -> dict[str, Composed]:
        return {d.view.key: d.composed for d in self.digests if d.composed and d.is_open}

    @property
    def sha256(self) -> str:
        """Of all that wait for approval."""
        lines = (f"{key} {composed.sha256}\n" for key, composed in sorted(self.open.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_batches(app: Application) -> list[DigestBatch]:
    with app.database.read() as connection:
        return batches(app, connection)


def batches(app: Application, connection: Connection) -> list[DigestBatch]:
    """All that is held for approval, or approved and held until it is due; soonest first."""
    at = app.clock.now()
    views = sorted(_all_held(app, connection, at), key=lambda view: (view.due, view.period))
    moments = groupby(views, key=lambda view: (view.due, view.period))
    return [_batch(app, connection, list(same), max(due, at)) for (due, _), same in moments]


def _all_held(
    app: Application, connection: Connection, at: datetime, period: str | None = None
) -> list[NoticeView]:
    reasons = (*UNREAD, *CLEARED)
    keys = holds.held_digests(connection, app.settings.stream, reasons, period=period)
    return [view for view in read_notices(connection, keys=keys) if view.useful_until > at]


def _batch(
    app: Application, connection: Connection, views: list[NoticeView], as_of: datetime
) -> DigestBatch:
    composed = app.container.approvals.shown(connection, views, as_of)
    digests = tuple(Digest(view, composed.get(view.key)) for view in views)
    return DigestBatch(views[0].period, views[0].due, as_of, digests)


def find(
    app: Application, connection: Connection, key: str, as_of: datetime | None = None
) -> tuple[Digest, datetime]:
    """One of them, and the moment as of which it is shown: that one if it may still be."""
    at = app.clock.now()
    view = _held(app, connection, key, at)
    if as_of is None or not _may_be_as_of(app, view, as_of, at):
        as_of = max(view.due, at)
    composed = app.container.approvals.shown(connection, [view], as_of).get(key)
    return Digest(view, composed), as_of


def approve(app: Application, key: str, as_of: datetime, sha256: str) -> bool:
    """Before it is due it waits for its moment, after that it is queued as it was shown.

    False when the same was approved before.
    """
    at = _moment_of_approval(app)
    with app.database.write() as connection:
        view = read_notice(connection, key)
        if view and _is_approved(view, sha256):
            return False
        _refuse_other_moment(app, [_held(app, connection, key, at)], as_of, at)
        if not _approve_same(app, connection, {key: sha256}, as_of, at):
            raise DeclinedError("reads_otherwise")
    app.wake()
    return True


def approve_all(app: Application, period: str, due: datetime, as_of: datetime, sha256: str) -> int:
    """All of a batch that nobody has approved, if all of them are as they were shown.

    Returns how many; what changes while this runs waits anew.
    """
    at, hashes = _moment_of_approval(app), {}
    with app.database.read() as connection:
        views = [v for v in _all_held(app, connection, at, period) if v.due == due]
        _refuse_other_moment(app, views, as_of, at)
        if views:
            shown = _batch(app, connection, views, as_of)
            hashes = {key: composed.sha256 for key, composed in shown.open.items()}
    if not hashes:
        return 0
    if shown.sha256 != sha256:
        raise DeclinedError("reads_otherwise")
    count = 0
    for keys in batched(hashes):
        with app.database.write() as connection:
            part = {key: hashes[key] for key in keys}
            count += _approve_same(app, connection, part, as_of, at)
    app.wake()
    return count


def _moment_of_approval(app: Application) -> datetime:
    """Now, where the files in force are at hand."""
    if not app.is_current():
        raise DeclinedError("files_not_in_force")
    return app.clock.now()


def _is_approved(view: NoticeView, sha256: str) -> bool:
    """It waits for its moment with that hash, or had it when it was queued."""
    waits = view.state is State.HELD and view.reason == Reason.APPROVED
    return sha256 == (view.approved if waits else view.sha256)


def _approve_same(
    app: Application,
    connection: Connection,
    hashes: Mapping[str, str],
    as_of: datetime,
    at: datetime,
) -> int:
    """Those of them that read as they were shown, by key. Returns how many."""
    held = [
        view
        for view in read_notices(connection, keys=hashes)
        if view.state is State.HELD and view.reason in (*UNREAD, *CLEARED)
    ]
    composed = app.container.approvals.shown(connection, held, as_of)
    same = [
        view
        for view in held
        if view.key in composed
        and composed[view.key].sha256 == hashes[view.key]
        and not _is_approved(view, hashes[view.key])
    ]
    # Nothing goes before it is due, and no bytes are kept until then.
    early = {view.key: hashes[view.key] for view in same if at < view.due}
    holds.note_approved(connection, early, at)
    for view in same:
        if view.key not in early:
            notices.fix(connection, view.key, composed[view.key], at, Reason.APPROVED)
            hold_new(connection, view.key, at)
    return len(same)


def drop(app: Application, key: str, why: str) -> None:
    """It is never sent, and never made again."""
    if not why.strip():
        raise DeclinedError("no_reason_to_drop")
    if len(why) > WHY:
        raise DeclinedError("reason_too_long", most=WHY)
    at = app.clock.now()
    with app.database.write() as connection:
        _held(app, connection, key, at)
        notices.set_states(connection, [key], State.EXPIRED, Reason.DROPPED, at, why.strip())


def _held(app: Application, connection: Connection, key: str, at: datetime) -> NoticeView:
    view = read_notice(connection, key)
    if (
        view is None
        or view.state is not State.HELD
        or view.reason not in (*UNREAD, *CLEARED)
        or view.stream != app.settings.stream
        or view.useful_until <= at
    ):
        raise DeclinedError("held_no_more")
    return view


def _may_be_as_of(app: Application, view: NoticeView, as_of: datetime, at: datetime) -> bool:
    """Its due moment, or when that is past a moment of today: on a later day it says 〔补发〕."""
    if at < view.due:
        return as_of == view.due
    day = app.table.local_day
    return view.due <= as_of <= at and day(as_of) == day(at)


def _refuse_other_moment(
    app: Application, views: Iterable[NoticeView], as_of: datetime, at: datetime
) -> None:
    if not all(_may_be_as_of(app, view, as_of, at) for view in views):
        raise DeclinedError("reads_otherwise")
