"""What a task is on a day: for a unit that leads it, and for the secretariat."""

from datetime import date

import pytest

from reminder.domain.status import HIDDEN, Light, TaskState, TaskStatus, office_status, unit_status
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, RELATED, meeting, reader, task, timetable, year_round
from tests.mail.written import say

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
    return unit_status(reader(table, unit, on, progress), table.windows[ID])


def words(status: TaskStatus) -> str:
    return say("words.txt", "page_status", it=status)


@pytest.mark.parametrize(
    ("on", "state", "light", "said"),
    [
        (date(2026, 3, 31), TaskState.NOT_OPEN, Light.BLUE, "未开始"),
        (date(2026, 4, 1), TaskState.OPEN, Light.GREEN, "进行中 · 剩20个工作日"),
        (date(2026, 4, 27), TaskState.DUE_SOON, Light.YELLOW, "剩3个工作日"),
        (date(2026, 4, 30), TaskState.DUE_SOON, Light.YELLOW, "今日为最后一个工作日"),
        (date(2026, 5, 1), TaskState.TO_CONFIRM, Light.RED, "待确认"),
    ],
)
def test_a_task_in_its_window(on: date, state: TaskState, light: Light, said: str) -> None:
    status = seen(on)
    assert (status.state, status.light, words(status)) == (state, light, said)


def test_overdue_is_said_of_an_explicit_day_in_the_own_house_only() -> None:
    due = date(2026, 4, 15)
    assert seen(due=due).state is TaskState.OVERDUE
    local = seen(relation=Relation.LOCAL, due=due)
    assert (local.state, local.light) == (TaskState.TO_CONFIRM, Light.YELLOW)
    assert seen(relation=Relation.PARALLEL, due=due) == HIDDEN


def test_soft_tasks_linger_and_undated_ones_wait() -> None:
    assert (seen(MAY, soft=True).state, seen(MAY, soft=True).light) == ("lingering", Light.YELLOW)
    assert seen(MAY, meetings=("sc-25",)).state is TaskState.WAITING
    assert words(seen(APRIL, meetings=("sc-25",), before_workdays=1)) == "进行中"


def test_what_a_unit_reported_is_its_own_until_it_is_done() -> None:
    said = Progress(reported={(ID, LEADER, ""): APRIL})
    assert seen(MAY, progress=said) == TaskStatus(
        TaskState.REPORTED, Relation.OWN, APRIL, reported=1
    )
    assert words(seen(APRIL, progress=said)).startswith("待复核")
    assert seen(MAY, Relation.LOCAL, said, RELATED).state is TaskState.TO_CONFIRM
    done = Progress(done={ID: APRIL}, reported=said.reported)
    assert (seen(MAY, progress=done).state, seen(MAY, progress=done).light) == ("done", Light.GREY)
    assert words(seen(MAY, progress=done, unit=RELATED)) == "已办结（4月28日）"


def test_the_secretariat_sees_how_many_have_reported() -> None:
    table = timetable(task(4, lead=(LEADER, RELATED), related=()))
    units, window = [table.directory[unit] for unit in (LEADER, RELATED)], table.windows[ID]
    said = Progress(reported={(ID, LEADER, ""): APRIL})
    status = office_status(table, window, MAY, said, units)
    assert (status.state, status.light) == (TaskState.REPORTED, Light.REVIEW)
    assert (status.reported, status.leads) == (1, 2)
    status = office_status(table, window, MAY, Progress(), units)
    assert (status.state, status.light) == (TaskState.TO_CONFIRM, Light.RED)


@pytest.mark.parametrize(
    ("month", "reported", "said", "light"),
    [
        (4, [], "本月已登记", Light.GREEN),
        (5, [], "", Light.NONE),
        (5, ["2026-05"], "本月待复核", Light.REVIEW),
        (6, ["2026-05"], "", Light.NONE),
        (5, ["", "2026-05"], "全年办结待复核", Light.REVIEW),
    ],
)
def test_a_check_in_is_of_its_month_alone(
    month: int, reported: list[str], said: str, light: Light
) -> None:
    table = timetable(given := year_round())
    progress = Progress(
        checked_in={(given.id, "2026-04"): APRIL},
        reported={(given.id, LEADER, period): APRIL for period in reported},
    )
    status = unit_status(reader(table, LEADER, APRIL, progress), table.window_in(given, month))
    assert (words(status), status.light) == (said, light)
