"""Mails that waited for days: composed anew before they go, unless they may have gone before."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.ledger.integrity import verify
from reminder.office import holds, operations, releasing
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp
from tests.mail.servers import Picky, bad_server, real_server
from tests.office.approving import approve_all, unread

LEAD, RELATED = "digest/2026-03/lead", "digest/2026-03/related"
A_DAY = "2026-03-03T09:00+08:00"
WEEK = "2026-03-12T09:00+08:00"
LATER = "2026-03-12T18:00+08:00"


@pytest.fixture
def office(office: Trial) -> Iterator[Trial]:
    """One unit leads, with two mailboxes; one is related; one must see nothing."""
    yield office
    assert list(verify(office.state / "ledger.db")) == []


def reached(office: Trial, **more: Any) -> list[str]:
    """Whom the mails of a week later reach, by a server that takes them all."""
    with real_server(inbox := Picky((), "")) as port:
        office.tick(WEEK, **by_smtp(port), **more)
    return sorted(inbox.reached)


def dated(office: Trial, key: str) -> datetime:
    return parsedate_to_datetime(str(office.mail(key)["Date"]))


def away(office: Trial, **more: Any) -> None:
    """Nobody listens when March's digests are due."""
    office.tick(MARCH, **NOBODY, **more)
    assert {view.state for view in office.notices(kind=Kind.DIGEST).values()} == {"retry"}


def test_mail_that_waited_for_a_week_goes_with_the_date_of_now_and_says_so(office: Trial) -> None:
    away(office)
    before = office.notice(LEAD).message_id
    with bad_server() as server:
        office.tick(WEEK, **by_smtp(server.port))
    assert office.states(kind=Kind.DIGEST, period="2026-03") == {("sent", "accepted")}
    assert dated(office, LEAD) == datetime.fromisoformat(WEEK)
    assert "〔补发〕" in office.subject(LEAD)
    assert office.notice(LEAD).message_id == before
    assert {body for _, body in server.accepted} == {office.stored(LEAD), office.stored(RELATED)}


@pytest.mark.parametrize(
    ("script", "reason", "later"),
    [
        ({"GREETING": ["421 busy"]}, "server", A_DAY),
        ({"BODY": ["close"]}, "answer-lost", WEEK),
        ({"RCPT": ["250 ok", "450 4.2.0 grey", "250 ok"]}, "recipient-deferred", WEEK),
    ],
    ids=["it waited for a day", "its answer was lost", "one recipient has it"],
)
def test_message_that_may_have_arrived_keeps_its_bytes(
    office: Trial, script: dict[str, list[str]], reason: str, later: str
) -> None:
    with bad_server(**script) as server:
        office.tick(MARCH, **by_smtp(server.port))
        before = office.stored(LEAD)
        assert reason in {row[2] for row in office.history(LEAD)}
        server.follow({})
        office.tick(later, **by_smtp(server.port))
    assert office.notice(LEAD).state == "sent"
    assert office.stored(LEAD) == before


def test_what_was_held_on_its_way_for_a_week_is_released_with_the_date_of_now(
    office: Trial,
) -> None:
    away(office)
    app = office.app(A_DAY, transport="smtp")
    holds.hold(app.database, app.clock.now(), "")
    assert office.notice(LEAD).state == "held"
    releasing.release(office.app(WEEK, transport="smtp"))
    assert dated(office, LEAD) == datetime.fromisoformat(WEEK)


def test_what_waits_anew_goes_to_the_addresses_of_now(office: Trial) -> None:
    away(office)
    office.edit_units('"second@unit.test"', '"third@unit.test"')
    assert reached(office) == ["lead@unit.test", "related@unit.test", "third@unit.test"]


def test_unit_that_has_left_gets_nothing_and_nobody_else_waits_for_it(office: Trial) -> None:
    away(office)
    office.edit_plan('related = ["相关委员会"]', "")
    office.edit_units('id = "related"\nname = "相关委员会"', 'id = "other"\nname = "其他委员会"')
    with bad_server() as server:
        office.tick(WEEK, **by_smtp(server.port))
    assert office.notice(LEAD).state == "sent"
    assert office.outcome(RELATED) == (
        "expired", "dropped-from-plan",
    )  # fmt: skip


@pytest.mark.parametrize("has_left", [False, True])
def test_copy_that_was_made_by_hand_goes_to_nobody_who_has_the_first(
    office: Trial, has_left: bool
) -> None:
    """When who lacked it has left, the copy goes as it was laid in."""
    with bad_server(RCPT=["250 ok", "550 5.1.1 no", "250 ok"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
    operations.resend(office.app(MARCH, **by_smtp(server.port)), office.notice(LEAD).key)
    office.tick(A_DAY, **by_smtp(server.port))
    if has_left:
        office.edit_units(', "second@unit.test"', "")
    assert reached(office) == ["second@unit.test"]


def test_what_lay_in_an_outbox_folder_has_reached_nobody_once_there_is_a_server(
    office: Trial,
) -> None:
    office.tick(MARCH)
    office.tick(A_DAY, **NOBODY)
    assert reached(office) == ["lead@unit.test", "related@unit.test", "second@unit.test"]


def test_report_that_waited_says_the_same_with_the_date_of_now(office: Trial) -> None:
    with bad_server(RCPT=["250 ok"] * 3 + ["450 4.2.0 grey"]) as server:
        office.tick(MARCH, **by_smtp(server.port), mail=OPERATOR)
        [key] = office.notices(kind=Kind.REPORT)
        before = office.mail(key)
        server.follow({})
        office.tick("2026-03-06T09:00+08:00", **by_smtp(server.port), mail=OPERATOR)
    assert office.notice(key).state == "sent"
    assert dated(office, key).date().isoformat() == "2026-03-06"
    after = office.mail(key)
    assert str(after["Subject"]) == str(before["Subject"])
    for kind in ("plain", "html"):
        assert after.get_body((kind,)).get_content() == before.get_body((kind,)).get_content()


def test_rehearsal_that_waited_is_still_marked(office: Trial) -> None:
    rehearsal = {"redirect_to": "me@npc.test"}
    away(office, mail=rehearsal)
    assert reached(office, mail=rehearsal) == ["me@npc.test"] * 2
    assert office.subject("rehearsal/digest/2026-03/lead").startswith("【演练】")


def test_digest_that_was_approved_is_read_again_after_days(office: Trial) -> None:
    approval = {"approval": True}
    office.tick(MARCH, **NOBODY, mail=approval)
    app = office.app(MARCH, **NOBODY, mail=approval)
    approve_all(app)
    office.tick(MARCH, **NOBODY, mail=approval)
    assert office.states(period="2026-03", kind=Kind.DIGEST) == {("retry", "server")}
    with bad_server() as server:
        office.tick(WEEK, **by_smtp(server.port), mail=approval)
        assert server.bodies == []
        assert office.states(period="2026-03", kind=Kind.DIGEST) == {("held", "approval")}
        app = office.app(WEEK, **by_smtp(server.port), mail=approval)
        [shown] = unread(app)
        assert all(one.is_changed for one in shown.mails.values())
        approve_all(app)
        office.tick(LATER, **by_smtp(server.port), mail=approval)
    assert office.states(period="2026-03", kind=Kind.DIGEST) == {("sent", "accepted")}
    assert "〔补发〕" in office.subject(LEAD)
