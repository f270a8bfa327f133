"""What the operator is told: before a digest who gets what, after it what became of it."""

import logging
from pathlib import Path

import pytest

from reminder.domain.notices import Kind, Reason
from reminder.domain.registrations import Signature
from reminder.errors import UsageError
from reminder.ledger.holds import Hold, begin_hold
from reminder.office import listings, operations, releasing
from reminder.office.calls import note_call
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp
from tests.mail.servers import bad_server

FORECAST = "report/preflight/2026-04"
AFTER = "report/digest/2026-03"
BEFORE, APRIL = "2026-03-27T09:00+08:00", "2026-04-01T09:00+08:00"
HELD = OPERATOR | {"first_start": "hold"}


# Before a digest


def test_forecast_goes_three_working_days_before_to_the_operator_alone_and_once(
    either: Trial,
) -> None:
    for at in (MARCH, "2026-03-27T08:59+08:00"):
        either.tick(at, mail=OPERATOR)
    assert FORECAST not in either.notices()
    for at in (BEFORE, "2026-03-27T09:01+08:00", "2026-03-30T09:00+08:00"):
        either.tick(at, mail=OPERATOR)
    [recipient] = either.notice(FORECAST).recipients
    assert (recipient.address, recipient.state) == ("operator@npc.test", "sent")
    assert [key for key in either.notices() if "preflight" in key] == [FORECAST]


def test_forecast_says_which_mail_goes_to_whom_under_the_subject_that_goes(shipped: Trial) -> None:
    shipped.tick(BEFORE, mail=OPERATOR)
    shipped.tick(APRIL, mail=OPERATOR)
    text = shipped.text(FORECAST)
    assert "发送预告：31封" in shipped.subject(FORECAST)
    [line] = [line for line in text.splitlines() if "helan@local.example" in line]
    assert line.startswith("- 【代表工作·4月】相关2项：")
    assert "贺兰县人大常委会 helan@local.example" in line
    gone = shipped.notices(kind=Kind.DIGEST, period="2026-04")
    assert [key for key in gone if shipped.subject(key) not in text] == []


def test_forecast_of_very_many_names_whole_groups(
    shipped: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings, "SHOWN", 3)
    shipped.tick(BEFORE, mail=OPERATOR)
    [line] = [line for line in shipped.text(FORECAST).splitlines() if "29封" in line]
    assert "各市、县（区）人大常委会（27个）；" in line
    assert "helan@local.example" not in line
    assert "special-committees@npc.example" in line


def test_listing_says_how_many_rows_it_leaves_out() -> None:
    listing = listings.listing("calls", range(listings.SHOWN + 3))
    assert (len(listing.rows), listing.more) == (listings.SHOWN, 3)


def test_forecast_and_report_name_who_has_no_address(shipped: Trial) -> None:
    for at in ("2026-07-29T09:00+08:00", "2026-08-03T09:00+08:00"):
        shipped.tick(at, mail=OPERATOR)
    text = shipped.text("report/preflight/2026-08")
    assert "不发送（1）\n- 自治区有关部门　无邮箱，需另行告知" in text
    assert "应发30，已接收29" in shipped.subject("report/digest/2026-08")
    text = shipped.text("report/digest/2026-08")
    assert "自治区有关部门　无邮箱，需另行告知" in text


@pytest.mark.parametrize("since_march", [False, True])
def test_sessions_are_asked_for_until_they_have_a_date(shipped: Trial, since_march: bool) -> None:
    if since_march:
        shipped.tick(MARCH, mail=OPERATOR)
    shipped.tick("2026-04-28T09:00+08:00", mail=OPERATOR)
    text = shipped.text("report/preflight/2026-05")
    assert "- 自治区十三届人大常委会第二十五次会议　5月" in text
    assert ("请登记会期（1次会议）" in text) == (not since_march)
    assert ("- 十四届全国人大四次会议　3月　全国人大四次会议服务保障" in text) == since_march
    assert "二十二次会议" not in text  # before the first start: nobody asks


def test_forecast_of_a_held_office_says_that_nothing_goes_and_what_to_do(shipped: Trial) -> None:
    app = shipped.app("2026-04-28T09:00+08:00", mail=OPERATOR)
    app.plan(app.clock.now())
    with app.database.write() as connection:
        begin_hold(connection, Hold(Reason.BY_HAND, app.clock.now()))
        report = app.container.reporter.forecast(connection, 5)
    it, phrase = {**report.facts, "plan": app.table.plan}, app.container.composer.phrase
    subject_, summary = (phrase("mail/preflight.txt", m, it=it) for m in ("subject", "summary"))
    assert "暂停发送" in subject_
    assert "到时不发" in summary
    assert "reminder ledger release" in summary
    assert "将于" not in summary


def test_forecast_of_a_rehearsal_does_not_replace_the_operators_own(shipped: Trial) -> None:
    shipped.tick(BEFORE, mail=OPERATOR | {"redirect_to": "me@npc.test"})
    shipped.tick(BEFORE, mail=OPERATOR)
    views = shipped.notices(kind=Kind.REPORT).items()
    reached = {p.address for key, view in views if "preflight" in key for p in view.recipients}
    assert "operator@npc.test" in reached


# After an occasion


def test_report_comes_once_an_occasion_and_is_counted_in_no_pass(shipped: Trial) -> None:
    assert shipped.tick(MARCH, mail=OPERATOR) == {"planned": 5, "sent": 5, "baseline": 12}
    assert len(shipped.files()) == 6
    for at in (MARCH, "2026-03-03T09:00+08:00"):
        shipped.tick(at, mail=OPERATOR)
    # Of what was before the first start nothing is reported.
    assert [key for key in shipped.notices() if key.startswith("report/")] == [AFTER]
    with pytest.raises(UsageError, match="a report is not sent again"):
        operations.resend(shipped.app(MARCH), f"npc-deputies/{AFTER}")
    assert "应发5，已接收5" in shipped.subject(AFTER)
    shipped.tick("2026-03-26T09:00+08:00", mail=OPERATOR)
    assert "临近提醒：应发1，已接收1" in shipped.subject("report/nudge/2026-03-26")
    shipped.tick("2026-05-06T09:00+08:00", mail=OPERATOR)
    assert "应发31，已接收0" in shipped.subject("report/digest/2026-04")
    assert "贺兰县人大常委会　过时未发" in shipped.text("report/digest/2026-04")


def test_report_says_who_refused_and_in_which_words(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        office.tick(MARCH, mail=OPERATOR, **by_smtp(server.port))
        assert "应发2，已接收1" in office.subject(AFTER)
        assert "second@unit.test 550 5.1.1 no such user" in office.text(AFTER)


def test_report_waits_an_hour_for_what_is_on_its_way(office: Trial) -> None:
    with bad_server(RCPT=["450 4.2.1 later"]) as server:
        office.tick(MARCH, mail=OPERATOR, **by_smtp(server.port))
        office.tick("2026-03-02T09:59+08:00", mail=OPERATOR, **by_smtp(server.port))
        assert AFTER not in office.notices()
        office.tick("2026-03-02T10:00:05+08:00", mail=OPERATOR, **by_smtp(server.port))
        assert (
            "承办委员会　对方邮箱暂不接收，系统会自动再发　lead@unit.test 450 4.2.1 later"
            in office.text(AFTER)
        )


def test_report_expires_after_seven_days(office: Trial) -> None:
    for at in ("02T09:00", "02T10:30", "09T10:29"):
        office.tick(f"2026-03-{at}+08:00", mail=OPERATOR, **NOBODY)
    assert office.notice(AFTER).state == "retry"
    office.tick("2026-03-09T10:31+08:00", mail=OPERATOR, **NOBODY)
    assert office.outcome(AFTER) == ("expired", "too-late")


# Whom to phone


def test_other_bodies_are_never_pressed_and_stand_in_the_call_list_once(
    shipped: Trial, tmp_path: Path
) -> None:
    """Both tasks of the plan are led by the government's office."""
    plan = tmp_path / "parallel.toml"
    plan.write_text(
        '[plan]\nid = "other"\nyear = 2026\nname = "安排表"\ntag = "试"\n'
        'office = "代表工作委员会"\ntimezone = "Asia/Shanghai"\n'
        '[[month]]\nmonth = 3\nlead = ["自治区人民政府办公厅"]\n'
        '[[month.task]]\nid = "2026-03-1"\ntitle = "一件事"\n'
        '[[month]]\nmonth = 4\nlead = ["自治区人民政府办公厅"]\n'
        '[[month.task]]\nid = "2026-04-1"\ntitle = "另一件事"\n',
        encoding="utf-8",
    )
    for day in ("02", "26", "27", "30"):
        at = f"2026-03-{day}T09:00+08:00"
        shipped.tick(at, mail=OPERATOR, plan=plan)
        if day == "26":
            app = shipped.app(at, plan=plan)
            unit = app.table.directory[app.table.lead_units(app.table.plan.tasks[0])[0]]
            note_call(app, unit, Signature("", "console", clerk="经办员"), "周五答复")
    assert shipped.notices(kind=Kind.NUDGE) == {}
    calls = [key for key in shipped.notices() if key.startswith("report/calls")]
    assert calls == ["report/calls/2026-03-26"]
    assert "自治区人民政府办公厅　未登记联系人　一件事" in shipped.text(calls[0])
    # Before the next digest they stand there with what was said.
    assert "3月26日已联系：周五答复——经办员" in shipped.text(FORECAST)


# Without an operator


def test_without_an_operator_the_report_stands_in_the_log(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        shipped.tick(MARCH)
        shipped.tick(BEFORE)
    assert "应发5封，邮件服务器已接收5封" in caplog.text
    assert shipped.notices(kind=Kind.REPORT) == {}


def test_report_of_what_still_waits_comes_once_and_the_last_when_it_has_gone(
    shipped: Trial,
) -> None:
    for hour in (9, 11, 12, 13):
        shipped.tick(f"2026-04-01T{hour:02}:00+08:00", mail=HELD)
    reports_ = [key for key in shipped.notices(kind=Kind.REPORT) if "digest" in key]
    assert reports_ == ["report/digest/2026-04"]
    releasing.release(shipped.app("2026-04-01T14:00+08:00", mail=HELD))
    shipped.tick("2026-04-01T14:01+08:00", mail=HELD)
    shipped.tick("2026-04-01T14:02+08:00", mail=HELD)
    assert "已接收31" in shipped.subject("report/digest/2026-04#2")


def test_report_of_what_was_held_too_long_says_that_nothing_goes_yet(shipped: Trial) -> None:
    shipped.tick(APRIL, mail=HELD)
    shipped.tick("2026-05-06T09:00+08:00", mail=HELD)
    text = shipped.text("report/digest/2026-04")
    assert "过时未发" in text
    assert "目前暂停发送：首次启用，暂存待放行" in text
