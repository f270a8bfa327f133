"""Whom the secretariat phones."""

from datetime import date

from reminder.domain.plan import Task
from reminder.domain.status import calls_on_tasks
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, meeting, task, timetable

OTHER = {LEADER: Relation.PARALLEL}


def calls(
    *tasks: Task,
    on: date,
    relation: Relation | None = None,
    progress: Progress | None = None,
    **more: object,
) -> list[tuple[str, bool]]:
    table = timetable(*tasks, relations={LEADER: relation} if relation else None, **more)  # type: ignore[arg-type]
    found = calls_on_tasks(table, on, progress or Progress())
    return [(call.unit.id, call.is_past) for call in found]


def test_another_body_is_phoned_when_its_task_is_closing_or_past() -> None:
    for day, found in (
        (date(2026, 4, 24), []),
        (date(2026, 4, 27), [(LEADER, False)]),
        (date(2026, 5, 6), [(LEADER, True)]),
    ):
        assert calls(task(), on=day, relation=Relation.PARALLEL) == found


def test_own_and_local_leads_are_phoned_when_their_task_is_past() -> None:
    for relation in (Relation.OWN, Relation.LOCAL):
        assert calls(task(), on=date(2026, 4, 30), relation=relation) == []
        assert calls(task(), on=date(2026, 5, 1), relation=relation) == [(LEADER, True)]


def test_who_has_reported_is_not_phoned() -> None:
    day = date(2026, 4, 20)
    for progress in (
        Progress(reported={("2026-04-1", LEADER, ""): day}),
        Progress(done={"2026-04-1": day}),
        Progress(started=date(2026, 5, 2)),
    ):
        assert calls(task(), on=date(2026, 5, 6), progress=progress) == []


def test_what_cannot_be_overdue_is_no_reason_to_phone_ones_own() -> None:
    assert calls(task(soft=True), on=date(2026, 5, 6)) == []
    undated = task(meetings=("sc-25",), before_workdays=5)
    assert calls(undated, on=date(2026, 5, 6), meetings=[meeting()]) == []


def test_without_tracking_nobody_of_the_house_is_phoned() -> None:
    assert calls(task(), on=date(2026, 5, 6), tracking=False) == []
