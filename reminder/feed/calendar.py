"""From events to the bytes of an .ics file (RFC 5545, RFC 7986), the same for the same events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Component, Event, Timezone, Todo

from reminder.domain.timetable import Role
from reminder.domain.workdays import DAY
from reminder.feed.entries import Entry
from reminder.feed.query import Query, View
from reminder.feed.wording import category, description, full_title, short_title
from reminder.storage.ledger.events import EventRow

# Part of every ETag: raise it when the same events come to other bytes.
RENDERER = 1
REFRESH = "PT6H"
_END = b"END:VCALENDAR\r\n"
_ALARM_HOUR = timedelta(hours=9)
# CSS3 names (RFC 7986, 5.9), none of them a light's: no blue, green, yellow, red or grey.
_COLORS = {Role.LEAD: "teal", Role.RELATED: "slateblue", None: "teal"}
_YEAR_ROUND_COLOR = "peru"


@dataclass(frozen=True)
class Heading:
    """What a calendar says of itself. `zone` and `uid_domain` reach into its events too."""

    name: str
    zone: ZoneInfo
    uid_domain: str
    year: int


def calendar(rows: Sequence[EventRow], query: Query, heading: Heading) -> bytes:
    parts = [_component(row, query, heading.uid_domain, heading.zone) for row in rows]
    head = _head(heading, max((row.last_modified for row in rows), default=None))
    # RFC 5545, 3.6: a calendar has at least one component. Where no entry is left, a time
    # zone is the only one that puts nothing in front of the reader.
    body = b"".join(parts) or _time_zone(heading)
    return head.removesuffix(_END) + body + _END


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


@lru_cache(maxsize=16384)
def _component(row: EventRow, query: Query, uid_domain: str, zone: ZoneInfo) -> bytes:
    """One event's bytes, kept: when another one changes, this one is not rendered again."""
    entry = shown(Entry.from_json(row.entry), query)
    if entry is None:
        return b""
    made: Component = _todo(entry, row, zone) if query.view is View.TODO else _event(entry, query)
    # `Event.new` would invent UID and DTSTAMP, and no two copies would be alike.
    made.add("uid", _uid(row.uid, query.view, uid_domain))
    # RFC 5545, 3.8.7.2: without METHOD, DTSTAMP is the time of the last revision.
    made.add("dtstamp", row.last_modified)
    made.add("last-modified", row.last_modified)
    made.add("sequence", row.sequence)
    made.add("class", "PUBLIC")
    made.add("categories", [category(entry)])
    made.add("color", _YEAR_ROUND_COLOR if entry.year_round else _COLORS[entry.role])
    made.add("description", description(entry, cancelled=row.cancelled))
    made.add("summary", full_title(entry) if query.view is View.WINDOW else short_title(entry))
    made.add("status", _status(entry, row, query.view))
    if query.alarms and not row.cancelled and _may_alarm(entry):
        made.add_component(_alarm(query))
        made.subcomponents[-1].add("description", made["summary"])
    return made.to_ical()


def _event(entry: Entry, query: Query) -> Event:
    made = Event()
    first, last = entry.opens, entry.due
    if entry.year_round:
        first = last
    elif query.view is View.DUE:
        first = last = _day_of(entry)
    made.add("dtstart", first)
    made.add("dtend", last + DAY)  # exclusive
    made.add("transp", "TRANSPARENT")
    return made


def _day_of(entry: Entry):
    ...
