"""A simulated year: the promise holds, and where the product breaks it the judge says so."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain import occasions
from reminder.domain.notices import UNFINISHED, Reason, State
from reminder.domain.windows import Progress
from reminder.ledger import deliveries, notices
from reminder.ledger import occasions as ledger
from reminder.ledger.counts import Tally
from reminder.ledger.holds import Hold
from reminder.ledger.views import read_notices
from reminder.mail import claims, outage, sending
from reminder.office import notice_writer as notice_writer
from reminder.office import planning
from reminder.office.receipts import Receipts
from tests.daemon.trials import OPERATOR, Trial, trial
from tests.simulation.faults import Action, Fault, Faults, Kill, PlannedAction, Spell
from tests.simulation.year import Outcome, simulate

HOUR = timedelta(hours=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


# From before March's digest until after the last word on March's task. Shorter where what is
# tried has shown itself by then: its nudge goes on 26 March, the first overdue mail on 1 April.
START, END = moment("02-26T00:00"), moment("04-13T00:00")
DIGEST = moment("03-02T09:00")
LATE = moment("03-18T00:00")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True) as opened:
        yield opened


def loaded(office: Trial) -> Office:
    return office.app("2026-01-01T00:00+08:00", mail=OPERATOR).office


def spring(office: Trial, until: datetime = END, start: datetime = START, **faults: Any) -> Outcome:
    folder = office.state.parent / "year"
    return simulate(loaded(office), start, until, folder, faults=Faults(**faults))


def spell(fault: Fault, start: str, hours: float, **more: Any) -> dict[str, Any]:
    begin = moment(start)
    return {"spells": (Spell(fault, begin, begin + hours * HOUR, **more),)}


def test_spring_without_faults_brings_each_unit_what_was_due(office: Trial) -> None:
    outcome = spring(office)
    kinds = sorted((view.kind, view.unit) for view in outcome.notices if view.kind != "report")
    assert kinds == [
        *[("digest", "lead")] * 2,
        *[("digest", "related")] * 2,
        ("nudge", "lead"),
        ("overdue", "lead"),  # a week after; the day after, April's digest asks
    ]
    assert (outcome.copies, outcome.breaches) == (0, ())


@pytest.mark.parametrize("seed", [None, 1])
def test_promise_holds_when_others_are_told_too(office: Trial, tmp_path: Path, seed: int) -> None:
    steps = {
        "nudge": [{"workdays_left": 3, "to": ["unit", "chief@unit.test"]}, {"workdays_left": 1}],
        "overdue": [{"workdays_after": 1, "every": 2, "times": 3, "to": ["secretariat"]}],
    }
    settings = office.app("2026-01-01T00:00+08:00", mail=OPERATOR, **steps).office
    outcome = simulate(settings, LATE, END, tmp_path / "year", seed=seed)
    assert outcome.breaches == ()
    reached = {address for mail in outcome.deliveries for address in mail.recipients}
    assert "chief@unit.test" in reached


def test_promise_holds_whatever_the_seed_and_the_same_brings_the_same_year(
    office: Trial, tmp_path: Path
) -> None:
    end = moment("03-08T00:00")  # more of them, of whole years: make seeds
    years = [simulate(loaded(office), START, end, tmp_path / name, seed=3) for name in "ab"]
    first, second = ([(d.at, d.recipients) for d in year.deliveries] for year in years)
    assert first == second
    assert years[0].kills == years[1].kills > 0
    assert years[0].breaches == ()


@pytest.mark.parametrize("fault", Fault)
def test_promise_holds_through_each_fault(office: Trial, fault: Fault) -> None:
    more: dict[str, Any] = {}
    if fault is Fault.CLOCK:
        more["shift"] = timedelta(days=31)
    if fault is Fault.REFUSES_ONE:
        more["address"] = "lead@unit.test"
    # A clock a month ahead has been to April before.
    until = moment("04-02T00:00") if fault is Fault.CLOCK else moment("03-03T12:00")
    outcome = spring(office, until, moment("03-01T00:00"), **spell(fault, "03-02T08:00", 9, **more))
    assert outcome.breaches == ()
    states = {v.state for v in outcome.notices if v.kind == "digest" and v.period == "2026-03"}
    assert states <= {State.SENT, State.REFUSED}


def test_three_days_without_a_server_lose_nothing(office: Trial) -> None:
    outcome = spring(office, moment("03-10T00:00"), **spell(Fault.DOWN, "03-02T08:00", 76))
    assert outcome.breaches == ()
    assert {view.state for view in outcome.notices} == {State.SENT}


def test_refused_log_in_is_tried_a_few_times_a_day(office: Trial) -> None:
    spells = spell(Fault.LOG_IN, "03-02T08:00", 24)["spells"]
    folder = office.state.parent / "year"
    attempts = []
    original = sending.Sender.send_ready

    def counting(sender: sending.Sender) -> int:
        before = getattr(sender.route.transport, "log_ins", 0)
        touched = original(sender)
        if moment("03-02T09:00") <= sender._clock.now() < moment("03-03T08:00"):
            attempts.append(getattr(sender.route.transport, "log_ins", 0) - before)
        return touched

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending.Sender, "send_ready", counting)
        simulate(loaded(office), START, moment("03-04T00:00"), folder, faults=Faults(spells))
    assert 3 <= sum(attempts) <= 12


@pytest.mark.parametrize("step", range(1, 250, 80))
def test_death_at_a_step_loses_nothing_and_doubles_at_most_one_message(
    office: Trial, step: int
) -> None:
    kills = (Kill(moment("03-02T09:00"), step),)
    outcome = spring(office, until=moment("03-03T00:00"), kills=kills)
    assert outcome.breaches == ()
    assert outcome.copies <= 2  # one message, to both mailboxes of a unit


# The judge. Each change breaks the product in one way, and the year must show it.


def forget_recovery(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "requeue_lost", lambda *_: 0)


def forget_to_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "settle", lambda *_, **__: True)


def forget_a_unit(patch: pytest.MonkeyPatch) -> None:
    original = occasions.digest_units
    patch.setattr(planning, "digest_units", lambda *given: original(*given)[1:])


def forget_reminders(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planning, "reminders", lambda *_, **__: iter(()))


def repeat_reminders(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "read_notified", lambda _, steps, **__: {step: set() for step in steps})


def never_again(patch: pytest.MonkeyPatch) -> None:
    for module in (claims, outage):
        patch.setattr(module, "back_off", lambda *_: timedelta(days=9))
    patch.setattr(planning, "LONGEST", timedelta(days=99))


def give_up_at_once(patch: pytest.MonkeyPatch) -> None:
    def expire(connection: Connection, *_: object) -> None:
        keys = [view.key for view in read_notices(connection) if view.state in UNFINISHED]
        notices.set_states(connection, keys, State.EXPIRED, Reason.TOO_LATE, DIGEST)

    patch.setattr(planning, "stop", expire)


def change_the_bytes(patch: pytest.MonkeyPatch) -> None:
    original, counted = deliveries.claim, iter(range(10**6))

    def claim(*given: Any) -> list[deliveries.Claim]:
        found = original(*given)
        for one in found:
            object.__setattr__(one, "content", one.content + b"%d\r\n" % next(counted))
        return found

    patch.setattr(deliveries, "claim", claim)


def report_too_many(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tally, "accepted", property(lambda tally: tally.expected + 1))


def release_nothing(patch: pytest.MonkeyPatch) -> None:
    held = Hold(Reason.HOLD, datetime.now(UTC))
    patch.setattr(notice_writer, "read_hold", lambda *_: held)


def ask_twice_a_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "read_past_digests", lambda *_, **__: {})


def leave_what_a_clock_gave_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(notices, "too_early_given_up", lambda *_: [])


SHORT = {"until": moment("03-05T00:00")}
SAME_DAY = {"until": moment("03-03T00:00")}
NEXT_DAY = {"until": moment("03-03T12:00")}
NUDGED = {"start": LATE, "until": moment("03-27T00:00")}
NUDGED_AGAIN = {"start": LATE, "until": moment("04-01T00:00")}
CUT = {"kills": tuple(Kill(DIGEST + timedelta(minutes=n), 20 + 6 * n) for n in range(15))} | SHORT
BUSY = spell(Fault.BUSY, "03-02T08:00", 5)
GREY = spell(Fault.GREYLIST, "03-02T08:00", 5)
AHEAD = spell(Fault.CLOCK, "02-27T08:00", 5, shift=timedelta(days=70))
BREAKS = [
    (forget_recovery, CUT | NEXT_DAY),
    (forget_to_record, {"start": moment("03-02T00:00"), "until": DIGEST + HOUR / 2}),
    (forget_a_unit, SHORT),
    (forget_reminders, NUDGED),
    (repeat_reminders, NUDGED_AGAIN),
    (never_again, GREY | NEXT_DAY),
    (never_again, BUSY | NEXT_DAY),
    (give_up_at_once, GREY | SAME_DAY),
    (change_the_bytes, GREY | SAME_DAY),
    (report_too_many, SHORT),
    (release_nothing, SHORT),
    (leave_what_a_clock_gave_up, AHEAD | SHORT),
    (ask_twice_a_day, {"start": LATE, "until": moment("04-02T00:00")}),
]


@pytest.mark.parametrize("faults", [CUT, AHEAD], ids=["killed", "ahead"])
def test_promise_holds_through_what_the_judge_is_tried_on(
    office: Trial, faults: dict[str, Any]
) -> None:
    assert spring(office, **faults).breaches == ()


@pytest.mark.parametrize(("change", "faults"), BREAKS)
def test_broken_promise_is_seen(
    office: Trial,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
    faults: dict[str, Any],
) -> None:
    change(monkeypatch)
    assert spring(office, **faults).breaches


REPORTED = (PlannedAction(moment("03-20T10:00"), "2026-03-1", Action.FINISH),)
SENT_BACK = (*REPORTED, PlannedAction(moment("03-27T10:00"), "2026-03-1", Action.RETURN))


def told(outcome: Outcome) -> list[str]:
    kinds = ("nudge", "overdue", "receipt")
    return [str(view.kind) for view in outcome.notices if view.kind in kinds]


def test_what_a_unit_reports_is_asked_for_no_more(office: Trial) -> None:
    outcome = spring(office, start=LATE, actions=REPORTED)
    assert told(outcome) == ["receipt"]
    assert outcome.breaches == ()


def test_what_was_sent_back_is_asked_for_again(office: Trial) -> None:
    outcome = spring(office, start=LATE, actions=SENT_BACK)
    assert told(outcome) == ["receipt", "nudge", "receipt", "overdue"]
    assert outcome.breaches == ()


def test_judge_sees_a_unit_asked_for_what_it_has_reported(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Progress, "is_asked", lambda self, task, unit: task not in self.done)
    assert spring(office, **NUDGED, actions=REPORTED).breaches


def test_judge_sees_a_receipt_that_is_missing(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Receipts, "send", lambda *args: [])
    assert "was due" in spring(office, **NUDGED, actions=REPORTED).breaches[0].words
