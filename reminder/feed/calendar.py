"""From events to the bytes of an .ics file (RFC 5545, RFC 7986), the same for the same events."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Component, Event, Timezone, Todo, vText

from reminder.domain.timetable import Role
from reminder.domain.windows import Rule
from reminder.domain.workdays import DAY
from reminder.feed.entries import Entry
from reminder.feed.query import Query, View
from reminder.feed.wording import category, description, full_title, short_title
from reminder.storage.ledger.events import EventRow

# Part of every ETag: raise it when the same events come to other bytes.
RENDERER = 1
_END = b"END:VCALENDAR\r\n"
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
    made = _todo(entry, row, zone) if query.view is View.TODO else _event(entry, row, query)
    title = full_title(entry) if query.view is View.WINDOW else short_title(entry)
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
        first = last = _short_day(entry)
    made.add("dtstart", first)
    made.add("dtend", last + DAY)  # exclusive
    made.add("transp", "TRANSPARENT")
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


def _short_day(entry: Entry) -> date:
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


def _head(heading: Heading, revised: datetime | None) -> bytes:
    made = Calendar()
    made.add("prodid", "-//reminder//plan feeds 1//ZH")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("name", _Text(heading.name))
    made.add("x-wr-calname", _Text(heading.name))
    made.add("x-wr-timezone", heading.zone.key)
    made.add("color", _COLOR)
    # The library leaves out VALUE, which RFC 7986, 5.7 wants, and writes a duration as 6:00:00
    # where it does not know the property.
    made.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT6H")
    if revised:
        made.add("last-modified", revised)
    return _bytes(made)


def _time_zone(heading: Heading) -> bytes:
    first, last = date(heading.year, 1, 1), date(heading.year + 1, 1, 1)
    made = Timezone.from_tzid(heading.zone.key, first_date=first, last_date=last)
    # The library's own remark; RFC 5545, 3.6.5 has no place for it.
    made.pop("COMMENT", None)
    return _bytes(made)


def _bytes(made: Component) -> bytes:
    content: bytes = made.to_ical()
    return content
