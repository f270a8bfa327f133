"""What goes wrong in a simulated year: drawn from a seed before it begins, the same each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from reminder.domain.timetable import Timetable
from reminder.domain.windows import nudge_day


class Fault(StrEnum):
    """What a spell does while it lasts."""

    OFF = "the daemon is off"
    DISK_FULL = "the ledger's disk is full"
    CLOCK = "the clock is wrong"
    DOWN = "the mail server is down"
    BUSY = "the mail server says 421 at once"
    LOG_IN = "the mail server refuses the log-in"
    MAIL = "the mail server refuses MAIL"
    GREYLIST = "the mail server puts off whom it does not know"
    LATER = "the mail server puts every message off"
    THROTTLE = "the mail server limits us with a 550"
    LOSES_ANSWERS = "answers of the mail server are lost"
    STINGY = "the mail server takes few messages a connection"
    REFUSES_ONE = "the mail server refuses one address"
    SENDS_BACK = "the mail server takes mail for one address and sends it back"


_SERVER = [fault for fault in Fault if fault not in (Fault.OFF, Fault.DISK_FULL, Fault.CLOCK)]
_JUMPS = (
    timedelta(hours=-1),
    timedelta(hours=1),
    timedelta(days=-1),
    timedelta(days=3),
    timedelta(days=31),
)
HOUR = timedelta(hours=1)
Moments = Callable[[], datetime]


@dataclass(frozen=True)
class Spell:
    """A fault from `start` until before `end`, in true time whatever the clock says."""

    fault: Fault
    start: datetime
    end: datetime
    shift: timedelta = timedelta()
    address: str = ""


@dataclass(frozen=True)
class Kill:
    """The first pass at or after that moment dies at that step."""

    at: datetime
    step: int


class Action(StrEnum):
    """The secretariat registers a task as done itself; or a unit says so, and it answers."""

    DONE = "done"
    FINISH = "finish"
    CONFIRM = "confirm"
    RETURN = "return"


@dataclass(frozen=True)
class PlannedAction:
    at: datetime
    task: str
    action: Action = Action.DONE


@dataclass(frozen=True)
class Rewording:
    """The console publishes another wording of that row."""

    at: datetime
    row: str


@dataclass(frozen=True)
class Faults:
    spells: tuple[Spell, ...] = ()
    kills: tuple[Kill, ...] = ()
    actions: tuple[PlannedAction, ...] = ()
    edits: tuple[Rewording, ...] = ()

    def holding(self, fault: Fault, at: datetime) -> Spell | None:
        spells = (spell for spell in self.spells if spell.fault is fault)
        return next((spell for spell in spells if spell.start <= at < spell.end), None)

    def shift(self, at: datetime) -> timedelta:
        spell = self.holding(Fault.CLOCK, at)
        return spell.shift if spell else timedelta()

    def healthy(self, start: datetime, end: datetime) -> bool:
        """Whether nothing was wrong at any time between the two."""
        kills = any(start <= kill.at <= end for kill in self.kills)
        return not kills and not any(s.start <= end and start < s.end for s in self.spells)

    def boundaries(self) -> list[datetime]:
        """The moments at which something changes."""
        edges = {edge for spell in self.spells for edge in (spell.start, spell.end)}
        edges |= {kill.at for kill in self.kills} | {one.at for one in self.actions}
        waits = [timedelta(minutes=wait) for wait in (0, 10, 20, 60)]
        return sorted(edges | {one.at + wait for wait in waits for one in self.edits})


def draw(seed: int, table: Timetable, start: datetime, end: datetime) -> Faults:
    """Most fall near a moment at which many notices are due."""
    dice = Random(seed)
    nudged = {
        nudge_day(found, table.days, step)
        for found in table.windows.values()
        for step in table.schedule.nudges
        if found.tracked
    }
    busy = [table.digest_due(month) for month in table.months]
    busy += [table.moment(day) for day in sorted(nudged)]
    near = [moment for moment in busy if start <= moment < end] or [start]
    units = [table.directory[unit] for month in table.months for unit in table.reached(month)]
    addresses = sorted({address for unit in units for address in (*unit.to, *unit.cc)})

    def moment(first: float = -3, last: float = 1) -> datetime:
        """In the middle of a busy moment's mails, within those hours of it, or anywhere."""
        where = dice.random()
        if where < 0.3:
            return dice.choice(near) + timedelta(seconds=dice.uniform(0, 40))
        if where < 0.7:
            return dice.choice(near) + HOUR * dice.uniform(first, last)
        return start + (end - start) * dice.random()

    spells = list(_spells(dice, moment, addresses))
    steps = [int(10 ** dice.uniform(0, 3)) for _ in range(dice.randrange(40))]
    kills = [Kill(moment(0, 0.2), step) for step in steps]
    tasks = list(table.windows)
    some = dice.sample(tasks, min(len(tasks), dice.randrange(12)))
    done = [action for task in some for action in _actions(dice, task, moment(0, 6))]
    return Faults(
        tuple(spells),
        tuple(sorted(kills, key=lambda kill: kill.at)),
        tuple(sorted(done, key=lambda one: one.at)),
        tuple(sorted(_edits(dice, table, spells, moment), key=lambda one: one.at)),
    )


def _edits(
    dice: Random, table: Timetable, spells: Sequence[Spell], moment: Moments
) -> Iterator[Rewording]:
    """In half of the years. By a wrong clock it is another month's, and nobody can say whose."""
    if dice.random() < 0.5 or any(spell.fault is Fault.CLOCK for spell in spells):
        return
    rows = sorted({task.table_id for task in table.plan.month_tasks})
    for _ in range(dice.randrange(8)):
        begin = moment()
        for _ in range(dice.randrange(1, 4)):
            yield Rewording(begin, dice.choice(rows))
            begin += timedelta(minutes=dice.uniform(1, 15))


def _actions(dice: Random, task: str, at: datetime) -> Iterator[PlannedAction]:
    """Of half the tasks their units report; most reports are answered within some days."""
    if dice.random() < 0.5:
        yield PlannedAction(at, task)
        return
    yield PlannedAction(at, task, Action.FINISH)
    answer = dice.choice((Action.CONFIRM, Action.RETURN, None))
    if answer:
        yield PlannedAction(at + HOUR * 10 ** dice.uniform(-1, 2), task, answer)


def _spells(dice: Random, moment: Moments, addresses: Sequence[str]) -> Iterator[Spell]:
    for _ in range(dice.randrange(20)):
        fault, begin = dice.choice(_SERVER), moment()
        # Mostly an hour or so, now and then three days and more.
        length = HOUR * min(10 ** dice.uniform(-1, 2.2), 100)
        is_of_one = fault in (Fault.REFUSES_ONE, Fault.SENDS_BACK)
        address = dice.choice(addresses) if is_of_one and addresses else ""
        yield Spell(fault, begin, begin + length, address=address)
    for _ in range(dice.randrange(6)):
        begin = moment()
        yield Spell(Fault.OFF, begin, begin + HOUR * 10 ** dice.uniform(-1, 2.9))
    for _ in range(dice.randrange(4)):
        begin = moment()
        yield Spell(Fault.DISK_FULL, begin, begin + HOUR * dice.uniform(0.05, 0.5))
    for _ in range(dice.randrange(4)):
        begin, shift = moment(), dice.choice(_JUMPS)
        length = HOUR * 10 ** dice.uniform(-1, 1.7)
        yield Spell(Fault.CLOCK, begin, begin + length, shift=shift)
