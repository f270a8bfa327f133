"""From events to the bytes of an .ics file (RFC 5545, RFC 7986), the same for the same events."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from icalendar import Alarm, Component, Event, Timezone, Todo, vText
from icalendar.parser import Contentline

from reminder.calendar.entries import CalendarEntry
from reminder.documents.templates import environment, phrase
from reminder.domain.characters import as_address
from reminder.domain.plan import Plan
from reminder.domain.timetable import Role
from reminder.domain.units import Unit
from reminder.domain.workdays import DAY
from reminder.errors import UsageError
from reminder.ledger.feeds import EventRow
from reminder.words import CHINESE

# CSS3 names (RFC 7986, 5.9), none of them a light's: no blue, green, yellow, red or grey.
_COLOR = "indigo"
_COLORS = {Role.LEAD: _COLOR, Role.RELATED: "mediumpurple", None: _COLOR}
_YEAR_ROUND_COLOR = "peru"
_CACHED = 4096  # events, in one view each; and texts of entries


class View(StrEnum):
    """A bar over the whole window, one day with a short title, or a task to tick off."""

    WINDOW = "window"
    DUE = "due"
    TODO = "todo"


@dataclass(frozen=True)
class Query:
    """What a subscriber may ask for. `alarms` is days before the due day, 0 for none; no `role`
    means both."""

    view: View = View.WINDOW
    role: Role | None = None
    alarms: int = 0
    year_round: bool = True


_ESCAPED = re.compile("^(?:amp;)+")
_VALUES: dict[str, dict[str, View | Role | int | bool]] = {
    "view": {view.value: view for view in View},
    "role": {role.value: role for role in Role},
    "alarms": {"0": 0, "1d": 1, "3d": 3, "7d": 7},
    "year-round": {"0": False, "1": True},
}


@lru_cache(256)
def parse_query(query: str) -> Query:
    """From what stands after the question mark.

    Names that are none of ours are passed over, for mail programs and proxies add their own, and
    `&amp;` is an ampersand. Raises `UsageError` for an unknown value and for a name that comes
    twice.
    """
    wishes: dict[str, Any] = {}
    pairs = parse_qsl(query, keep_blank_values=True)
    for number, (given, value) in enumerate(pairs, 1):
        name = _ESCAPED.sub("", given)
        if name not in _VALUES:
            continue
        value = as_address(value) if number == len(pairs) else value
        values, attribute = _VALUES[name], name.replace("-", "_")
        if value not in values:
            raise UsageError(f"{name}={value!r} is unknown, wanted one of: {', '.join(values)}")
        if attribute in wishes:
            raise UsageError(f"{name} stands twice, wanted it once")
        wishes[attribute] = values[value]
    return Query(**wishes)


class _Text(vText):
    """The library takes a backslash before N, as in C:\\New, for a line break escaped before."""

    def to_ical(self) -> bytes:
        """RFC 5545, 3.3.11."""
        return re.sub(r"([\\;,])", r"\\\1", self).replace("\n", r"\n").encode()


@dataclass(frozen=True)
class FeedWords:
    """What feeds say beside their plans: whose UIDs, by which templates, in which `language` where
    a unit has none of its own."""

    uid_domain: str
    own_templates: Path | None = None
    language: str = CHINESE


class FeedRenderer:
    """Of one language. An event that has not moved keeps its bytes, whichever feeds it is in."""

    def __init__(self, words: FeedWords) -> None:
        language = words.language
        self._templates = environment(words.own_templates, autoescape=False, language=language)
        self._language = "ZH" if language == CHINESE else language.upper()
        self._uid_domain = words.uid_domain
        self._component = lru_cache(_CACHED)(self._render_component)
        self._text = lru_cache(_CACHED)(lambda macro, entry: self._phrase(macro, entry=entry))

    def render(self, plan: Plan, unit: Unit | None, rows: list[EventRow], query: Query) -> bytes:
        """Without a unit: of the whole plan."""
        name = self.name(plan, unit)
        revised = max((row.last_modified for row in rows), default=None)
        components = b"".join(self._component(row, query, plan.zone) for row in rows)
        body = components or _time_zone(plan.zone, plan.year)
        return _head(name, plan.zone, revised, self._language) + body + b"END:VCALENDAR\r\n"

    def name(self, plan: Plan, unit: Unit | None) -> str:
        """The calendar's own."""
        return self._phrase("calendar", plan=plan, unit=unit)

    def short_title(self, entry: CalendarEntry) -> str:
        """As `view=due` shows it."""
        return self._text("short_title", entry)

    def _render_component(self, row: EventRow, query: Query, zone: ZoneInfo) -> bytes:
        """None of the bytes when the query leaves it out."""
        entry = _shown(CalendarEntry.from_json(row.entry), query)
        if entry is None:
            return b""
        is_todo = query.view is View.TODO
        component = _todo(entry, row, zone) if is_todo else _event(entry, row, query)
        title = self._text("full_title" if query.view is View.WINDOW else "short_title", entry)
        description = self._text("description", entry)
        if row.cancelled:
            title = self._phrase("cancelled_title", title=title)
            description = self._phrase("cancelled_description", description=description)
        # One a view: a program that holds two views of a feed must not merge them.
        uid = row.uid if query.view is View.WINDOW else f"{row.uid}.{query.view}"
        # `Event.new` would invent UID and DTSTAMP, and no two copies would be alike.
        component.add("uid", f"{uid}@{self._uid_domain}")
        # RFC 5545, 3.8.7.2: without METHOD, DTSTAMP is the time of the last revision.
        component.add("dtstamp", row.last_modified)
        component.add("last-modified", row.last_modified)
        component.add("sequence", row.sequence)
        component.add("summary", _Text(title))
        component.add("description", _Text(description))
        component.add("class", "PUBLIC")
        component.add("categories", [self._text("category", entry)])
        component.add("color", _YEAR_ROUND_COLOR if entry.year_round else _COLORS[entry.role])
        is_led = entry.role is Role.LEAD and not (entry.year_round or entry.undated)
        if query.alarms and is_led and not (entry.done or row.cancelled):
            component.add_component(_alarm(title, query))
        return cast(bytes, component.to_ical())

    def _phrase(self, macro: str, **facts: object) -> str:
        return phrase(self._templates, "calendar/entries.txt", macro, **facts)


def _shown(entry: CalendarEntry, query: Query) -> CalendarEntry | None:
    """The entry less what the query leaves out; None when nothing of it is left.

    The feed of the whole plan, which has no roles, is read from the leads' side.
    """
    if entry.year_round and (not query.year_round or query.view is View.TODO):
        return None
    if query.role is None:
        return entry
    items = tuple(item for item in entry.items if (item.role or Role.LEAD) is query.role)
    return replace(entry, items=items) if items else None


def _event(entry: CalendarEntry, row: EventRow, query: Query) -> Component:
    component = Event()
    first, last = entry.opens, entry.due
    if entry.year_round:
        first = last
    elif query.view is View.DUE:
        first, last = entry.short_days
    component.add("dtstart", first)
    component.add("dtend", last + DAY)  # exclusive
    component.add("transp", "TRANSPARENT")
    # Outlook takes an all-day event for a busy one unless its own property says otherwise.
    component.add("x-microsoft-cdo-busystatus", "FREE")
    if row.cancelled:
        component.add("status", "CANCELLED")
    else:
        tentative = (entry.undated or entry.guessed or entry.soft) and not entry.done
        component.add("status", "TENTATIVE" if tentative else "CONFIRMED")
    return component


def _todo(entry: CalendarEntry, row: EventRow, zone: ZoneInfo) -> Component:
    component = Todo()
    component.add("due", entry.due)
    if entry.opens < entry.due:  # RFC 5545, 3.8.2.3: DUE is later than DTSTART
        component.add("dtstart", entry.opens)
    if row.cancelled:
        component.add("status", "CANCELLED")
    elif entry.done:
        component.add("status", "COMPLETED")
        # Of a day only the date is known: at noon it is the same one in UTC.
        component.add("completed", datetime.combine(entry.done, time(12), zone).astimezone(UTC))
        component.add("percent-complete", 100)
    else:
        component.add("status", "NEEDS-ACTION")
    return component


def _alarm(title: str, query: Query) -> Alarm:
    """At 09:00 of the reader's clock, so many days before the due day."""
    trigger = timedelta(hours=9) - query.alarms * DAY
    if query.view is View.WINDOW:
        trigger -= DAY  # from DTEND, the midnight after the due day
    related = "START" if query.view is View.DUE else "END"
    component = Alarm()
    component.add("action", "DISPLAY")
    component.add("description", _Text(title))
    component.add("trigger", trigger, parameters={"RELATED": related})
    return component


def _head(name: str, zone: ZoneInfo, revised: datetime | None, language: str) -> bytes:
    """What a calendar says of itself, all before its first component."""
    text = _Text(name).to_ical().decode()
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//reminder//plan feeds 1//{language}",
        "CALSCALE:GREGORIAN",
        _folded(f"NAME:{text}"),
        _folded(f"X-WR-CALNAME:{text}"),
        f"COLOR:{_COLOR}",
        *([f"LAST-MODIFIED:{revised:%Y%m%dT%H%M%SZ}"] if revised else []),
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        f"X-WR-TIMEZONE:{zone.key}",
        "",
    )
    return "\r\n".join(lines).encode()


def _folded(line: str) -> str:
    return cast(bytes, Contentline(line).to_ical()).decode()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=16)
def _time_zone(zone: ZoneInfo, year: int) -> bytes:
    """RFC 5545, 3.6: a calendar has at least one component. Where no entry is left, this is the
    only one that puts nothing in front of the reader."""
    first, last = date(year, 1, 1), date(year + 1, 1, 1)
    component = Timezone.from_tzid(zone.key, first_date=first, last_date=last)
    # The library's own remark; RFC 5545, 3.6.5 has no place for it.
    component.pop("COMMENT", None)
    return cast(bytes, component.to_ical())
