"""Replies become registrations, or wait for a person; and no two programs can begin to talk."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.registrations import Act, Registration, Signature
from reminder.ledger import registrations
from reminder.ledger.incoming import LetterView, read_letters
from reminder.ledger.own_messages import own_content
from reminder.ledger.registrations import read_all
from reminder.office.inbox import InboxReader, take_in
from reminder.office.replies import A_DAY
from tests.daemon.trials import MARCH, OPERATOR, Trial, parsed, text_of, trial

LETTERS = Path(__file__).parents[1] / "data" / "letters"
DIGEST, LATER = "digest/2026-03/lead", "2026-03-02T09:30+08:00"
LEAD, RELATED = "张某 <lead@unit.test>", "related@unit.test"
TRUST: dict[str, Any] = {"inbox": {"trust": True}}
ASKS = {"authserv_id": "mx.npc.test"}
SECOND_TASK = """
[[month.task]]
id = "2026-03-2"
title = "第二件事"
"""


def reply(office: Trial, said: str, sender: str = LEAD, of: str = DIGEST, **headers: str) -> bytes:
    """As a mail program writes it, with the mail that it answers below."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "reminder@npc.test", "Re: 提示"
    mail["Date"], mail["Message-ID"] = "Mon, 02 Mar 2026 09:20:00 +0800", f"<{hash(said)}@x.test>"
    mail["In-Reply-To"] = office.notice(of).message_id if of else "<other@x.test>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{said}\n\n在 2026-03-02 09:00，提示 <reminder@npc.test> 写道：\n> 已完成\n")
    return mail.as_bytes()


def read(office: Trial, content: bytes, at: str = LATER, **settings: Any) -> LetterView:
    """What became of it."""
    assert take_in(office.app(at, **(settings or TRUST)), content)
    with office.reading() as connection:
        return max(read_letters(connection), key=lambda one: one.id)


def registered(office: Trial) -> list[tuple[str, str, str]]:
    with office.reading() as connection:
        rows = read_all(connection, "small")
    return [(row.act, row.unit, row.task or row.period) for row in rows]


@pytest.mark.parametrize(
    ("inbox", "says"),
    [({}, False), ({"trust": True}, False), ({"maildir": "x"}, False),
     ({"maildir": "x", "trust": True}, True), ({"maildir": "x", **ASKS}, True)],
)  # fmt: skip
def test_mail_says_that_it_may_be_answered_where_an_answer_counts(
    office: Trial, inbox: dict[str, Any], says: bool
) -> None:
    office.tick(MARCH, inbox=inbox)
    mails = [text_of(parsed(one)) for one in office.files()]
    assert any("直接回复本邮件“已签收”" in text for text in mails) == says


@pytest.mark.parametrize(
    ("said", "sender", "of", "became", "acts"),
    [
        ("已签收", LEAD, DIGEST, "registered", [("sign", "lead", "2026-03")]),
        ("Received.", "second@unit.test", DIGEST, "registered", [("sign", "lead", "2026-03")]),
        ("收到，谢谢！\n张某", LEAD, DIGEST, "registered", [("sign", "lead", "2026-03")]),
        ("收到", RELATED, "digest/2026-03/related", "registered", [("sign", "related", "2026-03")]),
        ("已完成", LEAD, DIGEST, "registered", [("finish", "lead", "2026-03-1")]),
        ("一件事已完成", LEAD, DIGEST, "registered", [("finish", "lead", "2026-03-1")]),
        ("已签收，已完成", LEAD, DIGEST, "registered",
         [("sign", "lead", "2026-03"), ("finish", "lead", "2026-03-1")]),
        ("谢谢", LEAD, DIGEST, "nothing-new", []),
        ("尚未完成", LEAD, DIGEST, "which-task", []),
        ("已签收，有一个问题", LEAD, DIGEST, "not-understood", []),
        ("已完成", RELATED, "digest/2026-03/related", "which-task", []),
        ("另一件事已完成", LEAD, DIGEST, "which-task", []),
        ("已签收", "lead@elsewhere.test", DIGEST, "stranger", []),
        ("已签收", RELATED, DIGEST, "stranger", []),
        ("已签收", LEAD, "", "unmatched", []),
    ],
)  # fmt: skip
def test_reply(
    office: Trial, said: str, sender: str, of: str, became: str, acts: list[Any]
) -> None:
    office.tick(MARCH)
    letter = read(office, reply(office, said, sender, of))
    assert letter.reason == became
    assert (letter.state == "waiting") == (became not in ("registered", "nothing-new"))
    assert registered(office) == acts


def test_whose_word_it_is_stands_beside_it_and_the_unit_has_a_receipt(either: Trial) -> None:
    either.tick(MARCH)
    letter = read(either, reply(either, "已签收"))
    with either.reading() as connection:
        [row] = read_all(connection, "small")
    assert (row.by.who, row.by.link, row.id) == ("张某", f"mail/{letter.id}", letter.registration)
    either.tick("2026-03-02T09:31+08:00")
    [receipt] = either.notices(kind="receipt")
    assert "本单位回复邮件签收" in either.text(receipt)
    assert either.mail(receipt)["Auto-Submitted"] == "auto-generated"
    assert {one.address for one in either.notice(receipt).recipients} == {
        "lead@unit.test", "second@unit.test",
    }  # fmt: skip


def test_copy_that_is_answered_is_its_notices(office: Trial) -> None:
    """It has a Message-ID of its own."""
    office.edit_units('"second@unit.test"]', '"second@unit.test"]\ncc = ["chief@unit.test"]')
    office.tick(MARCH, web={"base_url": "https://reminder.test"})
    with office.reading() as connection:
        copy = own_content(connection, f"small/{DIGEST}", "chief@unit.test")
    own = str(parsed(copy or b"")["Message-ID"])
    content = reply(office, "已签收", "chief@unit.test").replace(
        str(office.notice(DIGEST).message_id).encode(), own.encode()
    )
    assert read(office, content).reason == "registered"


def test_of_several_tasks_one_must_be_named(office: Trial) -> None:
    office.edit_plan('title = "一件事"\n', f'title = "一件事"\n{SECOND_TASK}')
    office.tick(MARCH)
    assert read(office, reply(office, "已完成")).reason == "which-task"
    assert read(office, reply(office, "第2项已完成")).reason == "registered"
    assert registered(office) == [("finish", "lead", "2026-03-2")]
    assert read(office, reply(office, "已完成。")).reason == "registered"
    assert registered(office)[1:] == [("finish", "lead", "2026-03-1")]


def test_answer_to_a_reminder_is_about_what_it_reminds_of(office: Trial) -> None:
    office.tick(MARCH)
    office.tick("2026-03-27T09:00+08:00")
    [nudge] = office.notices(kind="nudge")
    at = "2026-03-27T10:00+08:00"
    assert read(office, reply(office, "收到", of=nudge), at).reason == "nothing-new"
    assert read(office, reply(office, "已办结", of=nudge), at).reason == "registered"
    assert registered(office) == [("finish", "lead", "2026-03-1")]
    assert read(office, reply(office, "已完成", of=nudge), at).reason == "nothing-new"
    # Reported as of the day on which it was written only if that is not long ago.
    with office.reading() as connection:
        [row] = read_all(connection, "small")
    assert str(row.done_on) == "2026-03-27"


@pytest.mark.parametrize(
    ("inbox", "results", "became"),
    [
        ({}, "", "not-authenticated"),
        ({}, "mx.npc.test; dmarc=pass", "not-authenticated"),
        (ASKS, "", "not-authenticated"),
        (ASKS, "mx.npc.test; dmarc=pass header.from=unit.test", "registered"),
        (ASKS, "evil.test; dmarc=pass", "not-authenticated"),
        (ASKS | {"trust": True}, "mx.npc.test; dmarc=fail", "not-authenticated"),
        (ASKS | {"trust": True}, "", "registered"),
        ({"trust": True}, "", "registered"),
    ],
)  # fmt: skip
def test_sender_must_be_vouched_for(
    office: Trial, inbox: dict[str, Any], results: str, became: str
) -> None:
    """By the receiving server, or because nobody can write in another's name there."""
    office.tick(MARCH)
    more = {"Authentication_Results": results} if results else {}
    content = reply(office, "已签收", **more)
    assert read(office, content, inbox=inbox).reason == became
    assert bool(registered(office)) == (became == "registered")


def test_unit_that_writes_all_day_is_read_by_a_person_at_last(office: Trial) -> None:
    office.tick(MARCH)
    app = office.app(LATER)
    by = Signature("张某", "mail/1")
    said = Registration(app.clock.now(), Act.PROGRESS, "lead", "", "2026-03-1", by, plan="small")
    with app.database.write() as connection:
        for _ in range(A_DAY):
            registrations.add(connection, said)
    assert read(office, reply(office, "已签收")).reason == "too-many"


# No two programs talk


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Trial, Trial]]:
    """Each is a unit of the other: what it sends comes into the other's mailbox."""
    with (
        trial(tmp_path / "one", small=True) as one,
        trial(tmp_path / "two", small=True) as other,
    ):
        yield one, other


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir(exist_ok=True)


def test_two_daemons_whose_mailboxes_answer_each_other(two: tuple[Trial, Trial]) -> None:
    """One is made to begin: each reads all that the other sends, for a day, and says nothing."""
    hours = [(hour, minute) for hour in (9, 10, 11) for minute in (0, 30)]
    moments = [f"2026-03-02T{hour:02}:{minute:02}+08:00" for hour, minute in hours]
    for number, moment in enumerate(moments):
        for me, other in (two, two[::-1]):
            mail = {"from": f"提示 <{'lead' if me is two[0] else 'second'}@unit.test>"}
            box = {"maildir": other.state / "outbox", "trust": True, "done": ""}
            app = me.app(moment, mail=mail, inbox=box)
            InboxReader(app).read(app.clock.now())
            app.tick()
        if number == 0:  # somebody answers by hand
            take_in(two[0].app(moment, **TRUST), reply(two[0], "已签收"))
    assert registered(two[0]) == [("sign", "lead", "2026-03")]
    assert registered(two[1]) == []
    assert len(two[0].notices(kind="receipt")) == 1
    assert len(two[1].notices(kind="receipt")) == 0
    with two[1].reading() as connection:
        letters = read_letters(connection)
    assert {(one.kind, one.state) for one in letters} <= {
        ("automatic", "passed-over"), ("own", "passed-over"),
    }  # fmt: skip
    assert len(letters) == 3  # two digests and the receipt


@pytest.mark.parametrize("name", ["vacation-exchange", "vacation-sieve", "vacation-163"])
def test_vacation_responder_is_passed_over(office: Trial, name: str) -> None:
    office.tick(MARCH)
    content = (LETTERS / f"{name}.eml").read_bytes()
    message_id = str(office.notice(DIGEST).message_id).encode()
    letter = read(office, content.replace(b"<7c1f0a@npc.test>", message_id))
    assert (letter.state, registered(office)) == ("passed-over", [])


def test_receipt_that_bounces_is_noted_and_makes_no_other(office: Trial) -> None:
    office.tick(MARCH)
    read(office, reply(office, "已签收"))
    office.tick("2026-03-02T09:31+08:00")
    [receipt] = office.notices(kind="receipt")
    content = (LETTERS / "postfix-no-such-user.eml").read_bytes()
    message_id = str(office.notice(receipt).message_id).encode()
    letter = read(office, content.replace(b"<7c1f0a@npc.test>", message_id))
    assert (letter.kind, letter.state) == ("bounce", "noted")
    office.tick("2026-03-02T12:00+08:00")
    assert list(office.notices(kind="receipt")) == [receipt]
    assert office.outcome(receipt) == ("refused", "partly")


def test_answer_to_a_receipt_registers_nothing(office: Trial) -> None:
    office.tick(MARCH)
    read(office, reply(office, "已签收"))
    office.tick("2026-03-02T09:31+08:00")
    [receipt] = office.notices(kind="receipt")
    for said, became in (
        ("谢谢", "nothing-new"),
        ("收到", "nothing-new"),
        ("已完成", "which-task"),
    ):
        assert read(office, reply(office, said, of=receipt)).reason == became
    assert len(registered(office)) == 1


def test_operator_hears_once_a_day_of_what_waits_and_what_came_back(office: Trial) -> None:
    """Of letters since the last such mail; from the sending hour on."""
    settings = TRUST | {"mail": OPERATOR, "inbox": {"trust": True, "maildir": office.state}}
    office.tick(MARCH, **settings)

    def told(at: str) -> list[str]:
        office.tick(at, **settings)
        return [key for key in office.notices(kind="report") if "letters" in key]

    read(office, reply(office, "有一个问题"))
    content = (LETTERS / "postfix-no-such-user.eml").read_bytes()
    message_id = str(office.notice(DIGEST).message_id).encode()
    read(office, content.replace(b"<7c1f0a@npc.test>", message_id))
    [key] = told("2026-03-02T10:00+08:00")
    assert office.subject(key) == "【试】待处理来信1封，退信1封"
    assert "User unknown" in office.text(key)
    assert "承办委员会　张某 <lead@unit.test>，3月2日" in office.text(key)
    assert told("2026-03-03T10:00+08:00") == [key]  # nothing new
    read(office, reply(office, "另有问题"), "2026-03-03T11:00+08:00")
    assert [len(told(f"2026-03-{at}+08:00")) for at in ("03T12:00", "04T08:00", "04T09:00")] == [
        2, 2, 2,
    ]  # fmt: skip
