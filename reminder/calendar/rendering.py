"""From events to the bytes of an .ics file (RFC 5545, RFC 7986), the same for the same events."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Alarm, Component, Event, Timezone, Todo, vText
from icalendar.parser import Contentline

from reminder.calendar.entries import Entry
from reminder.calendar.query import Query, View
from reminder.calendar.wording import CANCELLED, category, description, full_title, short_title
from reminder.domain.timetable import Role
from reminder.domain.windows import Rule
from reminder.domain.workdays import DAY
from reminder.ledger.events import EventRow

END = b"END:VCALENDAR\r\n"
_ALARM_HOUR = timedelta(hours=9)
# CSS3 names (RFC 7986, 5.9), none of them a light's: no blue, green, yellow, red or grey.
_COLOR = "indigo"
_COLORS = {Role.LEAD: _COLOR, Role.RELATED: "mediumpurple", None: _COLOR}
_YEAR_ROUND_COLOR = "peru"
# Arrangements of a month: a related unit is told when they begin, who leads when they end.
_OF_THE_MONTH = (Rule.MONTH, Rule.PART, Rule.MEETING_UNDATED)


class _Text(vText):
    """The library takes a backslash before N, as in C:\\New, for a line break escaped before."""

    def to_ical(self) -> bytes:
        """RFC 5545, 3.3.11."""
        return re.sub(r"([\\;,])", r"\\\1", self).replace("\n", r"\n").encode()


def shown(entry: Entry, query: Query) -> Entry | None:
    """The entry less what the query leaves out; None when nothing of it is left.

    The feed of the whole plan, which has no roles, is read from the leads' side.
    """
    if entry.year_round and (not query.year_round or query.view is View.TODO):
        return None
    if query.role is None:
        return entry
    items = tuple(item for item in entry.items if (item.role or Role.LEAD) is query.role)
    return replace(entry, items=items) if items else None


def component(row: EventRow, query: Query, zone: ZoneInfo, uid_domain: str) -> bytes:
    """One event's bytes; none when the query leaves it out."""
    entry = shown(Entry.from_json(row.entry), query)
    if entry is None:
        return b""
    made = _todo(entry, row, zone) if query.view is View.TODO else _event(entry, row, query)
    title = full_title(entry) if query.view is View.WINDOW else short_title(entry)
    if row.cancelled:  # some programs go on showing it as if nothing had been said
        title = f"{CANCELLED}{title}"
    # `Event.new` would invent UID and DTSTAMP, and no two copies would be alike.
    made.add("uid", _uid(row.uid, query.view, uid_domain))
    # RFC 5545, 3.8.7.2: without METHOD, DTSTAMP is the time of the last revision.
    made.add("dtstamp", row.last_modified)
    made.add("last-modified", row.last_modified)
    made.add("sequence", row.sequence)
    made.add("summary", _Text(title))
    made.add("description", _Text(description(entry, cancelled=row.cancelled)))
    made.add("class", "PUBLIC")
    made.add("categories", [category(entry)])
    made.add("color", _YEAR_ROUND_COLOR if entry.year_round else _COLORS[entry.role])
    if query.alarms and not row.cancelled and _may_alarm(entry):
        made.add_component(_alarm(title, query))
    return _bytes(made)


def _event(entry: Entry, row: EventRow, query: Query) -> Component:
    made = Event()
    first, last = entry.opens, entry.due
    if entry.year_round:
        first = last
    elif query.view is View.DUE:
        first = last = short_day(entry)
    made.add("dtstart", first)
    made.add("dtend", last + DAY)  # exclusive
    made.add("transp", "TRANSPARENT")
    # Outlook takes an all-day event for a busy one unless its own property says otherwise.
    made.add("x-microsoft-cdo-busystatus", "FREE")
    if row.cancelled:
        made.add("status", "CANCELLED")
    else:
        tentative = (entry.undated or entry.guessed or entry.soft) and not entry.done
        made.add("status", "TENTATIVE" if tentative else "CONFIRMED")
    return made


def _todo(entry: Entry, row: EventRow, zone: ZoneInfo) -> Component:
    made = Todo()
    made.add("due", entry.due)
    if entry.opens < entry.due:  # RFC 5545, 3.8.2.3: DUE is later than DTSTART
        made.add("dtstart", entry.opens)
    if row.cancelled:
        made.add("status", "CANCELLED")
    elif entry.done:
        made.add("status", "COMPLETED")
        # Of a day only the date is known: at noon it is the same one in UTC.
        made.add("completed", datetime.combine(entry.done, time(12), zone).astimezone(UTC))
        made.add("percent-complete", 100)
    else:
        made.add("status", "NEEDS-ACTION")
    return made


def short_day(entry: Entry) -> date:
    """The one day on which `view=due` shows it."""
    first = entry.role is Role.RELATED and entry.rule in _OF_THE_MONTH
    return entry.opens if first else entry.due


def _uid(event: str, view: View, domain: str) -> str:
    """One a view: a program that holds two views of a feed must not merge them."""
    return f"{event}@{domain}" if view is View.WINDOW else f"{event}.{view}@{domain}"


def _may_alarm(entry: Entry) -> bool:
    lead = entry.role is Role.LEAD and not entry.year_round
    return lead and not entry.done and not entry.undated


def _alarm(title: str, query: Query) -> Alarm:
    """At 09:00 of the reader's clock, so many days before the due day."""
    trigger = _ALARM_HOUR - query.alarms * DAY
    if query.view is View.WINDOW:
        trigger -= DAY  # from DTEND, the midnight after the due day
    related = "START" if query.view is View.DUE else "END"
    made = Alarm()
    made.add("action", "DISPLAY")
    made.add("description", _Text(title))
    made.add("trigger", trigger, parameters={"RELATED": related})
    return made


def head(name: str, zone: ZoneInfo, revised: datetime | None) -> bytes:
    """What a calendar says of itself, all before its first component."""
    text = _Text(name).to_ical().decode()
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//reminder//plan feeds 1//ZH",
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
    content: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return content.decode()


@lru_cache(maxsize=16)
def time_zone(zone: ZoneInfo, year: int) -> bytes:
    """RFC 5545, 3.6: a calendar has at least one component. Where no entry is left, this is the
    only one that puts nothing in front of the reader."""
    first, last = date(year, 1, 1), date(year + 1, 1, 1)
    made = Timezone.from_tzid(zone.key, first_date=first, last_date=last)
    # The library's own remark; RFC 5545, 3.6.5 has no place for it.
    made.pop("COMMENT", None)
    return _bytes(made)


def _bytes(made: Component) -> bytes:
    content: bytes = made.to_ical()
    return content
