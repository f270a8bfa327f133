"""What waits of a task, a month or a unit that the plan no longer has ends in words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.errors import UsageError
from reminder.office import operations, releasing
from tests.daemon.everything import Files
from tests.daemon.trials import NOBODY, Trial

DAY = "2026-04-27T09:00+08:00"  # three working days before April's end
LATER = "2026-04-27T10:00+08:00"
HELD: dict[str, Any] = {"mail": {"first_start": "hold"}}
NUDGE = "nudge/2026-04-27/a"  # of tasks 4 and 5
DROPPED = ("expired", "dropped-from-plan")
PLAN = Files(meetings=(), tasks=tuple((*task[:4], "") for task in Files().tasks))
LEFT = PLAN.without_task("4").without_task("5")


@pytest.fixture
def office(office: Trial) -> Trial:
    PLAN.write(office)
    return office


def held(office: Trial, files: Files) -> None:
    """Everything waits for its release; then the files are edited."""
    office.tick(DAY, **HELD)
    files.write(office)


def moved_to_may(*numbers: str) -> Files:
    moved = tuple((n, 5 if n in numbers else m, *more) for n, m, *more in PLAN.tasks)
    return replace(PLAN, tasks=moved)


@pytest.mark.parametrize(
    "files",
    [
        LEFT,
        PLAN.without_unit("a"),
        PLAN.without_unit("a", as_group=True),
        replace(PLAN, tasks=tuple((n, m, "office", *more) for n, m, _, *more in PLAN.tasks)),
        replace(PLAN, tasks=PLAN.tasks[:3], year_round=(("4", "a"), ("5", "a"))),
        replace(PLAN, year=2027),
        replace(PLAN, plan_id="another"),
    ],
    ids=["task", "unit", "group", "lead", "year-round", "year", "plan"],
)
def test_held_reminder_of_what_left_the_plan_is_not_released(office: Trial, files: Files) -> None:
    held(office, files)
    releasing.release(office.app(LATER))
    assert office.outcome(NUDGE) == DROPPED


@pytest.mark.parametrize(
    ("files", "reason", "words"),
    [
        (LEFT, "dropped-from-plan", "has left the plan, nothing is left to send"),
        (moved_to_may("4", "5"), "moved", "due on another day now"),
    ],
)
def test_sending_again_what_left_the_plan_is_refused_in_words(
    office: Trial, files: Files, reason: str, words: str
) -> None:
    held(office, files)
    released = releasing.release(office.app(LATER))
    assert office.outcome(NUDGE) == ("expired", reason)
    with pytest.raises(UsageError, match=words):
        operations.resend(office.app(LATER), "small/" + NUDGE)
    assert "small/nudge/2026-04-27/b" in released
    # It leads nothing in that month any more.
    assert "small/digest/2026-04/a" not in released


@pytest.mark.parametrize(
    ("files", "reason"), [(LEFT, "dropped-from-plan"), (moved_to_may("4", "5"), "moved")]
)
def test_reminder_that_waits_for_a_server_ends_at_the_next_pass(
    office: Trial, files: Files, reason: str
) -> None:
    office.tick(DAY, **NOBODY)
    assert office.notice(NUDGE).state == "retry"
    files.write(office)
    office.tick(LATER, **NOBODY)
    assert office.outcome(NUDGE) == ("expired", reason)


@pytest.mark.parametrize(
    ("files", "units"),
    [(PLAN.without_unit("d"), "d"), (replace(PLAN, year=2027), "abcd")],
    ids=["its unit left", "another year"],
)
def test_digest_of_what_left_the_plan_is_never_composed_from_this_one(
    office: Trial, files: Files, units: str
) -> None:
    office.tick("2026-04-01T09:00+08:00", **HELD)
    files.write(office)
    releasing.release(office.app(LATER), "2026-04")
    digests = office.notices(period="2026-04", kind=Kind.DIGEST).values()
    assert {v.unit for v in digests if (v.state, v.reason) == DROPPED} == set(units)


@pytest.mark.parametrize("files", [PLAN.without_task("4"), moved_to_may("4")])
def test_reminder_of_several_tasks_goes_for_those_that_are_left(
    office: Trial, files: Files
) -> None:
    held(office, files)
    releasing.release(office.app(LATER))
    text = office.text(NUDGE)
    assert "第5项" in text
    assert "第4项" not in text


def test_task_that_comes_back_is_reminded_of_on_the_next_day(office: Trial) -> None:
    held(office, LEFT)
    office.tick(LATER)
    PLAN.write(office)
    office.tick("2026-04-28T09:00+08:00")
    assert office.notice("nudge/2026-04-28/a").state == "held"


def test_sending_again_all_that_was_refused_passes_over_what_left(office: Trial) -> None:
    (office.config or Path()).joinpath("units.toml").write_text(
        PLAN.units_toml().replace('to = ["a@unit.test"]', "").replace('to = ["d@unit.test"]', "")
    )
    office.tick("2026-04-01T09:00+08:00")
    assert office.notice("digest/2026-04/d").state == "refused"
    PLAN.without_unit("d").write(office)
    app = office.app(LATER)
    with app.database.read() as connection:
        left = operations.to_resend(app, connection, Kind.DIGEST, "2026-04")
    assert [view.key for view in left] == ["small/digest/2026-04/a"]
