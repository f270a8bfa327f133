"""What single addresses of a notice get instead: fixed with it, claimed and settled by itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from reminder.domain.notices import Answer, Kind, NoticeDraft, Reason, State
from reminder.ledger import claiming, deliveries, integrity, notices
from reminder.ledger.claiming import Claim
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Result
from reminder.ledger.notices import Composed
from reminder.ledger.own_messages import OwnMessage, own_content
from reminder.ledger.senders import ServerTrouble
from reminder.ledger.views import read_notice

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
LATER = AT + timedelta(minutes=2)
LEAD, SECOND, READER, PHONE = (f"{n}@unit.test" for n in ("lead", "second", "reader", "phone"))
OWN = (
    OwnMessage(READER, "<a.1@mail.test>", b"reader's"),
    OwnMessage(PHONE, "<a.2@mail.test>", b"short", "wecom"),
)
COMPOSED = Composed("<a@mail.test>", b"all", AT, (LEAD, SECOND, READER, PHONE), own=OWN)
ACCEPTED, REFUSED = Answer(State.SENT, Reason.ACCEPTED), Answer(State.REFUSED, Reason.PARTLY)
TROUBLE = ServerTrouble("", "mail.test", 1, AT, LATER, "421 too busy")


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        draft = NoticeDraft("a", Kind.DIGEST, "2026-03", "lead", AT, AT + timedelta(days=30))
        new = [notices.NewNotice(draft, composed=COMPOSED)]
        notices.add(connection, new, AT, stream="smtp")
        yield connection


def claim(connection: Connection, name: str = "one", route: str = "") -> list[Claim]:
    return claiming.claim(connection, name, "smtp", AT, 9, route=route)


def states(connection: Connection) -> dict[str, str]:
    found = read_notice(connection, "a")
    assert found is not None
    return {one.address.partition("@")[0]: one.state for one in found.recipients}


def test_each_message_is_a_claim_of_its_own_with_its_own_bytes(connection: Connection) -> None:
    common, own = claim(connection)
    assert (common.message_id, common.content) == ("<a@mail.test>", b"all")
    assert set(common.addresses) == {LEAD, SECOND}
    assert (own.message_id, own.content) == ("<a.1@mail.test>", b"reader's")
    assert (own.addresses, own.key) == ((READER,), "a")
    assert states(connection)["phone"] == "queued"
    [phone] = claim(connection, "two", "wecom")
    assert (phone.content, phone.addresses) == (b"short", (PHONE,))
    assert list(integrity.faults(connection)) == []


@pytest.mark.parametrize("first", [0, 1], ids=["the common one", "the reader's"])
def test_one_is_settled_or_given_back_without_the_other(connection: Connection, first: int) -> None:
    """While another worker is in the middle of it: nobody else may take that one."""
    claims = claim(connection)
    gone, begun = claims[first], claims[1 - first]
    deliveries.requeue(connection, [gone], AT)
    deliveries.put_off(connection, "smtp", AT, TROUBLE, gone)
    waiting = {one.partition("@")[0] for one in gone.addresses}
    sending = {name for name, state in states(connection).items() if state == "sending"}
    assert sending == {one.partition("@")[0] for one in begun.addresses}
    assert {states(connection)[name] for name in waiting} == {"retry"}
    answers = dict.fromkeys(begun.addresses, ACCEPTED)
    assert deliveries.settle(connection, [Result(begun, answers, LATER)], AT)
    [again] = claim(connection, "two")
    assert replace(again, claim=gone.claim, attempts=0) == replace(gone, attempts=0)


def test_a_dead_senders_are_put_back_all_of_them(connection: Connection) -> None:
    claim(connection, "lease:1")
    assert deliveries.requeue_lost(connection, AT, but=["lease"]) == 0
    assert deliveries.requeue_lost(connection, AT) == 3


def test_trouble_of_one_way_puts_off_nothing_of_another(connection: Connection) -> None:
    deliveries.put_off(connection, "smtp", AT, replace(TROUBLE, route="wecom"))
    assert states(connection) == dict.fromkeys(("lead", "second", "reader"), "queued") | {
        "phone": "retry"
    }
    deliveries.hurry(connection, "smtp", AT)
    assert claim(connection, "two", "wecom") == []
    deliveries.hurry(connection, "smtp", AT, "wecom")
    assert len(claim(connection, "two", "wecom")) == 1


def test_composed_anew_it_has_other_bytes_and_none_for_who_gets_what_all_get(
    connection: Connection,
) -> None:
    fresh = OwnMessage(SECOND, "<a.3@mail.test>", b"new")
    again = Composed("<a@mail.test>", b"again", AT, (LEAD, SECOND, READER), own=(fresh,))
    notices.renew(connection, "a", again, AT)
    assert own_content(connection, "a", READER) is None
    assert own_content(connection, "a", SECOND) == b"new"
    notices.hold_again(connection, "a", AT)
    assert own_content(connection, "a", SECOND) is None
    assert list(integrity.faults(connection)) == []


def test_it_is_kept_as_long_as_the_others_and_checked_like_them(connection: Connection) -> None:
    claims = claim(connection)
    results = [Result(one, dict.fromkeys(one.addresses, ACCEPTED), LATER) for one in claims]
    deliveries.settle(connection, results, AT)
    with connection.begin_nested() as savepoint:
        connection.execute(text("UPDATE own_message SET sha256 = '0' WHERE notice = 'a'"))
        wanted = {f"a {one.address}: its own message is not what was recorded" for one in OWN}
        assert set(integrity.faults(connection)) == wanted
        savepoint.rollback()
    with connection.begin_nested() as savepoint:
        connection.execute(text("DELETE FROM recipient WHERE address LIKE 'r%'"))
        assert f"a {READER}: a message of its own, and is not to get it" in [
            *integrity.faults(connection)
        ]
        savepoint.rollback()
    later = AT.replace(year=2028, month=4)
    assert notices.forget_bytes(connection, later) == 0  # the telephone's still waits
    [phone] = claim(connection, "two", "wecom")
    deliveries.settle(connection, [Result(phone, {PHONE: REFUSED}, LATER)], AT)
    assert notices.forget_bytes(connection, later) == 3
    assert own_content(connection, "a", READER) is None
