"""What may be asked of a feed."""

import pytest

from reminder.calendar.rendering import Query, View, parse_query
from reminder.domain.timetable import Role
from reminder.errors import UsageError

DUE, DUE_QUERY = "view=due&year-round=0", Query(View.DUE, None, 0, False)
# Names of others are passed over, and an escaped ampersand is one.
AS_DUE = [
    "view=due&amp;year-round=0",
    "view=due&amp;amp;year-round=0&amp;",
    "amp;view=due&year-round=0",
    "view=due&year-round=0&_=1775005200",
    "utm_source=mail&view=due&year-round=0&VIEW=todo&=&colour",
]
# What stands behind an address is no part of its last value.
BEHIND = ["/", "。", "%E3%80%82", "，", ",", ")", "）", ">", "%3E", ";", "+", "%20", "%C2%A0",
          "%0D%0A", "请订阅"]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("", Query(View.WINDOW, None, 0, True)),
        ("view=window&year-round=1", Query()),
        ("alarms=3d", Query(alarms=3)),
        ("year-round=0&alarms=7d&role=lead&view=todo", Query(View.TODO, Role.LEAD, 7, False)),
        *((asked, DUE_QUERY) for asked in (DUE, *AS_DUE, *(f"{DUE}{word}" for word in BEHIND))),
    ],
)
def test_every_wish_is_understood(asked: str, query: Query) -> None:
    assert parse_query(asked) == query


@pytest.mark.parametrize(
    "query",
    ["view=month", "view=", "view", "view=%ff", "role=both", "alarms=2d", "alarms=00",
     "year-round=yes", "view=due#", "view=due;role=lead", "view=due&view=due",
     "view=due&view=window"],
)  # fmt: skip
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match="wanted"):
        parse_query(query)
