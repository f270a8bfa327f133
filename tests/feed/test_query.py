"""What may be asked of a feed."""

import pytest

from reminder.domain.timetable import Role
from reminder.feed.query import Query, QueryError, View, parse_query


def test_the_bare_address_shows_whole_windows_and_the_year_round_tasks() -> None:
    assert parse_query("") == Query(View.WINDOW, None, 0, True)


def test_every_wish_is_understood() -> None:
    query = parse_query("year-round=0&alarms=7d&role=lead&view=todo")
    assert query == Query(View.TODO, Role.LEAD, 7, False)


@pytest.mark.parametrize(
    "query",
    [
        "view=month",
        "view=",
        "view",
        "VIEW=due",
        "role=both",
        "alarms=2d",
        "alarms=00",
        "year-round=yes",
        "colour=red",
        "view=due&view=due",
        "view=due&view=window",
        "view=%ff",
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="wanted"):
        parse_query(query)
