"""What moves with a session's day."""

from dataclasses import replace
from datetime import date

from reminder.domain.changes import (
    Calls,
    NoticeMove,
    calls_from,
    moved_to,
    next_hour,
    notice_moves,
    upside_down,
)
from reminder.domain.notices import Kind
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress, Rule
from tests.domain.builders import LEADER, OUTSIDER, at, meeting, task, timetable

TASK = "2026-05-1"
MAY_27 = date(2026, 5, 27)


def table(day: date | None = None, **relations: Relation) -> Timetable:
    hanging = task(5, 1, meetings=("sc-25",), before_workdays=1)
    return timetable(
        hanging, task(5, 2), meetings=[meeting(day, month=5)], relations=relations or None
    )


def calls(found: Timetable) -> Calls:
    return calls_from(found, [found.plan.by_id[TASK]], at(4, 1), [], Progress())


def moves(before: Timetable, after: Timetable) -> list[NoticeMove]:
    return notice_moves(calls(before), calls(after))


def on(found: Timetable, day: date | None) -> Timetable:
    return moved_to(found, replace(found.plan.meetings["sc-25"], day=day))


def test_only_windows_that_hang_on_the_session_move() -> None:
    before = table()
    after = on(before, MAY_27)
    assert {name for name in after.windows if after.windows[name] != before.windows[name]} == {TASK}
    assert (before.windows[TASK].rule, after.windows[TASK].rule) == (
        Rule.MEETING_UNDATED,
        Rule.MEETING,
    )
    assert after.windows[TASK].due == date(2026, 5, 26)


def test_a_first_day_brings_reminders_that_there_were_not() -> None:
    before = table()
    found = moves(before, on(before, MAY_27))
    assert found == [
        NoticeMove(Kind.NUDGE, TASK, None, date(2026, 5, 21), (LEADER,)),
        NoticeMove(Kind.OVERDUE, TASK, None, MAY_27, (LEADER,)),
        NoticeMove(Kind.OVERDUE, TASK, None, date(2026, 6, 4), (LEADER,)),
    ]


def test_a_later_day_moves_each_reminder_of_units_that_are_pressed() -> None:
    before = table(MAY_27)
    found = moves(before, on(before, date(2026, 5, 19)))
    assert [(move.kind, move.before, move.after) for move in found] == [
        (Kind.NUDGE, date(2026, 5, 21), date(2026, 5, 13)),
        (Kind.OVERDUE, MAY_27, date(2026, 5, 19)),
        (Kind.OVERDUE, date(2026, 6, 4), MAY_27),
    ]
    of_others = table(**{LEADER: Relation.PARALLEL})
    assert moves(of_others, on(of_others, MAY_27)) == []


def test_a_step_that_is_over_leaves_the_later_one_its_partner() -> None:
    first, second, later = date(2026, 5, 20), date(2026, 5, 28), date(2026, 5, 29)
    call = (Kind.OVERDUE, TASK, LEADER)
    assert notice_moves({call: {second}}, {call: {first, later}}) == [
        NoticeMove(Kind.OVERDUE, TASK, None, first, (LEADER,)),
        NoticeMove(Kind.OVERDUE, TASK, second, later, (LEADER,)),
    ]


def test_without_a_day_reminders_go_away_and_the_same_day_moves_nothing() -> None:
    before = table(MAY_27)
    assert {move.after for move in moves(before, on(before, None))} == {None}
    assert moves(before, on(before, MAY_27)) == []


def test_units_that_move_alike_stand_together() -> None:
    day, other = date(2026, 5, 21), date(2026, 5, 22)
    one, two = (Kind.NUDGE, TASK, LEADER), (Kind.NUDGE, TASK, OUTSIDER)
    found = notice_moves({one: {day}, two: {day}}, {one: {other}, two: {other}})
    assert found == [NoticeMove(Kind.NUDGE, TASK, day, other, (LEADER, OUTSIDER))]


def test_what_is_due_already_goes_at_the_next_sending_hour() -> None:
    found = table()
    assert next_hour(found, at(4, 1, 8)) == at(4, 1, 9)
    assert next_hour(found, at(4, 1, 10)) == at(4, 1, 10)
    assert next_hour(found, at(4, 4)) == at(4, 7)  # the 4th to the 6th are a holiday


def test_a_day_that_would_close_a_window_before_it_opens_is_found() -> None:
    late = task(5, 1, meetings=("sc-25",), before_workdays=1, opens=date(2026, 5, 20))
    plain = timetable(late, meetings=[meeting(month=5)])
    found = on(plain, date(2026, 5, 15))
    assert [window.task for window in upside_down(found, "sc-25")] == ["2026-05-1"]
    assert upside_down(on(plain, MAY_27), "sc-25") == []
