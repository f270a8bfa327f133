"""The last word on each task."""

from datetime import UTC, datetime

import pytest

from reminder.domain.registrations import Act, Registration, Signature
from reminder.ledger.database import Database
from reminder.ledger.registrations import add, latest_on_tasks

AT = datetime(2026, 4, 20, tzinfo=UTC)
SAID = [
    (Act.SIGN, "lead", "2026-04", ""),
    (Act.FINISH, "lead", "", "one"),
    (Act.RETURN, "lead", "", "one"),
    (Act.PROGRESS, "other", "", "one"),
    (Act.FINISH, "lead", "2026-03", "year"),
    (Act.PROGRESS, "lead", "2026-04", "year"),
]


@pytest.mark.parametrize(
    ("periods", "of_the_year"), [(("",), None), (("", "2026-04"), Act.PROGRESS)]
)
def test_of_each_task_and_unit_the_last_word_holds(
    database: Database, periods: tuple[str, ...], of_the_year: Act | None
) -> None:
    with database.write() as connection:
        for act, unit, period, task in SAID:
            add(connection, Registration(AT, act, unit, period, task, Signature("值班员", "")))
        found = latest_on_tasks(connection, periods)
    acts = {key: said.act for key, said in found.items()}
    assert acts.pop(("year", "lead"), None) == of_the_year
    assert acts == {("one", "lead"): Act.RETURN, ("one", "other"): Act.PROGRESS}
