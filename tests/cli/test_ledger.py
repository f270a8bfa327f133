"""The ledger's commands: what became of every notice, and what an operator may order."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reminder.ledger.schema import REVISION
from tests.cli.conftest import UNITS, Office, Reminder
from tests.ledgers import lay_earlier
from tests.postgresql import PostgreSQL

KEYS = {
    "key", "kind", "unit", "period", "state", "reason", "recipients", "message_id", "attempts",
    "updated",
}  # fmt: skip
LEAD, RELATED = "small/digest/2026-04/lead", "small/digest/2026-04/related"


def rows(office: Office, *options: str) -> list[dict[str, Any]]:
    found = office("ledger", "list", *options, "--json").json
    assert isinstance(found, list)
    return found


def row(office: Office, key: str) -> dict[str, Any]:
    return {row["key"]: row for row in rows(office)}[key]


def hold(office: Office) -> None:
    office.put("reminder.toml", 'plan = "plan.toml"\n[mail]\nfirst_start = "hold"\n')
    office("tick")


def test_row_has_what_scripts_rest_on_and_show_has_the_history(office: Office) -> None:
    assert rows(office) == []
    office("tick")
    assert all(row.keys() >= KEYS for row in rows(office))
    (recipient,) = row(office, LEAD)["recipients"]
    assert (recipient["address"], recipient["state"]) == ("lead@unit.example", "sent")
    assert recipient.keys() == {"address", "state", "reply"}
    assert datetime.fromisoformat(row(office, LEAD)["updated"]).utcoffset() is not None
    history = office("ledger", "show", LEAD, "--json").json["history"]
    assert next(row["state"] for row in history if not row["address"]) == "queued"
    assert history[-1]["state"] == "sent"
    out = office("ledger", "show", LEAD).out
    assert out.startswith(f"{LEAD}: sent")
    assert "lead@unit.example: sent" in out
    for command, said in {"drop": "only what waits can", "resend": "nobody is left"}.items():
        ended = office("ledger", command, LEAD)
        assert (ended.status, said in ended.err) == (2, True)


def test_list_may_be_narrowed(office: Office) -> None:
    office("tick")
    for options, count in {
        "": 4,
        "--period 2026-04": 2,
        "--unit lead": 2,
        "--unit 代表工委": 2,
        "--state sent": 2,
        "--state baseline --unit related": 1,
        "--state refused": 0,
        "--unit outsider": 0,
    }.items():
        assert len(rows(office, *options.split())) == count, options
    lines = office("ledger", "list").out.splitlines()
    assert lines[0].split("\t") == ["key", "state", "reason", "attempts", "updated"]
    assert len(lines) == 5


def test_held_notices_wait_for_the_release(office: Office, state: Path) -> None:
    hold(office)
    office("tick")
    assert Counter(row["state"] for row in rows(office)) == {"held": 2, "baseline": 2}
    assert not list((state / "outbox").rglob("*@*"))
    assert "nothing is held" in office("ledger", "release", "--period", "2026-03").out
    assert len(rows(office, "--state", "held")) == 2
    assert "2 released" in office("ledger", "release").out
    assert office("tick", "--json").json["sent"] == 2


def test_dropped_notice_is_never_sent_and_a_hold_is_lifted_also_where_nothing_waits(
    office: Office,
) -> None:
    hold(office)
    assert office("ledger", "drop", LEAD).status == 0
    assert "1 of 2026-04 dropped" in office("ledger", "drop", "--period", "2026-04").out
    assert "what comes goes by itself again" in office("ledger", "release").out
    assert "nothing is held" in office("ledger", "release").out
    office("tick")
    assert (row(office, LEAD)["state"], row(office, LEAD)["reason"]) == ("expired", "dropped")


def test_resent_notice_is_a_new_one_to_the_present_address(office: Office) -> None:
    office.put("units.toml", UNITS.replace('to = ["related@unit.example"]\n', ""))
    office("tick")
    ended = office("ledger", "resend", RELATED)
    assert (ended.status, "units.toml" in ended.err) == (2, True)
    office.put("units.toml", UNITS)
    made = office("ledger", "resend", "--period", "2026-04", "--state", "refused")
    assert made.out.splitlines()[0] == f"{RELATED}#2"
    assert [row["state"] for row in rows(office, "--unit", "related")][-2:] == ["refused", "queued"]
    assert office("tick", "--json").json["sent"] == 1


# A hold


def test_hold_by_hand_is_said_with_its_reason_until_it_is_released(office: Office) -> None:
    days = ("occasions", "--from", "2026-03-01", "--to", "2026-05-31")
    assert "Held" not in office(*days).err
    assert "everything is held" in office("ledger", "hold", "--why", "dump of 6 May").out
    assert "Held: held by hand: dump of 6 May; to let go: reminder ledger" in office(*days).err
    ended = office("tick", "--at", "2026-03-02T09:00", "--json")
    assert (ended.json["sent"], "dump of 6 May" in ended.err) == (0, True)
    found = office("status", "--json").json
    assert (found["held"], found["hold"]["reason"]) == (True, "held-by-hand")
    assert "dump of 6 May" in office("status").out
    office("ledger", "release")
    assert office("status", "--json").json["hold"] is None


def test_status_counts_what_waits_for_approval(
    reminder: Reminder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_MAIL__APPROVAL", "true")
    reminder("tick")
    assert reminder("status", "--json").json["approval"] == 31
    assert "31 mails to read: /console/outgoing" in reminder("status").out


# A move to another database


def test_move_to_the_configured_database_is_said_and_the_old_ledger_refused(
    office: Office, state: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    office("tick")
    before = rows(office)
    place = postgresql.emptied()
    monkeypatch.setenv("REMINDER_DATABASE_URL", place.url)
    moved = office("ledger", "copy", "--from", f"sqlite:///{state}/ledger.db")
    assert moved.out.startswith(f"{len(before)} notices and ")
    assert f"are in {place}" in moved.out
    assert rows(office) == before
    monkeypatch.delenv("REMINDER_DATABASE_URL")
    refused = office("tick")
    assert (refused.status, str(place) in refused.err) == (4, True)
    assert "reminder ledger copy --undo" in refused.err
    undone = office("ledger", "copy", "--undo").out
    assert "is open again" in undone
    assert "reminder ledger hold" in undone
    assert office("tick").status == 0


def test_backup_is_put_back_by_a_command_that_says_what_comes_next(
    office: Office, reminder: Reminder, state: Path, tmp_path: Path
) -> None:
    """Whatever the files are like by then."""
    office("tick")
    assert office("ledger", "backup", str(tmp_path / "copy.db")).status == 0
    office.put("units.toml", "no units at all")
    restored = office("ledger", "restore", str(tmp_path / "copy.db"))
    kept = state / "ledger-until-20260401T020000Z.db"
    assert (restored.status, kept.exists()) == (0, True)
    assert "is the ledger now, and everything is held" in restored.out
    assert f"The one that was in use is kept: {kept}" in restored.out
    office.put("units.toml", UNITS)
    assert office("status", "--json").json["hold"]["reason"] == "restored"
    assert office("ledger", "restore", str(tmp_path / "absent.db")).status == 2


@pytest.mark.parametrize("words", ["en", "zh_CN.UTF-8"])
def test_upgrade_says_from_where_to_where(
    office: Office, state: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", words)
    lay_earlier(state / "ledger.db", "0010")
    said = [
        office("ledger", "upgrade", *options).out.splitlines()
        for options in (["--dry-run"], [], [])
    ]
    assert [
        f"0010 to {REVISION}" in lines[0] or f"0010升到{REVISION}" in lines[0] for lines in said
    ] == [True, True, False]
    assert [len(lines) for lines in said] == [1, 2, 1]
    assert str(state / "ledger-0010.db") in said[1][1]
    assert REVISION in said[2][0]
