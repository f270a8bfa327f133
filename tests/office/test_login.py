"""Who is logged in, with what password, and who has guessed too often."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.errors import DeclinedError
from reminder.ledger import sessions
from reminder.ledger.database import Database
from reminder.office import guessing, login, passwords

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def begun(database: Database, at: datetime = AT) -> str:
    with database.write() as connection:
        return login.begin_session(connection, at)


def is_in_session(database: Database, word: str, at: datetime) -> bool:
    with database.read() as connection:
        return login.session_in_use(database, connection, word, at) is not None


def counted(database: Database, *sources: str, at: datetime = AT) -> int:
    """The seconds to wait."""
    try:
        with database.write() as connection:
            guessing.count_attempt(connection, sources or [HERE], at)
    except DeclinedError as error:
        return error.facts["seconds"]
    return 0


def free_from(database: Database, at: datetime) -> datetime:
    with database.read() as connection:
        return at + guessing.seconds_to_wait(connection, [HERE], at) * SECOND


def failed(database: Database, count: int, at: datetime = AT) -> datetime:
    """So many wrong guesses, each as soon as it may be; returns when the next one may."""
    for _ in range(count):
        at = free_from(database, at)
        assert counted(database, at=at) == 0
    return free_from(database, at)


# Sessions


def test_a_session_is_over_after_an_hour_without_use_or_half_a_day(database: Database) -> None:
    idle, word, at = begun(database), begun(database), AT
    assert is_in_session(database, idle, AT + login.IDLE_SESSION - SECOND)
    assert not is_in_session(database, idle, AT + 2 * login.IDLE_SESSION)
    while at - AT < login.LONGEST_SESSION:
        assert is_in_session(database, word, at)
        at += timedelta(minutes=30)
    assert not is_in_session(database, word, at)


def test_an_unknown_word_is_no_session_and_one_ends_without_the_others(database: Database) -> None:
    first, second = begun(database), begun(database)
    login.log_out(database, first)
    found = [is_in_session(database, word, AT) for word in ("", "\ud800", first, second)]
    assert found == [False, False, False, True]


# Attempts


def test_each_further_attempt_waits_twice_as_long_up_to_a_quarter_of_an_hour(
    database: Database,
) -> None:
    at, waits = failed(database, 5), []
    for _ in range(12):
        assert counted(database, at=at - SECOND) == 1
        following = failed(database, 1, at)
        waits.append((following - at) // SECOND)
        at = following
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_what_must_wait_is_not_counted_and_others_do_not_wait(database: Database) -> None:
    failed(database, 5)
    assert [counted(database) for _ in range(3)] == [1, 1, 1]
    assert counted(database, ELSEWHERE) == 0
    assert counted(database, at=AT + SECOND) == 0
    # An attempt counts for all its sources.
    for number in range(guessing.FREE_TO_STRANGERS):
        assert counted(database, f"192.0.2.1{number}", guessing.STRANGERS) == 0
    assert counted(database, "192.0.2.99", guessing.STRANGERS) == 1
    assert counted(database, "192.0.2.99") == 0


def test_attempts_are_forgotten_after_a_success_and_after_a_day(database: Database) -> None:
    failed(database, 9)
    # A clock that was set back shuts nobody out.
    assert counted(database, at=AT - timedelta(days=400)) == 0
    with database.write() as connection:
        sessions.forget_attempts(connection, [HERE])
    assert failed(database, 4) == AT
    assert failed(database, 4, AT + guessing.FORGOTTEN) == AT + guessing.FORGOTTEN


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", "loopback"),
        ("127.255.3.9", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("testclient", "testclient"),
    ],
)
def test_what_has_many_addresses_is_one_source(address: str, source: str) -> None:
    assert guessing.source_of(address) == source


# Passwords


def test_a_password_is_known_by_its_hash(database: Database) -> None:
    with database.write() as connection:
        assert login.password_hash(connection) == ""
        login.keep_password(connection, passwords.hash_of("一句很长的话 é"))
        hashed = login.password_hash(connection)
    assert passwords.fits(hashed, "一句很长的话 e\N{COMBINING ACUTE ACCENT}")
    assert not passwords.fits(hashed, "一句很长的话")
    assert not passwords.fits("$argon2id$rubbish", "rubbish")
