"""A school year of times of every kind: nothing is forgotten over the months and the New Year."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import pytest

from reminder.domain.notices import State
from tests.daemon.trials import OPERATOR, Trial
from tests.simulation.faults import Action, Faults, PlannedAction
from tests.simulation.judge import Outcome, simulate

pytestmark = pytest.mark.long

TERM = "year = 2026\nstarts = 2026-09-01\n"
SESSION = '\n[[meeting]]\nid = "session"\nname = "教代会"\nmonth = 11\n'
HELD = "date = 2026-11-20\nuntil = 2026-11-21\n"
TASKS = [
    ("10月—次年3月", ""),
    ("每季度末月20日前", ""),
    ("每月、适时", ""),
    ("9月10日", ""),
    ("10月1日—3日", ""),
    ("12月20日—次年1月10日", ""),
    ("会前10日", 'meetings = ["session"]'),
    ("会后1个月内", 'meetings = ["session"]'),
    ("4月、6月底前", ""),
    ("年底前", ""),
    ("适时", ""),
]


def plan(
    office: Trial,
    start_on: str,
    end_on: str,
    tasks: Sequence[tuple[str, str]] = TASKS,
    *,
    held: bool = False,
) -> Callable[..., Outcome]:
    """So much of the year, with those tasks."""
    rows = "".join(
        f'\n[[month.task]]\nid = "t-{n}"\ntitle = "{words}的工作"\nwhen = "{words}"\n{more}\n'
        for n, (words, more) in enumerate(tasks)
    )
    head = office.plan_file.read_text("utf-8").partition("\n[[month]]")[0]
    text = head.replace("year = 2026\n", TERM) + SESSION + (HELD if held else "")
    row = '\n[[month]]\nlead = ["承办委员会"]\nrelated = ["相关委员会"]\n'
    office.plan_file.write_text(text + row + rows, encoding="utf-8")
    start, end = (datetime.fromisoformat(f"{day}T00:00+08:00") for day in (start_on, end_on))
    loaded = office.app(start.isoformat(), mail=OPERATOR).office
    return partial(simulate, loaded, start, end, office.state / "year")


def digests(outcome: Outcome, unit: str) -> list[str]:
    return [
        view.period
        for view in outcome.notices
        if (view.kind, view.unit) == ("digest", unit) and view.state is not State.BASELINE
    ]


@pytest.mark.parametrize(("seed", "held"), [(None, False), (3, True)])
def test_a_term_from_september_brings_each_unit_what_was_due(
    office: Trial, seed: int | None, held: bool
) -> None:
    outcome = plan(office, "2026-08-25", "2027-02-04", held=held)(seed=seed)
    assert outcome.breaches == []
    months = [f"2026-{month:02}" for month in range(9, 13)]
    assert digests(outcome, "lead") == [*months, "2027-01", "2027-02"]


@pytest.mark.parametrize(
    ("action", "related"), [(Action.DONE, 2), (Action.FINISH, 4)], ids=["done", "reported"]
)
def test_what_goes_on_for_months_is_told_until_nothing_is_asked(
    office: Trial, action: Action, related: int
) -> None:
    done = PlannedAction(datetime.fromisoformat("2027-01-12T10:00+08:00"), "t-0", action)
    year = plan(office, "2026-12-20", "2027-03-03", [("10月—次年3月", "")])
    outcome = year(faults=Faults(actions=(done,)))
    assert outcome.breaches == []
    months = ["2026-12", "2027-01", "2027-02", "2027-03"]
    assert digests(outcome, "lead") == months[:2]
    assert digests(outcome, "related") == months[:related]
