"""A change of what was told reaches each unit concerned, once, after a quiet time."""

from dataclasses import replace
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.domain.registrations import Signature
from reminder.domain.versions import Origin, Tell
from reminder.ledger import publications
from reminder.office import completion, registrations, releasing
from reminder.office.application import Application
from reminder.office.drafts import office_of
from reminder.office.effects import effects
from reminder.office.outgoing import Wait
from reminder.office.publishing import publish, publish_files
from reminder.office.supplements import Supplements
from tests.daemon.everything import Files
from tests.daemon.trials import Trial
from tests.office import approving

PLAN = Files(meetings=(), tasks=tuple((*task[:4], "") for task in Files().tasks))
DIGESTS = "2026-04-01T09:00+08:00"
EDITED = "2026-04-15T10:00+08:00"
TOLD = "2026-04-15T10:10+08:00"


@pytest.fixture
def office(either: Trial) -> Trial:
    """April's digests have gone: of row 4 to a (leads) and b (related), of 5 to a and c, …"""
    PLAN.write(either)
    at(either, DIGESTS)
    return either


def at(office: Trial, moment: str, **settings: Any) -> Application:
    """A pass, as the daemon makes it."""
    app = office.app(moment, **settings)
    publish_files(app, author="")
    app.tick()
    return app


def change(office: Trial, moment: str, files: Files, tell: Tell = Tell.NOW) -> Application:
    """The console publishes another table."""
    app = office.app(moment)
    publish_files(app, author="")
    with app.database.read() as connection:
        base = publications.newest(connection)
    changes = {app.office.document: files.plan_toml().encode()}
    publish(app, changes, origin=Origin.CONSOLE, author="甲", base=base, tell=tell)
    app.tick()
    return app


def told(office: Trial) -> set[str]:
    return set(office.notices(kind=Kind.SUPPLEMENT))


def without(*numbers: str) -> Files:
    files = PLAN
    for number in numbers:
        files = files.without_task(number)
    return files


def test_units_that_were_told_hear_after_ten_quiet_minutes(office: Trial) -> None:
    change(office, EDITED, without("4"))
    at(office, "2026-04-15T10:09+08:00")
    assert told(office) == set()
    at(office, TOLD)
    at(office, "2026-04-15T11:00+08:00")
    assert told(office) == {"supplement/2/a", "supplement/2/b"}
    assert office.states(kind=Kind.SUPPLEMENT) == {("sent", "accepted")}
    assert "〔更正〕取消1项：第4项" in office.subject("supplement/2/a")


def test_who_would_hear_is_said_before(office: Trial) -> None:
    app = office.app(EDITED)
    publish_files(app, author="")
    after = office_of(
        app, {**app.office.contents, app.office.document: without("4", "3").plan_toml().encode()}
    )
    with app.database.read() as connection:
        assert effects(app, connection, app.office, after).hearing == ("a", "b")


def test_ten_edits_make_one_mail(office: Trial) -> None:
    change(office, EDITED, without("4"))
    change(office, "2026-04-15T10:08+08:00", without("4", "6"))
    at(office, TOLD)
    assert told(office) == set()
    at(office, "2026-04-15T10:18+08:00")
    assert told(office) == {f"supplement/3/{unit}" for unit in "abcd"}


def test_edits_go_on_for_an_hour_at_most(office: Trial) -> None:
    numbers = "4567"
    for count, minute in enumerate(range(0, 60, 9), 1):
        change(office, f"2026-04-15T10:{minute:02}+08:00", without(*numbers[: 1 + count % 4]))
    assert told(office) == set()
    at(office, "2026-04-15T11:00+08:00")
    assert {key.split("/")[1] for key in told(office)} == {"8"}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # Undone before anybody heard of it; and of a row of which nobody was told yet.
        ([(without("4"), Tell.NOW), (PLAN, Tell.NOW)], set()),
        ([(without("4"), Tell.NOBODY)], set()),
        ([(without("4"), Tell.DIGEST)], set()),
        # A quiet change beside a loud one.
        ([(without("6"), Tell.NOBODY), (without("6", "7"), Tell.NOW)], {"b"}),
        ([(without("7"), Tell.NOW), (without("6", "7"), Tell.NOBODY)], {"b"}),
        # Taken back after it was told quietly: to the units it never was otherwise.
        ([(without("7"), Tell.NOBODY), (PLAN, Tell.NOBODY)], set()),
    ],
)
def test_who_hears_is_who_published(
    office: Trial, edits: list[tuple[Files, Tell]], expected: set[str]
) -> None:
    for minute, (files, tell) in enumerate(edits):
        change(office, f"2026-04-15T10:0{minute}+08:00", files, tell)
    at(office, "2026-04-15T10:30+08:00")
    assert {key.split("/")[2] for key in told(office)} == expected
    with office.reading() as connection:
        assert publications.untold(connection) == []


def test_what_was_told_and_is_undone_is_told_again(office: Trial) -> None:
    change(office, EDITED, without("4"))
    at(office, TOLD)
    change(office, "2026-04-16T10:00+08:00", PLAN)
    at(office, "2026-04-16T10:10+08:00")
    assert told(office) == {f"supplement/{n}/{unit}" for n in (2, 3) for unit in "ab"}
    assert "〔补充〕新增承办1项：第4项" in office.subject("supplement/3/a")


def test_who_gets_a_digest_by_the_change_hears_it_from_that_alone(office: Trial) -> None:
    """A unit that stands in the row now gets its digest at once."""
    files = replace(PLAN, tasks=(*PLAN.tasks[:3], ("4", 4, "a", "office", ""), *PLAN.tasks[4:]))
    change(office, EDITED, files)
    at(office, TOLD)
    assert told(office) == {"supplement/2/b"}
    assert "第4项" in office.text("digest/2026-04/office")


@pytest.mark.parametrize(
    ("edited", "early", "on_time"),
    [
        ("2026-04-15T20:30+08:00", "2026-04-16T07:59+08:00", "2026-04-16T08:00+08:00"),
        # A rest day is a day: who meets on Monday hears it on Sunday.
        ("2026-04-19T12:00+08:00", "2026-04-19T12:09+08:00", "2026-04-19T12:10+08:00"),
    ],
)
def test_nobody_is_written_to_at_night(
    office: Trial, edited: str, early: str, on_time: str
) -> None:
    change(office, edited, without("4"))
    at(office, early)
    assert told(office) == set()
    at(office, on_time)
    assert len(told(office)) == 2


def test_on_a_day_of_digests_these_tell_it(office: Trial) -> None:
    """May's digest asks for what is open of April."""
    change(office, "2026-05-05T20:30+08:00", without("9"))
    at(office, "2026-05-06T08:30+08:00")
    at(office, "2026-05-06T09:00+08:00")
    at(office, "2026-05-06T09:30+08:00")
    assert told(office) == {"supplement/2/d"}


def test_next_digest_says_what_was_changed_quietly(office: Trial) -> None:
    change(office, EDITED, without("8"), Tell.DIGEST)
    change(office, EDITED, without("8", "9"), Tell.NOBODY)
    at(office, "2026-05-06T09:00+08:00")
    assert told(office) == set()
    text = office.text("digest/2026-05/a")
    assert "一、安排有调整（1项）\n第8项\n   取消 · 原为全年" in text


HELD: dict[str, Any] = {"mail": {"approval": True}}


def test_corrections_wait_for_approval(office: Trial) -> None:
    change(office, EDITED, without("4"))
    at(office, TOLD, **HELD)
    assert office.states(kind=Kind.SUPPLEMENT) == {("held", "approval")}
    assert office.notice("supplement/2/a").sha256 is None


def test_rehearsal_tells_of_what_is_told_afterwards(office: Trial) -> None:
    change(office, EDITED, without("4"))
    for moment in (TOLD, "2026-04-15T10:20+08:00"):
        at(office, moment, mail={"redirect_to": "trial@npc.test"})
    with office.reading() as connection:
        assert publications.untold(connection) == [2]
    at(office, "2026-04-15T10:30+08:00")
    assert told(office) == {"supplement/2/a", "supplement/2/b"}


def test_an_approved_correction_goes(office: Trial) -> None:
    change(office, EDITED, without("4"))
    at(office, TOLD, **HELD)
    [shown] = approving.parts(office.app("2026-04-15T11:00+08:00", **HELD), Wait.APPROVAL)
    assert shown.part.kind is Kind.SUPPLEMENT
    assert len(shown.part.groups) == 1
    app = office.app("2026-04-15T11:05+08:00", **HELD)
    assert releasing.let_go(app, shown.whole()) == 2
    at(office, "2026-04-15T11:06+08:00", **HELD)
    assert office.states(kind=Kind.SUPPLEMENT) == {("sent", "accepted")}


def test_a_held_correction_of_what_is_done_goes_to_nobody(office: Trial) -> None:
    change(office, EDITED, replace(PLAN, tasks=(*PLAN.tasks[:6], ("7", 9, "b", "", ""))))
    at(office, TOLD, **HELD)
    assert told(office) == {"supplement/2/b"}
    app = office.app("2026-04-15T11:00+08:00", **HELD)
    completion.register(app, ["2026-7"], None, None, "")
    assert approving.find(app, "small/supplement/2/b").why_not == "done"
    releasing.release(office.app("2026-04-15T12:00+08:00"))
    assert office.outcome("supplement/2/b") == ("expired", "done")


def test_whoever_goes_on_after_a_kill_tells_each_unit_once(office: Trial) -> None:
    change(office, EDITED, without("4", "6"))
    app = office.app(TOLD)
    publish_files(app, author="")
    planning = Supplements(app.clock.now(), app.database, app.containers)
    with app.database.write() as connection:
        number, since = planning._decide(connection)
    [series] = app.office.series.values()
    first = next(planning._plan_series(series, number, since))
    late = change(office, "2026-04-15T10:12+08:00", without("4", "6", "7"))
    assert first.endswith("/2/a")
    assert {key[-1] for key in told(office)} == set("abcd")
    assert Supplements(late.clock.now(), late.database, late.containers).plan() == []
    at(office, "2026-04-15T10:22+08:00")
    assert told(office) == {f"supplement/2/{u}" for u in "abcd"} | {"supplement/3/b"}


def test_a_unit_that_signed_need_not_sign_again(office: Trial) -> None:
    app = office.app("2026-04-02T09:00+08:00")
    for unit in "ab":
        registrations.sign(app, app.table.directory[unit], "2026-04", Signature("值班员", "page"))
    change(office, EDITED, without("4"))
    at(office, TOLD)
    assert "4月提示的签收继续有效，不必重新签收。" in office.text("supplement/2/a")


def test_reminders_of_what_was_moved_are_of_the_new_day(office: Trial) -> None:
    moved = PLAN.plan_toml().replace('id = "2026-4"', 'id = "2026-4"\ndue = 2026-04-20')
    app = office.app("2026-04-13T10:00+08:00")
    publish_files(app, author="")
    changes = {app.office.document: moved.encode()}
    publish(app, changes, origin=Origin.CONSOLE, author="甲", base=1)
    at(office, "2026-04-13T10:10+08:00")
    assert "时间：4月内（4月1日—4月30日） → 4月20日 周一前" in office.text("supplement/2/a")
    assert "“第4项”由4月内改为4月20日前" in office.text("supplement/2/b")
    at(office, "2026-04-15T09:00+08:00")
    assert "第4项" in office.text("nudge/2026-04-15/a")
