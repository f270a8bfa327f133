"""What may be asked of a feed."""

import pytest

from reminder.calendar.rendering import Query, View, parse_query
from reminder.domain.timetable import Role
from reminder.errors import UsageError

DUE = "view=due&year-round=0"


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("", Query(View.WINDOW, None, 0, True)),
        ("view=window&year-round=1", Query()),
        ("alarms=3d", Query(alarms=3)),
        ("year-round=0&alarms=7d&role=lead&view=todo", Query(View.TODO, Role.LEAD, 7, False)),
    ],
)
def test_every_wish_is_understood(asked: str, query: Query) -> None:
    assert parse_query(asked) == query


@pytest.mark.parametrize(
    "query",
    [
        *("view=month", "view=", "view", "view=%ff", "role=both", "alarms=2d", "alarms=00"),
        *(
            "year-round=yes",
            "view=due#",
            "view=due;role=lead",
            "view=due&view=due",
            "view=due&view=window",
        ),
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match="wanted"):
        parse_query(query)


@pytest.mark.parametrize(
    "query",
    [
        "view=due&amp;year-round=0",
        "view=due&amp;amp;year-round=0&amp;",
        "amp;view=due&year-round=0",
        "view=due&year-round=0&_=1775005200",
        "utm_source=mail&view=due&year-round=0&VIEW=todo&=&colour",
    ],
)
def test_names_of_others_are_passed_over_and_an_escaped_ampersand_is_one(query: str) -> None:
    assert parse_query(query) == parse_query(DUE)


@pytest.mark.parametrize(
    "behind",
    [
        *("/", "。", "%E3%80%82", "，", ",", ")", "）", ">", "%3E", ";", "+", "%20", "%C2%A0"),
        *("%0D%0A", "请订阅"),
    ],
)
def test_what_stands_behind_an_address_is_no_part_of_its_last_value(behind: str) -> None:
    assert parse_query(f"{DUE}{behind}") == parse_query(DUE)
