"""preview, tick and status: what goes, what would go, and what became of it."""

import email
import re
import socket
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.cli.conftest import PLAN, UNITS, Office, Reminder
from tests.mail.servers import Inbox, bad_server, real_server

MARCH = "2026-03-02T09:00+08:00"
TICK = {"planned", "sent", "retry", "refused", "expired", "baseline"}


def message(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


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


def name_operator(office: Office) -> None:
    path = office.folder / "reminder.toml"
    text = path.read_text(encoding="utf-8")
    office.put("reminder.toml", text.replace("[mail]", '[mail]\noperator = "operator@npc.test"'))


@pytest.fixture
def inbox(office: Office) -> Iterator[Inbox]:
    """A real server on loopback, which the office's settings name."""
    inbox = Inbox()
    with real_server(inbox) as port:
        by_smtp(office, port)
        yield inbox


@pytest.fixture
def far_inbox(office: Office) -> Iterator[Inbox]:
    """The same by an address that is no loopback address, though it leads here."""
    inbox = Inbox()
    with real_server(inbox) as port:
        by_smtp(office, port, host="0.0.0.0")
        yield inbox


def counts(**states: int) -> dict[str, int]:
    return dict.fromkeys(TICK, 0) | states


def test_first_pass_sends_the_months_digests(office: Office, state: Path) -> None:
    assert office("tick", "--at", MARCH, "--json").json == counts(planned=2, sent=2)
    assert len(outbox(state)) == 2


def test_second_pass_prints_zeros(office: Office, state: Path) -> None:
    office("tick", "--at", MARCH)
    assert office("tick", "--at", MARCH, "--json").json == counts()
    assert len(outbox(state)) == 2


def test_months_before_the_first_start_are_not_mailed(office: Office, state: Path) -> None:
    ended = office("tick", "--json")
    assert ended.json == counts(planned=2, sent=2, baseline=2)
    assert len(outbox(state)) == 2


def test_first_start_in_march_sends_nothing_for_january_or_february(
    reminder: Reminder, state: Path
) -> None:
    assert reminder("tick", "--at", MARCH, "--json").json["sent"] == 5
    subjects = [str(message(content)["Subject"]) for content in outbox(state)]
    assert sum("【代表工作·3月】" in subject for subject in subjects) == len(subjects) == 5


def test_moment_without_offset_is_in_the_plans_zone(office: Office) -> None:
    assert office("tick", "--at", "2026-03-02T08:59", "--json").json["planned"] == 0
    assert office("tick", "--at", "2026-03-02T09:00", "--json").json["planned"] == 2


def test_pass_in_words_says_the_same(office: Office) -> None:
    out = office("tick", "--at", MARCH).out
    assert out == "planned 2, sent 2, retry 0, refused 0, expired 0, baseline 0\n"


def test_real_server_gets_no_mail_of_another_day(office: Office, far_inbox: Inbox) -> None:
    ended = office("tick", "--at", MARCH)
    assert ended.status == 2
    assert "is more than an hour from now, and 0.0.0.0 is a real mail server" in ended.err
    assert "--really" in ended.err
    assert far_inbox.received == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_moment_at_the_end_of_time_is_refused_in_words(office: Office, at: str) -> None:
    ended = office("tick", "--at", at)
    assert (ended.status, at[:4] in ended.err) == (2, True)


def test_refused_pass_makes_no_connection(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        by_smtp(office, listener.getsockname()[1], host="0.0.0.0")
        assert office("tick", "--at", MARCH).status == 2
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_pass_that_is_refused_starts_no_ledger(
    office: Office, far_inbox: Inbox, state: Path
) -> None:
    office("tick", "--at", MARCH)
    assert not (state / "ledger.db").exists()


@pytest.mark.parametrize("at", ["2026-04-01T09:01+08:00", "2026-04-01T10:59+08:00"])
def test_real_server_gets_mail_of_about_now(office: Office, far_inbox: Inbox, at: str) -> None:
    assert office("tick", "--at", at, "--json").status == 0


def test_really_lets_another_day_go(office: Office, far_inbox: Inbox) -> None:
    found = office("tick", "--at", MARCH, "--really", "--json").json
    assert found["planned"] == 2


def test_first_start_by_tick_holds_what_would_go_by_a_mail_server(office: Office) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        by_smtp(office, port, mail="")
        ended = office("tick", "--json")
    assert ended.json == counts(planned=2, baseline=2)
    assert "Held: first start with a mail server" in ended.err
    assert inbox.received == []
    assert office("status", "--json").json["hold"]["reason"] == "hold"


@pytest.mark.parametrize("real", ["unit", "operator", "step"])
def test_server_on_this_machine_gets_mail_of_another_day_only_for_reserved_addresses(
    office: Office, inbox: Inbox, real: str
) -> None:
    edits = {
        "unit": ("units.toml", "lead@unit.example"),
        "operator": ("reminder.toml", 'first_start = "send"'),
        "step": ("reminder.toml", "[smtp]"),
    }
    said = {
        "unit": "lead@npc.gov.cn",
        "operator": 'operator = "lead@npc.gov.cn"',
        "step": '[[overdue]]\nworkdays_after = 1\nto = ["unit", "lead@npc.gov.cn"]\n[smtp]',
    }
    name, old = edits[real]
    office.put(name, (office.folder / name).read_text().replace(old, said[real]))
    ended = office("tick", "--at", MARCH)
    assert (ended.status, "lead@npc.gov.cn" in ended.err) == (2, True)
    assert inbox.received == []


def test_rehearsal_asks_only_about_the_address_that_gets_all(office: Office, inbox: Inbox) -> None:
    office.put("units.toml", (office.folder / "units.toml").read_text().replace(".example", ".cn"))
    by_smtp_again = (office.folder / "reminder.toml").read_text()
    office.put("reminder.toml", by_smtp_again.replace("[mail]", '[mail]\nredirect_to = "a@b.test"'))
    assert office("tick", "--at", MARCH, "--json").status == 0


def test_loopback_server_gets_mail_of_any_day(office: Office, inbox: Inbox) -> None:
    assert office("tick", "--at", MARCH, "--json").json == counts(planned=2, sent=2)
    assert len(inbox.received) == 2


def test_reserved_address_is_refused_before_a_real_server(office: Office, far_inbox: Inbox) -> None:
    assert office("tick", "--json").json == counts(planned=2, refused=2, baseline=2)
    assert far_inbox.received == []


def test_server_that_is_down_leaves_everything_to_retry(office: Office, inbox: Inbox) -> None:
    by_smtp(office, 1)
    assert office("tick", "--json").json == counts(planned=2, retry=2, baseline=2)
    waiting = office("status", "--json").json["waiting"]
    assert {(row["state"], row["reason"]) for row in waiting} == {("retry", "server")}


def test_server_that_is_down_is_an_error_of_check(office: Office) -> None:
    by_smtp(office, 1)
    ended = office("check", "--smtp")
    assert ended.status == 5
    assert "127.0.0.1:1" in ended.err


def test_check_asks_for_the_operator_without_sending(office: Office, inbox: Inbox) -> None:
    name_operator(office)
    found = office("check", "--smtp", "--json").json
    assert "mail.test" in found["smtp"]
    assert "to operator@npc.test; nothing was sent" in found["smtp"]
    assert inbox.received == []


def test_check_says_what_the_server_refuses(office: Office) -> None:
    with bad_server(RCPT=["554 5.7.1 Relay access denied"]) as server:
        by_smtp(office, server.port)
        name_operator(office)
        ended = office("check", "--smtp")
    assert ended.status == 5
    assert "refused RCPT TO:<operator@npc.test>: 554 5.7.1 Relay access denied" in ended.err


def test_check_warns_of_settings_that_are_not_meant(office: Office, inbox: Inbox) -> None:
    ended = office("check")
    assert ended.status == 0
    assert "warning: uid_domain: reminder.example is nobody's" in ended.err
    assert "warning: mail.operator: not set" in ended.err
    assert any("uid_domain" in words for words in office("check", "--json").json["warnings"])


def test_digests_that_did_not_arrive_are_dropped_together_and_leave_the_status(
    office: Office,
) -> None:
    with bad_server(RCPT=["550 5.1.1 no such user"]) as server:
        by_smtp(office, server.port)
        office("tick")
    period = office("status", "--json").json["unsettled"][0]["period"]
    assert f"reminder ledger drop --period {period} --state refused" in office("status").out
    office("ledger", "drop", "--period", period, "--state", "refused")
    assert office("status", "--json").json["unsettled"] == []
    assert "nothing to send" in office("ledger", "resend", "--period", period).out


def test_servers_control_characters_do_nothing_to_the_terminal(office: Office) -> None:
    with bad_server(RCPT=["550 5.1.1 \x1b[2J gone"]) as server:
        by_smtp(office, server.port)
        office("tick")
        key = office("ledger", "list", "--state", "refused", "--json").json[0]["key"]
        shown = office("ledger", "show", key).out + office("status").out
    assert "gone" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("form", "begins"),
    [("text", "代表工作委员会："), ("html", "<!doctype html>"), ("eml", "from: ")],
)
def test_preview_has_the_form_that_was_asked_for(office: Office, form: str, begins: str) -> None:
    ended = office("preview", "--unit", "lead", "--period", "2026-04", "--format", form)
    assert ended.status == 0
    assert ended.out.lower().startswith(begins)


@pytest.mark.parametrize("form", ["plain", "html"])
def test_preview_holds_the_wording_in_both_parts(office: Office, form: str) -> None:
    ended = office("preview", "--unit", "lead", "--period", "2026-04", "--format", "eml")
    body = message(ended.raw).get_body((form,))
    assert body
    assert "召开部署会议" in body.get_content()


def test_preview_is_text_without_a_form(office: Office) -> None:
    plain = office("preview", "--unit", "lead", "--period", "2026-04", "--format", "text")
    assert office("preview", "--unit", "lead", "--period", "2026-04").raw == plain.raw


def test_preview_may_go_into_a_file(office: Office, tmp_path: Path) -> None:
    words = ("preview", "--unit", "lead", "--period", "2026-04", "--format", "html")
    ended = office(*words, "--output", str(tmp_path / "lead.html"))
    assert ended.raw == b""
    assert "召开部署会议" in (tmp_path / "lead.html").read_text(encoding="utf-8")


def test_preview_of_what_went_is_byte_for_byte_what_went(office: Office, state: Path) -> None:
    office("tick")
    words = ("preview", "--period", "2026-04", "--format", "eml")
    shown = [office(*words, "--unit", unit).raw for unit in ("lead", "related")]
    assert sorted(shown) == sorted(outbox(state))


def test_preview_makes_nothing_but_the_ledger_with_the_key(office: Office, state: Path) -> None:
    office("preview", "--unit", "lead", "--period", "2026-04")
    assert {path.name.partition(".")[0] for path in state.iterdir()} == {"ledger"}
    assert office("ledger", "list", "--json").json == []
    assert office("status", "--json").json["started"] is None


def test_preview_has_the_message_id_that_the_mail_will_have(office: Office, state: Path) -> None:
    words = ("preview", "--unit", "lead", "--period", "2026-04", "--format", "eml")
    before = message(office(*words).raw)["Message-ID"]
    office("tick")
    assert before in {message(content)["Message-ID"] for content in outbox(state)}


def test_preview_of_all_is_a_folder_with_an_index(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    assert office("preview", "--period", "2026-04", "--output", str(folder)).status == 0
    names = {f"{unit}.{form}" for unit in ("lead", "related") for form in ("eml", "html")}
    assert {path.name for path in folder.iterdir()} == names | {"index.html"}


def test_index_of_all_names_each_unit_with_its_address(office: Office, tmp_path: Path) -> None:
    office("preview", "--period", "2026-04", "--output", str(tmp_path / "all"))
    index = (tmp_path / "all" / "index.html").read_text(encoding="utf-8")
    assert all(word in index for word in ("代表工作委员会", "related@unit.example", "lead.html"))
    assert "高级人民法院" not in index


def test_index_of_all_names_who_has_no_address(office: Office, tmp_path: Path) -> None:
    office.put("units.toml", UNITS.replace('to = ["related@unit.example"]\n', ""))
    office("preview", "--period", "2026-04", "--output", str(tmp_path / "all"))
    assert "组织部" in (tmp_path / "all" / "index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "all" / "related.eml").exists()


@pytest.mark.parametrize("output", ["taken", "taken/lead.html", "folder"])
def test_preview_that_cannot_be_written_is_said_in_words(office: Office, output: str) -> None:
    Path("folder").mkdir()
    Path("taken").write_text("")
    words = ("preview", "--period", "2026-04", "--output", output)
    ended = office(*words) if output == "taken" else office(*words, "--unit", "lead")
    assert (ended.status, output.partition("/")[0] in ended.err) == (1, True)


def test_preview_of_an_unknown_period_makes_no_folder(office: Office, tmp_path: Path) -> None:
    assert office("preview", "--period", "2026-13", "--output", str(tmp_path / "x")).status == 2
    assert not (tmp_path / "x").exists()


def test_preview_of_a_group_says_that_its_members_get_the_mails(reminder: Reminder) -> None:
    ended = reminder("preview", "--unit", "local-congresses", "--period", "2026-04")
    assert ended.status == 2
    assert "its members get the mails" in ended.err


def test_preview_of_a_unit_without_digest_says_so(office: Office) -> None:
    assert "高级人民法院" in office("preview", "--unit", "outsider", "--period", "2026-04").err


def test_preview_may_be_sent_outside_the_ledger(office: Office, state: Path) -> None:
    words = ("preview", "--unit", "lead", "--period", "2026-04")
    assert office(*words, "--send-to", "me@unit.example").status == 0
    assert len(outbox(state)) == 1
    assert office("ledger", "list", "--json").json == []


def test_preview_sent_to_somebody_goes_to_nobody_else(office: Office, inbox: Inbox) -> None:
    office("preview", "--unit", "lead", "--period", "2026-04", "--send-to", "me@unit.example")
    assert [envelope.rcpt_tos for envelope in inbox.received] == [["me@unit.example"]]


def test_preview_sent_to_what_is_no_address_is_refused(office: Office, state: Path) -> None:
    words = ("preview", "--unit", "lead", "--period", "2026-04", "--send-to", "me")
    ended = office(*words)
    assert (ended.status, "wanted name@domain" in ended.err) == (2, True)
    assert outbox(state) == []


def test_preview_sent_first_does_not_keep_the_digest_from_going(
    office: Office, state: Path
) -> None:
    words = ("preview", "--unit", "lead", "--period", "2026-04")
    office(*words, "--send-to", "me@unit.example")
    office("tick")
    recipients = sorted(str(message(content)["To"]) for content in outbox(state))
    assert any("lead@unit.example" in recipient for recipient in recipients)


def status_of(office: Office) -> dict[str, Any]:
    found = office("status", "--json").json
    assert isinstance(found, dict)
    return found


def test_status_before_the_first_start_names_plan_and_next_occasion(office: Office) -> None:
    found = status_of(office)
    assert (found["plan"]["id"], found["started"], found["last_tick"]) == ("small", None, None)
    assert datetime.fromisoformat(found["next"][0]["at"]).utcoffset() is not None


def test_status_counts_the_last_occasion(office: Office) -> None:
    office("tick")
    last = status_of(office)["last"]
    assert (last["kind"], last["period"]) == ("digest", "2026-04")
    assert (last["expected"], last["accepted"]) == (2, 2)


def test_status_says_when_it_last_worked(office: Office) -> None:
    office("tick")
    assert status_of(office)["last_tick"].startswith("2026-04-01T10:00:0")


def test_status_says_who_was_not_reached_and_why(office: Office) -> None:
    office.put("units.toml", UNITS.replace('to = ["related@unit.example"]\n', ""))
    office("tick")
    others = status_of(office)["last"]["others"]
    assert others == [{"unit": "related", "state": "refused", "reason": "no-address"}]


def test_status_in_words_fits_one_screen(office: Office) -> None:
    office("tick")
    out = office("status").out
    assert "expected 2, accepted 2" in out
    assert len(out.splitlines()) <= 24


def test_plan_without_tasks_ahead_has_no_next_occasion(office: Office) -> None:
    office.put("plan.toml", PLAN.replace("2026", "2025"))
    assert status_of(office)["next"] == []


def test_preview_sent_to_somebody_does_not_pass_for_the_real_one(
    office: Office, state: Path
) -> None:
    office("preview", "--unit", "lead", "--period", "2026-04", "--send-to", "me@unit.example")
    office("tick", "--at", "2026-04-01T09:00+08:00")
    lead = [mail for mail in outbox(state) if b"lead@" in mail]
    assert len({re.findall(rb"(?m)^Message-ID: .*", mail)[0] for mail in lead}) == 2


def test_clock_that_was_never_set_ends_a_pass_in_words(office: Office) -> None:
    with time_machine.travel("1970-01-01T00:01:00Z"):
        ended = office("tick")
        found = office("status", "--json").json
    assert (ended.status, "Traceback" in ended.err) == (1, False)
    assert "the clock says 1970-01-01, before this version was made" in ended.err
    assert (found["started"], found["ready"]) == (None, False)
    assert "the clock says 1970-01-01" in found["not_ready"]
