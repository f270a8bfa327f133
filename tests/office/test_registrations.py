"""Signing, reporting, confirming: what follows at once, what is refused, who is told."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from reminder.domain.notices import Kind
from reminder.domain.registrations import Act, Registration, Signature
from reminder.errors import DeclinedError, UsageError
from reminder.ledger import registrations
from reminder.ledger.schema import recipient
from reminder.office import completion, lookup, operations, releasing
from reminder.office import registrations as service
from reminder.office.application import Application
from tests.daemon.trials import MARCH, Trial, text_of

TASK = "2026-03-1"
LATE = "2026-03-26T09:30+08:00"  # three working days are left
PAST = "2026-04-01T09:00+08:00"
BY = Signature("值班员", "page/lead/1")
OFFICE = Signature("", "console")
OTHER_MONTHS = ("2026-02", "2026-04", "2025-03", "rubbish", "")


@pytest.fixture
def small(office: Trial) -> Trial:
    """One unit leads, one is related, one must see nothing."""
    office.tick(MARCH)
    return office


@pytest.fixture
def either(either: Trial) -> Trial:
    """The same on both databases, for what their statements do."""
    either.tick(MARCH)
    return either


def unit(app: Application, name: str) -> Any:
    return lookup.find_unit(app, name)


def sign(app: Application, name: str = "lead", period: str = "2026-03") -> bool:
    return service.sign(app, unit(app, name), period, BY)


def finish(app: Application, name: str = "lead", task: str = TASK, **more: Any) -> bool:
    day = more.pop("done_on", date(2026, 3, 20))
    found = lookup.find_task(app, task)
    return service.finish(app, unit(app, name), found, BY, done_on=day, **more)


def said(trial: Trial, name: str = "lead") -> list[Registration]:
    with trial.reading() as connection:
        return registrations.of_unit(connection, "small", name)


def kinds(trial: Trial, kind: Kind) -> list[str]:
    return list(trial.notices(kind=kind))


# Signing


def test_a_signature_says_who_when_and_by_which_link(either: Trial) -> None:
    app = either.app(LATE)
    assert sign(app)
    assert not sign(either.app(LATE))
    [signed] = said(either)
    assert (signed.act, signed.period, signed.by) == (Act.SIGN, "2026-03", BY)
    assert timedelta() <= app.clock.now() - signed.at < timedelta(minutes=1)
    assert len(kinds(either, Kind.RECEIPT)) == 1


@pytest.mark.parametrize(
    ("at", "name", "period", "who", "why"),
    [
        *((LATE, "lead", period, "值班员", "not to sign") for period in OTHER_MONTHS),
        (LATE, "bystander", "2026-03", "值班员", "not to sign"),  # who stands in no row
        ("2026-03-01T08:00+08:00", "lead", "2026-03", "值班员", "not to sign"),  # before its mail
        ("2026-03-02T08:59+08:00", "lead", "2026-03", "值班员", "not to sign"),
        (LATE, "lead", "2026-03", " \t ", "no name"),
    ],
)
def test_a_signature_that_nobody_asked_for_is_refused(
    small: Trial, at: str, name: str, period: str, who: str, why: str
) -> None:
    app = small.app(at)
    with pytest.raises(DeclinedError, match=why):
        service.sign(app, unit(app, name), period, Signature(who, "page/lead/1"))


def test_nobody_signs_for_a_mail_that_waits_for_approval(office: Trial) -> None:
    office.tick(MARCH, mail={"approval": True})
    with pytest.raises(DeclinedError, match="not to sign"):
        sign(office.app(LATE))


def test_a_unit_of_another_body_is_not_asked_to_sign(small: Trial) -> None:
    small.edit_units('id = "related"', 'id = "related"\nrelation = "parallel"\n#')
    small.edit_units('name = "相关委员会"\nrelation = "own"', 'name = "相关委员会"')
    with pytest.raises(DeclinedError):
        sign(small.app(LATE), "related")


def test_an_undone_signature_can_be_given_again(either: Trial) -> None:
    sign(either.app(LATE))
    completion.undo(either.app(LATE), "lead", "", "2026-03", OFFICE)
    assert sign(either.app(LATE))
    assert [each.act for each in said(either)] == [Act.SIGN, Act.UNDO, Act.SIGN]


# Receipts


def test_a_receipt_names_task_act_and_time_and_goes_to_the_units_own_addresses(
    small: Trial,
) -> None:
    finish(small.app(LATE))
    small.tick(LATE)
    receipt = small.mails()[0]
    assert str(receipt["To"]).count("@unit.test") == 2
    assert "登记回执：登记完成" in str(receipt["Subject"])
    text = text_of(receipt)
    assert "如非本单位操作，请" in text
    assert re.search("3月26日09:30.*登记完成.*2026年3月20日", text, re.DOTALL)
    others = [mail for mail in small.mails() if "lead@unit.test" not in str(mail["To"])]
    assert others
    assert not any("登记回执" in str(mail["Subject"]) for mail in others)


def test_a_receipt_carries_no_word_of_who_registered(small: Trial) -> None:
    """Whoever has the link would write in the office's name."""
    by = Signature("请点击evil.example", "page/lead/1")
    app, task = small.app(LATE), lookup.find_task(small.app(LATE), TASK)
    service.finish(app, unit(app, "lead"), task, by, done_on=date(2026, 3, 20), words="汇款至某处")
    service.report_progress(app, unit(app, "lead"), task, by, words="汇款至某处", percent=90)
    small.tick(LATE)
    small.tick("2026-03-26T09:41+08:00")
    assert len(kinds(small, Kind.RECEIPT)) == 2
    for mail in small.mails()[:2]:
        assert "evil" not in mail.as_string() + text_of(mail) + str(mail["Subject"])
        assert "汇款" not in mail.as_string() + text_of(mail)


def progress(trial: Trial, at: str, percent: int) -> None:
    app = trial.app(at)
    task = lookup.find_task(app, TASK)
    service.report_progress(app, unit(app, "lead"), task, BY, words="", percent=percent)


def receipts(trial: Trial) -> list[str]:
    return [key.split("/")[1] for key in kinds(trial, Kind.RECEIPT)]


def test_first_receipt_goes_at_once_and_what_follows_is_gathered_for_ten_minutes(
    either: Trial,
) -> None:
    for minute in range(30, 38):
        progress(either, f"2026-03-26T09:{minute}+08:00", minute)
    either.tick("2026-03-26T09:39+08:00")
    assert receipts(either) == ["1"]
    sign(either.app("2026-03-26T09:39+08:00"), "related")  # which waits for nobody
    assert receipts(either) == ["1", "9"]
    either.tick("2026-03-26T09:40+08:00")
    either.tick("2026-03-26T09:45+08:00")
    assert receipts(either) == ["1", "9", "8"]
    progress(either, "2026-03-26T09:51+08:00", 60)
    assert receipts(either) == ["1", "9", "8", "10"]
    gathered = next(mail for mail in either.mails() if "7次登记" in str(mail["Subject"]))
    assert "3月26日09:31至09:37，通过本单位链接登记7次" in text_of(gathered)
    assert "反馈进展（7次）" in text_of(gathered)


def test_a_clock_that_was_set_back_keeps_no_receipt_waiting(small: Trial) -> None:
    progress(small, "2026-03-26T09:30+08:00", 10)
    progress(small, "2026-03-25T09:30+08:00", 20)
    assert set(receipts(small)) == {"1", "2"}


def test_what_was_registered_while_all_is_held_has_its_receipt_afterwards(office: Trial) -> None:
    held = {"mail": {"first_start": "hold"}}
    office.tick(MARCH, **held)
    app = office.app(LATE, **held)
    finish(app)
    assert kinds(office, Kind.RECEIPT) == []
    releasing.release(app, None)
    office.tick(LATE, **held)
    assert receipts(office) == ["1"]


def test_a_receipt_that_was_refused_goes_again_in_its_words(small: Trial) -> None:
    finish(small.app(LATE))
    small.tick(LATE)
    with pytest.raises(UsageError, match="nobody is left to reach"):
        operations.resend(small.app(LATE), "small/receipt/1/lead")
    with small.app(LATE).database.write() as connection:
        connection.execute(
            update(recipient)
            .where(recipient.c.notice == "small/receipt/1/lead")
            .values(state="refused")
        )
    assert operations.resend(small.app(PAST), "small/receipt/1/lead") == "small/receipt/1/lead#2"
    first, again = (small.mail(f"receipt/1/lead{copy}") for copy in ("", "#2"))
    assert text_of(again) == text_of(first)
    assert again["Message-ID"] != first["Message-ID"]


def test_a_link_in_wrong_hands_floods_no_mailbox_and_locks_nobody_out(small: Trial) -> None:
    most = service.A_DAY[Act.PROGRESS]
    for percent in range(most):
        progress(small, LATE, percent)
    with pytest.raises(DeclinedError, match="too often"):
        progress(small, LATE, 99)
    assert sign(small.app(LATE))
    assert finish(small.app(LATE))
    small.tick("2026-03-26T09:40+08:00")
    assert receipts(small) == ["1", str(most + 2)]


def test_one_task_is_reported_as_done_a_few_times_a_day_whatever_the_office_says(
    small: Trial,
) -> None:
    app = small.app(LATE)
    for _ in range(service.A_DAY[Act.FINISH]):
        finish(app)
        completion.send_back(app, "lead", TASK, "", "请核对", OFFICE)
    with pytest.raises(DeclinedError, match="too often"):
        finish(app)
    assert sign(app)


# Reports


@pytest.mark.parametrize("is_copy", [False, True])
def test_a_nudge_on_its_way_stops_when_its_task_is_reported(either: Trial, is_copy: bool) -> None:
    app = either.app(LATE)
    app.plan(app.clock.now())
    [nudge] = kinds(either, Kind.NUDGE)
    if is_copy:
        operations.drop(app, f"small/{nudge}")
        nudge = operations.resend(app, f"small/{nudge}").removeprefix("small/")
    finish(either.app(LATE))
    assert either.outcome(nudge) == ("expired", "done")


def test_of_two_leads_one_reports_for_itself_alone_until_the_task_is_confirmed(two: Trial) -> None:
    finish(two.app("2026-03-20T10:00+08:00"))
    app = two.app(LATE)
    app.plan(app.clock.now())
    [key] = kinds(two, Kind.NUDGE)
    assert (key, two.notice(key).state) == ("nudge/2026-03-26/bystander", "queued")
    completion.confirm(app, "lead", TASK, "", OFFICE)
    assert two.outcome(key) == ("expired", "done")
    assert not app.progress().is_asked(TASK, "bystander")


def test_a_reported_task_is_neither_nudged_nor_to_be_confirmed_by_the_unit(small: Trial) -> None:
    finish(small.app("2026-03-20T10:00+08:00"))
    for at in (LATE, PAST, "2026-04-02T09:30+08:00"):
        small.tick(at)
    assert kinds(small, Kind.NUDGE) == kinds(small, Kind.OVERDUE) == []
    texts = [text_of(mail) for mail in small.mails() if "4月" in str(mail["Subject"])]
    assert texts
    assert not any("待确认" in text for text in texts)


def test_confirmation_closes_the_task_and_the_leads_own_feed_says_so(small: Trial) -> None:
    app = small.app(LATE)
    app.sync_feeds(app.clock.now())
    finish(app)
    progress = app.progress()
    assert (progress.reported, progress.done) == ({(TASK, "lead", ""): date(2026, 3, 20)}, {})
    assert "✓" not in feed(app, "lead")
    completion.confirm(app, "lead", TASK, "", OFFICE)
    assert app.progress().done == {TASK: date(2026, 3, 20)}
    assert app.progress().reported == {}
    assert "✓" in feed(app, "lead")
    assert "✓" not in feed(app, "related") + feed(app, "plan")


def feed(app: Application, name: str) -> str:
    from reminder.calendar.rendering import parse_query

    return app.feeds.rendered(name, parse_query(""))[0].decode()


def test_what_was_sent_back_is_told_to_its_unit_alone_and_asked_for_again(either: Trial) -> None:
    finish(either.app(LATE))
    app = either.app(LATE, web={"base_url": "https://reminder.test"})
    with pytest.raises(DeclinedError, match="no reason to return"):
        completion.send_back(app, "lead", TASK, "", "  ", OFFICE)
    completion.send_back(app, "lead", TASK, "", "请补充<印发>文号", OFFICE)
    either.tick(LATE)
    assert said(either)[0].message == "请补充<印发>文号"
    assert receipts(either) == ["1", "2"]  # it is not gathered
    assert len(kinds(either, Kind.NUDGE)) == 1
    [mail] = [mail for mail in either.mails() if "登记退回：一件事" in str(mail["Subject"])]
    assert str(mail["To"]).count("@unit.test") == 2
    assert "退回原因：请补充<印发>文号" in text_of(mail)
    assert "请核对后在本单位页面重新登记" in text_of(mail)
    assert re.search(r"https://reminder\.test/units/\w+/lead\s", text_of(mail))


def test_the_word_of_a_unit_that_has_left_can_be_sent_back(small: Trial) -> None:
    finish(small.app("2026-03-20T10:00+08:00"), "lead")
    small.edit_units('id = "lead"', 'id = "other"')
    app = small.app(LATE)
    completion.send_back(app, "lead", TASK, "", "请补充", OFFICE)
    assert app.progress().reported == {}


def test_a_report_is_made_confirmed_or_sent_back_once(small: Trial) -> None:
    assert finish(small.app(LATE), done_on=date(2026, 3, 19))
    assert finish(small.app(LATE))
    assert not finish(small.app(LATE))
    assert len(said(small)) == 2
    completion.confirm(small.app(LATE), "lead", TASK, "", OFFICE)
    with pytest.raises(DeclinedError, match="already handled"):
        completion.confirm(small.app(LATE), "lead", TASK, "", OFFICE)
    with pytest.raises(DeclinedError, match="already handled"):
        completion.send_back(small.app(LATE), "lead", TASK, "", "迟了", OFFICE)
    with pytest.raises(DeclinedError, match="already done"):
        finish(small.app(LATE))


def test_undone_a_task_is_open_again_and_waits_for_nobody(either: Trial) -> None:
    app = either.app(LATE)
    for is_confirmed in (True, False):
        finish(app)
        if is_confirmed:
            completion.confirm(app, "lead", TASK, "", OFFICE)
        completion.undo(app, "lead", TASK, "", OFFICE)
        assert (app.progress().done, app.progress().reported) == ({}, {})
        assert app.progress().is_asked(TASK, "lead")


@pytest.mark.parametrize("name", ["related", "bystander"])
def test_only_a_lead_registers(small: Trial, name: str) -> None:
    app = small.app(LATE)
    with pytest.raises(DeclinedError, match="not a lead"):
        finish(app, name)
    with pytest.raises(DeclinedError, match="not a lead"):
        service.report_progress(
            app, unit(app, name), lookup.find_task(app, TASK), BY, words="进展", percent=None
        )


@pytest.fixture
def two(office: Trial) -> Trial:
    """Another unit leads as well."""
    office.edit_plan('lead = ["承办委员会"]', 'lead = ["承办委员会", "无关委员会"]')
    office.tick(MARCH)
    return office


def test_undoing_what_was_confirmed_to_two_leads_tells_both(two: Trial) -> None:
    app = two.app(LATE)
    finish(app)
    finish(app, "bystander")
    completion.confirm(app, "lead", TASK, "", OFFICE)
    completion.undo(app, "lead", TASK, "", OFFICE)
    assert [said(two, name)[0].act for name in ("lead", "bystander")] == [Act.UNDO, Act.UNDO]
    assert app.progress().is_asked(TASK, "bystander")


def test_what_the_secretariat_registers_settles_what_waits_until_it_is_reopened(two: Trial) -> None:
    app = two.app(LATE)
    finish(app)
    completion.register(app, [TASK], None, date(2026, 3, 24), "")
    assert [each.act for each in said(two)] == [Act.CONFIRM, Act.FINISH]
    completion.reopen(app, TASK)
    assert said(two)[0].act is Act.UNDO
    assert said(two, "bystander") == []
    assert app.progress().reported == {}


def test_what_is_tried_in_a_rehearsal_is_not_registered(small: Trial) -> None:
    with pytest.raises(DeclinedError, match="rehearsal"):
        finish(small.app(LATE, mail={"redirect_to": "secretary@npc.test"}))
    assert said(small) == []


def test_direct_needs_no_confirmation(small: Trial) -> None:
    finish(small.app(LATE, web={"finish": "direct"}))
    assert small.app(LATE).progress().done == {TASK: date(2026, 3, 20)}
