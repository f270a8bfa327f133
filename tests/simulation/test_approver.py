"""A simulated spring whose digests are read and approved before they go."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.notices import CLEARED, Reason, State
from reminder.ledger import holds
from reminder.office import approval
from tests.daemon.trials import OPERATOR, trial
from tests.simulation import actors
from tests.simulation.actors import Approver
from tests.simulation.faults import Action, Fault, Faults, PlannedAction, Spell
from tests.simulation.year import Outcome, simulate

APPROVED = OPERATOR | {"approval": True}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


START, DIGEST, END = (moment(text) for text in ("02-20T00:00", "03-02T09:00", "04-10T00:00"))


def spring(
    folder: Path,
    seed: int | None = None,
    until: datetime = END,
    edit: tuple[str, str] = ("", ""),
    **more: Any,
) -> Outcome:
    with trial(folder, small=True) as opened:
        plan = folder / "plan.toml"
        plan.write_text(plan.read_text(encoding="utf-8").replace(*edit), encoding="utf-8")
        office = opened.app("2026-01-01T00:00+08:00", mail=APPROVED).office
        return simulate(office, START, until, folder / "year", seed=seed, **more)


def test_what_was_read_in_time_goes_at_its_moment(tmp_path: Path) -> None:
    outcome = spring(tmp_path)
    assert outcome.breaches == ()
    digests = [view for view in outcome.notices if view.kind == "digest"]
    went = {mail.message_id: mail.at for mail in outcome.deliveries}
    late = [went[view.message_id or ""] - view.due for view in digests]
    assert len(late) == 4
    assert timedelta() <= min(late) <= max(late) < timedelta(minutes=1)


@pytest.mark.parametrize("seed", [1])  # more of them: make seeds
def test_promise_holds_whoever_reads_late_and_whatever_fails(tmp_path: Path, seed: int) -> None:
    assert spring(tmp_path, seed).breaches == ()


def test_who_has_nothing_left_to_confirm_is_sent_nothing(tmp_path: Path) -> None:
    """What it led in March is registered between the pre-flight of April and its digests."""
    without = ('month = 4\nlead = ["承办委员会"]', 'month = 4\nlead = ["相关委员会"]')
    done = (PlannedAction(moment("04-01T02:00"), "2026-03-1", Action.DONE),)
    outcome = spring(tmp_path, edit=without, faults=Faults(actions=done))
    assert outcome.breaches == ()
    [spared] = [v for v in outcome.notices if (v.unit, v.period) == ("lead", "2026-04")]
    assert (spared.state, spared.reason) == (State.EXPIRED, Reason.DONE)


def leave_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approval, "CLEARED", (*CLEARED, Reason.APPROVAL))
    patch.setattr(Approver, "read", lambda *_: None)


def hurry(patch: pytest.MonkeyPatch) -> None:
    original = holds.held_digests

    def held(*given: Any, period: str | None = None, **_: Any) -> list[str]:
        return original(*given, period=period)

    patch.setattr(holds, "held_digests", held)


def forget_what_was_approved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actors, "approve", lambda *_: True)
    patch.setattr(actors, "approve_all", lambda *_: 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leave_unread, "has other bytes than were approved"),
        (hurry, "went before it was due"),
        (forget_what_was_approved, "is still held"),
    ],
)
def test_broken_promise_is_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
    words: str,
) -> None:
    change(monkeypatch)
    breaches = spring(tmp_path, until=moment("03-06T00:00")).breaches
    assert any(words in breach.words for breach in breaches)


def test_a_server_away_while_it_was_read_loses_nothing(tmp_path: Path) -> None:
    away = Spell(Fault.DOWN, DIGEST - timedelta(days=2), DIGEST + timedelta(days=1))
    outcome = spring(tmp_path, until=moment("03-06T00:00"), faults=Faults((away,)))
    assert outcome.breaches == ()
    assert {view.state for view in outcome.notices if view.kind == "digest"} == {State.SENT}
