"""What differs between two tables, and for whom."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reminder.domain.plan import Task
from reminder.domain.plan_changes import Difference, PlanChanges, compare
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Directory, Unit
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
    UNITS,
    meeting,
    standing,
    task,
    timetable,
    year_round,
)

ROW = task(4, 1)


def changes(before: list[Task], after: list[Task]) -> PlanChanges:
    return compare(timetable(*before), timetable(*after))


def moved(**timing: Any) -> Task:
    return replace(ROW, timing=task(**timing).timing)


@pytest.mark.parametrize(
    ("after", "difference"),
    [
        (replace(ROW, months=range(5, 6)), Difference.MOVED),
        (moved(due=date(2026, 4, 15)), Difference.MOVED),
        (moved(soft=True), Difference.MOVED),
        (replace(year_round(), id=ROW.id, title=ROW.title), Difference.MOVED),
        (replace(ROW, title="召开会议"), Difference.REWORDED),
        (replace(ROW, short="会议"), Difference.SHORTENED),
        (replace(ROW, remark="待定"), Difference.REMARKED),
        (replace(ROW, related=(OUTSIDER,)), Difference.UNITS),
        (replace(ROW, lead=(LEADER, RELATED)), Difference.UNITS),
    ],
)
def test_a_row_of_the_same_id_says_what_differs(after: Task, difference: Difference) -> None:
    (change,) = changes([ROW], [after]).tasks
    assert (change.id, change.differences) == (ROW.id, (difference,))


@pytest.mark.parametrize(
    "after",
    [
        ROW,
        replace(ROW, number=7),
        moved(due=date(2026, 4, 30)),  # the month's own last day, but as a deadline
        replace(ROW, related=(RELATED, LEADER)),  # lead already
    ],
)
def test_what_comes_to_the_same_differs_only_by_its_rule(after: Task) -> None:
    found = changes([ROW], [after])
    assert bool(found) is (after.timing.due is not None)


def test_an_explicit_day_that_moves_to_the_same_working_day_is_the_same() -> None:
    saturday, friday = moved(due=date(2026, 4, 18)), moved(due=date(2026, 4, 17))
    assert not changes([saturday], [friday])


def test_a_task_of_several_times_is_one_change() -> None:
    quarterly = [replace(ROW, id=f"{ROW.id}@2026-{m:02}", months=range(m, m + 1)) for m in (3, 9)]
    (change,) = changes([*quarterly, task(5, 1)], [quarterly[0], task(5, 1)]).tasks
    assert (change.id, change.differences) == (ROW.id, (Difference.MOVED,))
    assert (len(change.before), len(change.after)) == (2, 1)


def test_rows_that_came_and_went_stand_in_the_tables_order() -> None:
    kept, gone, new = task(4, 1), task(5, 1), task(3, 1)
    found = changes([kept, gone, standing()], [new, kept, standing()])
    assert [(change.id, *change.differences) for change in found.tasks] == [
        (new.id, Difference.ADDED),
        (gone.id, Difference.DROPPED),
    ]


def test_an_equal_wording_under_a_new_id_is_pointed_at_once() -> None:
    wording = "开展调研"
    old = [task(4, 1, title=wording), task(5, 1, title=wording), task(6, 1)]
    new = [task(4, 7, title=wording), task(6, 1)]
    found = {change.id: change.twin for change in changes(old, new).tasks}
    assert found == {"2026-04-7": "2026-04-1", "2026-04-1": "2026-04-7", "2026-05-1": ""}


def test_units_that_came_or_went_are_concerned_and_in_all_else_everybody() -> None:
    units, words = replace(ROW, related=(OUTSIDER,)), replace(task(5, 1), title="召开会议")
    found = changes([ROW, task(5, 1)], [units, words])
    assert {unit: [c.id for c, _ in of] for unit, of in found.by_unit.items()} == {
        OUTSIDER: [ROW.id],
        RELATED: [ROW.id, words.id],
        LEADER: [words.id],
    }
    (_, role), *_ = found.by_unit[OUTSIDER]
    assert (role.before, role.after) == (None, Role.RELATED)
    assert [names for names, _ in found.alike] == [[OUTSIDER], [RELATED], [LEADER]]


def test_a_group_is_its_members() -> None:
    members = Unit("counties", "各县", members=(RELATED, OUTSIDER))
    directory = Directory({unit.id: unit for unit in (*UNITS, members)})

    def table(*related: str) -> Timetable:
        return replace(timetable(replace(ROW, related=related)), directory=directory)

    assert not compare(table("counties"), table(OUTSIDER, RELATED))
    assert set(compare(table(RELATED), table("counties")).by_unit) == {OUTSIDER}


def test_sessions_and_the_head_count_too() -> None:
    hanging = task(4, 1, meetings=("sc-25",), before_workdays=1)
    before = timetable(hanging, meetings=[meeting()])
    after = timetable(hanging, meetings=[meeting(date(2026, 4, 28))])
    after = replace(after, plan=replace(after.plan, name="调整后的安排表"))
    found = compare(before, after)
    assert (found.head, found.meetings) == (("name",), ("sc-25",))
    assert [change.differences for change in found.tasks] == [(Difference.MOVED,)]


@pytest.mark.parametrize(
    ("then", "now", "differences"),
    [
        (task(4, 1), task(4, 1), ()),
        (task(4, 1), task(5, 1), (Difference.MOVED,)),
        (task(4, 1, due=date(2026, 4, 15)), task(4, 1, due=date(2027, 4, 15)), ()),
        (task(2, 1, due=date(2026, 2, 28)), task(2, 1, due=date(2027, 2, 28)), ()),
        (task(4, 1), task(4, 1, due=date(2027, 4, 15)), (Difference.MOVED,)),
        (task(4, 1, related=()), task(4, 1), (Difference.UNITS,)),
    ],
)
def test_in_another_year_a_row_is_the_same_by_its_wording(
    then: Task, now: Task, differences: tuple[Difference, ...]
) -> None:
    now = replace(now, id=now.id.replace("2026", "2027"), title=then.title)
    later = timetable(now)
    later = replace(later, plan=replace(later.plan, year=2027))
    found = compare(timetable(then), later)
    assert [change.differences for change in found.tasks] == ([differences] if differences else [])
    assert {(change.id, change.twin) for change in found.tasks} <= {(now.id, then.id)}
