"""What the next weeks bring, day by day, as the office's first page lists it."""

from datetime import date

import pytest

from reminder.domain.coming import coming
from reminder.domain.windows import Progress
from tests.domain.builders import at, meeting, task, timetable

TABLE = timetable(
    task(3),
    task(4, 1),
    task(4, 2, meetings=("b",)),
    task(5),
    task(7),
    meetings=[meeting(name="b"), meeting(date(2026, 4, 21), name="a")],
)


def listed(month: int, day: int, progress: Progress) -> list[tuple[str, int, int, bool]]:
    return [
        (one.day.strftime("%m-%d"), len(one.due), len(one.sessions), one.digest is not None)
        for one in coming(TABLE, at(month, day), progress)
    ]


@pytest.mark.parametrize(
    ("progress", "rest"),
    [
        (Progress(), [("04-30", 1, 0, False)]),
        (Progress(done={"2026-04-1": date(2026, 4, 8)}), []),  # nobody waits for it any more
    ],
)
def test_days_on_which_open_tasks_come_to_their_time_sessions_and_the_next_digest(
    progress: Progress, rest: list[tuple[str, int, int, bool]]
) -> None:
    # March's is past, one of April waits for its session, July's is too far away.
    found = listed(4, 10, progress)
    assert found == [("04-21", 0, 1, False), *rest, ("05-06", 0, 0, True)]


def test_today_is_among_them() -> None:
    assert listed(4, 30, Progress())[0] == ("04-30", 1, 0, False)
