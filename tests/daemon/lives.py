"""Ticks on a small ledger that die where they are told, and what must hold after the last."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from tests.daemon.accepted import Accepted, Record, differences, out_of_turn, unrecorded
from tests.daemon.steps import Life, Stepper
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp, parsed, trial
from tests.mail.servers import real_server
from tests.office import approving as approval

WAYS = ("smtp", "maildir")
Begun = Callable[[Trial, dict[str, Any]], object]


class Lives:
    """Every case begins with a fresh copy of the same ledger, which may be none.

    Each life begins a little later than the one before, all within a report's patience.
    """

    def __init__(self, office: Trial, steps: Stepper, way: str, record: Record, day: str) -> None:
        self._way = way
        self._moments = tuple(f"{day}T10:{minute:02}+08:00" for minute in range(0, 50, 10))
        self._office = office
        self._steps = steps
        self._record = record if way == "smtp" else None
        self._base = office.state.with_name("base")
        if office.state.exists():
            office.state.rename(self._base)
        self._before = list(record.accepted) if record else []
        self.copies = 0
        self.undisturbed = self._case([])[0].steps
        self._expected = set(office.notices())

    def breaches(self, *deaths: int) -> list[str]:
        """What is wrong after lives that die at these steps and one that is left alone."""
        lives = self._case(list(deaths))
        found = [f"life {n} ended with {one.status}" for n, one in enumerate(lives)
                 if one.status and not one.killed]  # fmt: skip
        accepted = self._accepted()
        doubled = unrecorded(accepted)
        self.copies += len(doubled)
        may_double = sum(life.at_risk for life in lives) if self._record else 0
        if len(doubled) > may_double:
            found.append(f"{len(doubled)} copies, {may_double} may be")
        if (keys := set(self._office.notices())) != self._expected:
            found.append(f"notices missing or added: {sorted(keys ^ self._expected)}")
        found += out_of_turn(accepted)
        found += differences(self._office.state / "ledger.db", accepted, self._way)
        where = " then ".join(f"{len(life.steps)} ({life.steps[-1]})" for life in lives[:-1])
        return [f"died at {where}: {words}" for words in found]

    def _case(self, deaths: list[int]) -> list[Life]:
        shutil.rmtree(self._office.state, ignore_errors=True)
        if self._base.exists():
            shutil.copytree(self._base, self._office.state)
        if self._record:
            self._record.accepted = list(self._before)
        lives = []
        for at, step in zip(self._moments, [*deaths, 0], strict=False):
            if self._record:
                self._record.life += 1
            lives.append(self._steps.live(at, step))
        return lives

    def _accepted(self) -> list[Accepted]:
        if self._record:
            return self._record.accepted
        return [Accepted(0, 0, _addressees(content), content) for content in self._office.files()]


def _addressees(content: bytes) -> tuple[str, ...]:
    """A copy names its unit too."""
    mail = parsed(content)
    fields = [str(value) for value in mail.get_all("Cc", mail.get_all("To", []))]
    return tuple(address for _, address in getaddresses(fields))


@contextmanager
def lives(
    folder: Path, way: str, begun: Begun | None = None, day: str = "2026-03-02"
) -> Iterator[Lives]:
    """`begun` makes the ledger that every case begins with, and may edit the office's files."""
    record = Record()
    with trial(folder, small=True, made=False) as office, real_server(record) as port:
        mail = OPERATOR | {"first_start": "send"}
        settings = by_smtp(port) | {"transport": way, "mail": mail}
        if begun:
            begun(office, settings)
            office.close()
        plan = folder / "plan.toml"
        given = settings | {"state_dir": office.state, "config": office.config, "plan": plan}
        yield Lives(office, Stepper(given), way, record, day)


def planned(office: Trial, settings: dict[str, Any]) -> None:
    """Everything is queued, nothing sent."""
    office.app(MARCH, **settings).plan(datetime.fromisoformat(MARCH))


def with_copies(office: Trial, settings: dict[str, Any]) -> None:
    """The same, and two readers have messages of their own."""
    readers = 'cc = ["chief@unit.test", "clerk@unit.test"]'
    office.edit_units('"second@unit.test"]', f'"second@unit.test"]\n{readers}')
    settings["web"] = {"base_url": "https://reminder.test"}
    planned(office, settings)


def one_more_unit(office: Trial, settings: dict[str, Any]) -> None:
    """The plan names another unit after the month was sent and reported."""
    office.tick(MARCH, **settings)
    office.edit_plan('["相关委员会"]', '["相关委员会", "无关委员会"]')


def approved(office: Trial, settings: dict[str, Any]) -> None:
    """All that is due in March was read and approved before."""
    settings["mail"] = settings["mail"] | {"approval": True}
    office.tick("2026-02-26T10:00+08:00", **settings)
    app = office.app("2026-02-27T10:00+08:00", **settings)
    approval.approve_all(app)
