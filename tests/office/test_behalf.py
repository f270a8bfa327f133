"""What the secretariat notes for a unit: whose word it is, how it came, who wrote it down."""

from datetime import date
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.domain.registrations import Act, Channel, Registration, Signature
from reminder.errors import DeclinedError
from reminder.ledger import registrations
from reminder.office import completion, lookup
from reminder.office import registrations as service
from reminder.office.application import Application
from reminder.office.calls import note_call
from reminder.office.overview import read_overview
from tests.daemon.trials import MARCH, OPERATOR, Trial, text_of

TASK = "2026-03-1"
LATE = "2026-03-26T09:30+08:00"
CLERK = "经办员"
BY = Signature("联络员", "console", Channel.PHONE, CLERK)


@pytest.fixture
def either(either: Trial) -> Trial:
    """On both databases: one unit leads, one is related, one must see nothing."""
    either.tick(MARCH)
    return either


@pytest.fixture
def small(office: Trial) -> Trial:
    office.tick(MARCH)
    return office


def unit(app: Application, name: str) -> Any:
    return lookup.find_unit(app, name)


def sign(app: Application, period: str = "2026-03", by: Signature = BY) -> bool:
    return service.sign(app, unit(app, "lead"), period, by)


def progress(app: Application, percent: int = 60) -> None:
    task, lead = lookup.find_task(app, TASK), unit(app, "lead")
    service.report_progress(app, lead, task, BY, words="方案已报批", percent=percent)


def finish(app: Application, by: Signature = BY, *, closes: bool = False) -> bool:
    task, lead = lookup.find_task(app, TASK), unit(app, "lead")
    return service.finish(app, lead, task, by, done_on=date(2026, 3, 20), closes=closes)


def said(trial: Trial, name: str = "lead") -> list[Registration]:
    with trial.reading() as connection:
        return registrations.of_unit(connection, "small", name)


def receipts(trial: Trial) -> list[str]:
    return list(trial.notices(kind=Kind.RECEIPT))


def test_all_that_is_noted_says_how_it_came_and_who_wrote_it_down(either: Trial) -> None:
    app = either.app(LATE)
    assert sign(app)
    assert not sign(app)
    progress(app)
    assert finish(app)
    assert [(one.act, one.by) for one in said(either)] == [
        (act, BY) for act in (Act.FINISH, Act.PROGRESS, Act.SIGN)
    ]
    assert app.progress().reported == {(TASK, "lead", ""): date(2026, 3, 20)}


@pytest.mark.parametrize(
    ("at", "period", "by", "signed"),
    [
        ("2026-04-02T09:00+08:00", "2026-03", BY, True),  # of an earlier month too
        ("2026-04-02T09:00+08:00", "2026-03", Signature("联络员", "page/lead/1"), False),
        (LATE, "2026-04", BY, False),  # before its mail
        (LATE, "rubbish", BY, False),
        (LATE, "2026-03", Signature(" ", "console", Channel.VISIT, CLERK), False),
    ],
)
def test_who_is_told_signs_for_a_month_whose_digest_was_due(
    small: Trial, at: str, period: str, by: Signature, signed: bool
) -> None:
    app = small.app(at)
    if signed:
        assert sign(app, period, by)
    else:
        with pytest.raises(DeclinedError, match=r"not to sign|no name"):
            sign(app, period, by)


def test_nobody_signs_for_a_mail_that_waits_for_approval(office: Trial) -> None:
    office.tick(MARCH, mail={"approval": True})
    with pytest.raises(DeclinedError, match="not to sign"):
        sign(office.app(LATE))


def test_a_signature_by_telephone_sends_nothing_and_a_report_one_calm_line(small: Trial) -> None:
    sign(small.app(LATE))
    small.tick(LATE)
    assert receipts(small) == []
    progress(small.app("2026-03-26T09:40+08:00"))
    small.tick("2026-03-26T09:41+08:00")
    assert receipts(small) == ["receipt/2/lead"]
    mail = small.mails()[0]
    text = text_of(mail)
    assert "代为登记进展：一件事" in str(mail["Subject"])
    assert "根据本单位电话告知，代为登记进展：一件事。如有出入，请" in text
    assert "进度：60%" in text
    for unwanted in ("通过本单位链接", "如非本单位操作", "方案已报批", "联络员", CLERK):
        assert unwanted not in text + str(mail["Subject"])


def test_what_a_unit_and_the_secretariat_register_at_once_are_two_receipts(either: Trial) -> None:
    """One says that somebody used the unit's link, the other one that nobody did."""
    progress(either.app(LATE))
    own = Signature("联络员", "page/lead/1")
    for minute, by in ((31, own), (32, BY), (33, own)):
        finish(either.app(f"2026-03-26T09:{minute}+08:00"), by)
        completion.undo(either.app(f"2026-03-26T09:{minute}+08:00"), "lead", TASK, "", BY)
    either.tick("2026-03-26T09:41+08:00")
    either.tick("2026-03-26T09:59+08:00")
    assert sorted(receipts(either)) == ["receipt/1/lead", "receipt/4/lead", "receipt/6/lead"]
    texts = {key: text_of(either.mail(key)) for key in receipts(either)}
    assert "通过本单位链接登记2次" in texts["receipt/6/lead"]
    assert "根据本单位电话告知，代为登记完成情况：一件事" in texts["receipt/4/lead"]


def test_no_limit_of_a_day_keeps_the_secretariat_from_its_work_or_a_unit_by_it(
    small: Trial,
) -> None:
    app = small.app(LATE)
    for percent in range(service.A_DAY[Act.PROGRESS] + 1):
        progress(app, percent)
    task, own = lookup.find_task(app, TASK), Signature("联络员", "page/lead/1")
    service.report_progress(app, unit(app, "lead"), task, own, words="", percent=99)
    assert said(small)[0].percent == 99


def test_what_is_noted_as_done_may_be_closed_with_it(either: Trial) -> None:
    app = either.app(LATE)
    finish(app, closes=True)
    confirmed, reported = said(either)
    assert (reported.act, reported.by) == (Act.FINISH, BY)
    assert (confirmed.act, confirmed.by) == (Act.CONFIRM, Signature("", "console", clerk=CLERK))
    assert app.progress().done == {TASK: date(2026, 3, 20)}
    with pytest.raises(DeclinedError, match="already done"):
        finish(app)


# Calls


def call(app: Application, name: str, words: str) -> None:
    note_call(app, unit(app, name), Signature("联络员", "console", clerk=CLERK), words)


def test_the_last_call_stands_beside_a_unit_and_who_was_not_phoned_stands_first(
    either: Trial,
) -> None:
    app = either.app("2026-03-20T09:30+08:00")
    with pytest.raises(DeclinedError, match="nothing said"):
        call(app, "lead", " \n ")
    for words in ("无人接听", "下周签收"):
        call(app, "lead", words)
    with either.reading() as connection:
        related, lead = read_overview(app, connection, app.clock.now())["unsigned"]
    assert (related.unit.id, related.last_call) == ("related", None)
    last = lead.last_call
    assert (last.unit, last.period) == ("lead", "2026-03")
    assert (last.message, last.who, last.clerk) == ("下周签收", "联络员", CLERK)


# What the operator is told


THIRD = "2026-03-05T09:00+08:00"  # working day after the mail
UNSIGNED = "report/unsigned/2026-03"


def test_who_has_not_signed_is_reported_once_on_the_third_working_day(office: Trial) -> None:
    for at in (MARCH, "2026-03-02T10:30+08:00", "2026-03-05T08:59+08:00"):
        office.tick(at, mail=OPERATOR)
    assert UNSIGNED not in office.notices()
    service.sign(office.app(THIRD), unit(office.app(THIRD), "related"), "2026-03", BY)
    call(office.app(THIRD), "lead", "联络员外出，\n周五签收")
    for at in (THIRD, "2026-03-06T09:00+08:00"):
        office.tick(at, mail=OPERATOR)
    assert [key for key in office.notices() if "unsigned" in key] == [UNSIGNED]
    assert "3月】尚未签收：1个单位" in office.subject(UNSIGNED)
    [line] = [line for line in office.text(UNSIGNED).splitlines() if line.startswith("- ")]
    assert (
        line == "- 承办委员会　未登记联系人　3月5日已联系（联络员）：联络员外出， 周五签收——经办员"
    )


def test_nothing_is_reported_when_all_have_signed_or_the_month_is_over(office: Trial) -> None:
    office.tick(MARCH, mail=OPERATOR)
    for name in ("lead", "related"):
        app = office.app(MARCH)
        service.sign(app, unit(app, name), "2026-03", BY)
    for at in (THIRD, "2026-04-02T09:00+08:00"):
        office.tick(at, mail=OPERATOR)
    assert [key for key in office.notices() if "unsigned" in key] == []
