"""What is registered of tasks and sessions, on both databases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reminder.domain.notices import Kind, NoticeDraft, Reason, State
from reminder.domain.registrations import Act, Registration, Signature
from reminder.errors import LedgerError
from reminder.ledger import registrations
from reminder.ledger.database import Database
from reminder.ledger.notices import Composed, NewNotice, add
from reminder.ledger.occasions import count_notified
from reminder.ledger.registrations import done_in, note_date, read_changes

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
DAY = date(2026, 5, 27)


def test_every_day_of_a_session_stays_in_the_history(database: Database) -> None:
    for day in (date(2026, 5, 20), DAY, None):
        with database.write("王某") as connection:
            note_date(connection, "npc", "sc-25", day, AT)
    with database.read() as connection:
        rows = read_changes(connection, "npc", "sc-25")
    assert [(row["state"], row["detail"], row["who"]) for row in rows] == [
        ("unset", "", "王某"),
        ("set", DAY.isoformat(), "王某"),
        ("set", "2026-05-20", "王某"),
    ]


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        done_in(tmp_path / "ledger.db")
    assert not list(tmp_path.iterdir())


def draft(kind: Kind, period: str, unit: str, *tasks: str) -> NoticeDraft:
    told = tuple((task, "2026-05-26", 3) for task in tasks)
    key = f"npc-deputies/{kind}/{period}/{unit}"
    return NoticeDraft(key, kind, period, unit, AT, AT + timedelta(days=30), told)


def test_what_went_of_a_task_is_counted_and_what_waits_is_not(database: Database) -> None:
    content = Composed("<1@x>", b"x", AT, ("a@unit.test",))
    with database.write() as connection:
        for each in (
            draft(Kind.DIGEST, "2026-05", "deputies"),
            draft(Kind.DIGEST, "2026-04", "deputies"),
            draft(Kind.NUDGE, "2026-05-21", "deputies", "2026-05-2", "2026-05-3"),
            draft(Kind.NUDGE, "2026-05-21", "helan", "2026-05-2"),
        ):
            add(connection, [NewNotice(each, composed=content)], AT, stream="smtp")
        held = draft(Kind.DIGEST, "2026-05", "helan")
        add(connection, [NewNotice(held, reason=Reason.HOLD, state=State.HELD)], AT, stream="smtp")
        rehearsed = draft(Kind.DIGEST, "2026-05", "yinchuan")
        add(connection, [NewNotice(rehearsed, composed=content)], AT, stream="smtp", rehearsal=True)
        of = (["2026-05-2"], ["2026-05"])
        found = [tuple(row) for row in count_notified(connection, "npc-deputies", *of)]
    assert found == [
        (Kind.DIGEST, "2026-05", "", 1),
        (Kind.NUDGE, "2026-05-21", "2026-05-2", 2),
    ]


SAID = [
    (Act.SIGN, "lead", "2026-04", ""),
    (Act.FINISH, "lead", "", "one"),
    (Act.RETURN, "lead", "", "one"),
    (Act.PROGRESS, "other", "", "one"),
    (Act.FINISH, "lead", "2026-03", "year"),
    (Act.PROGRESS, "lead", "2026-04", "year"),
]


@pytest.mark.parametrize(
    ("periods", "of_the_year"), [(("",), None), (("", "2026-04"), Act.PROGRESS)]
)
def test_of_each_task_and_unit_the_last_word_holds(
    database: Database, periods: tuple[str, ...], of_the_year: Act | None
) -> None:
    with database.write() as connection:
        for act, unit, period, task in SAID:
            by = Signature("值班员", "")
            said = Registration(AT, act, unit, period, task, by, plan="npc")
            registrations.add(connection, said)
        latest = registrations.latest_on_tasks(connection, "npc", periods)
    acts = {key: said.act for key, said in latest.items()}
    assert acts.pop(("year", "lead"), None) == of_the_year
    assert acts == {("one", "lead"): Act.RETURN, ("one", "other"): Act.PROGRESS}
