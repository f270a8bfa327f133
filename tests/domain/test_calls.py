"""Whom the secretariat phones."""

from datetime import date
from typing import Any

import pytest

from reminder.domain.plan import Task
from reminder.domain.status import calls_on_tasks
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, meeting, task, timetable

APRIL, MAY = date(2026, 4, 30), date(2026, 5, 6)
UNDATED = task(meetings=("sc-25",), before_workdays=5)
SAID = [
    Progress(reported={("2026-04-1", LEADER, ""): APRIL}),
    Progress(done={"2026-04-1": APRIL}),
    Progress(started=date(2026, 5, 2)),
]


def calls(
    on: date, called: Task | None = None, relation: Relation = Relation.OWN, **more: Any
) -> list[tuple[str, bool]]:
    progress = more.pop("progress", Progress())
    table = timetable(called or task(), relations={LEADER: relation}, **more)
    return [(call.unit.id, call.is_past) for call in calls_on_tasks(table, on, progress)]


def test_another_body_is_phoned_when_its_task_is_closing_or_past() -> None:
    found = [calls(day, relation=Relation.PARALLEL) for day in (date(2026, 4, 24), APRIL, MAY)]
    assert found == [[], [(LEADER, False)], [(LEADER, True)]]


@pytest.mark.parametrize("relation", [Relation.OWN, Relation.LOCAL])
def test_own_and_local_leads_are_phoned_when_their_task_is_past(relation: Relation) -> None:
    assert calls(APRIL, relation=relation) == []
    assert calls(date(2026, 5, 1), relation=relation) == [(LEADER, True)]


@pytest.mark.parametrize("progress", SAID)
def test_who_has_reported_is_not_phoned(progress: Progress) -> None:
    assert calls(MAY, progress=progress) == []


def test_what_cannot_be_overdue_is_no_reason_to_phone_ones_own() -> None:
    assert calls(MAY, task(soft=True)) == []
    assert calls(MAY, UNDATED, meetings=[meeting()]) == []
    assert calls(MAY, tracking=False) == []
