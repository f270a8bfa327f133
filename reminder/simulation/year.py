"""The loop: passes at the moments that matter, processes that die and start again."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pydantic import SecretStr
from sqlalchemy import select

from reminder.clock import VirtualClock
from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.domain.notices import State
from reminder.domain.windows import nudge_day
from reminder.domain.workdays import DAY, last_day
from reminder.errors import LedgerError
from reminder.ledger import registrations
from reminder.ledger.integrity import verify
from reminder.ledger.notices import content_of
from reminder.ledger.registrations import read_start
from reminder.ledger.schema import notice, recipient, reminded
from reminder.ledger.views import NoticeView, read_notices
from reminder.office.application import Application
from reminder.office.registrations import RegistrationError
from reminder.simulation.death import Killed, Life
from reminder.simulation.duties import Telling, Tick, receipts_due
from reminder.simulation.faults import Fault, Faults, draw
from reminder.simulation.judge import Breach, Evidence, judge
from reminder.simulation.reader import Reader
from reminder.simulation.saying import say
from reminder.simulation.server import Delivery, Mails, Server

log = logging.getLogger(__name__)

SOON = timedelta(minutes=1)  # while something waits, and after a start
LATER = timedelta(hours=1)
OPERATOR = "operator@reminder.example"


@dataclass(frozen=True)
class Outcome:
    """What a year brought. `copies` are messages that a recipient got more than once."""

    seed: int | None
    faults: Faults
    passes: int
    kills: int
    deliveries: tuple[Delivery, ...]
    notices: tuple[NoticeView, ...]
    copies: int
    breaches: tuple[Breach, ...]


def simulate(
    office: Office,
    start: datetime,
    end: datetime,
    folder: Path,
    *,
    faults: Faults | None = None,
    seed: int | None = None,
    mails: Mails | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Outcome:
    """The office from `start` until before `end`, its ledger in `folder`.

    With a seed, faults are drawn from it unless they are given. `mails` is handed every mail,
    `progress` told what part of the time has passed.
    """
    if faults is None:
        faults = Faults() if seed is None else _drawn(office, seed, start, end)
    return _Year(office, start, end, folder, faults, seed, mails).run(progress)


def _drawn(office: Office, seed: int, start: datetime, end: datetime) -> Faults:
    table = office.table
    busy = [table.digest_due(month) for month in table.months]
    nudged = {
        nudge_day(found, table.days, step)
        for found in table.windows.values()
        for step in table.schedule.nudges
        if found.tracked
    }
    busy += [table.moment(day) for day in sorted(nudged)]
    units = [table.directory[unit] for month in table.months for unit in table.reached(month)]
    addresses = sorted({address for unit in units for address in (*unit.to, *unit.cc)})
    return draw(seed, start, end, busy, list(table.windows), addresses)


def _settings(settings: Settings, folder: Path) -> Settings:
    """The office's, with the ledger in the folder and one connection: what a seed brings
    must not hang on which thread came first."""
    mail = settings.mail.model_copy(
        update={
            "first_start": "send",
            "operator": settings.mail.operator or OPERATOR,
            "redirect_to": "",
        }
    )
    smtp = settings.smtp.model_copy(update={"connections": 1})
    changed = {"state_dir": folder, "database_url": SecretStr(""), "mail": mail, "smtp": smtp}
    return settings.model_copy(update=changed)


class _Year:
    def __init__(
        self,
        office: Office,
        start: datetime,
        end: datetime,
        folder: Path,
        faults: Faults,
        seed: int | None,
        mails: Mails | None,
    ) -> None:
        self._office = replace(office, settings=_settings(office.settings, folder))
        self._faults, self._seed, self._start, self._end = faults, seed, start, end
        self._clock = VirtualClock(start)
        self._dice = Random(f"order {seed}")
        self._kills = list(self._faults.kills)
        self._registrations = list(self._faults.registrations)
        self._reader = Reader(office.table, seed) if office.settings.mail.approval else None
        comes = self._reader.begins.values() if self._reader else ()
        self._boundaries = sorted({*self._faults.boundaries(), *comes})
        self._server = Server(self._clock, self._faults, self._dice, mails)
        self._journal: list[Tick] = []
        self._killed = 0
        self._step = SOON
        self._app = self._born()
        self._life = Life(self._app.database)

    def _born(self) -> Application:
        """A new process: nothing is kept but what is on disk."""
        return Application(self._office, self._clock, transport=self._server, dice=self._dice)

    def run(self, progress: Callable[[float], None]) -> Outcome:
        while self._clock.true < self._end:
            self._clock.shift = self._faults.shift(self._clock.true)
            if not self._server.holds(Fault.OFF):
                self._life.disk_full = self._server.holds(Fault.DISK_FULL)
                self._register()
                self._pass()
                if self._reader and not self._life.disk_full:
                    self._reader.read(self._app, self._clock.true)
            self._wait()
            progress((self._clock.true - self._start) / (self._end - self._start))
        return self._outcome()

    def _pass(self) -> None:
        app, at, known = self._app, self._clock.now(), self._app.progress()
        done, reported = frozenset(known.done), frozenset(known.reported)
        begun = self._clock.true
        if self._kills and self._kills[0].at <= begun:
            self._life.dies_at = self._life.steps + self._kills.pop(0).step
        self._server.life, completed = self._life, False
        try:
            app.tick()
            completed = True
            self._life.step()  # whoever dies at the last commit's end dies here
        except LedgerError as error:
            log.info("%s: %s", at, error)
        except Killed:
            self._bury()
        self._life.dies_at = None
        self._journal.append(Tick(begun, at, done, reported, completed=completed))
        if not completed:
            self._step = SOON

    def _bury(self) -> None:
        """The next pass is a new process's. What it was sending may go once more."""
        self._killed += 1
        self._app.database.close()
        self._app = self._born()
        self._life = Life(self._app.database)
        query = select(notice.c.message_id).join(recipient, recipient.c.notice == notice.c.key)
        with self._app.database.read() as connection:
            cut = set(connection.scalars(query.where(recipient.c.state == State.SENDING)))
        if self._server.at_risk in cut:
            self._server.excused[self._server.at_risk] += 1

    def _register(self) -> None:
        """Somebody registers what is due to be registered; waits while the disk is full."""
        due = [one for one in self._registrations if one.at <= self._clock.true]
        if due and not self._server.holds(Fault.DISK_FULL):
            for one in due:
                with suppress(RegistrationError):  # answered, or closed, by somebody else before
                    say(self._app, one)
            self._registrations = [one for one in self._registrations if one not in due]

    def _wait(self) -> None:
        """Until the next moment at which something may happen."""
        now = self._clock.true
        candidates = [now + self._step] if self._something_waits() else []
        self._step = min(self._step * 2, LATER) if candidates else SOON
        candidates += [edge for edge in self._boundaries if edge > now][:1]
        candidates += self._times_of_day()
        self._clock.advance(max(1.0, (min(candidates) - now).total_seconds()))

    def _times_of_day(self) -> Iterator[datetime]:
        """The next sending hour and the month's end, by the clock as it stands."""
        table = self._office.table
        local = self._clock.now().astimezone(table.plan.zone)
        hour = table.moment(local.date())
        if hour <= local:
            hour = table.moment(local.date() + DAY)
        for moment in (hour, table.end_of(last_day(local.year, local.month))):
            yield moment - self._clock.shift

    def _something_waits(self) -> bool:
        if not self._journal or not self._journal[-1].completed:
            return True
        unfinished = recipient.c.state.in_([State.QUEUED, State.SENDING, State.RETRY])
        query = select(recipient.c.id).join(notice, notice.c.key == recipient.c.notice)
        query = query.where(unfinished, notice.c.state.is_(None)).limit(1)
        with self._app.database.read() as connection:
            return connection.execute(query).first() is not None

    def _stored(self, key: str) -> bytes | None:
        with self._app.database.read() as connection:
            return content_of(connection, key)

    def _outcome(self) -> Outcome:
        server, table = self._server, self._office.table
        told: dict[str, set[Telling]] = defaultdict(set)
        with self._app.database.read() as connection:
            views = read_notices(connection)
            started = read_start(connection, self._app.notice_writer.stream) or self._start
            for row in connection.execute(select(reminded)):
                told[row.key].add((row.kind, row.unit, row.task, row.due, row.step))
            said = list(registrations.each(connection))
        breaches = [Breach("ledger", words) for words in verify(self._app.database.place)]
        evidence = Evidence(
            started,
            self._journal,
            self._faults,
            server,
            views,
            told,
            receipts_due(said, views),
            self._stored,
            self._reader,
        )
        breaches += judge(table, evidence)
        self._app.database.close()
        copies = sum(count - 1 for count in server.accepted_by_address().values())
        return Outcome(
            self._seed,
            self._faults,
            len(self._journal),
            self._killed,
            tuple(server.deliveries),
            tuple(views),
            copies,
            tuple(breaches),
        )
