"""A clock that cannot be right: nothing is begun, nothing given up, and it is said."""

from datetime import UTC, datetime

import pytest
import time_machine

from reminder.clock import Clock
from reminder.errors import ReminderError
from reminder.ledger.occasions import read_start
from reminder.office import completion
from reminder.office.application import Application
from tests.daemon.trials import MARCH, Trial

WRONG = ["1970-01-01T00:00:05Z", "2000-01-01T12:00:00Z", "2025-11-30T23:59:59Z"]


def by_the_machine(office: Trial) -> Application:
    """On the machine's own clock, wherever that stands."""
    app = office.app(MARCH)
    app.clock = Clock()
    return app


@pytest.mark.parametrize("moment", WRONG)
def test_clock_before_this_version_begins_nothing_and_says_so(office: Trial, moment: str) -> None:
    with time_machine.travel(moment):
        with pytest.raises(ReminderError, match="before this version was made") as refusal:
            by_the_machine(office).tick()
        assert refusal.value.exit_status == 1
    with office.reading() as connection:
        assert read_start(connection, "maildir", "small") is None
    assert office.notices() == {}


def test_it_goes_on_by_itself_when_the_clock_is_right(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    app = by_the_machine(office)
    with time_machine.travel("1970-01-01T00:00:05Z") as clock:
        for _ in range(3):
            app.plan(app.clock.now())
        assert [r.message for r in caplog.records if "the clock says" in r.message] == [
            "the clock says 1970-01-01, before this version was made: nothing is begun until it "
            "is right"
        ]
        clock.move_to(datetime.fromisoformat(MARCH))
        assert app.tick().sent == 2
    assert office.states() == {("sent", "accepted")}


def test_clock_that_falls_back_to_1970_changes_nothing(office: Trial) -> None:
    app = by_the_machine(office)
    with time_machine.travel(datetime.fromisoformat(MARCH)) as clock:
        app.tick()
        before = office.notices()
        clock.move_to(datetime(1970, 1, 1, tzinfo=UTC))
        app.plan(app.clock.now())
        assert app.look(app.clock.now(), ()) == 0
        with pytest.raises(ReminderError):
            completion.register(app, ["2026-03-1"], None, None, "")
        assert office.notices() == before
        clock.move_to(datetime.fromisoformat("2026-04-01T09:00+08:00"))
        app.tick()
    assert office.states(period="2026-04") == {("sent", "accepted")}


def test_moment_that_is_asked_for_may_lie_in_the_year_before_the_plan(office: Trial) -> None:
    assert office.tick("2025-06-30T09:00+08:00") == {}
    with pytest.raises(ReminderError, match="years before the plan of 2026"):
        office.tick("2024-12-31T09:00+08:00")
