"""Accounts and their sessions as both databases keep them."""

from datetime import UTC, datetime, timedelta

from reminder.domain.persons import AccountRole, Person
from reminder.ledger import persons, sessions
from reminder.ledger.database import Database
from reminder.ledger.history import read_history

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WANG = Person("wang", "王某\0", AccountRole.EDIT, subject="u-1001")


def test_an_account_is_kept_with_who_has_made_it(database: Database) -> None:
    with database.write("陈某") as connection:
        assert persons.add_person(connection, WANG, AT)
        assert not persons.add_person(connection, WANG, AT)
    with database.read() as connection:
        found = persons.read_person(connection, "wang")
        assert found == persons.person_of_subject(connection, "u-1001")
        assert persons.person_of_subject(connection, "") is None
        assert (found.full_name, found.role, found.has_password) == ("王某␀", "edit", False)
        [act] = read_history(connection, "person/wang")
    assert (act["who"], act["state"], act["at"]) == ("陈某", "made", AT)


def test_a_step_of_codes_is_used_once_and_none_before_it(database: Database) -> None:
    with database.write() as connection:
        persons.add_person(connection, WANG, AT)
        used = [persons.use_totp(connection, "wang", step) for step in (5, 5, 4, 6)]
    assert used == [True, False, False, True]


def test_a_link_is_of_one_person_and_the_last_one_counts(database: Database) -> None:
    with database.write() as connection:
        persons.add_person(connection, WANG, AT)
        for word in ("first", "second"):
            persons.put_ticket(connection, word, "wang", AT + HOUR)
        holders = [persons.ticket_holder(connection, word, AT) for word in ("first", "second")]
        assert [bool(holder) for holder in holders] == [False, True]
        assert persons.ticket_holder(connection, "second", AT + HOUR) is None


def test_sessions_end_by_person_or_one_by_one(database: Database) -> None:
    since = {"begun": AT - HOUR, "seen": AT - HOUR}
    with database.write() as connection:
        for word, name in (("a", "wang"), ("b", "wang"), ("c", ""), ("d", "li")):
            sessions.add_session(connection, word, AT, **since, person=name, agent="x" * 300)
        mine = sessions.read_sessions(connection, **since, person="wang")
        assert {one.name for one in mine} == {sessions.session_name(word) for word in "ab"}
        assert len(mine[0].agent) == sessions.AGENT
        foreign = sessions.session_name("d")
        assert sessions.end_sessions(connection, "wang", name=foreign) == 0
        assert sessions.end_sessions(connection, "wang", but="a") == 1
        assert sessions.end_sessions(connection, "") == 1
        assert sessions.end_sessions(connection) == 2
