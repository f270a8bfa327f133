"""One status for mail, page, console and export, by who looks at it."""

from datetime import date

import pytest

from reminder.domain.status import (
    HIDDEN,
    Light,
    Reader,
    TaskState,
    TaskStatus,
    check_in_status,
    office_status,
    unit_status,
)
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, RELATED, meeting, task, timetable

APRIL, MAY = date(2026, 4, 28), date(2026, 5, 6)
ID = "2026-04-1"


def seen(
    on: date = APRIL,
    relation: Relation = Relation.OWN,
    progress: Progress | None = None,
    unit: str = LEADER,
    **timing: object,
) -> TaskStatus:
    given = task(4, lead=(LEADER, RELATED), related=(), **timing)
    table = timetable(given, relations={unit: relation}, meetings=[meeting()])
    reader = Reader(table, table.directory[unit], on, progress or Progress())
    return unit_status(reader, table.windows[ID])


@pytest.mark.parametrize(
    ("on", "state", "light", "left"),
    [
        (date(2026, 3, 31), TaskState.NOT_OPEN, Light.BLUE, None),
        (date(2026, 4, 1), TaskState.OPEN, Light.GREEN, 20),
        (date(2026, 4, 27), TaskState.DUE_SOON, Light.YELLOW, 3),
        (date(2026, 4, 30), TaskState.DUE_SOON, Light.YELLOW, 0),
        (date(2026, 5, 1), TaskState.TO_CONFIRM, Light.RED, None),
    ],
)
def test_a_task_in_its_window(on: date, state: TaskState, light: Light, left: int | None) -> None:
    status = seen(on)
    assert (status.state, status.light, status.days_left) == (state, light, left)


def test_overdue_is_said_of_an_explicit_day_in_the_own_house_only() -> None:
    due = date(2026, 4, 15)
    assert seen(due=due).state is TaskState.OVERDUE
    local = seen(relation=Relation.LOCAL, due=due)
    assert (local.state, local.light) == (TaskState.TO_CONFIRM, Light.YELLOW)
    assert seen(relation=Relation.PARALLEL, due=due) == HIDDEN


def test_soft_tasks_linger_and_undated_ones_wait() -> None:
    assert (seen(MAY, soft=True).state, seen(MAY, soft=True).light) == ("lingering", Light.YELLOW)
    assert (seen(MAY, meetings=("sc-25",)).state) is TaskState.WAITING
    assert seen(APRIL, meetings=("sc-25",)).days_left is None


def test_what_a_unit_reported_is_its_own_until_it_is_done() -> None:
    said = Progress(reported={(ID, LEADER): APRIL})
    assert seen(MAY, progress=said) == TaskStatus(
        TaskState.REPORTED, Relation.OWN, APRIL, date(2026, 4, 30), reported=1
    )
    assert seen(MAY, Relation.LOCAL, said, RELATED).state is TaskState.TO_CONFIRM
    done = Progress(done={ID: APRIL}, reported=said.reported)
    assert (seen(MAY, progress=done).state, seen(MAY, progress=done).light) == ("done", Light.GREY)


def test_the_secretariat_sees_how_many_have_reported() -> None:
    table = timetable(task(4, lead=(LEADER, RELATED), related=()))
    units = [table.directory[unit] for unit in (LEADER, RELATED)]
    window = table.windows[ID]
    status = office_status(table, window, MAY, Progress(), units, 1)
    assert (status.state, status.light, status.reported, status.leads) == ("reported", "wait", 1, 2)
    status = office_status(table, window, MAY, Progress(), units)
    assert (status.state, status.light) == (TaskState.TO_CONFIRM, Light.RED)


def test_a_check_in_is_of_its_month_alone() -> None:
    table = timetable(task(4))
    checked = Progress(checked_in={("year", "2026-04"): APRIL})
    reader = Reader(table, table.directory[LEADER], APRIL, checked)
    assert check_in_status(reader, "year", "2026-04", ()).light is Light.GREEN
    assert check_in_status(reader, "year", "2026-05", ()) is HIDDEN
    assert check_in_status(reader, "year", "2026-05", ("2026-05",)).month_only
    assert not check_in_status(reader, "year", "2026-05", ("", "2026-05")).month_only
