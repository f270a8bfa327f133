"""preview, tick and status: what goes, what would go, and what became of it."""

import re
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import time_machine

from tests.cli.conftest import PLAN, Office, Reminder
from tests.daemon.trials import parsed
from tests.mail.servers import Inbox, bad_server, real_server

MARCH = "2026-03-02T09:00+08:00"
TICK = {"planned", "sent", "retry", "refused", "expired", "baseline"}
APRIL = ("preview", "--period", "2026-04")
LEAD = (*APRIL, "--unit", "lead")


def outbox(state: Path) -> list[bytes]:
    return [path.read_bytes() for path in (state / "outbox" / "new").glob("*")]


def by_smtp(
    office: Office, port: int, host: str = "127.0.0.1", mail: str = 'first_start = "send"'
) -> None:
    office.put(
        "reminder.toml",
        f'plan = "plan.toml"\ntransport = "smtp"\n[mail]\nfrom = "office@unit.example"\n{mail}\n'
        f'[smtp]\nhost = "{host}"\nport = {port}\nsecurity = "none"\ntimeout = 5\n',
    )


def edit(office: Office, name: str, old: str, new: str) -> None:
    office.put(name, (office.folder / name).read_text(encoding="utf-8").replace(old, new))


def without_address(office: Office) -> None:
    edit(office, "units.toml", 'to = ["related@unit.example"]\n', "")


@pytest.fixture
def inbox(office: Office, request: pytest.FixtureRequest) -> Iterator[Inbox]:
    """A real server on this machine, which the office's settings name: by its loopback address,
    or by one that is none though it leads here."""
    inbox = Inbox()
    with real_server(inbox) as port:
        by_smtp(office, port, host=getattr(request, "param", "127.0.0.1"))
        yield inbox


far_away = pytest.mark.parametrize("inbox", ["0.0.0.0"], indirect=True)


def counts(**states: int) -> dict[str, int]:
    return dict.fromkeys(TICK, 0) | states


# tick


def test_a_pass_sends_the_months_digests_once_at_a_moment_in_the_plans_zone(
    office: Office, state: Path
) -> None:
    assert office("tick", "--at", "2026-03-02T08:59", "--json").json == counts()
    assert office("tick", "--at", "2026-03-02T09:00", "--json").json == counts(planned=2, sent=2)
    assert office("tick", "--at", MARCH, "--json").json == counts()
    assert len(outbox(state)) == 2


def test_months_before_the_first_start_are_not_mailed(reminder: Reminder, state: Path) -> None:
    out = reminder("tick", "--at", MARCH).out
    assert out == "planned 5, sent 5, retry 0, refused 0, expired 0, baseline 12\n"
    subjects = [str(parsed(content)["Subject"]) for content in outbox(state)]
    assert sum("【代表工作·3月】" in subject for subject in subjects) == len(subjects) == 5


def test_real_server_gets_no_mail_of_another_day(office: Office, state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        by_smtp(office, listener.getsockname()[1], host="0.0.0.0")
        ended = office("tick", "--at", MARCH)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert ended.status == 2
    assert "is more than an hour from now, and 0.0.0.0 is a real mail server" in ended.err
    assert "--really" in ended.err
    assert not (state / "ledger.db").exists()


@far_away
@pytest.mark.parametrize(
    "words", ["2026-04-01T09:01+08:00", "2026-04-01T10:59+08:00", f"{MARCH} --really"]
)
def test_real_server_gets_mail_of_about_now_or_of_what_is_really_meant(
    office: Office, inbox: Inbox, words: str
) -> None:
    """But none to reserved addresses."""
    done = office("tick", "--at", *words.split(), "--json").json
    assert (done["planned"], done["refused"], inbox.received) == (2, 2, [])


def test_first_start_by_tick_holds_what_would_go_by_a_mail_server(office: Office) -> None:
    by_smtp(office, 1, mail="")
    ended = office("tick", "--json")
    assert ended.json == counts(planned=2, baseline=2)
    assert "Held: first start with a mail server" in ended.err
    assert office("status", "--json").json["hold"]["reason"] == "hold"


REAL = "lead@npc.gov.cn"
STEP = f'[[overdue]]\nworkdays_after = 1\nto = ["unit", "{REAL}"]\n[smtp]'


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("units.toml", "lead@unit.example", REAL),
        ("reminder.toml", 'first_start = "send"', f'operator = "{REAL}"'),
        ("reminder.toml", "[smtp]", STEP),
    ],
    ids=["unit", "operator", "step"],
)
def test_server_on_this_machine_gets_mail_of_another_day_only_for_reserved_addresses(
    office: Office, inbox: Inbox, name: str, old: str, new: str
) -> None:
    edit(office, name, old, new)
    ended = office("tick", "--at", MARCH)
    assert (ended.status, REAL in ended.err) == (2, True)
    assert inbox.received == []


def test_loopback_server_gets_mail_of_any_day(office: Office, inbox: Inbox) -> None:
    assert office("tick", "--at", MARCH, "--json").json == counts(planned=2, sent=2)
    assert len(inbox.received) == 2
    # A rehearsal asks only about the address that gets all.
    edit(office, "units.toml", ".example", ".cn")
    edit(office, "reminder.toml", "[mail]", '[mail]\nredirect_to = "a@b.test"')
    assert office("tick", "--at", MARCH, "--json").status == 0


def test_clock_that_was_never_set_ends_a_pass_in_words(office: Office) -> None:
    with time_machine.travel("1970-01-01T00:01:00Z"):
        ended = office("tick")
        found = office("status", "--json").json
    assert (ended.status, "Traceback" in ended.err) == (1, False)
    assert "the clock says 1970-01-01, before this version was made" in ended.err
    assert (found["started"], found["ready"]) == (None, False)
    assert "the clock says 1970-01-01" in found["not_ready"]


# The mail server


def test_server_that_is_down_leaves_everything_to_retry(office: Office) -> None:
    by_smtp(office, 1)
    assert office("tick", "--json").json == counts(planned=2, retry=2, baseline=2)
    waiting = office("status", "--json").json["waiting"]
    assert {(row["state"], row["reason"]) for row in waiting} == {("retry", "server")}
    ended = office("check", "--smtp")
    assert (ended.status, "127.0.0.1:1" in ended.err) == (5, True)


def test_check_asks_for_the_operator_without_sending(office: Office, inbox: Inbox) -> None:
    assert "warning: uid_domain: reminder.example is nobody's" in office("check").err
    assert "warning: mail.operator: not set" in office("check").err
    assert any("uid_domain" in words for words in office("check", "--json").json["warnings"])
    edit(office, "reminder.toml", "[mail]", '[mail]\noperator = "operator@npc.test"')
    found = office("check", "--smtp", "--json").json
    assert "mail.test" in found["smtp"]
    assert "to operator@npc.test; nothing was sent" in found["smtp"]
    assert inbox.received == []
    with bad_server(RCPT=["554 5.7.1 Relay access denied"]) as server:
        by_smtp(office, server.port, mail='operator = "operator@npc.test"')
        ended = office("check", "--smtp")
    assert ended.status == 5
    assert "refused RCPT TO:<operator@npc.test>: 554 5.7.1 Relay access denied" in ended.err


def test_status_names_digests_that_were_given_up(office: Office) -> None:
    by_smtp(office, 1)
    office("tick")
    office("tick", "--at", "2026-05-01T09:00+08:00", "--really")
    assert "unsettled  digest 2026-04: 2 expired: " in office("status").out


def test_digests_that_did_not_arrive_are_dropped_together_and_leave_the_status(
    office: Office,
) -> None:
    with bad_server(RCPT=["550 5.1.1 \x1b[2J gone"]) as server:
        by_smtp(office, server.port)
        office("tick")
    period = office("status", "--json").json["unsettled"][0]["period"]
    key = office("ledger", "list", "--state", "refused", "--json").json[0]["key"]
    out = office("status").out
    assert f"reminder ledger drop --period {period} --state refused" in out
    shown = out + office("ledger", "show", key).out
    assert ("gone" in shown, "\x1b" in shown) == (True, False)
    office("ledger", "drop", "--period", period, "--state", "refused")
    assert office("status", "--json").json["unsettled"] == []
    assert "nothing to send" in office("ledger", "resend", "--period", period).out


# preview


def test_preview_has_the_form_that_was_asked_for(
    office: Office, state: Path, tmp_path: Path
) -> None:
    text, html, eml = (office(*LEAD, "--format", form) for form in ("text", "html", "eml"))
    # It makes nothing but the ledger with the key.
    assert {path.name.partition(".")[0] for path in state.iterdir()} == {"ledger"}
    assert office("ledger", "list", "--json").json == []
    assert office("status", "--json").json["started"] is None
    assert text.out.startswith("代表工作委员会：")
    assert html.out.lower().startswith("<!doctype html>")
    assert office(*LEAD).raw == text.raw
    for form in ("plain", "html"):
        body = parsed(eml.raw).get_body((form,))
        assert body
        assert "召开部署会议" in body.get_content()
    ended = office(*LEAD, "--format", "html", "--output", str(tmp_path / "lead.html"))
    assert ended.raw == b""
    assert (tmp_path / "lead.html").read_bytes() == html.raw


def test_preview_of_what_went_is_byte_for_byte_what_went(office: Office, state: Path) -> None:
    before = parsed(office(*LEAD, "--format", "eml").raw)["Message-ID"]
    office("tick")
    shown = [office(*APRIL, "--format", "eml", "--unit", u).raw for u in ("lead", "related")]
    assert sorted(shown) == sorted(outbox(state))
    assert before == parsed(shown[0])["Message-ID"]


def test_preview_of_all_is_a_folder_with_an_index(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    assert office(*APRIL, "--output", str(folder)).status == 0
    names = {f"{unit}.{form}" for unit in ("lead", "related") for form in ("eml", "html")}
    assert {path.name for path in folder.iterdir()} == names | {"index.html"}
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert all(word in index for word in ("代表工作委员会", "related@unit.example", "lead.html"))
    assert "高级人民法院" not in index
    without_address(office)
    office(*APRIL, "--output", str(tmp_path / "less"))
    assert "组织部" in (tmp_path / "less" / "index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "less" / "related.eml").exists()


@pytest.mark.parametrize(
    "words",
    [
        (*APRIL, "--output", "taken"),
        (*LEAD, "--output", "taken/lead.html"),
        (*LEAD, "--output", "folder"),
        ("feed", "export", "--output", "taken"),
        ("feed", "export", "--output", "taken/feeds"),
    ],
)
def test_what_cannot_be_written_is_said_in_words(office: Office, words: tuple[str, ...]) -> None:
    Path("folder").mkdir()
    Path("taken").write_text("")
    ended = office(*words)
    assert (ended.status, words[-1].partition("/")[0] in ended.err) == (1, True)


def test_preview_sent_to_somebody_stands_beside_the_real_one(office: Office, state: Path) -> None:
    assert office(*LEAD, "--send-to", "me@unit.example").status == 0
    assert len(outbox(state)) == 1
    assert office("ledger", "list", "--json").json == []
    office("tick")
    lead = [mail for mail in outbox(state) if b"lead@" in mail]
    assert any("lead@unit.example" in str(parsed(mail)["To"]) for mail in lead)
    assert len({re.findall(rb"(?m)^Message-ID: .*", mail)[0] for mail in lead}) == 2


def test_preview_sent_to_somebody_goes_to_nobody_else(office: Office, inbox: Inbox) -> None:
    office(*LEAD, "--send-to", "me@unit.example")
    assert [envelope.rcpt_tos for envelope in inbox.received] == [["me@unit.example"]]


# status


def test_status_before_the_first_start_names_plan_and_next_occasion(office: Office) -> None:
    found = office("status", "--json").json
    assert (found["plan"]["id"], found["started"], found["last_tick"]) == ("small", None, None)
    assert datetime.fromisoformat(found["next"][0]["at"]).utcoffset() is not None
    office.put("plan.toml", PLAN.replace("2026", "2025"))
    assert office("status", "--json").json["next"] == []


def test_status_says_what_became_of_the_last_occasion_and_who_was_not_reached_and_why(
    office: Office,
) -> None:
    without_address(office)
    office("tick")
    found, out = office("status", "--json").json, office("status").out
    last = found["last"]
    assert (last["kind"], last["period"]) == ("digest", "2026-04")
    assert (last["expected"], last["accepted"]) == (2, 1)
    assert last["others"] == [{"unit": "related", "state": "refused", "reason": "no-address"}]
    assert found["last_tick"].startswith("2026-04-01T10:00:0")
    assert "expected 2, accepted 1" in out
    assert len(out.splitlines()) <= 24
