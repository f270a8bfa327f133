"""What was chosen is kept, and nothing is handed over in quiet hours: by unit, and by reader."""

from datetime import UTC, date, datetime, timedelta

import pytest

from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.preferences import Pause, Preference, QuietHours
from reminder.ledger import claiming, notices
from reminder.ledger.database import Database
from reminder.ledger.notices import Composed
from reminder.ledger.own_messages import OwnMessage
from reminder.ledger.preferences import (
    drop_preference,
    forget_unconfirmed,
    put_preference,
    read_preferences,
)

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
LEAD, READER, OTHER = "Lead@unit.test", "reader@unit.test", "other@unit.test"
NIGHT = QuietHours.parse("22:00-07:00")
CHOSEN = Preference(
    "lead",
    READER,
    "处长",
    frozenset({Kind.NUDGE, Kind.DIGEST}),
    NIGHT,
    Pause(date(2026, 3, 1), date(2026, 3, 9)),
    extra=True,
)


def test_what_was_chosen_reads_as_it_was_put_with_when_and_by_whom(database: Database) -> None:
    with database.write("张三") as connection:
        put_preference(connection, Preference("lead", quiet=NIGHT), "chosen", "console", AT)
        put = put_preference(connection, CHOSEN, "added", "page", AT)
        put_preference(connection, Preference("related"), "chosen", "page", AT)
        assert read_preferences(connection, ["lead"])["lead"][1] == put
        assert (put.changed, put.who) == (AT, "张三")
        drop_preference(connection, put, "removed", "page", AT)
        left = read_preferences(connection, ["lead", "related"])
        assert [len(rows) for rows in left.values()] == [1, 1]


def test_who_does_not_confirm_is_forgotten_and_who_does_stays(database: Database) -> None:
    with database.write() as connection:
        put_preference(connection, CHOSEN, "added", "page", AT)
        assert forget_unconfirmed(connection, AT + timedelta(6)) == 0
        assert forget_unconfirmed(connection, AT + timedelta(7)) == 1


@pytest.mark.parametrize(
    ("quiet", "clock", "taken"),
    [
        ({}, "23:00", {LEAD, READER, OTHER}),
        ({"": "22:00-07:00"}, "23:00", set()),
        ({"": "22:00-07:00"}, "06:59", set()),
        ({"": "22:00-07:00"}, "07:00", {LEAD, READER, OTHER}),
        ({"": "12:00-14:00"}, "13:30", set()),
        ({"": "12:00-14:00"}, "14:00", {LEAD, READER, OTHER}),
        ({READER: "22:00-07:00"}, "23:00", {LEAD, OTHER}),
        ({READER: "22:00-07:00", LEAD.lower(): "21:00-05:00"}, "04:00", {OTHER}),
    ],
)
def test_nobody_is_woken_in_quiet_hours(
    database: Database, quiet: dict[str, str], clock: str, taken: set[str]
) -> None:
    own = (OwnMessage(READER, "<a.1@mail.test>", b"own"),)
    composed = Composed("<a@mail.test>", b"all", AT, (LEAD, READER, OTHER), own=own)
    for key, unit in (("a", "lead"), ("b", "related")):
        draft = NoticeDraft(key, Kind.DIGEST, "2026-03", unit, AT, AT + timedelta(30))
        with database.write() as connection:
            notices.add(connection, [notices.NewNotice(draft, composed=composed)], AT, stream="s")
    with database.write() as connection:
        for address, hours in quiet.items():
            chosen = Preference("lead", address, quiet=QuietHours.parse(hours))
            put_preference(connection, chosen, "chosen", "page", AT)
        claims = claiming.claim(connection, "one", "s", AT, 9, clock=clock)
    assert {a for one in claims if one.key == "a" for a in one.addresses} == taken
    assert {a for one in claims if one.key == "b" for a in one.addresses} == {LEAD, READER, OTHER}
