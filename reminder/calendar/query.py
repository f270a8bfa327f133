"""What a subscriber may ask of a feed in its address."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from reminder.domain.characters import as_address
from reminder.domain.timetable import Role
from reminder.errors import UsageError


class QueryError(UsageError):
    """The address asks for something that no feed has."""


class View(StrEnum):
    """A bar over the whole window, one day with a short title, or a task to tick off."""

    WINDOW = "window"
    DUE = "due"
    TODO = "todo"


@dataclass(frozen=True)
class Query:
    """`alarms` is days before the due day, 0 for none; no `role` means both."""

    view: View = View.WINDOW
    role: Role | None = None
    alarms: int = 0
    year_round: bool = True


_ESCAPED = re.compile("^(?:amp;)+")
_VALUES: dict[str, tuple[str, dict[str, View | Role | int | bool]]] = {
    "view": ("view", {view.value: view for view in View}),
    "role": ("role", {role.value: role for role in Role}),
    "alarms": ("alarms", {"0": 0, "1d": 1, "3d": 3, "7d": 7}),
    "year-round": ("year_round", {"0": False, "1": True}),
}


def parse_query(query: str) -> Query:
    """From what stands after the question mark.

    Names that are none of ours are passed over, for mail programs and proxies add their own, and
    `&amp;` is an ampersand. Raises `QueryError` for an unknown value and for a name that comes
    twice.
    """
    wishes: dict[str, View | Role | int | bool] = {}
    pairs = parse_qsl(query, keep_blank_values=True)
    for number, (given, value) in enumerate(pairs, 1):
        name = _ESCAPED.sub("", given)
        if name not in _VALUES:
            continue
        value = as_address(value) if number == len(pairs) else value
        attribute, values = _VALUES[name]
        if value not in values:
            raise QueryError(f"{name}={value!r} is unknown, wanted one of: {', '.join(values)}")
        if attribute in wishes:
            raise QueryError(f"{name} stands twice, wanted it once")
        wishes[attribute] = values[value]
    return Query(**wishes)  # type: ignore[arg-type]
