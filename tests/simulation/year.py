"""A simulated year in which things go wrong: processes that die and start again, sick servers."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import and_, func, select

from reminder.documents.office import Office
from reminder.domain.notices import State
from reminder.errors import DeclinedError, LedgerError
from reminder.ledger.schema import notice, own_message, recipient
from reminder.office.application import Application
from reminder.office.inbox import take_in
from reminder.office.publishing import follow
from reminder.office.simulation import SimulatedYear
from tests.simulation.actors import Approver, Published, act, reword
from tests.simulation.expected import Tick
from tests.simulation.faults import Fault, Faults, draw
from tests.simulation.server import Killed, Life, ShiftedClock, SickServer

log = logging.getLogger(__name__)


class FaultyYear(SimulatedYear):
    """The office from `start` until before `end`, its ledger in `folder`.

    With a seed, faults are drawn from it unless they are given.
    """

    clock: ShiftedClock

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
        self.faults = faults
        self._dice = Random(f"order {seed}")
        self._deaths = list(faults.kills)
        self._actions = list(faults.actions)
        self.approver = Approver(office.table, seed) if office.settings.mail.approval else None
        self._edits = [] if self.approver else list(faults.edits)
        self.published: list[Published] = []
        comes = self.approver.begins.values() if self.approver else ()
        self._boundaries = sorted({*faults.boundaries(), *comes})
        self.sick = SickServer(self.clock, faults, self._dice)
        self.journal: list[Tick] = []
        self.kills = 0

    def begin(self) -> Application:
        """A new process: nothing is kept but what is on disk."""
        app = Application(self.office, self.clock, transport=self.sick, dice=self._dice)
        self._life = Life(app.database)
        if self.faults.edits:
            follow(app)
        return app

    def work(self) -> None:
        self.clock.shift = self.faults.shift(self.clock.moment)
        if self.sick.holds(Fault.OFF):
            return
        self._life.disk_full = self.sick.holds(Fault.DISK_FULL)
        self._register()
        self._publish()
        self._pass()
        if self.approver and not self._life.disk_full:
            self.approver.read(self.app, self.clock.moment)

    def _pass(self) -> None:
        app, at, progress = self.app, self.clock.now(), self.app.progress()
        done, reported = dict(progress.done), progress.reported
        begun = self.clock.moment
        if self._deaths and self._deaths[0].at <= begun:
            self._life.dies_at = self._life.steps + self._deaths.pop(0).step
        self.sick.life, completed = self._life, False
        try:
            self._read_mail()
            app.tick()
            completed = True
            self._life.step()  # whoever dies at the last commit's end dies here
        except LedgerError as error:
            log.info("%s: %s", at, error)
        except Killed:
            self._bury()
        self._life.dies_at = None
        said = {(task, unit): day for (task, unit, period), day in reported.items() if not period}
        self.journal.append(Tick(begun, at, done, said, completed=completed))
        if not completed:
            self.hurry()

    def _read_mail(self) -> None:
        """What has come back by now; what cannot be recorded waits in the mailbox."""
        for mail in [one for one in self.sick.returned if one.at <= self.clock.moment]:
            if take_in(self.app, mail.content) is not None:
                self._life.step()  # whoever dies before it is put away reads it again
                self.sick.returned.remove(mail)

    def _bury(self) -> None:
        """The next pass is a new process's. What it was sending may go once more."""
        self.kills += 1
        self.app.database.close()
        self.app = self.begin()
        same = [own_message.c[name] == recipient.c[name] for name in ("notice", "address")]
        message_id = func.coalesce(own_message.c.message_id, notice.c.message_id)
        query = select(message_id).select_from(recipient).join(notice)
        query = query.join(own_message, and_(*same), isouter=True)
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

    def _publish(self) -> None:
        """Somebody edits what is due to be edited; waits while the disk is full."""
        due = [edit for edit in self._edits if edit.at <= self.clock.moment]
        if due and not self.sick.holds(Fault.DISK_FULL):
            self.published += [reword(self.app, edit.row, self.clock.moment) for edit in due]
            self._edits = [edit for edit in self._edits if edit not in due]

    def pauses(self) -> Iterator[timedelta]:
        yield from super().pauses()
        edges = (*self._boundaries, *(mail.at for mail in self.sick.returned))
        later = (edge for edge in edges if edge > self.clock.moment)
        yield from (edge - self.clock.moment for edge in later)

    def something_waits(self) -> bool:
        unfinished = not self.journal or not self.journal[-1].completed
        return unfinished or super().something_waits()
