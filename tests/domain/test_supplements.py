"""What a unit hears of a table that changed after it was told."""

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reminder.domain.plan import Task
from reminder.domain.plan_changes import Difference, compare
from reminder.domain.supplements import Correction, corrections
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, OUTSIDER, RELATED, task, timetable, year_round

APRIL_10 = date(2026, 4, 10)
ROW = task(4, 1)
TOLD = {LEADER: {3, 4}, RELATED: {4}}


def hear(
    before: Timetable,
    after: Timetable,
    rows: Set[str],
    told: Mapping[str, Set[int]],
    progress: Progress = Progress(),  # noqa: B008 - frozen
) -> dict[str, tuple[Correction, ...]]:
    changes = [change for change in compare(before, after).tasks if change.id in rows]
    return corrections(before, after, changes, told, progress, APRIL_10)


def heard(
    before: list[Task],
    after: list[Task],
    told: Mapping[str, Set[int]] = TOLD,
    progress: Progress = Progress(),  # noqa: B008 - frozen
) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    tables = timetable(*before, task(12, 9)), timetable(*after, task(12, 9))
    rows = {row.table_id for row in (*before, *after)}
    return {
        unit: [(item.row, tuple(map(str, item.differences))) for item in items]
        for unit, items in hear(*tables, rows, told, progress).items()
    }


def moved(**timing: Any) -> Task:
    return replace(ROW, timing=task(**timing).timing)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([ROW], [replace(ROW, title="召开会议")], "reworded"),
        ([ROW], [moved(due=date(2026, 4, 15))], "moved"),
        ([ROW], [replace(ROW, months=range(9, 10))], "moved"),
        ([replace(ROW, months=range(9, 10))], [ROW], "moved"),
        ([ROW], [], "dropped"),
        ([], [ROW], "added"),
        # The month after the last digest was in it as what comes next.
        ([], [task(5, 1)], "added"),
        ([year_round()], [], "dropped"),
    ],
)
def test_who_was_told_hears_of_what_changed(
    before: list[Task], after: list[Task], expected: str
) -> None:
    [row] = {item.table_id for item in (*before, *after)}
    wanted = [(row, (expected,))]
    assert heard(before, after) == {LEADER: wanted, RELATED: wanted}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Over, or not told yet: the next digest tells of it as it is then.
        ([task(3, 1)], []),
        ([task(6, 1)], []),
        ([], [task(6, 1)]),
        ([ROW], [replace(ROW, short="短题")]),
        ([ROW], [replace(ROW, remark="备注")]),
    ],
)
def test_nobody_hears_of_what_they_were_not_told_or_need_not_know(
    before: list[Task], after: list[Task]
) -> None:
    assert heard(before, after) == {}


def test_who_had_no_digest_hears_nothing() -> None:
    assert heard([ROW], [], told={LEADER: {4}}) == {LEADER: [(ROW.id, ("dropped",))]}
    assert heard([ROW], [], told={}) == {}


def test_a_row_of_the_whole_year_was_told_by_any_digest() -> None:
    """Who stands in such rows alone has January's and no other."""
    told = {LEADER: {1}, RELATED: {13}}
    assert heard([year_round(), ROW], [], told) == {LEADER: [("2026-year-1", ("dropped",))]}


def test_units_hear_of_their_own_part_alone() -> None:
    told = {**TOLD, OUTSIDER: {4}}
    swapped = replace(ROW, lead=(RELATED,), related=(OUTSIDER,), title="召开会议")
    assert heard([ROW], [swapped], told) == {
        RELATED: [(ROW.id, ("reworded", "units"))],
        OUTSIDER: [(ROW.id, ("added",))],
        LEADER: [(ROW.id, ("dropped",))],
    }
    assert heard([ROW], [replace(ROW, related=(RELATED, OUTSIDER))], told) == {
        OUTSIDER: [(ROW.id, ("added",))]
    }


def test_what_is_done_or_undone_by_a_later_edit_is_no_news() -> None:
    done = Progress(done={ROW.id: APRIL_10})
    assert heard([ROW], [replace(ROW, title="召开会议")], progress=done) == {}
    assert heard([ROW], [ROW]) == {}


def test_rows_that_nobody_is_to_hear_of_are_left_out() -> None:
    tables = timetable(ROW, task(4, 2)), timetable(task(12, 9))
    found = hear(*tables, {ROW.id}, TOLD)
    assert {item.row for items in found.values() for item in items} == {ROW.id}


def test_other_working_days_move_only_days_that_the_table_names() -> None:
    table = timetable(ROW, replace(task(4, 2), timing=task(due=date(2026, 4, 30)).timing))
    other = replace(table, days=replace(table.days, named={date(2026, 4, 30): False}))
    found = hear(table, other, {ROW.id, "2026-04-2"}, TOLD)
    assert {item.row for items in found.values() for item in items} == {"2026-04-2"}
    assert found[LEADER][0].differences == (Difference.MOVED,)
