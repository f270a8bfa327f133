"""With `mail.approval` a digest is read before it goes: what was approved goes, no other."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from reminder.domain.notices import Reason, State
from reminder.errors import DeclinedError, UsageError
from reminder.ledger.history import read_history
from reminder.ledger.schema import recipient
from reminder.ledger.senders import read_alarms
from reminder.office import completion, operations, releasing
from reminder.office.application import Application
from tests.daemon.trials import MARCH, OPERATOR, Trial, parsed
from tests.office import approving as approval
from tests.office.approving import Shown, approve_all

ON: dict[str, Any] = {"mail": {"approval": True}}
# April's digests are put in on 27 March, three working days before 1 April.
EARLY = "2026-03-27T09:00+08:00"
BEFORE = "2026-03-31T10:00+08:00"
DUE = "2026-04-01T09:00+08:00"
LATER = "2026-04-01T11:00+08:00"
NEXT_DAY = "2026-04-02T10:00+08:00"
LEAD, RELATED = "digest/2026-04/lead", "digest/2026-04/related"
KEY = f"small/{LEAD}"


@pytest.fixture
def small(office: Trial) -> Trial:
    """April's digests wait for approval."""
    office.tick(MARCH)
    office.tick(EARLY, **ON)
    return office


@pytest.fixture
def either(either: Trial) -> Trial:
    """The same on both databases, for what their statements do."""
    either.tick(MARCH)
    either.tick(EARLY, **ON)
    return either


def only(app: Application) -> Shown:
    [shown] = approval.unread(app)
    return shown


def done(small: Trial, at: str = BEFORE) -> None:
    """March's task is registered: the lead's digest reads otherwise."""
    completion.register(small.app(at, **ON), ["2026-03-1"], None, None, "")


MAIL = {"mail": {"approval": True} | OPERATOR}


def alarms(small: Trial) -> list[str]:
    """The subjects of the alarms, oldest first."""
    found = [view for view in small.notices().values() if "/report/alarm/approval" in view.key]
    keys = [view.key.partition("/")[2] for view in sorted(found, key=lambda view: view.due)]
    return [small.subject(key) for key in keys]


# Waiting


def test_digests_wait_from_three_working_days_before_and_have_no_bytes(small: Trial) -> None:
    assert small.states(period="2026-04", kind="digest") == {("held", "approval")}
    assert set(small.notices(period="2026-04", kind="digest")) == {LEAD, RELATED}
    view = small.notice(LEAD)
    assert (view.sha256, view.message_id, view.recipients) == (None, None, ())


def test_what_nobody_approved_does_not_go_and_ends_with_the_month(small: Trial) -> None:
    """Nudges do not wait. By a clock that ran ahead nothing is lost."""
    for at, wanted in (
        (DUE, ("held", "approval")),
        ("2026-04-27T09:00+08:00", ("held", "approval")),
        ("2026-05-01T00:00+08:00", ("expired", "too-late")),
        (BEFORE, ("held", "approval")),
    ):
        small.tick(at, **ON)
        assert small.outcome(LEAD) == wanted
    assert small.notices(kind="nudge", period="2026-04-27").popitem()[1].state == "sent"


def test_approval_takes_the_place_of_the_first_starts_hold(office: Trial) -> None:
    first = {"mail": {"approval": True, "first_start": "hold"}}
    office.tick(MARCH, **first)
    assert office.states(period="2026-03") == {("held", "approval")}
    assert approve_all(office.app(MARCH, **first)) == 2
    office.tick(MARCH, **first)
    assert office.states(period="2026-03") == {("sent", "accepted")}


def test_unit_that_comes_into_the_plan_waits_too(small: Trial) -> None:
    small.edit_plan('["相关委员会"]', '["相关委员会", "无关委员会"]')
    small.tick(BEFORE, **ON)
    assert small.outcome("digest/2026-04/bystander") == ("held", "approval")


def test_unit_that_leaves_the_plan_gets_nothing(small: Trial) -> None:
    approve_all(small.app(BEFORE, **ON))
    small.edit_plan('related = ["相关委员会"]', "")
    for at, state in ((BEFORE, "held"), (DUE, "expired")):
        small.tick(at, **ON)
        assert small.outcome(RELATED) == (state, "dropped-from-plan")


def test_unit_that_gets_its_address_in_time_waits_too_and_is_refused_without(small: Trial) -> None:
    given = 'to = ["related@unit.test"]'
    for old, new, at, outcome in (
        (given, "# none", BEFORE, ("held", "no-address")),
        ("# none", given, BEFORE, ("held", "approval")),
        (given, "", DUE, ("refused", "no-address")),
    ):
        small.edit_units(old, new)
        small.tick(at, **ON)
        assert small.outcome(RELATED) == outcome


# Approving


@pytest.mark.parametrize("tick", [DUE, NEXT_DAY])
def test_what_was_approved_goes_with_the_bytes_that_were_shown(either: Trial, tick: str) -> None:
    """At its moment, or by the tick that comes late."""
    app = either.app(BEFORE, **ON)
    shown = only(app).mails[KEY].composed()
    assert approval.approve(app, KEY) == 1
    either.tick("2026-04-01T08:59+08:00", **ON)
    assert either.outcome(LEAD) == ("held", "approved")
    either.tick(tick, **ON)
    assert either.outcome(LEAD) == ("sent", "accepted")
    assert either.stored(LEAD) == shown.content
    assert parsed(shown.content)["Date"].datetime == datetime.fromisoformat(DUE)


def test_after_the_moment_it_goes_at_once_and_on_a_later_day_it_says_so(small: Trial) -> None:
    small.tick(DUE, **ON)
    shown = only(small.app(NEXT_DAY, **ON)).mails[KEY].composed()
    assert "〔补发〕" in str(parsed(shown.content)["Subject"])
    assert approval.approve(small.app(LATER, **ON), KEY)
    assert small.outcome(LEAD) == ("queued", "approved")
    small.tick(LATER, **ON)
    assert small.outcome(LEAD) == ("sent", "accepted")


def refuses(small: Trial, at: str, shown: Shown) -> None:
    """One and all."""
    app = small.app(at, **ON)
    for seen in (shown.one(KEY), shown.whole()):
        with pytest.raises(DeclinedError, match="reads otherwise"):
            releasing.let_go(app, seen)
    assert small.states(period="2026-04", kind="digest") == {("held", "approval")}


def test_page_of_yesterday_or_of_a_moment_to_come_or_that_reads_otherwise_is_refused(
    small: Trial,
) -> None:
    refuses(small, NEXT_DAY, only(small.app(LATER, **ON)))
    refuses(small, LATER, only(small.app("2026-04-01T12:00+08:00", **ON)))
    shown = only(small.app(BEFORE, **ON))
    done(small)
    refuses(small, BEFORE, shown)


def test_approving_twice_is_harmless(small: Trial) -> None:
    app = small.app(BEFORE, **ON)
    seen = only(app).one(KEY)
    assert (releasing.let_go(app, seen), releasing.let_go(app, seen)) == (1, 0)
    small.tick(DUE, **ON)
    with pytest.raises(DeclinedError, match="waits no more"):
        releasing.let_go(small.app(LATER, **ON), seen)
    held = [row for row in small.history(LEAD) if row[1:] == ("held", "approved")]
    assert len(held) == 1


def test_what_changes_before_its_moment_waits_anew_at_once(either: Trial) -> None:
    approve_all(either.app(BEFORE, **ON))
    done(either)
    either.tick(BEFORE, **ON)
    assert either.outcome(LEAD) == ("held", "approval")
    assert either.outcome(RELATED) == ("held", "approved")
    assert (None, "held", "changed") in either.history(LEAD)


def test_what_changes_unnoticed_waits_anew_at_its_moment_and_is_told(small: Trial) -> None:
    """What stands in the settings is in no plan: it shows when the bytes are composed."""
    approve_all(small.app(BEFORE, **MAIL))
    small.tick(BEFORE, **MAIL)
    assert alarms(small) == []
    small.tick(DUE, mail={"approval": True, "contact": "综合处 0951-0000000"} | OPERATOR)
    assert small.outcome(LEAD) == ("held", "approval")
    assert (None, "held", "changed") in small.history(LEAD)
    assert alarms(small) == ["【试】2026-04 月度提示已到时间，待审核：2封"]


def test_all_are_approved_by_one_hash_once(either: Trial) -> None:
    one, other = either.app(BEFORE, **ON), either.app(BEFORE, **ON)
    seen = only(one).whole()
    assert releasing.let_go(one, seen) == 2
    with pytest.raises(DeclinedError, match="waits no more"):
        releasing.let_go(other, seen)
    assert either.states(period="2026-04", kind="digest") == {("held", "approved")}
    either.tick(DUE, **ON)
    assert either.states(period="2026-04", kind="digest") == {("sent", "accepted")}
    app = either.app(LATER, **ON)  # what has gone can neither be dropped nor approved
    for act in (lambda: releasing.drop(app, seen, "不发"), lambda: releasing.let_go(app, seen)):
        with pytest.raises(DeclinedError, match="waits no more"):
            act()


# Dropping


def test_dropped_is_never_sent_nor_made_again(either: Trial) -> None:
    with pytest.raises(DeclinedError, match="no reason to drop"):
        approval.drop(either.app(BEFORE, **ON), KEY, "  ")
    approval.drop(either.app(BEFORE, **ON), KEY, "改为书面通知")
    assert either.outcome(LEAD) == ("expired", "dropped")
    done(either)
    either.tick(DUE, **ON)
    assert either.outcome(LEAD) == ("expired", "dropped")
    with either.reading() as connection:
        history = read_history(connection, KEY)
    assert [row["detail"] for row in history if row["reason"] == "dropped"] == ["改为书面通知"]


# Releasing


def test_release_takes_all_when_approval_was_switched_off(either: Trial) -> None:
    assert releasing.release(either.app(LATER, **ON)) == []
    assert either.outcome(LEAD) == ("held", "approval")
    assert len(releasing.release(either.app(LATER))) == 2
    assert either.outcome(LEAD) == ("queued", "released")


def test_released_before_its_moment_it_waits_for_it(small: Trial) -> None:
    assert len(releasing.release(small.app(BEFORE))) == 2
    small.tick("2026-04-01T08:59+08:00")
    assert small.outcome(LEAD) == ("held", "released")
    small.tick(DUE)
    assert small.outcome(LEAD) == ("sent", "accepted")


def test_what_was_approved_is_sent_again_at_once(small: Trial) -> None:
    approve_all(small.app(BEFORE, **ON))
    small.tick(DUE, **ON)
    app = small.app(LATER, **ON)
    with app.database.write() as connection:
        refused = {"state": State.REFUSED, "reason": Reason.RECIPIENT_REFUSED}
        to_lead = recipient.c.notice == KEY
        connection.execute(update(recipient).where(to_lead).values(refused))
    assert operations.resend(app, KEY) == f"{KEY}#2"
    assert small.outcome(f"{LEAD}#2") == ("queued", "resent")


def test_what_nobody_has_read_waits_when_it_is_sent_again(small: Trial) -> None:
    approval.drop(small.app(BEFORE, **ON), KEY, "误取消")
    assert operations.resend(small.app(BEFORE, **ON), KEY) == f"{KEY}#2"
    small.tick("2026-03-31T11:00+08:00", **ON)
    assert small.outcome(f"{LEAD}#2") == ("held", "approval")
    approval.approve(small.app("2026-03-31T12:00+08:00", **ON), f"{KEY}#2")
    small.tick(DUE, **ON)
    assert small.outcome(f"{LEAD}#2") == ("sent", "accepted")
    assert small.outcome(LEAD) == ("expired", "dropped")


def test_released_and_dropped_it_is_not_sent_again_before_its_moment(small: Trial) -> None:
    releasing.release(small.app(BEFORE))
    operations.drop(small.app(BEFORE), KEY)
    with pytest.raises(UsageError, match="nothing goes early"):
        operations.resend(small.app(BEFORE), KEY)
    assert operations.resend(small.app(DUE), KEY) == f"{KEY}#2"


# What the operator hears


@pytest.mark.parametrize(
    ("web", "where"),
    [
        ({}, "用 reminder console url 给出的地址登录管理页面，打开“待发”"),
        (
            {"console": "anywhere", "base_url": "https://office.test"},
            "登录 https://office.test/console/outgoing ",
        ),
    ],
)
def test_forecast_says_that_the_digests_wait_and_where(
    office: Trial, web: dict[str, str], where: str
) -> None:
    office.tick(EARLY, **MAIL, web=web)
    assert "待审核" in office.subject("report/preflight/2026-04")
    text = office.text("report/preflight/2026-04")
    assert where in text
    assert ("http" in text) == bool(web)
    html = parsed(office.stored("report/preflight/2026-04")).get_body(("html",)).get_content()
    button = '<a href="https://office.test/console/outgoing" style="display:inline-block;'
    assert (button in html) == bool(web)


def test_operator_hears_a_working_day_before_and_when_it_is_late(small: Trial) -> None:
    small.tick("2026-03-31T08:59+08:00", **MAIL)
    assert alarms(small) == []
    for at in ("2026-03-31T09:00+08:00", "2026-03-31T12:00+08:00", DUE, LATER):
        small.tick(at, **MAIL)
    assert alarms(small) == [
        "【试】2026-04 月度提示待审核：2封",
        "【试】2026-04 月度提示已到时间，待审核：2封",
    ]
    approve_all(small.app(LATER, **MAIL))
    small.tick(LATER, **MAIL)
    with small.reading() as connection:
        assert read_alarms(connection) == {}


def test_report_follows_when_all_were_approved(small: Trial) -> None:
    approve_all(small.app(BEFORE, **MAIL))
    small.tick(DUE, **MAIL)
    assert "已接收2" in small.subject("report/digest/2026-04")


def test_no_report_comes_before_the_moment(small: Trial) -> None:
    for at in (EARLY, BEFORE, DUE):
        small.tick(at, **MAIL)
    assert "report/digest/2026-04" not in small.notices()
    small.tick(LATER, **MAIL)
    text = small.text("report/digest/2026-04")
    assert "应发2封，邮件服务器已接收0封" in text
    assert "待审核" in text
