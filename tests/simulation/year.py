"""A simulated year in which things go wrong: processes that die and start again, sick servers."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from reminder.documents.office import Office
from reminder.domain.notices import State
from reminder.errors import DeclinedError, LedgerError
from reminder.ledger import registrations
from reminder.ledger.integrity import verify
from reminder.ledger.notices import content_of
from reminder.ledger.occasions import read_start
from reminder.ledger.schema import notice, recipient, reminded
from reminder.ledger.views import NoticeView, read_notices
from reminder.office.application import Application
from reminder.office.simulation import SimulatedYear
from tests.simulation.actors import Approver, act
from tests.simulation.expected import Telling, Tick, receipts_due
from tests.simulation.faults import Fault, Faults, draw
from tests.simulation.judge import Breach, Evidence, judge
from tests.simulation.server import Killed, Life, ShiftedClock, SickServer

log = logging.getLogger(__name__)


class FaultyYear(SimulatedYear):
    """The office from `start` until before `end`, its ledger in `folder`.

    With a seed, faults are drawn from it unless they are given. `copies` are messages that a
    recipient got more than once.
    """

    clock: ShiftedClock
    notices: Sequence[NoticeView]
    breaches: Sequence[Breach]
    copies: int

    def __init__(
        self,
        office: Office,
        start: datetime,
        end: datetime,
        folder: Path,
        *,
        faults: Faults | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(office, start, end, folder)
        self.clock = ShiftedClock(start)
        if faults is None:
            faults = Faults() if seed is None else draw(seed, office.table, start, end)
        self.faults, self.seed = faults, seed
        self._dice = Random(f"order {seed}")
        self._deaths = list(faults.kills)
        self._actions = list(faults.actions)
        self._approver = Approver(office.table, seed) if office.settings.mail.approval else None
        comes = self._approver.begins.values() if self._approver else ()
        self._boundaries = sorted({*faults.boundaries(), *comes})
        self.sick = SickServer(self.clock, faults, self._dice)
        self._journal: list[Tick] = []
        self.kills = 0

    def begin(self) -> Application:
        """A new process: nothing is kept but what is on disk."""
        app = Application(self.office, self.clock, transport=self.sick, dice=self._dice)
        self._life = Life(app.database)
        return app

    def work(self) -> None:
        self.clock.shift = self.faults.shift(self.clock.moment)
        if self.sick.holds(Fault.OFF):
            return
        self._life.disk_full = self.sick.holds(Fault.DISK_FULL)
        self._register()
        self._pass()
        if self._approver and not self._life.disk_full:
            self._approver.read(self.app, self.clock.moment)

    def _pass(self) -> None:
        app, at, progress = self.app, self.clock.now(), self.app.progress()
        done, reported = frozenset(progress.done), progress.reported
        begun = self.clock.moment
        if self._deaths and self._deaths[0].at <= begun:
            self._life.dies_at = self._life.steps + self._deaths.pop(0).step
        self.sick.life, completed = self._life, False
        try:
            app.tick()
            completed = True
            self._life.step()  # whoever dies at the last commit's end dies here
        except LedgerError as error:
            log.info("%s: %s", at, error)
        except Killed:
            self._bury()
        self._life.dies_at = None
        said = frozenset((task, unit) for task, unit, period in reported if not period)
        self._journal.append(Tick(begun, at, done, said, completed=completed))
        if not completed:
            self.hurry()

    def _bury(self) -> None:
        """The next pass is a new process's. What it was sending may go once more."""
        self.kills += 1
        self.app.database.close()
        self.app = self.begin()
        query = select(notice.c.message_id).join(recipient, recipient.c.notice == notice.c.key)
        with self.app.database.read() as connection:
            cut = set(connection.scalars(query.where(recipient.c.state == State.SENDING)))
        if self.sick.at_risk in cut:
            self.sick.excused[self.sick.at_risk] += 1

    def _register(self) -> None:
        """Somebody registers what is due to be registered; waits while the disk is full."""
        due = [action for action in self._actions if action.at <= self.clock.moment]
        if due and not self.sick.holds(Fault.DISK_FULL):
            for action in due:
                with suppress(DeclinedError):  # answered, or closed, by somebody else before
                    act(self.app, action)
            self._actions = [action for action in self._actions if action not in due]

    def pauses(self) -> Iterator[timedelta]:
        yield from super().pauses()
        later = (edge for edge in self._boundaries if edge > self.clock.moment)
        yield from (edge - self.clock.moment for edge in later)

    def something_waits(self) -> bool:
        unfinished = not self._journal or not self._journal[-1].completed
        return unfinished or super().something_waits()

    def judged(self) -> None:
        """Runs, and holds what came of it against the promise."""
        self.run()
        told: dict[str, set[Telling]] = defaultdict(set)
        with self.app.database.read() as connection:
            self.notices = views = list(read_notices(connection))
            started = read_start(connection, self.app.settings.stream) or self.start
            for row in connection.execute(select(reminded)):
                told[row.key].add((row.kind, row.unit, row.task, row.due, row.step))
            registered = list(registrations.read_all(connection))
            stored = {view.key: content_of(connection, view.key) for view in views}
        breaches = [Breach("ledger", words) for words in verify(self.app.database.place)]
        evidence = Evidence(
            started,
            self._journal,
            self.faults,
            self.sick,
            views,
            told,
            receipts_due(registered, views),
            stored,
            self._approver,
        )
        self.breaches = [*breaches, *judge(self.office.table, evidence)]
        self.app.database.close()
        self.copies = sum(count - 1 for count in self.sick.accepted_by_address().values())


def simulate(*where: Any, **how: Any) -> FaultyYear:
    """As `FaultyYear` begins, to its end."""
    year = FaultyYear(*where, **how)
    year.judged()
    return year
