"""The mails that a unit has had: its own, those that went, as they went."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from reminder.ledger.views import SentMail, mailed_to
from tests.daemon.trials import MARCH, Trial, parsed, trial

DIGEST, NUDGE = "small/digest/2026-03/lead", "nudge/2026-03-26/lead"


def mailed(either: Trial, unit: str, *few: int, key: str = "") -> list[SentMail]:
    directory = either.app(MARCH).table.directory
    with either.reading() as connection:
        return mailed_to(connection, directory[unit], *(few or (0, 10)), key=key)


def test_a_unit_has_had_its_own_mails_the_latest_first_in_the_bytes_that_went(
    either: Trial,
) -> None:
    either.tick(MARCH)
    either.tick("2026-03-26T09:00+08:00")
    nudge, digest = mailed(either, "lead")
    assert (nudge.kind, digest.kind) == ("nudge", "digest")
    assert digest.as_of == datetime.fromisoformat(MARCH)
    assert mailed(either, "lead", 1, 1) == mailed(either, "lead", key=DIGEST) == [digest]
    assert digest.content in either.files()
    assert "lead@unit.test" in str(parsed(digest.content)["To"])
    assert mailed(either, "related", key=DIGEST) == []
    assert mailed(either, "lead", key="small/digest/2026-03/nobody") == []
    assert mailed(either, "bystander") == []


def test_what_others_were_sent_is_not_looked_through(tmp_path: Path) -> None:
    asked: list[tuple[str, Any]] = []
    with trial(tmp_path, small=True) as opened, opened.reading() as connection:
        hear = "before_cursor_execute"
        event.listen(connection, hear, lambda *given: asked.append((given[2], given[3])))
        assert mailed_to(connection, opened.app(MARCH).table.directory["lead"], 0, 10) == []
        [_begin, (statement, values)] = asked
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "recipient_ready" not in str(plan)


def test_what_is_held_or_rehearsed_has_not_been_had(either: Trial) -> None:
    either.tick(MARCH, mail={"redirect_to": "me@npc.test"})
    assert mailed(either, "lead") == []
    either.app(MARCH, mail={"first_start": "hold"}).plan(datetime.fromisoformat(MARCH))
    assert mailed(either, "lead") == []


def test_a_reminder_that_went_to_others_of_the_house_is_not_the_units(either: Trial) -> None:
    either.tick(MARCH)
    either.tick("2026-03-26T09:00+08:00", nudge=[{"to": ["chief@unit.test"]}])
    assert (either.notice(NUDGE).state, either.notice(NUDGE).unit) == ("sent", "lead")
    assert [each.kind for each in mailed(either, "lead")] == ["digest"]
    assert mailed(either, "lead", key=f"small/{NUDGE}") == []
