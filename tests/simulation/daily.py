"""On the day of a unit's digest the digest asks for what is past: no second mail does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from reminder.domain.notices import NEVER_WENT, Kind, State, copy_number
from reminder.domain.timetable import Timetable
from reminder.ledger.views import NoticeView
from tests.simulation.expected import Telling

READ = "/by-digest"  # ends the key under which stands what was read in a digest


def second_mails(
    table: Timetable,
    views: Sequence[NoticeView],
    reminded: Mapping[str, set[Telling]],
    *,
    approved: bool,
) -> Iterator[tuple[str, str]]:
    """Keys and words of what was asked twice on one day, or never though it counts as read."""
    digests = [v for v in views if v.kind is Kind.DIGEST and _went(v)]
    days = {(v.unit, _day(table, v, approved=approved)): v for v in digests}
    for view in views:
        unit = table.directory.receiver(view.unit)
        to_itself = unit and {person.address for person in view.recipients}.intersection(unit.to)
        if view.kind is not Kind.OVERDUE or copy_number(view.key) > 1 or not to_itself:
            continue
        digest = days.get((view.unit, view.period))
        if digest and _months(table, reminded.get(view.key, set())) <= _month(digest):
            yield view.key, f"asks on the day of {digest.key}"
    for key, tellings in reminded.items():
        if key.endswith(READ) and not any(
            v.unit == unit and _month(v) >= _months(table, tellings)
            for v in digests
            for _, unit, *_ in list(tellings)[:1]
        ):
            yield key, "counts as read in a digest, and there is none"


def _went(view: NoticeView) -> bool:
    ended = view.state is State.EXPIRED and view.reason in NEVER_WENT
    return copy_number(view.key) == 1 and view.state is not State.BASELINE and not ended


def _day(table: Timetable, view: NoticeView, *, approved: bool) -> str:
    """When it was due or, later, made; what is approved was made in time."""
    made = view.due if approved or view.as_of is None else max(view.due, view.as_of)
    day: date = table.local_day(made)
    return day.isoformat()


def _month(view: NoticeView) -> int:
    return int(view.period[5:])


def _months(table: Timetable, tellings: set[Telling]) -> int:
    """The last month of these tasks."""
    return max((table.plan.by_id[task].month for _, _, task, *_ in tellings), default=13)
