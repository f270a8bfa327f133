"""Who sends what: a recipient is claimed by one sender at a time, and answered for once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reminder.domain.notices import Answer, Kind, NoticeDraft, Reason, State
from reminder.ledger import claiming, deliveries, notices
from reminder.ledger.claiming import Claim
from reminder.ledger.database import Database, Place, open_database
from reminder.ledger.deliveries import Result
from reminder.ledger.deliveries import settle as record_answers
from reminder.ledger.history import read_history
from reminder.ledger.notices import Composed
from reminder.ledger.senders import ServerTrouble
from reminder.ledger.views import NoticeView, read_notice

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
SOON, LATER = AT + timedelta(seconds=5), AT + timedelta(minutes=2)
LEAD, SECOND = "lead@unit.test", "second@unit.test"
ACCEPTED = Answer(State.SENT, Reason.ACCEPTED, "250 kept")
TROUBLE = ServerTrouble("", "mail.test", 1, AT, LATER, "421 too busy")
DEFERRED = Answer(State.RETRY, Reason.RECIPIENT_DEFERRED, "450 later")


def add(database: Database, key: str = "a", *, days: int = 30, stream: str = "smtp") -> None:
    draft = NoticeDraft(key, Kind.DIGEST, "2026-03", "lead", AT, AT + timedelta(days))
    composed = Composed(f"<{key}@mail.test>", f"mail {key}".encode(), AT, (LEAD, SECOND))
    with database.write() as connection:
        notices.add(connection, [notices.NewNotice(draft, composed=composed)], AT, stream=stream)


def claim(database: Database, name: str = "one", at: datetime = AT, limit: int = 9) -> list[Claim]:
    with database.write() as connection:
        return claiming.claim(connection, name, "smtp", at, limit)


def settle(database: Database, claimed: Claim, **answers: Answer) -> None:
    named = {f"{name}@unit.test": answer for name, answer in answers.items()}
    with database.write() as connection:
        record_answers(connection, [Result(claimed, named, LATER)], SOON)


def put_off(database: Database, *claimed: Claim) -> None:
    with database.write() as connection:
        deliveries.put_off(connection, "smtp", SOON, TROUBLE, *claimed)


def view(database: Database, key: str = "a") -> NoticeView:
    with database.read() as connection:
        found = read_notice(connection, key)
    assert found is not None
    return found


def people(database: Database) -> dict[str, tuple[str, str]]:
    return {p.address.partition("@")[0]: (p.state, p.reason) for p in view(database).recipients}


def history(database: Database) -> list[tuple[str | None, str, str]]:
    with database.read() as connection:
        return [(r["address"], r["state"], r["reason"]) for r in read_history(connection, "a")]


def test_a_claim_holds_the_message_and_all_that_wait_for_it_till_it_is_given_back(
    database: Database,
) -> None:
    add(database)
    [claimed] = taken = claim(database)
    assert (claimed.key, claimed.message_id, claimed.content) == ("a", "<a@mail.test>", b"mail a")
    assert set(claimed.addresses) == {LEAD, SECOND}
    assert view(database).state == State.SENDING
    with database.write() as connection:
        deliveries.requeue(connection, taken, SOON)
    assert history(database)[-2:] == [(one, "retry", "interrupted") for one in (LEAD, SECOND)]
    assert set(claim(database, "two", SOON)[0].addresses) == {LEAD, SECOND}


def test_what_one_claimed_no_other_can(place: Place, database: Database) -> None:
    for number in range(40):
        add(database, f"n{number}")
    databases = [open_database(place) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda d: [c.key for c in claim(d, str(id(d)), limit=20)], databases))
    for other in databases:
        other.close()
    assert sorted(len(keys) for keys in taken) == [0, 0, 20, 20]
    assert len({key for keys in taken for key in keys}) == 40


def test_a_claim_takes_no_more_than_it_may_what_was_queued_first(database: Database) -> None:
    for key in "cab":
        add(database, key)
    taken = [[one.key for one in claim(database, name, limit=2)] for name in ("one", "two")]
    assert taken == [["c", "a"], ["b"]]


def test_what_is_another_streams_or_stopped_or_of_no_more_use_is_not_claimed(
    database: Database,
) -> None:
    add(database, "theirs", stream="rehearsal")
    add(database, "late", days=1)
    for state in (State.HELD, State.EXPIRED):
        add(database, state)
        with database.write() as connection:
            notices.set_states(connection, [state], state, Reason.DROPPED, SOON)
    assert claim(database, at=AT + timedelta(days=1)) == []
    put_off(database)
    assert view(database, "theirs").state == State.QUEUED


def test_each_recipient_has_an_answer_of_its_own_recorded_whatever_it_holds(
    database: Database,
) -> None:
    add(database)
    refused = Answer(State.REFUSED, Reason.RECIPIENT_REFUSED, "550 \0 無此人 \x85\u2028")
    settle(database, claim(database)[0], lead=ACCEPTED, second=refused)
    assert people(database) == {
        "lead": ("sent", "accepted"),
        "second": ("refused", "recipient-refused"),
    }
    replies = [person.reply for person in view(database).recipients]
    assert replies == ["250 kept", "550 ␀ 無此人 \x85\u2028"]


def test_only_its_own_claim_can_be_settled_and_not_too_late(database: Database) -> None:
    add(database)
    [lapsed] = claim(database, "lapsed")
    with database.write() as connection:
        deliveries.requeue_lost(connection, SOON)
    [present] = claim(database, "present", SOON)
    settle(database, lapsed, lead=ACCEPTED, second=ACCEPTED)
    assert view(database).state == State.SENDING
    assert ("lead@unit.test", "sent", "accepted") not in history(database)
    with database.write() as connection:
        deliveries.requeue_lost(connection, SOON)
        notices.set_states(connection, ["a"], State.EXPIRED, Reason.TOO_LATE, SOON)
    before = view(database)
    settle(database, present, lead=ACCEPTED, second=ACCEPTED)
    assert view(database) == before


def test_what_a_dead_sender_left_is_put_back_as_interrupted(database: Database) -> None:
    add(database)
    claim(database)
    add(database, "b")
    [other] = claim(database, "two")
    settle(database, other, lead=ACCEPTED)
    with database.write() as connection:
        assert deliveries.requeue_lost(connection, SOON) == 3
    assert people(database) == dict.fromkeys(("lead", "second"), ("retry", "interrupted"))
    assert view(database, "b").recipients[0].state == State.SENT
    assert [one.key for one in claim(database, "two", SOON)] == ["a", "b"]


def test_a_sick_server_puts_off_all_that_wait_but_what_another_claim_took(
    database: Database,
) -> None:
    for key in "abc":
        add(database, key)
    mine, other = (claim(database, name, limit=1)[0] for name in ("one", "other"))
    put_off(database, mine, replace(other, claim="mine"))
    reasons = {key: view(database, key).reason for key in "abc"}
    assert reasons == {"a": "server", "b": "planned", "c": "server"}
    assert view(database, "b").state == State.SENDING
    assert claim(database, "two", LATER - timedelta(seconds=1)) == []


def test_a_retry_is_ready_at_its_time_and_the_history_has_a_row_for_every_change(
    database: Database,
) -> None:
    add(database)
    settle(database, claim(database)[0], lead=ACCEPTED, second=DEFERRED)
    assert claim(database, at=LATER - timedelta(seconds=1)) == []
    [claimed] = claim(database, "two", LATER)
    assert (claimed.addresses, claimed.attempts) == ((SECOND,), 1)
    settle(database, claimed, second=ACCEPTED)
    assert history(database) == [
        (None, "queued", "planned"),
        (LEAD, "sending", "claimed"),
        (SECOND, "sending", "claimed"),
        (LEAD, "sent", "accepted"),
        (SECOND, "retry", "recipient-deferred"),
        (SECOND, "sending", "claimed"),
        (SECOND, "sent", "accepted"),
    ]
