"""A simulated year: the promise holds, and where the product breaks it the judge says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain import occasions
from reminder.domain.notices import CLEARED, UNFINISHED, Reason, State
from reminder.domain.windows import Progress
from reminder.ledger import bounces, claiming, deliveries, holds, notices
from reminder.ledger import occasions as ledger
from reminder.ledger.counts import Tally
from reminder.ledger.holds import Hold
from reminder.ledger.views import read_notices
from reminder.mail import claims, outage
from reminder.office import approval, passes, planning
from reminder.office import notice_writer as notice_writer
from reminder.office.receipts import Receipts
from reminder.office.supplements import Supplements
from tests.daemon.trials import OPERATOR, Trial
from tests.simulation import actors
from tests.simulation.actors import Approver
from tests.simulation.faults import Action, Fault, Faults, Kill, PlannedAction, Rewording, Spell
from tests.simulation.judge import Outcome, simulate

HOUR = timedelta(hours=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


# From before March's digest until after the last word on March's task. Shorter where what is
# tried has shown itself by then: its nudge goes on 26 March, the first overdue mail on 1 April.
START, END = moment("02-26T00:00"), moment("04-13T00:00")
DIGEST = moment("03-02T09:00")
LATE = moment("03-18T00:00")


def loaded(office: Trial, **mail: Any) -> Office:
    return office.app("2026-01-01T00:00+08:00", mail=OPERATOR | mail).office


def spring(office: Trial, until: datetime = END, start: datetime = START, **faults: Any) -> Outcome:
    return simulate(loaded(office), start, until, office.state / "year", faults=Faults(**faults))


def approved(office: Trial, until: datetime, **more: Any) -> Outcome:
    """The digests are read and approved before they go."""
    start, folder = moment("02-20T00:00"), office.state / "year"
    return simulate(loaded(office, approval=True), start, until, folder, **more)


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
    assert (outcome.copies, outcome.breaches) == (0, [])


@pytest.mark.long
@pytest.mark.parametrize("seed", [None, 1])
def test_promise_holds_when_others_are_told_too(office: Trial, tmp_path: Path, seed: int) -> None:
    steps = {
        "nudge": [{"workdays_left": 3, "to": ["unit", "chief@unit.test"]}, {"workdays_left": 1}],
        "overdue": [{"workdays_after": 1, "every": 2, "times": 3, "to": ["secretariat"]}],
    }
    settings = office.app("2026-01-01T00:00+08:00", mail=OPERATOR, **steps).office
    outcome = simulate(settings, LATE, END, tmp_path / "year", seed=seed)
    assert outcome.breaches == []
    reached = {address for mail in outcome.server.deliveries for address in mail.recipients}
    assert "chief@unit.test" in reached


@pytest.mark.parametrize("seed", [None, 2])
def test_promise_holds_for_readers_with_messages_of_their_own(
    office: Trial, tmp_path: Path, seed: int | None
) -> None:
    office.edit_units('"second@unit.test"]', '"second@unit.test"]\ncc = ["chief@unit.test"]')
    web = {"base_url": "https://reminder.test"}
    settings = office.app("2026-01-01T00:00+08:00", mail=OPERATOR, web=web).office
    outcome = simulate(settings, START, moment("04-03T00:00"), tmp_path / "year", seed=seed)
    assert outcome.breaches == []
    by_reader = [one for one in outcome.server.deliveries if "chief@unit.test" in one.recipients]
    assert by_reader
    assert all(one.recipients == ("chief@unit.test",) for one in by_reader)


@pytest.mark.long
@pytest.mark.parametrize("seed", [None, 2])
def test_promise_holds_for_channels(office: Trial, tmp_path: Path, seed: int | None) -> None:
    office.edit_units('id = "lead"', 'id = "lead"\nchannels = ["robot"]')
    office.edit_units('id = "related"', 'id = "related"\nchannels = ["robot"]\nmail = false')
    channel = {"robot": {"url": "json://127.0.0.1/hook"}}
    settings = office.app("2026-01-01T00:00+08:00", mail=OPERATOR, channel=channel).office
    outcome = simulate(settings, START, moment("04-03T00:00"), tmp_path / "year", seed=seed)
    assert outcome.breaches == []
    reached = [one.recipients for one in outcome.server.deliveries]
    assert ("robot",) in reached
    assert not any("related@unit.test" in recipients for recipients in reached)


def test_promise_holds_whatever_the_seed_and_the_same_brings_the_same_year(
    office: Trial, tmp_path: Path
) -> None:
    end = moment("03-08T00:00")  # more of them, of whole years: make seeds
    years = [simulate(loaded(office), START, end, tmp_path / name, seed=3) for name in "ab"]
    first, second = ([(d.at, d.recipients) for d in year.server.deliveries] for year in years)
    assert first == second
    assert years[0].year.kills == years[1].year.kills > 0
    assert years[0].breaches == []


@pytest.mark.parametrize("fault", Fault)
def test_promise_holds_through_each_fault(office: Trial, fault: Fault) -> None:
    more: dict[str, Any] = {}
    if fault is Fault.CLOCK:
        more["shift"] = timedelta(days=31)
    if fault in (Fault.REFUSES_ONE, Fault.SENDS_BACK):
        more["address"] = "lead@unit.test"
    # A clock a month ahead has been to April before.
    until = moment("04-02T00:00") if fault is Fault.CLOCK else moment("03-03T12:00")
    outcome = spring(office, until, moment("03-01T00:00"), **spell(fault, "03-02T08:00", 9, **more))
    assert outcome.breaches == []
    states = {v.state for v in outcome.notices if v.kind == "digest" and v.period == "2026-03"}
    assert states <= {State.SENT, State.REFUSED}


def test_mailbox_that_is_none_gets_one_mail_and_no_other(office: Trial) -> None:
    """What came back is read, whoever dies meanwhile; what follows says why it does not go."""
    kills = tuple(Kill(DIGEST + timedelta(minutes=n), 8 * n) for n in range(15))
    faults = spell(Fault.SENDS_BACK, "03-02T08:00", 2, address="lead@unit.test")
    outcome = spring(office, kills=kills, **faults)
    assert outcome.breaches == []
    gone = [
        (view.kind, person.state, person.reason)
        for view in outcome.notices
        for person in view.recipients
        if person.address == "lead@unit.test"
    ]
    assert gone[0] == ("digest", "bounced", "no-such-mailbox")
    assert {one[1:] for one in gone[1:]} == {("refused", "bounced-address")}


def test_refused_log_in_is_tried_a_few_times_a_day(office: Trial) -> None:
    year = spring(office, moment("03-03T08:00"), **spell(Fault.LOG_IN, "03-02T08:00", 24))
    assert 3 <= year.server.log_ins <= 12


@pytest.mark.long
def test_what_was_read_in_time_goes_at_its_moment(office: Trial) -> None:
    outcome = approved(office, moment("04-10T00:00"))
    assert outcome.breaches == []
    went = {mail.message_id: mail.at for mail in outcome.server.deliveries}
    late = [went[v.message_id] - v.due for v in outcome.notices if v.kind == "digest"]
    assert len(late) == 4
    assert timedelta() <= min(late) <= max(late) < timedelta(minutes=1)


@pytest.mark.long
def test_promise_holds_whoever_reads_late_and_whatever_fails(office: Trial) -> None:
    assert approved(office, moment("04-10T00:00"), seed=1).breaches == []  # more: make seeds


def test_who_has_nothing_left_to_confirm_is_sent_nothing(office: Trial, tmp_path: Path) -> None:
    """What it led in March is registered between the pre-flight of April and its digests."""
    plan = tmp_path / "plan.toml"
    march, april = plan.read_text("utf-8").split("month = 4")
    plan.write_text(f"{march}month = 4{april.replace('承办', '相关')}", "utf-8")
    done = (PlannedAction(moment("04-01T02:00"), "2026-03-1", Action.DONE),)
    outcome = approved(office, moment("04-10T00:00"), faults=Faults(actions=done))
    assert outcome.breaches == []
    [spared] = [v for v in outcome.notices if (v.unit, v.period) == ("lead", "2026-04")]
    assert (spared.state, spared.reason) == (State.EXPIRED, Reason.DONE)


# The judge. Each change breaks the product in one way, and the year must show it.


def expire(connection: Connection, *_: object) -> None:
    keys = [view.key for view in read_notices(connection) if view.state in UNFINISHED]
    notices.set_states(connection, keys, State.EXPIRED, Reason.TOO_LATE, DIGEST)


claim, held_digests = claiming.claim, holds.held_digests


def claim_other_bytes(*given: Any, **more: Any) -> list[claiming.Claim]:
    found = claim(*given, **more)
    for one in found:
        object.__setattr__(one, "content", one.content + token_hex().encode() + b"\r\n")
    return found


def hold_none_back(*given: Any, period: str | None = None, **_: Any) -> list[str]:
    return held_digests(*given, period=period)


REPORTED = (PlannedAction(moment("03-20T10:00"), "2026-03-1", Action.FINISH),)
SENT_BACK = (*REPORTED, PlannedAction(moment("03-27T10:00"), "2026-03-1", Action.RETURN))
SHORT = {"until": moment("03-05T00:00")}
SAME_DAY = {"until": moment("03-03T00:00")}
NEXT_DAY = {"until": moment("03-03T12:00")}
NUDGED = {"start": LATE, "until": moment("03-27T00:00")}
CUT = {"kills": tuple(Kill(DIGEST + timedelta(minutes=n), 20 + 6 * n) for n in range(15))} | SHORT
BUSY = spell(Fault.BUSY, "03-02T08:00", 5)
GREY = spell(Fault.GREYLIST, "03-02T08:00", 5)
BACK = spell(Fault.SENDS_BACK, "03-02T08:00", 5, address="lead@unit.test")
AHEAD = spell(Fault.CLOCK, "02-27T08:00", 5, shift=timedelta(days=70))
Changes = list[tuple[object, str, object]]
NEVER_AGAIN: Changes = [
    (claims, "back_off", lambda *_: timedelta(days=9)),
    (outage, "back_off", lambda *_: timedelta(days=9)),
    (passes, "LONGEST", timedelta(days=99)),
]
BREAKS: dict[str, tuple[dict[str, Any], Changes]] = {
    "forgets recovery": (CUT | NEXT_DAY, [(deliveries, "requeue_lost", lambda *_, **__: 0)]),
    "forgets to record": (
        {"start": moment("03-02T00:00"), "until": DIGEST + HOUR / 2},
        [(deliveries, "settle", lambda *_, **__: True)],
    ),
    "forgets a unit": (
        SHORT,
        [(planning, "digest_units", lambda *given: occasions.digest_units(*given)[1:])],
    ),
    "forgets reminders": (NUDGED, [(planning, "reminders", lambda *_, **__: iter(()))]),
    "repeats reminders": (
        NUDGED | {"until": moment("04-01T00:00")},
        [(ledger, "read_notified", lambda _, __, steps, **___: {step: set() for step in steps})],
    ),
    "never again after greylisting": (GREY | NEXT_DAY, NEVER_AGAIN),
    "never again after a 421": (BUSY | NEXT_DAY, NEVER_AGAIN),
    "gives up at once": (GREY | SAME_DAY, [(passes, "stop", expire)]),
    "changes the bytes": (GREY | SAME_DAY, [(claiming, "claim", claim_other_bytes)]),
    "reports too many": (
        SHORT,
        [(Tally, "accepted", property(lambda tally: tally.expected + 1))],
    ),
    "releases nothing": (
        SHORT,
        [(notice_writer, "read_hold", lambda *_: Hold(Reason.HOLD, datetime.now(UTC)))],
    ),
    "leaves what a clock gave up": (
        AHEAD | SHORT,
        [(notices, "too_early_given_up", lambda *_: [])],
    ),
    "asks twice a day": (
        NUDGED | {"until": moment("04-02T00:00")},
        [(ledger, "read_past_digests", lambda *_, **__: {})],
    ),
    "asks for what was reported": (
        NUDGED | {"actions": REPORTED},
        [(Progress, "is_asked", lambda self, task, unit: task not in self.done)],
    ),
    "forgets what came back": (
        BACK | NEXT_DAY,
        [(bounces, "note_bounce", lambda *_: False)],
    ),
    "stops whom nothing came back from": (
        SAME_DAY,
        [(notices, "stopped_addresses", lambda _: frozenset({"related@unit.test"}))],
    ),
    "sends no receipt": (
        NUDGED | {"actions": REPORTED},
        [(Receipts, "send", lambda *_, **__: [])],
    ),
}
BREAKS_OF_APPROVALS: dict[str, Changes] = {
    "has other bytes than were approved": [
        (approval, "CLEARED", (*CLEARED, Reason.APPROVAL)),
        (passes, "CLEARED", (*CLEARED, Reason.APPROVAL)),
        (Approver, "read", lambda *_: None),
    ],
    "went before it was due": [(holds, "held_digests", hold_none_back)],
    "is still held": [
        (actors, "let_go", lambda *_: 1),
    ],
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Changes], None]:
    def change(changes: Changes) -> None:
        for owner, name, value in changes:
            monkeypatch.setattr(owner, name, value)

    return change


@pytest.mark.parametrize("faults", [CUT, AHEAD], ids=["killed", "ahead"])
def test_promise_holds_through_what_the_judge_is_tried_on(
    office: Trial, faults: dict[str, Any]
) -> None:
    assert spring(office, **faults).breaches == []


@pytest.mark.parametrize(("faults", "changes"), BREAKS.values(), ids=BREAKS)
def test_broken_promise_is_seen(
    office: Trial, broken: Any, faults: dict[str, Any], changes: Changes
) -> None:
    broken(changes)
    assert spring(office, **faults).breaches


@pytest.mark.parametrize(("words", "changes"), BREAKS_OF_APPROVALS.items())
def test_broken_promise_of_an_approval_is_seen(
    office: Trial, broken: Any, words: str, changes: Changes
) -> None:
    broken(changes)
    breaches = approved(office, moment("03-06T00:00")).breaches
    assert any(words in breach.words for breach in breaches)


@pytest.mark.parametrize(
    ("actions", "kinds"),
    [(REPORTED, ["receipt"]), (SENT_BACK, ["receipt", "nudge", "receipt", "overdue"])],
    ids=["reported", "sent back"],
)
def test_what_a_unit_reports_is_asked_for_no_more_unless_it_is_sent_back(
    office: Trial, actions: tuple[PlannedAction, ...], kinds: list[str]
) -> None:
    outcome = spring(office, start=LATE, actions=actions)
    told = [v.kind for v in outcome.notices if v.kind in ("nudge", "overdue", "receipt")]
    assert told == kinds
    assert outcome.breaches == []


@pytest.mark.long
def test_a_spring_of_edits_tells_each_unit_once(office: Trial) -> None:
    edits = [Rewording(moment(f"03-{day}"), "2026-03-1") for day in ("05T10:00", "05T10:06")]
    outcome = spring(office, edits=(*edits, Rewording(moment("03-20T21:00"), "2026-03-1")))
    told = sorted(view.key for view in outcome.notices if view.kind == "supplement")
    assert told == [f"small/supplement/{n}/{unit}" for n in (3, 4) for unit in ("lead", "related")]
    assert (outcome.copies, outcome.breaches) == (0, [])


def killed_at_edits(office: Trial) -> Outcome:
    days = (3, 9, 10, 17)
    edits = [
        Rewording(moment(f"03-{day:02}T09:{minute:02}"), "2026-03-1")
        for day in days
        for minute in (5, 11)
    ]
    kills = [
        Kill(moment(f"03-{day:02}T09:{minute:02}"), step)
        for day in days
        for minute, step in ((20, 8 * day), (21, 40 + day), (22, 100 + day), (23, 3))
    ]
    return spring(office, moment("03-20T00:00"), edits=tuple(edits), kills=tuple(kills))


@pytest.mark.long
def test_edits_reach_everybody_whatever_dies(office: Trial) -> None:
    outcome = killed_at_edits(office)
    assert outcome.year.kills > 8
    assert outcome.breaches == []
    told = {view.key for view in outcome.notices if view.kind == "supplement"}
    assert told == {
        f"small/supplement/{n}/{unit}" for n in (3, 5, 7, 9) for unit in ("lead", "related")
    }


def test_judge_misses_a_correction_that_is_not_made(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if whoever went on after a kill thought that all were there."""
    monkeypatch.setattr(Supplements, "_plan_series", lambda *given: iter(()))
    words = {breach.words for breach in killed_at_edits(office).breaches}
    assert words == {"was never told"}
