"""What is due becomes notices, once: starts, restarts, holds, moves between transports."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.office import load_office
from reminder.domain.notices import Kind
from reminder.errors import UsageError
from reminder.office import completion, operations, releasing
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp, parsed, text_of
from tests.mail.servers import Inbox, bad_server, real_server

APRIL = "2026-04-01T09:00+08:00"
REDIRECTED = {"redirect_to": "me@npc.test"}
DEPUTIES = "deputies@npc.example"
LEAD, NUDGE = "digest/2026-03/deputies", "nudge/2026-03-26/deputies"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp(inbox: Inbox) -> Iterator[dict[str, Any]]:
    """The settings that lead to that inbox."""
    with real_server(inbox) as port:
        yield by_smtp(port)


def subjects(mails: list[EmailMessage]) -> set[str]:
    return {str(mail["Subject"]) for mail in mails}


# The first start


def test_first_start_sends_the_running_month_once_and_nothing_older(shipped: Trial) -> None:
    assert shipped.tick("2026-03-02T08:59+08:00") == {"baseline": 12}
    assert shipped.tick(MARCH) == {"planned": 5, "sent": 5}
    assert shipped.tick(MARCH) == {}
    assert sorted(str(mail["To"]).partition("<")[2].rstrip(">") for mail in shipped.mails()) == [
        "deputies@npc.example",
        "government-office@gov.example",
        "organization-department@gov.example",
        "special-committees@npc.example",
        "working-committees@npc.example",
    ]
    assert {view.period for view in shipped.notices(state="sent").values()} == {"2026-03"}
    for month in ("2026-01", "2026-02"):
        assert shipped.states(period=month) == {("baseline", "first-start")}


@pytest.mark.parametrize("by_server", [False, True])  # whatever lay in a folder before
def test_first_mail_of_the_year_says_who_sends_it_and_the_second_does_not(
    office: Trial, smtp: dict[str, Any], by_server: bool
) -> None:
    way = smtp if by_server else {}
    office.tick(MARCH)
    office.tick("2026-03-10T09:00+08:00", **way)
    office.tick(APRIL, **way)
    keys = (f"digest/2026-03/lead{'#2' if by_server else ''}", "digest/2026-04/lead")
    texts = [office.text(key) for key in keys]
    assert ["月初发送一封" in text for text in texts] == [True, False]


# Restarts


def test_machine_that_slept_through_a_month_says_that_its_mail_is_too_late(either: Trial) -> None:
    either.tick(MARCH)
    assert either.tick("2026-05-07T09:00+08:00")["expired"] == 2
    assert either.states(period="2026-04", kind=Kind.DIGEST) == {("expired", "too-late")}
    assert either.tick("2026-05-07T09:00+08:00") == {}
    assert not any("4月】" in subject for subject in subjects(either.mails()))


def test_first_start_after_the_plans_year_sends_nothing(shipped: Trial) -> None:
    assert set(shipped.tick("2027-01-04T09:00+08:00")) == {"baseline"}
    assert shipped.files() == []


# Who cannot be reached


def test_unit_without_address_is_refused_and_told_of_in_the_leads_digest(shipped: Trial) -> None:
    assert shipped.tick("2026-08-03T09:00+08:00")["refused"] == 1
    assert shipped.outcome("digest/2026-08/departments") == ("refused", "no-address")
    assert "自治区有关部门未登记邮箱，需另行告知" in text_of(shipped.mail_to(DEPUTIES))


# Nudges


def test_nudge_goes_once_with_three_working_days_left(shipped: Trial) -> None:
    shipped.tick(MARCH)
    for early in ("25T09:00", "26T08:59"):
        assert shipped.tick(f"2026-03-{early}+08:00") == {}
    assert shipped.tick("2026-03-26T09:00+08:00") == {"planned": 1, "sent": 1}
    assert shipped.tick("2026-03-27T09:00+08:00") == {}
    assert list(shipped.notices(kind=Kind.NUDGE)) == [NUDGE]
    text = shipped.text(NUDGE)
    assert "换届选举时间的决定" in text
    assert "第二十四次会议有关服务保障" not in text  # it has no date


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        (["2026-03-3", "2026-03-4", "2026-03-5"], ("expired", "done")),
        (["2026-03-3", "2026-03-4"], ("sent", "accepted")),
    ],
)
def test_queued_nudge_goes_for_what_is_left(
    shipped: Trial, smtp: dict[str, Any], done: list[str], outcome: tuple[str, str]
) -> None:
    app = shipped.app("2026-03-26T09:00+08:00", **NOBODY)
    assert app.tick().retry == 6
    completion.register(app, done, None, None, "")
    shipped.tick("2026-03-26T09:05+08:00", **smtp)
    assert shipped.outcome(NUDGE) == outcome


@pytest.mark.parametrize(
    ("moments", "settings", "asked"),
    [
        (("04-01T09:00", "04-02T09:00"), {}, []),
        # One that comes late asks for the step before it, and one on another day for none.
        (("04-03T15:00", "04-07T09:00", "04-10T09:00"), {}, ["overdue/2026-04-10/lead"]),
        (
            ("03-27T09:00", "04-01T09:00"),
            {"digest": {"workdays_before": 3}},
            ["overdue/2026-04-01/lead"],
        ),
        *(
            (("03-27T09:00", "04-01T09:00", "04-02T09:00"), {"mail": waits}, [])
            for waits in ({"first_start": "hold"}, {"approval": True})
        ),
    ],
)
def test_on_the_day_of_the_digest_the_digest_asks_and_no_second_mail(
    either: Trial, moments: tuple[str, ...], settings: dict[str, Any], asked: list[str]
) -> None:
    for moment in ("03-02T09:00", *moments):
        either.tick(f"2026-{moment}+08:00", **settings)
    assert list(either.notices(kind=Kind.OVERDUE)) == asked
    april = either.notice("digest/2026-04/lead")
    assert april.state == ("held" if "mail" in settings else "sent")
    if not settings:
        assert "3月待确认（1项" in either.text("digest/2026-04/lead")


def test_who_is_told_beside_the_lead_is_told_on_the_day_of_the_digest_too(office: Trial) -> None:
    both = {
        "overdue": [{"workdays_after": 1, "to": ["unit", "secretariat"]}],
        "mail": {"reply_to": "secretariat@unit.test", "first_start": "hold"},
    }
    office.tick(MARCH, **both)
    office.tick(APRIL, **both)
    app = office.app(APRIL, **both)
    releasing.release(app)
    notice = office.notice("overdue/2026-04-01/lead")
    assert [person.address for person in notice.recipients] == ["secretariat@unit.test"]
    assert "承办委员会3月有1项尚未登记完成" in office.text("overdue/2026-04-01/lead")


def test_what_closed_before_the_first_start_is_never_asked_for(shipped: Trial) -> None:
    shipped.tick(APRIL)
    assert shipped.notices(kind=Kind.OVERDUE) == {}
    assert "待确认" not in text_of(shipped.mail_to(DEPUTIES))


# Hold, release, drop


def test_hold_keeps_everything_back_until_it_is_composed_at_the_release(shipped: Trial) -> None:
    assert shipped.tick(MARCH, mail={"first_start": "hold"}) == {"planned": 5, "baseline": 12}
    assert shipped.states(period="2026-03") == {("held", "hold")}
    assert {view.sha256 for view in shipped.notices(period="2026-03").values()} == {None}
    app = shipped.app("2026-03-03T10:00+08:00")
    assert len(releasing.release(app)) == 5
    assert app.tick().sent == 5
    assert "2026年3月3日 10:00" in text_of(shipped.mail_to(DEPUTIES))
    assert all("〔补发〕" in subject for subject in subjects(shipped.mails()))


def test_tick_never_releases_a_hold_and_what_is_held_expires_with_its_month(either: Trial) -> None:
    either.tick(MARCH, mail={"first_start": "hold"})
    assert either.tick(MARCH) == {}
    assert either.tick(APRIL)["expired"] == 2
    assert either.states(period="2026-03") == {("expired", "too-late")}
    assert either.states(period="2026-04") == {("held", "hold")}


@pytest.mark.parametrize(
    ("period", "april"), [(None, ("sent", "accepted")), ("2026-03", ("held", "hold"))]
)
def test_release_of_a_period_leaves_the_hold(
    either: Trial, period: str | None, april: tuple[str, str]
) -> None:
    either.tick(MARCH, mail={"first_start": "hold"})
    releasing.release(either.app(MARCH), period)
    assert either.tick(MARCH) == {"sent": 2}
    either.tick(APRIL)
    assert either.states(period="2026-04") == {april}


def test_dropped_notice_is_never_sent(shipped: Trial) -> None:
    shipped.tick(MARCH, mail={"first_start": "hold"})
    app, key = shipped.app(MARCH), f"npc-deputies/{LEAD}"
    operations.drop(app, key)
    releasing.release(app)
    assert app.tick().sent == 4
    assert shipped.outcome(LEAD) == ("expired", "dropped")
    for ended in (key, "npc-deputies/digest/2026-03/special-committees"):
        with pytest.raises(UsageError, match="only what waits can be dropped"):
            operations.drop(app, ended)


# From one transport to another


@pytest.mark.parametrize("moment", [MARCH, "2026-03-10T09:00+08:00"])  # in the same second too
def test_mail_server_after_a_maildir_is_a_first_start_again(
    either: Trial, inbox: Inbox, smtp: dict[str, Any], moment: str
) -> None:
    """Once: there and back again sends nothing anew."""
    either.tick(MARCH)
    assert either.tick(moment, **smtp) == {"planned": 2, "sent": 2}
    assert set(either.notices(period="2026-03")) == {
        f"digest/2026-03/{unit}{copy}" for unit in ("lead", "related") for copy in ("", "#2")
    }
    assert either.tick("2026-03-10T10:00+08:00", **smtp) == {}
    assert either.tick("2026-03-11T09:00+08:00") == {}
    assert either.tick("2026-03-12T09:00+08:00", **smtp) == {}
    assert len(inbox.received) == 2


def test_maildir_after_a_mail_server_is_no_first_start(office: Trial, smtp: dict[str, Any]) -> None:
    office.tick(MARCH, **smtp)
    assert office.tick("2026-03-10T09:00+08:00") == {}
    office.tick(APRIL)
    assert office.states(period="2026-04") == {("sent", "accepted")}


def test_what_lay_in_an_outbox_folder_may_be_sent_again_by_the_server(
    office: Trial, smtp: dict[str, Any]
) -> None:
    office.tick(MARCH)
    office.tick(APRIL, **smtp)
    assert [key for key in office.notices(period="2026-03") if "#" in key] == []
    key = office.notice("digest/2026-03/lead").key
    assert operations.resend(office.app(APRIL, **smtp), key) == f"{key}#2"


# Rehearsals


def test_redirected_mails_are_marked_and_stand_apart_in_the_ledger(
    shipped: Trial, inbox: Inbox, smtp: dict[str, Any]
) -> None:
    shipped.tick(MARCH, mail=REDIRECTED | OPERATOR, **smtp)
    assert {tuple(mail.rcpt_tos) for mail in inbox.received} == {("me@npc.test",)}
    mails = [parsed(mail.content) for mail in inbox.received]
    assert {str(mail["To"]) for mail in mails} == {"me@npc.test"}
    assert all(subject.startswith("【演练】") for subject in subjects(mails))
    sent = shipped.notices(state="sent")
    assert {(view.rehearsal, view.reason) for view in sent.values()} == {(True, "rehearsal")}
    digests = {key for key in sent if not key.startswith("report/")}
    assert all(key.startswith("rehearsal/digest/2026-03/") for key in digests)
    assert shipped.notices(kind=Kind.REPORT).keys() == sent.keys() - digests


@pytest.mark.parametrize("moment", ["2026-02-10T09:00+08:00", MARCH])
def test_real_notices_go_after_the_rehearsal_which_is_no_first_start(
    shipped: Trial, moment: str
) -> None:
    shipped.tick(moment, mail=REDIRECTED)
    assert shipped.tick(MARCH) == {"planned": 5, "sent": 5, "baseline": 12}
    assert DEPUTIES in str(shipped.mail_to(DEPUTIES)["To"])


def test_rehearsal_reminds_nobody_in_earnest(shipped: Trial) -> None:
    shipped.tick(MARCH)
    shipped.tick("2026-03-26T09:00+08:00", mail=REDIRECTED)
    assert shipped.tick("2026-03-26T10:00+08:00") == {"planned": 1, "sent": 1}


def test_what_waited_for_its_units_does_not_reach_them_in_a_rehearsal(
    shipped: Trial, inbox: Inbox, smtp: dict[str, Any]
) -> None:
    shipped.tick(MARCH, **NOBODY)
    shipped.tick("2026-03-03T09:00+08:00", mail=REDIRECTED, **smtp)
    assert {address for mail in inbox.received for address in mail.rcpt_tos} == {"me@npc.test"}


# Sent again


def test_resend_makes_a_second_notice_for_who_was_not_reached(
    office: Trial, inbox: Inbox, smtp: dict[str, Any]
) -> None:
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
    app, key = office.app("2026-03-03T09:00+08:00", **smtp), "small/digest/2026-03/lead"
    assert operations.resend(app, key) == f"{key}#2"
    app.tick()
    assert [mail.rcpt_tos for mail in inbox.received] == [["second@unit.test"]]
    assert office.notice("digest/2026-03/lead").state == "refused"


def test_resend_is_composed_anew(shipped: Trial) -> None:
    shipped.tick(MARCH, mail={"first_start": "hold"})
    app = shipped.app("2026-03-04T09:00+08:00")
    operations.drop(app, f"npc-deputies/{LEAD}")
    operations.resend(app, f"npc-deputies/{LEAD}")
    assert shipped.notice(f"{LEAD}#2").message_id not in (None, shipped.notice(LEAD).message_id)
    assert "2026年3月4日 09:00".encode() not in shipped.stored(f"{LEAD}#2")
    app.tick()
    assert "2026年3月4日 09:00" in text_of(shipped.mail_to(DEPUTIES))


@pytest.mark.parametrize(
    ("first_start", "done", "words"),
    [
        ("send", (), "nobody is left to reach"),
        ("hold", (), "has not ended yet"),
        ("hold", (operations.drop, operations.resend), "on its way again already"),
    ],
)
def test_resend_is_refused_when_there_is_nothing_to_send_again(
    shipped: Trial, first_start: str, done: tuple[Any, ...], words: str
) -> None:
    shipped.tick(MARCH, mail={"first_start": first_start})
    app = shipped.app(MARCH)
    for act in done:
        act(app, f"npc-deputies/{LEAD}")
    with pytest.raises(UsageError, match=words):
        operations.resend(app, f"npc-deputies/{LEAD}")


def test_resend_reaches_a_unit_that_has_an_address_at_last(
    office: Trial, inbox: Inbox, smtp: dict[str, Any]
) -> None:
    office.edit_units('to = ["related@unit.test"]', "# no address yet")
    office.tick(MARCH, **smtp)
    assert office.notice("digest/2026-03/related").reason == "no-address"
    office.edit_units("# no address yet", 'to = ["new@unit.test"]')
    app = office.app("2026-03-03T09:00+08:00", **smtp)
    operations.resend(app, "small/digest/2026-03/related")
    app.tick()
    assert inbox.received[-1].rcpt_tos == ["new@unit.test"]


def test_recipients_are_those_of_the_moment_when_it_was_queued(
    office: Trial, inbox: Inbox, smtp: dict[str, Any]
) -> None:
    office.tick(MARCH, **NOBODY)
    office.edit_units("related@unit.test", "new@unit.test")
    office.tick("2026-03-03T09:00+08:00", **smtp)
    assert [mail.rcpt_tos for mail in inbox.received if len(mail.rcpt_tos) == 1] == [
        ["related@unit.test"]
    ]


# The end of its use


def test_retry_ends_with_the_month_and_never_by_a_count(either: Trial) -> None:
    for day in (2, 3, 10, 20, 31):
        either.tick(f"2026-03-{day:02}T09:00+08:00", **NOBODY)
    assert either.states(period="2026-03") == {("retry", "server")}
    either.tick("2026-04-01T00:00+08:00", **NOBODY)
    assert either.states(period="2026-03") == {("expired", "too-late")}


def test_what_is_held_for_the_mail_server_is_not_released_into_a_rehearsal(
    shipped: Trial, smtp: dict[str, Any]
) -> None:
    shipped.tick(MARCH, mail={"first_start": "hold"}, **smtp)
    assert releasing.release(shipped.app(MARCH, mail=REDIRECTED, **smtp)) == []


def test_unit_that_lost_its_address_is_refused_when_released(office: Trial) -> None:
    office.tick(MARCH, mail={"first_start": "hold"})
    for address in ('"lead@unit.test", "second@unit.test"', '"related@unit.test"'):
        office.edit_units(address, "")
    releasing.release(office.app(MARCH))
    assert office.states(period="2026-03") == {("refused", "no-address")}


def test_nudge_released_on_a_later_day_says_so_and_leaves_out_what_is_done(shipped: Trial) -> None:
    held = {"first_start": "hold"}
    shipped.tick("2026-04-27T09:10+08:00", mail=held)
    app = shipped.app("2026-04-29T09:00+08:00", mail=held)
    completion.register(app, ["2026-04-1"], None, None, "")
    releasing.release(app)
    nudge = "nudge/2026-04-27/deputies"
    assert "〔补发〕临近提醒" in shipped.subject(nudge)
    assert "临近事项（1项）" in shipped.text(nudge)
    assert "已完成" not in shipped.text(nudge).replace("已完成的请告知", "")


def test_nudge_that_never_went_comes_back_with_its_task(
    shipped: Trial, smtp: dict[str, Any]
) -> None:
    shipped.tick("2026-04-27T09:00+08:00", **NOBODY)
    app = shipped.app("2026-04-27T10:00+08:00", **smtp)
    completion.register(app, ["2026-04-1", "2026-04-2"], None, None, "")
    shipped.tick("2026-04-27T10:01+08:00", **smtp)
    completion.reopen(shipped.app("2026-04-27T10:02+08:00", **smtp), "2026-04-2")
    shipped.tick("2026-04-28T09:00+08:00", **smtp)
    assert "nudge/2026-04-28/deputies" in shipped.notices()


def test_two_state_folders_on_one_ledger_share_the_single_process_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    one, two = (
        load_office(command_line={"state_dir": tmp_path / name, "database_url": url})
        for name in ("one", "two")
    )
    assert one.settings.lock_path == two.settings.lock_path
