"""A plan's file that says its times by `when`."""

import re
from pathlib import Path

import pytest

from reminder.calendar.entries import FeedEvents
from reminder.documents.office import Office, load_office
from reminder.domain.windows import Progress
from tests.mail.written import written

SHIPPED = Path(__file__).parents[2] / "plan" / "plan_2026.toml"


@pytest.fixture(scope="module")
def by_when(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The shipped plan, each of its months said in words."""
    text = SHIPPED.read_text("utf-8")
    said, count = re.subn(r"(?<=\[\[month\]\]\n)month = (\d+)", r'when = "\1月"', text)
    assert count == 12
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(said, encoding="utf-8")
    return load_office(None, {"plan": path})


def test_a_month_is_short_for_its_word(by_when: Office) -> None:
    months, words = load_office().table, by_when.table
    assert words.windows == months.windows
    for month in months.plan.months:
        for unit in months.reached(month):
            assert written(words, unit, month) == written(months, unit, month)
    entries = [FeedEvents(table, Progress(), "").contents() for table in (months, words)]
    assert entries[0] == entries[1]
    assert [task.when for task in words.plan.tasks] == [task.when for task in months.plan.tasks]
