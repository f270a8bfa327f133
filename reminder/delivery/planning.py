"""What is due becomes notices: each key once, its bytes fixed in the transaction that adds it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.delivery.message import Composer, Knowledge
from reminder.domain.notices import Kind, NoticeDraft, Reason, State, notice_key
from reminder.domain.occasions import ONCE, digest_draft, digest_units, due_reminders
from reminder.domain.timetable import Timetable
from reminder.storage.ledger import claims, notices, occasions, relays
from reminder.storage.ledger.database import Database
from reminder.storage.ledger.links import feed_token, feed_url
from reminder.storage.ledger.tasks import read_progress, read_start
from reminder.storage.ledger.views import NoticeView, read_notices

CALLS = "calls"
LONGEST = timedelta(hours=5)  # no sender waits longer before it tries again
CHUNK = 200  # notices composed in one transaction: others wait for half a second at most


@dataclass
class Planned:
    """The keys that entered the ledger, or left it unsent, in one pass."""

    new: list[str] = field(default_factory=list)
    baseline: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Planned") -> "Planned":
        self.new += other.new
        self.baseline += other.baseline
        self.expired += other.expired
        return self


class Planner:
    """Any number of planners may run at once: keys are unique, and each looks before it adds."""

    def __init__(self, composer: Composer, database: Database) -> None:
        self._composer = composer
        self._database = database
        self._settings = composer.office.settings

    @property
    def _table(self) -> Timetable:
        return self._composer.office.table

    @property
    def rehearsal(self) -> bool:
        return self._composer.redirected

    @property
    def course(self) -> str:
        """Under what the first start is written: a rehearsal is none for the real thing."""
        transport = self._settings.transport
        return f"rehearsal-{transport}" if self.rehearsal else transport

    def plan(self, at: datetime, *, hold_first_start: bool) -> Planned:
        """Everything due at that moment; what has outlived its use is given up."""
        done = Planned()
        with self._database.write() as connection:
            occasions.begin(connection, self.course, at, held=hold_first_start)
            claims.wait_no_longer(connection, at, LONGEST)
            relays.wait_no_longer(connection, at, LONGEST)
            done.new += self._revive(connection, at)
            done.expired += notices.expire(connection, at)
            done.expired += self._expire_done(connection, at)
            noted = occasions.noted(connection, self.marked(Kind.DIGEST))
        for month in self._table.reached:
            over = self._table.digest_end(month) <= at
            known = self._table.plan.period(month) in noted
            if self._table.digest_due(month) <= at and not (over and known):
                done += self._plan_digest(month, at, known=known)
        with self._database.write() as connection:
            done += self._plan_reminders(connection, at)
            notices.forget_bytes(connection, at)
            occasions.note_tick(connection, at)
        return done

    def _plan_digest(self, month: int, at: datetime, *, known: bool) -> Planned:
        """`known` says that the occasion was noted before."""
        period, due = self._table.plan.period(month), self._table.digest_due(month)
        live = at < self._table.digest_end(month)
        kind = self.marked(Kind.DIGEST)
        with self._database.read() as connection:
            drafts = self._missing_digests(connection, month, at)
        planned = Planned()
        for start in range(0, len(drafts) or int(not known), CHUNK):
            with self._database.write() as connection:
                added, keys = Planned(), notices.keys_of(connection, Kind.DIGEST, period)
                for draft in drafts[start : start + CHUNK]:
                    if draft.key not in keys:
                        added += self._add_digest(connection, draft, at, live=live)
                # With its notices: an occasion that is not noted is never reported.
                note = occasions.note_more if added.new else occasions.note_occasion
                note(connection, kind, period, due, at)
            planned += added
        return planned

    def marked(self, kind: str) -> str:
        """An occasion's kind: those of a rehearsal are others."""
        return f"rehearsal/{kind}" if self.rehearsal else kind

    def _add_digest(
        self, connection: Connection, draft: NoticeDraft, at: datetime, *, live: bool
    ) -> Planned:
        if live:
            self._add(connection, draft, at)
            return Planned(new=[draft.key])
        begun = read_start(connection, self.course)
        if begun and draft.useful_until <= begun:
            self._put(connection, draft, at, State.BASELINE, Reason.FIRST_START)
            return Planned(baseline=[draft.key])
        self._put(connection, draft, at, State.EXPIRED, Reason.TOO_LATE)
        return Planned(expired=[draft.key])

    def _missing_digests(
        self, connection: Connection, month: int, at: datetime
    ) -> list[NoticeDraft]:
        table = self._table
        progress = read_progress(connection, table, self.course)
        live = at < table.digest_end(month)
        units = (
            digest_units(table, month, table.digest_day(month), progress)
            if live
            else table.reached[month]
        )
        keys = notices.keys_of(connection, Kind.DIGEST, table.plan.period(month))
        latest: dict[str, str] = {}
        for key in sorted(keys, key=_copy):
            latest[_base(key)] = key
        drafts = []
        for unit in units:
            draft = digest_draft(table, month, unit, rehearsal=self.rehearsal)
            last = latest.get(draft.key)
            if last is None:
                drafts.append(draft)
            elif live and (keys[last], self.course) == ("maildir", "smtp"):
                # It went into an outbox folder before there was a mail server.
                drafts.append(replace(draft, key=f"{draft.key}#{_copy(last) + 1}"))
        return drafts

    def _plan_reminders(self, connection: Connection, at: datetime) -> Planned:
        table, planned = self._table, Planned()
        progress = read_progress(connection, table, self.course)
        reminded = notices.read_reminded(connection, rehearsal=self.rehearsal)
        mails, calls = due_reminders(table, at, progress, reminded)
        if calls and not self.rehearsal:
            self._note_calls(connection, calls, at)
        period = table.local_day(at).isoformat()
        known = {
            key
            for kind in (Kind.NUDGE, Kind.OVERDUE)
            for key in notices.keys_of(connection, kind, period)
        }
        for draft in mails:
            if self.rehearsal:
                key = notice_key(
                    table.plan.id, draft.kind, draft.period, draft.unit, rehearsal=True
                )
                draft = replace(draft, key=key)
            if draft.key in known:
                continue
            self._add(connection, draft, at)
            kind = self.marked(draft.kind)
            occasions.note_more(connection, kind, draft.period, draft.due, at)
            planned.new.append(draft.key)
        return planned

    def _note_calls(self, connection: Connection, calls: list[NoticeDraft], at: datetime) -> None:
        """No mail presses a unit of another body: the secretariat gets a list of whom to phone."""
        for draft in calls:
            key = draft.key.replace(f"/{draft.kind}/", f"/{CALLS}/{draft.kind}/")
            notices.note_reminded(connection, replace(draft, key=key))
        occasions.note_occasion(connection, CALLS, calls[0].period, calls[0].due, at)

    def _add(self, connection: Connection, draft: NoticeDraft, at: datetime) -> None:
        """Queued with its bytes, held without them, or refused for want of an address."""
        unit = self._table.directory[draft.unit]
        if not unit.has_address:
            self._put(connection, draft, at, State.REFUSED, Reason.NO_ADDRESS)
        elif occasions.is_held(connection, self.course):
            self._put(connection, draft, at, State.HELD, Reason.HOLD)
        else:
            composed = self._composer.compose(draft, self.known(connection, draft, at))
            notices.add(
                connection,
                draft,
                at,
                composed=composed,
                course=self.course,
                rehearsal=self.rehearsal,
            )

    def _put(
        self,
        connection: Connection,
        draft: NoticeDraft,
        at: datetime,
        state: State,
        reason: Reason,
    ) -> None:
        notices.add(
            connection,
            draft,
            at,
            state=state,
            reason=reason,
            course=self.course,
            rehearsal=self.rehearsal,
        )

    def known(self, connection: Connection, draft: NoticeDraft, at: datetime) -> Knowledge:
        """What a message composed at that moment may say."""
        progress = read_progress(connection, self._table, self.course)
        on = self._table.local_day(at)
        if progress.started is None or progress.started > on:
            # A preview, before the first start or of a day before it: as if it were then.
            progress = replace(progress, started=on)
        return Knowledge(
            as_of=at,
            progress=progress,
            first_of_year=not notices.heard_from(
                connection, draft.unit, self._table.plan.year, before=draft.key
            ),
            calendar_link=self.calendar_link(connection, draft.unit),
        )

    def calendar_link(self, connection: Connection, unit: str) -> str:
        if not self._settings.links_in_mail:
            return ""
        token = feed_token(connection, self._composer.key, unit)
        return feed_url(self._settings.web.public_url, token, unit, handed_out=True)

    def _revive(self, connection: Connection, at: datetime) -> Iterable[str]:
        """A clock that ran ahead gave up what is still of use: it goes after all."""
        for key in notices.too_early_given_up(connection, self.course, at):
            [view] = read_notices(connection, keys=[key])
            family = notices.keys_of(connection, view.kind, view.period)
            if any(_base(other) == _base(key) and _copy(other) > _copy(key) for other in family):
                continue  # sent again by hand since
            if view.sha256:
                notices.revive(connection, key, at)
            elif occasions.is_held(connection, self.course):
                notices.set_state(connection, key, State.HELD, Reason.HOLD, at)
            else:
                self.release(connection, view, at, Reason.CLOCK)
            occasions.report_again(connection, self.marked(view.kind), view.period, at)
            yield key

    def release(
        self, connection: Connection, view: NoticeView, at: datetime, reason: Reason
    ) -> bool:
        """Queues what has no bytes yet, composed now; False when there is no need any more."""
        unit = self._table.directory.units.get(view.unit)
        if unit is None or not unit.has_address:
            notices.set_state(connection, view.key, State.REFUSED, Reason.NO_ADDRESS, at)
            return False
        draft = draft_of(connection, view)
        known = self.known(connection, draft, at)
        open_tasks = tuple(task for task in draft.tasks if task[0] not in known.progress.done)
        if draft.tasks and not open_tasks:
            notices.set_state(connection, view.key, State.EXPIRED, Reason.DONE, at)
            return False
        draft = replace(draft, tasks=open_tasks)
        composed = self._composer.compose(draft, known, rehearsal=view.rehearsal)
        notices.fix(connection, view.key, composed, at, reason)
        return True

    def _expire_done(self, connection: Connection, at: datetime) -> Iterable[str]:
        """A reminder of tasks that were all registered since is not sent any more."""
        done = read_progress(connection, self._table, self.course).done
        for row in notices.unfinished(connection, Kind.NUDGE, Kind.OVERDUE):
            tasks = notices.tasks_of(connection, row["key"])
            if tasks and all(task in done for task in tasks):
                notices.set_state(connection, row["key"], State.EXPIRED, Reason.DONE, at)
                yield row["key"]


def draft_of(connection: Connection, view: NoticeView) -> NoticeDraft:
    """What was due when that notice was put in."""
    told = [(task, ONCE, 0) for task in notices.tasks_of(connection, view.key.partition("#")[0])]
    return NoticeDraft(
        view.key, view.kind, view.period, view.unit, view.due, view.useful_until, tuple(told)
    )


def _base(key: str) -> str:
    return key.partition("#")[0]


def _copy(key: str) -> int:
    """1 for a notice, 2 and more when it was made anew."""
    return int(key.partition("#")[2] or 1)
