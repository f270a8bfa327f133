"""Several plans and years in one installation: each has its own mails, tasks and calendars."""

from pathlib import Path

import pytest

from reminder.calendar.rendering import Query
from reminder.domain.notices import Kind, Reason, State
from reminder.errors import UnknownError, UsageError
from reminder.ledger.views import read_notices
from reminder.office import completion, operations
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, text_of
from tests.plans import plan_text, put_plans

APRIL = "2026-04-01T09:00+08:00"
JANUARY = "2027-01-04T09:00+08:00"


@pytest.fixture
def office(office: Trial) -> Trial:
    """Two plans with the same ids of tasks, and the next year of one of them."""
    put_plans(
        office,
        small=plan_text(months=[3, 4, 12]),
        small_2027=plan_text(year=2027, months=[1, 2]),
        other=plan_text("other", lead="相关委员会", related="无关委员会"),
    )
    return office


def keys(trial: Trial, **of: object) -> list[str]:
    with trial.reading() as connection:
        return sorted(view.key for view in read_notices(connection, **of))  # type: ignore[arg-type]


def test_a_unit_gets_one_mail_of_each_plan_that_names_it(office: Trial) -> None:
    office.tick(MARCH)
    assert keys(office, kind=Kind.DIGEST, period="2026-03") == [
        "other/digest/2026-03/bystander",
        "other/digest/2026-03/related",
        "small/digest/2026-03/lead",
        "small/digest/2026-03/related",
    ]
    mails = {text_of(mail).splitlines()[0] for mail in office.mails()}
    assert len(office.mails()) == 4
    assert len(mails) == 3
    assert office.tick(MARCH) == {}


def test_a_task_that_is_done_in_one_plan_stays_open_in_the_other(office: Trial) -> None:
    app = office.app(MARCH)
    app.tick()
    completion.register(app.about("other"), ["2026-03-1"], None, None, "")
    assert list(office.app(MARCH).about("other").progress().done) == ["2026-03-1"]
    assert not office.app(MARCH).about("small").progress().done
    office.tick("2026-03-26T09:30+08:00")
    assert keys(office, kind=Kind.NUDGE) == ["small/nudge/2026-03-26/lead"]


def test_who_names_no_plan_means_the_greater_one_and_the_year_that_runs(office: Trial) -> None:
    put_plans(office, small=plan_text(months=[3, 4, 12], related='相关委员会", "无关委员会'))
    for at, year in ((MARCH, 2026), (JANUARY, 2027), ("2025-12-01T09:00+08:00", 2026)):
        app = office.app(at)
        assert (app.table.plan.id, app.table.plan.year) == ("small", year)
    assert app.about("other").table.plan.id == "other"
    for plan, year in (("third", None), ("other", 2027)):
        with pytest.raises(UnknownError):
            app.about(plan, year)


def test_december_is_sent_again_as_december_in_the_year_that_follows(office: Trial) -> None:
    office.tick(MARCH)
    office.tick("2026-12-01T09:00+08:00")
    office.edit_units("second@unit.test", "third@unit.test")
    again = operations.resend(office.app(JANUARY), "small/digest/2026-12/lead")
    assert "12月" in office.subject(again.partition("/")[2])


def test_what_was_of_a_table_that_is_gone_is_refused_in_words(
    office: Trial, tmp_path: Path
) -> None:
    office.tick(MARCH)
    office.tick("2026-12-01T09:00+08:00")
    (tmp_path / "plans" / "small.toml").unlink()
    office.edit_units("second@unit.test", "third@unit.test")
    with pytest.raises(UsageError, match="has left the plan, nothing is left to send"):
        operations.resend(office.app(JANUARY), "small/digest/2026-12/lead")


def test_a_units_calendar_holds_all_plans_and_years_and_each_plan_has_its_own(
    office: Trial,
) -> None:
    app = office.app(MARCH)
    app.tick()
    assert app.feeds.names()[:2] == ["plan", "plan.small"]
    uids = {
        name: [
            line.partition(":")[2].partition("@")[0]
            for line in app.feeds.rendered(name, Query())[0].decode().splitlines()
            if line.startswith("UID:")
        ]
        for name in app.feeds.names()
    }
    small = ["2026-03-1", "2026-04-1", "2026-12-1", "2027-01-1", "2027-02-1"]
    other = ["other.2026-03-1", "other.2026-04-1"]
    assert uids["lead"] == uids["plan.small"] == [f"small.{task}" for task in small]
    assert uids["bystander"] == uids["plan"] == other
    assert uids["related"] == other + uids["lead"]


def test_a_plan_that_comes_later_begins_with_the_month_that_runs(office: Trial) -> None:
    small = plan_text(months=[3, 4, 12])
    office.tick(MARCH)
    put_plans(office, late=plan_text("late", months=[1, 2, 3]), small=small)
    office.tick("2026-03-10T09:00+08:00")
    with office.reading() as connection:
        late = {v.period: v.state for v in read_notices(connection, plan="late", unit="lead")}
    assert late == {"2026-01": State.BASELINE, "2026-02": State.BASELINE, "2026-03": State.SENT}


def test_what_waits_of_a_plan_that_is_gone_is_not_told_as_anothers(office: Trial) -> None:
    nudged = "2026-03-26T09:30+08:00"
    office.tick(nudged, mail=OPERATOR, **NOBODY)
    (office.state.with_name("plans") / "other.toml").unlink()
    for at in (nudged, "2026-03-26T11:00+08:00", "2026-03-27T11:00+08:00"):
        office.tick(at, mail=OPERATOR, **NOBODY)
    told = [key for key in keys(office, kind=Kind.REPORT) if "report/nudge" in key]
    assert told == ["small/report/nudge/2026-03-26"]


def test_what_waits_for_approval_of_a_plan_that_is_gone_ends_with_its_month(office: Trial) -> None:
    to_approve = OPERATOR | {"approval": True}
    put_plans(office, small=plan_text(months=[12]))
    office.tick(MARCH, mail=to_approve)
    (office.state.with_name("plans") / "other.toml").unlink()
    for at in ("2026-03-03T09:30+08:00", APRIL):
        office.tick(at, mail=to_approve)
    assert office.outcome("digest/2026-03/related") == (State.EXPIRED, Reason.TOO_LATE)


def test_the_main_plan_stays_when_a_greater_one_comes(office: Trial) -> None:
    """Who reads plan.ics, or names no plan, is not led to another office's table."""
    folder = office.state.with_name("plans")
    for name in ("other", "small_2027"):
        (folder / f"{name}.toml").unlink()
    office.tick(MARCH)
    put_plans(office, great=plan_text("great").replace('["相关', '["无关委员会", "相关'))
    app = office.app("2026-03-10T09:00+08:00")
    assert app.table.plan.id == "great"  # as far as files tell
    app.tick()
    for later in (app, office.app(APRIL)):
        later.refresh()
        assert later.table.plan.id == "small"
        assert later.feeds.names()[:2] == ["plan", "plan.great"]
        assert b"UID:small.2026-03-1" in later.feeds.rendered("plan", Query())[0]
