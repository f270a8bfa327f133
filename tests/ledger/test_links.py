"""Signed links."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.ledger.access import InstallationKey
from reminder.ledger.database import Database
from reminder.ledger.feeds import read_version
from reminder.ledger.links import (
    FEED,
    LinkView,
    add_reader,
    check_link,
    feed_url,
    link_token,
    read_link,
    readers_of,
    revoke,
    rotate,
    touch,
    webcal_url,
)

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
KEY = InstallationKey(b"a key of the tests, no other")


def opens(database: Database, subject: str, token: str) -> bool:
    with database.read() as connection:
        return check_link(connection, KEY, FEED, subject, token) is not None


def token_of(database: Database, subject: str) -> str:
    with database.read() as connection:
        return link_token(connection, KEY, FEED, subject)


def test_a_link_opens_its_own_feed_only(database: Database) -> None:
    token = token_of(database, "helan")
    assert opens(database, "helan", token)
    assert not opens(database, "deputies", token)


def test_a_link_for_one_purpose_opens_no_other(database: Database) -> None:
    with database.read() as connection:
        assert not check_link(
            connection, KEY, "page", "helan", link_token(connection, KEY, FEED, "helan")
        )


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "签名", "\ud800"])
def test_a_forged_token_opens_nothing(database: Database, token: str) -> None:
    assert not opens(database, "helan", token)


def test_a_token_of_another_installation_opens_nothing(database: Database) -> None:
    with database.read() as connection:
        foreign = link_token(connection, InstallationKey(b"another installation"), FEED, "helan")
    assert not opens(database, "helan", foreign)


def test_rotating_kills_the_old_link_of_that_unit_alone(database: Database) -> None:
    old, other = token_of(database, "helan"), token_of(database, "deputies")
    with database.write() as connection:
        assert rotate(connection, FEED, "helan") == 2
    assert not opens(database, "helan", old)
    assert opens(database, "helan", token_of(database, "helan"))
    assert opens(database, "deputies", other)


def test_a_revoked_link_opens_again_only_after_rotation(database: Database) -> None:
    old = token_of(database, "helan")
    with database.write() as connection:
        revoke(connection, FEED, "helan")
    assert not opens(database, "helan", old)
    with database.write() as connection:
        rotate(connection, FEED, "helan")
    assert not opens(database, "helan", old)
    assert opens(database, "helan", token_of(database, "helan"))


def test_use_is_noted_at_most_once_a_day(database: Database) -> None:
    assert touch(database, FEED, "helan", AT)
    assert not touch(database, FEED, "helan", AT + timedelta(hours=23))
    assert touch(database, FEED, "helan", AT + timedelta(hours=24))


def test_use_revives_no_revoked_link(database: Database) -> None:
    token = token_of(database, "helan")
    with database.write() as connection:
        revoke(connection, FEED, "helan")
    touch(database, FEED, "helan", AT)
    assert not opens(database, "helan", token)


def test_the_link_that_is_handed_out_asks_for_short_entries() -> None:
    url = feed_url("https://reminder.example", "abc", "helan", handed_out=True)
    assert url == "https://reminder.example/feeds/abc/helan.ics?view=due&year-round=0"
    assert webcal_url(url).startswith("webcal://reminder.example/feeds/abc/")


def test_only_what_readers_see_moves_the_version_of_the_feeds(database: Database) -> None:
    seen = [version_of(database)]
    for change in (rotate, revoke):
        with database.write() as connection:
            change(connection, FEED, "helan")
        seen.append(version_of(database))
    assert len(set(seen)) == 3
    touch(database, FEED, "helan", AT)
    assert version_of(database) == seen[-1]


def version_of(database: Database) -> str:
    with database.read() as connection:
        return read_version(connection)


def test_a_single_readers_link_opens_when_somebody_has_made_it(database: Database) -> None:
    token = token_of(database, "helan~1")
    assert not opens(database, "helan~1", token)
    with database.write() as connection:
        assert add_reader(connection, "helan", "值班员", AT) == "helan~1"
    assert opens(database, "helan~1", token)
    assert not opens(database, "helan", token)


def test_readers_are_numbered_on_and_no_number_comes_again(database: Database) -> None:
    with database.write() as connection:
        for number in range(1, 12):
            assert add_reader(connection, "helan", "读者", AT) == f"helan~{number}"
        revoke(connection, FEED, "helan~11")
        assert add_reader(connection, "helan", "读者", AT) == "helan~12"
        assert add_reader(connection, "helan-2", "读者", AT) == "helan-2~1"
        subjects = [found.subject for found in readers_of(connection, "helan")]
    assert subjects == [f"helan~{number}" for number in range(1, 13)]


def test_a_readers_link_keeps_its_label_through_use_and_rotation(database: Database) -> None:
    with database.write() as connection:
        add_reader(connection, "helan", "值班员", AT)
        rotate(connection, FEED, "helan~1")
    touch(database, FEED, "helan~1", AT)
    with database.read() as connection:
        found = read_link(connection, FEED, "helan~1")
    assert found == LinkView(FEED, "helan~1", 2, False, AT, "值班员", AT)


def test_a_readers_link_is_seen_at_once(database: Database) -> None:
    with database.write() as connection:
        before = read_version(connection)
        add_reader(connection, "helan", "值班员", AT)
        assert read_version(connection) != before
