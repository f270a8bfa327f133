"""Notices in the ledger: one row a key, bytes fixed once, every change in the history."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from reminder.domain.notices import Answer, Kind, NoticeDraft, Reason, State, derive_state
from reminder.domain.occasions import Step
from reminder.ledger import claiming, notices
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Result, settle
from reminder.ledger.history import read_history
from reminder.ledger.notices import Composed
from reminder.ledger.occasions import read_notified
from reminder.ledger.schema import recipient
from reminder.ledger.views import NoticeView, read_notice, read_notices

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
END = AT + timedelta(days=30)
LEAD, SECOND = "lead@unit.test", "second@unit.test"
COMPOSED = Composed("<a@mail.test>", b"Subject: a\r\n\r\nmail\r\n", AT, (LEAD, SECOND))
STEP = Step(Kind.NUDGE, "2026-03-3", "2026-03-31", 3, AT.date(), END)
RECIPIENT_STATES = (State.SENDING, State.QUEUED, State.RETRY, State.REFUSED, State.SENT)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        yield connection


def draft(key: str = "a", tasks: tuple[tuple[str, str, int], ...] = ()) -> NoticeDraft:
    kind = Kind.NUDGE if tasks else Kind.DIGEST
    return NoticeDraft(key, kind, "2026-03", "lead", AT, END, tasks)


def view(connection: Connection, key: str = "a") -> NoticeView:
    found = read_notice(connection, key)
    assert found is not None
    return found


def rows(connection: Connection, key: str = "a") -> list[tuple[datetime, str, str]]:
    return [(row["at"], row["state"], row["reason"]) for row in read_history(connection, key)]


def add(
    connection: Connection, made: NoticeDraft, *, rehearsal: bool = False, **values: Any
) -> None:
    new = notices.NewNotice(made, **values)
    notices.add(connection, [new], AT, stream="smtp", rehearsal=rehearsal)


def answer(connection: Connection, states: tuple[State, ...]) -> None:
    """Brings the notice's recipients there, as a sender does."""
    [claimed] = claiming.claim(connection, "one", "smtp", AT, 9)
    pairs = zip(claimed.addresses, states, strict=True)
    answers = {a: Answer(s, Reason.ACCEPTED) for a, s in pairs if s is not State.SENDING}
    settle(connection, [Result(claimed, answers, END)], AT)


@pytest.mark.parametrize(
    "states",
    [
        found
        for size in range(1, len(RECIPIENT_STATES) + 1)
        for found in combinations(RECIPIENT_STATES, size)
    ],
    ids="-".join,
)
def test_a_notice_is_in_the_first_state_that_any_recipient_is_in(states: tuple[State, ...]) -> None:
    partly = Reason.PARTLY if set(states) == {State.REFUSED, State.SENT} else None
    assert derive_state(reversed(states)) == (states[0], partly)


@pytest.mark.parametrize(
    ("first", "second", "state", "reason"),
    [
        (State.SENT, State.SENT, "sent", "accepted"),
        (State.SENT, State.REFUSED, "refused", "partly"),
        (State.REFUSED, State.REFUSED, "refused", "accepted"),
        (State.SENT, State.RETRY, "retry", "accepted"),
        (State.REFUSED, State.RETRY, "retry", "accepted"),
        (State.SENT, State.SENDING, "sending", "planned"),
    ],
)
def test_a_notice_reads_as_its_recipients_stand(
    connection: Connection, first: State, second: State, state: str, reason: str
) -> None:
    add(connection, draft(), composed=COMPOSED)
    answer(connection, (first, second))
    assert (view(connection).state, view(connection).reason) == (state, reason)


def test_what_is_set_on_the_notice_wins_and_it_is_found_by_the_state_it_reads_as(
    connection: Connection,
) -> None:
    own = (State.HELD, State.EXPIRED, State.BASELINE)
    for state in own:
        add(connection, draft(state), composed=COMPOSED)
        notices.set_states(connection, [state], state, Reason.DROPPED, AT)
    add(connection, draft("a"), composed=COMPOSED)
    answer(connection, (State.SENT, State.REFUSED))
    for state, key in {**{one: one for one in own}, State.REFUSED: "a"}.items():
        assert [found.key for found in read_notices(connection, state=state)] == [key]


def test_a_held_notice_is_there_once_without_bytes_until_it_is_released_and_fixed_once(
    connection: Connection,
) -> None:
    add(connection, draft(), reason=Reason.FIRST_START, state=State.HELD)
    with pytest.raises(IntegrityError), connection.begin_nested():
        add(connection, draft(), composed=COMPOSED)
    assert (notices.content_of(connection, "a"), view(connection).sha256) == (None, None)
    notices.fix(connection, "a", COMPOSED, AT, Reason.RELEASED)
    assert notices.content_of(connection, "a") == COMPOSED.content
    assert view(connection).sha256 == hashlib.sha256(COMPOSED.content).hexdigest()
    assert view(connection).state is State.QUEUED
    assert rows(connection) == [(AT, "held", "first-start"), (AT, "queued", "released")]
    other = Composed("<b@mail.test>", b"other", END, ("other@unit.test",))
    with pytest.raises(IntegrityError):
        notices.fix(connection, "a", other, END, Reason.RELEASED)


def test_bytes_are_kept_for_24_months_and_the_hash_for_ever(connection: Connection) -> None:
    later = AT.replace(year=2028, month=4)
    add(connection, draft(), composed=COMPOSED)
    assert notices.forget_bytes(connection, later) == 0  # it waits: a clock may run ahead
    connection.execute(recipient.update().values(state=State.SENT))
    assert notices.forget_bytes(connection, AT.replace(year=2028)) == 0
    assert notices.forget_bytes(connection, later) == 1
    assert notices.content_of(connection, "a") is None
    assert view(connection).sha256 == COMPOSED.sha256


def test_only_what_waits_outlives_its_use_when_that_ends(connection: Connection) -> None:
    ended = [(State.SENT, State.SENT), (State.SENT, State.REFUSED), (State.RETRY, State.SENDING)]
    for number, states in enumerate(ended):
        add(connection, draft(f"ended {number}"), composed=COMPOSED)
        answer(connection, states)
    add(connection, draft("late"), reason=Reason.TOO_LATE, state=State.EXPIRED)
    add(connection, draft(), composed=COMPOSED)
    add(connection, draft("b"), reason=Reason.FIRST_START, state=State.HELD)
    for at, wanted in ((END - timedelta(seconds=1), []), (END, ["a", "b"])):
        rows = notices.unfinished(connection, at)
        assert [row.key for row in rows if row.useful_until <= at] == wanted


def test_a_draft_with_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        NoticeDraft("a", Kind.DIGEST, "2026-03", "lead", AT.replace(tzinfo=None), END)


@pytest.mark.parametrize(
    ("rehearsal", "ended", "told"),
    [(False, None, {"lead"}), (False, Reason.TOO_LATE, set()), (True, None, set())],
    ids=["it went", "it came too late", "it was a rehearsal"],
)
def test_a_reminder_counts_as_given_when_it_went_in_earnest(
    connection: Connection, rehearsal: bool, ended: Reason | None, told: set[str]
) -> None:
    reminder = draft(tasks=(("2026-03-3", "2026-03-31", 3),))
    add(connection, reminder, composed=COMPOSED, rehearsal=rehearsal)
    if ended:
        notices.set_states(connection, ["a"], State.EXPIRED, ended, END)
    assert read_notified(connection, "a", [STEP], rehearsal=False) == {STEP: told}
    assert rehearsal == bool(read_notified(connection, "a", [STEP], rehearsal=True)[STEP])


def test_a_great_ledger_is_read_whole_for_any_number_of_keys(connection: Connection) -> None:
    for number in range(600):
        add(connection, draft(f"n{number:03}"), composed=COMPOSED)
    views = read_notices(connection, period="2026-03")
    assert [len(found.recipients) for found in views] == [2] * 600
    keys = ["n000", *(f"n{number:03}" for number in range(599, 70_000))]
    assert [found.key for found in read_notices(connection, keys=keys)] == ["n000", "n599"]
