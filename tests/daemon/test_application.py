"""One pass of the work, and the moments at which it may be tried."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reminder.clock import Clock
from reminder.errors import LedgerError, UsageError
from reminder.office.holds import refuse_far_moment
from reminder.office.passes import Pass
from tests.daemon.trials import MARCH, Trial, forked, trial

REAL = {"transport": "smtp", "smtp": {"host": "mail.npc.test"}}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True, made=False) as opened:
        yield opened


def test_pass_counts_what_it_did(either: Trial) -> None:
    assert either.app(MARCH).tick() == Pass(2, 2, 0, 0, 0, 0)
    assert either.app(MARCH).tick() == Pass(0, 0, 0, 0, 0, 0)


def test_tick_prints_its_counts(office: Trial) -> None:
    environ = {"CONFIG": str(office.config), "PLAN": str(office.state.parent / "plan.toml")}
    with forked(office.state, "tick", "--at", MARCH, **environ) as running:
        printed, _ = running.communicate()
    assert running.returncode == 0
    assert printed == "planned 2, sent 2, retry 0, refused 0, expired 0, baseline 0\n"


LOCAL = {"transport": "smtp", "smtp": {"host": "127.0.0.1"}}


@pytest.mark.parametrize(
    ("settings", "moment", "really"),
    [(REAL, MARCH, True), (REAL, Clock().now().isoformat(), False), (LOCAL, MARCH, False)],
    ids=["really meant", "now", "on this machine"],
)
def test_distant_moment_is_for_a_trial_server(
    office: Trial, settings: dict[str, Any], moment: str, really: bool
) -> None:
    loaded = office.app(MARCH, **settings).office
    refuse_far_moment(loaded, datetime.fromisoformat(moment), really=really)
    assert not office.state.exists()


def test_distant_moment_is_refused_on_a_real_mail_server(office: Trial) -> None:
    app = office.app(MARCH, **REAL)
    with pytest.raises(UsageError, match=r"mail\.npc\.test is a real mail server") as refusal:
        refuse_far_moment(app.office, app.clock.now(), really=False)
    assert "--really" in refusal.value.hint


def test_state_folder_that_cannot_be_made_is_said(office: Trial) -> None:
    office.state.write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match="cannot be opened"):
        office.app(MARCH).tick()


def test_progress_of_an_office_without_a_ledger_makes_none(office: Trial) -> None:
    assert office.app(MARCH).progress().started is None
    assert not office.state.exists()
