"""What a unit and its readers may choose: kinds of mails, quiet hours, a pause, to leave."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from reminder.domain.notices import Kind, Reason
from reminder.domain.preferences import Pause, Preference, QuietHours, UnitChoices
from reminder.domain.units import Unit
from reminder.errors import Mistake

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY = date(2026, 3, 10)
WEEK = Pause(date(2026, 3, 9), date(2026, 3, 13))
UNIT = Unit("lead", "承办委员会", to=("lead@unit.test",), cc=("Cc@unit.test", "lead@unit.test"))
OWN = Preference("lead")
READER = Preference("lead", "cc@unit.test")


@pytest.mark.parametrize(
    ("chosen", "kind", "day", "why"),
    [
        (OWN, Kind.NUDGE, DAY, None),
        (replace(OWN, declined=frozenset({Kind.NUDGE})), Kind.NUDGE, DAY, Reason.DECLINED),
        (replace(OWN, declined=frozenset({Kind.NUDGE})), Kind.OVERDUE, DAY, None),
        (replace(OWN, declined=frozenset({Kind.DIGEST})), Kind.DIGEST, DAY, None),
        (replace(OWN, pause=WEEK), Kind.NUDGE, DAY, Reason.PAUSED),
        (replace(OWN, pause=WEEK), Kind.OVERDUE, WEEK.first, Reason.PAUSED),
        (replace(OWN, pause=WEEK), Kind.NUDGE, WEEK.last + timedelta(1), None),
        (replace(OWN, pause=WEEK), Kind.DIGEST, DAY, None),
        (replace(OWN, pause=WEEK), Kind.SUPPLEMENT, DAY, None),
        (READER, Kind.DIGEST, DAY, None),
        (replace(READER, declined=frozenset({Kind.DIGEST})), Kind.DIGEST, DAY, Reason.DECLINED),
        (replace(READER, pause=WEEK), Kind.DIGEST, DAY, Reason.PAUSED),
        (replace(READER, pause=WEEK), Kind.RECEIPT, WEEK.last, Reason.PAUSED),
        (replace(READER, left=AT, pause=WEEK), Kind.DIGEST, DAY, Reason.LEFT),
    ],
)
def test_a_unit_never_loses_its_digest_and_a_reader_may(
    chosen: Preference, kind: Kind, day: date, why: Reason | None
) -> None:
    assert chosen.why_not(kind, day) == why


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        ("22:00-07:00", time(22), True),
        ("22:00-07:00", time(3), True),
        ("22:00-07:00", time(6, 59), True),
        ("22:00-07:00", time(7), False),
        ("22:00-07:00", time(21, 59), False),
        ("12:00-14:00", time(13), True),
        ("12:00-14:00", time(14), False),
        ("12:00-14:00", time(3), False),
    ],
)
def test_quiet_hours_may_go_over_midnight(hours: str, clock: time, quiet: bool) -> None:
    read = QuietHours.parse(hours)
    assert (read.covers(clock), str(read)) == (quiet, hours)


@pytest.mark.parametrize("text", ["", "22:00", "25:00-07:00", "09:00-09:00", "07:00-23:30", "a-b"])
def test_quiet_hours_that_leave_no_time_to_send_are_refused(text: str) -> None:
    with pytest.raises(Mistake):
        QuietHours.parse(text)


@pytest.mark.parametrize("days", [-1, 92])
def test_a_pause_ends_and_does_not_last_for_ever(days: int) -> None:
    with pytest.raises(Mistake):
        Pause(DAY, DAY + timedelta(days))


@pytest.mark.parametrize(
    ("rows", "copied"),
    [
        ([], ["Cc@unit.test"]),
        ([replace(READER, left=AT)], ["Cc@unit.test"]),
        ([replace(READER, address="new@unit.test", extra=True)], ["Cc@unit.test"]),
        (
            [replace(READER, address="new@unit.test", extra=True, confirmed=AT)],
            ["Cc@unit.test", "new@unit.test"],
        ),
        (
            [replace(READER, address="lead@unit.test", extra=True, confirmed=AT)],
            ["Cc@unit.test"],
        ),
        ([replace(READER, address="gone@unit.test", left=AT)], ["Cc@unit.test"]),
    ],
    ids=["nobody chose", "one has left", "not confirmed", "confirmed", "the unit's own", "old cc"],
)
def test_copies_go_to_the_list_and_to_whom_the_unit_has_added_and_who_confirmed(
    rows: list[Preference], copied: list[str]
) -> None:
    assert [one.address for one in UnitChoices.of(UNIT, rows).copied] == copied
