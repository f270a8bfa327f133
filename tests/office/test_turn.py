"""The year's turn: what is open is asked for in the new year, until somebody has closed it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from reminder.domain.notices import Kind, Reason, State
from reminder.domain.status import TaskState
from reminder.errors import DeclinedError
from reminder.ledger.holds import read_hold
from reminder.ledger.schema import start
from reminder.office import completion, records, releasing, turn
from reminder.office.holds import hold_words
from reminder.office.simulation import simulate
from reminder.office.status import why_held
from reminder.office.turn import Turn
from tests.daemon.trials import NOBODY, OPERATOR, Trial
from tests.plans import plan_text, put_plans
from tests.web.conftest import House
from tests.web.console.conftest import logged_in

NOVEMBER, DECEMBER = "2026-11-02T09:00+08:00", "2026-12-01T09:00+08:00"
JANUARY = "2027-01-04T09:00+08:00"
OLD, NEW = "2026-11-1", "2027-01-1"
NEW_TABLE = "2027年度的安排表首次投入使用，邮件暂存，核对后放行"


@pytest.fixture
def office(office: Trial) -> Trial:
    """A table that ends and the next one; everything of the old one is open."""
    both = {"now": plan_text(months=[11, 12]), "next": plan_text(year=2027, months=[1, 2])}
    put_plans(office, **both)
    office.tick(NOVEMBER)
    return office


def read(trial: Trial, at: str = JANUARY) -> Turn:
    app = trial.app(at)
    with app.database.read() as connection:
        return turn.read_turn(app, connection, app.clock.now())


def test_december_tells_of_january_and_january_asks_for_the_year_before(office: Trial) -> None:
    office.tick(DECEMBER)
    assert "2027年1月预告（承办1项" in office.text("digest/2026-12/lead")
    assert "2027年1月预告（相关1项）" in office.text("digest/2026-12/related")
    office.tick(JANUARY)
    january = office.text("digest/2027-01/lead")
    for asked in ("2026年11月待确认（1项", "2026年12月待确认（1项", "small的12月工作"):
        assert asked in january
    assert "待确认" not in office.text("digest/2027-01/related")
    assert office.notices(kind=Kind.OVERDUE, period="2027-01-04") == {}  # the digest has said it


def test_what_was_registered_in_the_old_year_is_asked_for_no_more(office: Trial) -> None:
    app = office.app(JANUARY)
    completion.register(app.about("small", 2026), [OLD], None, None, "")
    assert [one.task.id for one in read(office).open] == ["2026-12-1"]


CLOSED: list[tuple[Any, tuple[str, ...], TaskState]] = [
    (turn.carry, (NEW,), TaskState.CARRIED),
    (turn.end, ("并入下一届",), TaskState.ENDED),
]


@pytest.mark.parametrize(("act", "words", "state"), CLOSED, ids=["carried", "ended"])
def test_what_is_carried_over_or_ended_is_asked_for_no_more_until_it_is_undone(
    office: Trial, act: Any, words: tuple[str, ...], state: TaskState
) -> None:
    app = office.app(JANUARY)
    act(app, OLD, *words)
    left = read(office)
    assert [one.task.id for one in left.open] == ["2026-12-1"]
    [closed] = left.closed
    assert (closed.task.id, closed.status.state) == (OLD, state)
    office.tick(JANUARY)
    assert "2026年11月待确认" not in office.text("digest/2027-01/lead")
    turn.undo(office.app(JANUARY), OLD)
    assert [one.task.id for one in read(office).open] == [OLD, "2026-12-1"]


def test_what_is_closed_before_it_was_due_is_listed_and_can_be_undone(office: Trial) -> None:
    turn.end(office.app(DECEMBER), "2026-12-1", "并入下一届")
    [closed] = read(office, DECEMBER).closed
    assert closed.task.id == "2026-12-1"
    turn.undo(office.app(DECEMBER), "2026-12-1")
    assert not read(office, DECEMBER).closed


def test_a_reminder_of_what_is_ended_does_not_go(office: Trial) -> None:
    late = "2026-12-09T09:30+08:00"
    for at in (NOVEMBER, DECEMBER, late):
        office.tick(at, **NOBODY)
    [key] = office.notices(kind=Kind.OVERDUE)
    turn.end(office.app(late), OLD, "不再开展")
    assert office.outcome(key) == (State.EXPIRED, Reason.DONE)


@pytest.mark.parametrize(("day", "left"), [("2027-01-26", 3), ("2027-01-29", 0)])
def test_tasks_of_both_years_are_reminded_of_in_one_mail(
    office: Trial, day: str, left: int
) -> None:
    """Also on the last day of a step, after which a second mail would come too late."""
    old = plan_text(months=[12]).replace("month = 12", 'when = "12月—次年1月"')
    put_plans(office, now=old, next=plan_text(year=2027, months=[1, 2]))
    nudge = [{"workdays_left": left, "to": ["unit"]}]
    for at in (DECEMBER, JANUARY, f"{day}T09:30+08:00", f"{day}T10:30+08:00"):
        office.tick(at, nudge=nudge)
    assert list(office.notices(kind=Kind.NUDGE, period=day)) == [f"nudge/{day}/lead"]
    mail = office.text(f"nudge/{day}/lead")
    assert "small的12月工作" in mail
    assert "small的1月工作" in mail


REFUSED: list[tuple[Any, tuple[str, ...], str]] = [
    (turn.carry, (NEW, "2027-02-1"), "no_task_of_an_earlier_year"),
    (turn.carry, (OLD, "2026-12-1"), "no_task_to_carry_to"),
    (turn.carry, (OLD, "2027-09-1"), "no_task_to_carry_to"),
    (turn.end, (OLD, "  "), "no_reason_to_end"),
    (turn.end, (OLD, "长" * 201), "reason_too_long"),
    (turn.undo, (OLD,), "not_closed"),
]


@pytest.mark.parametrize(("act", "words", "reason"), REFUSED)
def test_what_cannot_be_closed_so(
    office: Trial, act: Any, words: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(DeclinedError) as caught:
        act(office.app(JANUARY), *words)
    assert caught.value.reason == reason


def test_the_operator_hears_once_that_the_next_table_is_missing(office: Trial) -> None:
    folder = office.state.with_name("plans")
    (folder / "next.toml").unlink()
    alarm = "report/alarm/year/2027/2026-12-01"
    office.tick("2026-11-30T09:00+08:00", mail=OPERATOR)
    assert alarm not in office.notices()
    for day in ("01", "02"):
        office.tick(f"2026-12-{day}T10:00+08:00", mail=OPERATOR)
    alarms = [key for key in office.notices() if key.startswith("report/alarm")]
    assert alarms == [alarm]
    assert "2027年" in office.text(alarm)
    assert read(office, DECEMBER).next_missing == 2027


def test_a_new_table_waits_until_somebody_has_looked(office: Trial) -> None:
    """Where mails go by a server; what the old table still says goes on."""
    folder, held = office.state.with_name("plans"), {"first_start": "hold"}
    following = (folder / "next.toml").read_text(encoding="utf-8")
    (folder / "next.toml").unlink()
    office.tick(DECEMBER, **NOBODY)
    (folder / "next.toml").write_text(following, encoding="utf-8")
    office.tick("2026-12-28T09:30+08:00", mail=held, **NOBODY)
    office.tick(JANUARY, mail=held, **NOBODY)
    assert office.outcome("digest/2027-01/lead") == (State.HELD, Reason.HOLD)
    assert office.outcome("nudge/2026-12-28/lead")[0] == State.EXPIRED  # it was on its way
    hold = why_held(office.app(JANUARY, mail=held, **NOBODY))
    assert hold
    assert str(hold_words(hold)) == "first use of the table of 2027"
    app = office.app(JANUARY, mail=held, **NOBODY).about("small", 2027)
    with app.database.read() as connection:
        report = app.container.reporter.forecast(connection, 2)
    it = {**report.facts, "plan": app.table.plan}
    said = app.container.composer.phrase("mail/preflight.txt", "summary", it=it)
    assert f"{NEW_TABLE}：请在服务器上用 reminder console url" in said
    page = logged_in(House(office.app(JANUARY, mail=held, **NOBODY))).get("/console")
    assert f"{NEW_TABLE}。请在<a href=" in page.text
    assert "首次启用" not in page.text
    assert len(releasing.release(office.app(JANUARY, mail=held, **NOBODY))) == 2


@pytest.mark.parametrize(
    ("starts", "table", "years", "why"),
    [
        ([("a", 2026, True)], None, (), ""),
        ([("a", 2026, True), ("a", 2027, True)], None, (), ""),
        ([("a", 2026, False), ("a", 2027, True)], None, (2027,), ""),
        ([("a", 2026, False), ("a", 2027, True)], ("a", 2027), (2027,), ""),
        ([("a", 2026, False), ("b", 2026, True)], None, (2026,), "b 2026"),
        (
            [("a", 2026, False), ("a", 2027, True), ("b", 2027, True)],
            None,
            (2027,),
            "a 2027, b 2027",
        ),
        (
            [("a", 2026, False), ("a", 2027, True), ("b", 2027, True)],
            ("b", 2027),
            (2027,),
            "b 2027",
        ),
    ],
)
def test_a_hold_tells_a_later_table_from_everythings_first_start(
    office: Trial,
    starts: list[tuple[str, int, bool]],
    table: tuple[str, int] | None,
    years: tuple[int, ...],
    why: str,
) -> None:
    with office.app(NOVEMBER).database.write() as connection:
        for plan, year, held in starts:
            row = {"plan": plan, "year": year, "stream": "smtp", "held": held}
            connection.execute(insert(start).values(at=datetime(2026, 11, 2, tzinfo=UTC), **row))
        hold = read_hold(connection, "smtp", table)
    assert hold
    assert (hold.years, hold.why) == (years, why)


def test_last_years_table_that_is_put_beside_the_running_one_holds_nothing(office: Trial) -> None:
    held = {"first_start": "hold"}
    past = office.state.with_name("plans") / "now.toml"
    text = past.read_text(encoding="utf-8")
    past.unlink()
    app = office.app(JANUARY, mail=held, **NOBODY)
    app.tick()
    releasing.release(app)
    past.write_text(text, encoding="utf-8")
    app = office.app("2027-01-05T09:30+08:00", mail=held, **NOBODY)
    app.tick()
    with app.database.read() as connection:
        assert read_hold(connection, "smtp") is None
    assert office.outcome("digest/2026-12/lead")[0] == State.BASELINE


def test_the_new_year_breaks_no_promise(office: Trial, tmp_path: Path) -> None:
    app = office.app(NOVEMBER)
    start, end = (datetime.fromisoformat(f"{day}T00:00+08:00") for day in DAYS)
    outcome = simulate(app.office, start, end, tmp_path / "year")
    assert outcome.breaches == ()
    assert outcome.copies == 0
    to_lead = [v.key.partition("/")[2] for v in outcome.notices if v.unit == "lead"]
    assert [key for key in to_lead if key.startswith("digest")] == [
        f"digest/{month}/lead" for month in ("2026-11", "2026-12", "2027-01")
    ]


DAYS = ("2026-12-25", "2027-01-13")


def test_ids_of_a_year_whose_file_is_gone_are_told(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    folder = office.state.with_name("plans")
    completion.register(office.app(DECEMBER), [OLD], None, None, "")
    for name in ("now", "next"):
        (folder / f"{name}.toml").unlink()
    put_plans(office, copied=plan_text(year=2028, ids="2026", months=[11]))
    again = office.app(JANUARY)
    assert list(records.ids_used_again(again.office)) == [("small2028年度安排表", [OLD])]
    again.tick()
    assert "ids of an earlier year's tasks come again: 2026-11-1" in caplog.text
    assert list(records.ids_used_again(again.office)) == []
