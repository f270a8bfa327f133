"""Clocks that jump, machines that sleep: what was due still goes, and goes once."""

from collections import Counter
from datetime import datetime

import pytest

from reminder.domain.notices import Kind
from reminder.ledger.occasions import read_start
from reminder.office import operations
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp
from tests.mail.servers import bad_server

DIGEST, APRIL_DIGEST = "digest/2026-03/lead", "digest/2026-04/lead"
APRIL = "2026-04-01T09:00+08:00"
LATER = "450 4.2.1 later"


@pytest.mark.parametrize("back", ["2026-03-02T08:00+08:00", "2026-03-01T09:00+08:00"])
def test_clock_set_back_sends_nothing_twice(office: Trial, back: str) -> None:
    office.tick(MARCH)
    assert office.tick(back) == {}
    assert office.tick("2026-03-02T09:01+08:00") == {}
    assert len(office.files()) == 2


def test_what_was_queued_does_not_wait_for_a_clock_that_was_set_back(office: Trial) -> None:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    assert office.tick("2026-03-01T09:00+08:00") == {"sent": 2}


@pytest.mark.parametrize(
    "script",
    [{"RCPT": [LATER] * 6 + ["250 ok"]}, {"GREETING": ["421 busy", "421 busy", "220 here"]}],
    ids=["a retry", "a probe"],
)
def test_probe_that_a_clock_ahead_put_off_for_a_month_waits_no_longer(
    office: Trial, script: dict[str, list[str]]
) -> None:
    with bad_server(**script) as server:
        office.tick(MARCH, **by_smtp(server.port))
        office.tick("2026-03-20T09:00+08:00", **by_smtp(server.port))
        assert office.tick("2026-03-02T10:00+08:00", **by_smtp(server.port)) == {"sent": 2}


def test_mail_given_up_by_a_clock_ahead_goes_when_it_is_set_right(office: Trial) -> None:
    with bad_server(RCPT=[LATER, LATER, LATER, "250 ok"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
        assert office.tick("2026-04-10T09:00+08:00", **by_smtp(server.port))["expired"] == 2
        assert office.tick("2026-03-02T10:00+08:00", **by_smtp(server.port))["sent"] == 2
        bodies = [body for body in server.bodies if b"Message-ID" in body]
    assert office.notice(DIGEST).state == "sent"
    assert set(Counter(bodies).values()) == {1}
    assert ("expired", "too-late") in {row[1:] for row in office.history(DIGEST)}


def test_month_that_a_clock_ahead_passed_over_gets_its_digest_when_it_comes(office: Trial) -> None:
    office.tick(MARCH)
    office.tick("2026-06-02T09:00+08:00")
    assert office.notice(APRIL_DIGEST).reason == "too-late"
    assert office.tick("2026-03-20T09:00+08:00") == {}
    office.tick(APRIL)
    assert office.notice(APRIL_DIGEST).state == "sent"
    went = [str(mail["Subject"]) for mail in office.mails() if "·4月】" in str(mail["Subject"])]
    assert len(went) == 2


def test_first_start_on_a_clock_years_ahead_takes_no_month_away(office: Trial) -> None:
    office.tick("2028-03-01T09:00+08:00")
    office.tick(MARCH)
    with office.reading() as connection:
        assert read_start(connection, "maildir", "small") == datetime.fromisoformat(MARCH)
    office.tick(APRIL)
    digests = office.notices(kind=Kind.DIGEST).values()
    months = {(view.period, view.state) for view in digests if view.state != "baseline"}
    assert months == {("2026-03", "sent"), ("2026-04", "sent")}


def test_digest_that_comes_back_to_life_is_reported_anew(office: Trial) -> None:
    for at in (MARCH, "2026-06-02T09:00+08:00", APRIL):
        office.tick(at, mail=OPERATOR)
    reports = [str(mail["Subject"]) for mail in office.mails() if "operator" in str(mail["To"])]
    assert any("2026-04 月度提示：应发2，已接收2" in subject for subject in reports)


def test_what_was_dropped_by_hand_stays_dropped(office: Trial) -> None:
    with bad_server(RCPT=[LATER]) as server:
        office.tick(MARCH, **by_smtp(server.port))
        app = office.app("2026-03-02T10:00+08:00", **by_smtp(server.port))
        operations.drop(app, office.notice(DIGEST).key)
        office.tick("2026-03-02T11:00+08:00", **by_smtp(server.port))
    assert office.notice(DIGEST).reason == "dropped"


def test_baseline_is_no_mail_even_by_an_earlier_clock(office: Trial) -> None:
    office.tick(APRIL)
    assert office.notice(DIGEST).state == "baseline"
    assert office.tick(MARCH) == {}


@pytest.mark.parametrize(
    ("stopped", "started", "went"),
    [
        ("2026-03-31T23:59+08:00", "2026-04-01T00:01+08:00", set()),
        ("2026-03-25T23:59+08:00", "2026-04-02T00:01+08:00", {APRIL_DIGEST}),
    ],
)
def test_stop_over_a_months_end_misses_nothing_that_is_of_use(
    office: Trial, stopped: str, started: str, went: set[str]
) -> None:
    office.tick(MARCH)
    office.tick(stopped)
    before = set(office.notices(state="sent"))
    office.tick(started)
    new = set(office.notices(state="sent")) - before
    assert {key for key in new if key.endswith("/lead")} == went
    office.tick("2026-04-02T09:00+08:00")
    assert APRIL_DIGEST in office.notices(state="sent")


@pytest.mark.parametrize(("moment", "late"), [("02T23:00", False), ("17T15:30", True)])
def test_first_start_in_mid_month_sends_the_running_month_once_and_late(
    office: Trial, moment: str, late: bool
) -> None:
    """Late is from the next day on."""
    assert office.tick(f"2026-03-{moment}+08:00")["sent"] == 2
    assert office.tick(f"2026-03-{moment}:59+08:00") == {}
    assert {"〔补发〕" in str(mail["Subject"]) for mail in office.mails()} == {late}


def test_years_end_leaves_nothing_to_do(office: Trial) -> None:
    office.tick("2026-12-31T23:59+08:00")
    assert office.tick("2027-01-01T00:00+08:00") == {}
    assert office.tick("2027-01-04T09:00+08:00") == {}


@pytest.mark.parametrize(
    ("at", "before", "due"),
    [
        # New York: no 02:30 on 8 March, two of 01:30 on 1 November.
        ("02:30", "2026-03-08T06:59+00:00", "2026-03-08T07:30+00:00"),
        ("01:30", "2026-11-01T05:29+00:00", "2026-11-01T05:30+00:00"),
    ],
)
def test_digest_goes_at_its_hour_on_the_days_that_change_the_clock(
    office: Trial, at: str, before: str, due: str
) -> None:
    day = due[:10]
    office.edit_plan("Asia/Shanghai", "America/New_York")
    office.edit_plan("month = 3", "month = 11" if "-11-" in day else "month = 3")
    office.edit_plan("2026-03-1", f"{day[:7]}-1")
    rest = [f"{day[:7]}-{number:02}" for number in range(1, int(day[8:]))]
    given = {"digest": {"at": at}, "workdays": {"work": [day], "rest": rest}}
    office.tick("2026-10-30T12:00+00:00" if "-11-" in day else "2026-02-25T12:00+00:00", **given)
    assert office.tick(before, **given) == {}
    assert office.tick(due, **given)["sent"] == 2


def test_what_waits_keeps_its_bytes_though_a_clock_ran_years_ahead(office: Trial) -> None:
    with bad_server(GREETING=["421 busy", "421 busy", "220 here"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
        office.tick("2028-06-01T09:00+08:00", **by_smtp(server.port))
        assert office.tick("2026-03-02T20:00+08:00", **by_smtp(server.port))["sent"] == 2


def test_what_was_sent_again_by_hand_does_not_come_back(office: Trial) -> None:
    with bad_server(GREETING=["421 busy", "220 here"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
        ahead = office.app("2026-04-02T09:00+08:00", **by_smtp(server.port))
        ahead.plan(ahead.clock.now())
        operations.resend(ahead, office.notice("digest/2026-03/related").key)
        for day in ("03", "04"):
            office.tick(f"2026-03-{day}T19:00+08:00", **by_smtp(server.port))
    family = office.notices(unit="related", period="2026-03")
    assert sorted(view.state for view in family.values()) == ["expired", "sent"]
