"""Mail servers that misbehave, from end to end: the ledger says why, and nothing is lost.

The rows are those of the table in docs/reliability.md, which is checked against them.
"""

import logging
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiosmtpd.smtp import Envelope as Received

from reminder.domain.notices import Kind, Reason, State
from reminder.ledger.views import RecipientView
from tests.daemon.trials import MARCH, Trial, by_smtp, trial
from tests.mail.certificates import HOST, Certificates
from tests.mail.servers import (
    CLOSE,
    CUT_SHORT,
    DRIP,
    GO_THEN_CLOSE,
    GO_THEN_DEAF,
    GO_THEN_RESET,
    HANG,
    RESET,
    SHORT,
    BadServer,
    Deaf,
    Inbox,
    Last,
    Script,
    Slow,
    bad_server,
    real_server,
)
from tests.mail.written import say

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
KEYS = ("digest/2026-03/lead", "digest/2026-03/related")
# Every wait is over by then, and nothing is so old that it is composed anew.
LATER = "2026-03-03T09:00+08:00"
OFFERS = "250-bad.test\r\n250 AUTH PLAIN LOGIN"
BY_TOKEN = "250-bad.test\r\n250 AUTH XOAUTH2"
NOBODY = {"token_url": "http://127.0.0.1:1/", "client_id": "office", "client_secret": "s"}
WITH_TOKENS = {"username": "office", "oauth": NOBODY}
TLS = {"EHLO": ["250-bad.test\r\n250 STARTTLS"], "STARTTLS": ["220 go"]}
ACCOUNT = {"username": "office", "password": "correct horse battery"}
STARTTLS = {"security": "starttls"}
BUSY = "421 4.3.2 too busy"
SETTINGS = "retry server-settings"
ONE_REFUSED = "sent accepted, refused recipient-refused"
ONE_WAITS = {"told": "retry server, sent accepted", "bodies": 1}
LOST = "retry answer-lost, sent accepted"


@dataclass(frozen=True)
class Fault:
    """What the server does, and what the ledger then says of the recipients, in short.

    A server that offers PIPELINING gets the same rows; `asked_again` are those in which a group
    goes unanswered and the message at once again, with nothing lost.
    """

    script: Script
    told: str = "retry server"
    bodies: int = 0
    asked_again: bool = False
    pipelining: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    certificate: str = ""
    well: Script = field(default_factory=dict)

    @property
    def states(self) -> set[str]:
        return set(self.told.split(", "))

    @property
    def states_in_the_end(self) -> set[str]:
        return {re.sub("retry .*", "sent accepted", state) for state in self.states}


def at(verb: str, *replies: str | bytes, **more: Any) -> Fault:
    return Fault({verb: replies}, **more)


def unanswered(verb: str, *replies: str | bytes, **more: Any) -> Fault:
    """The client stops waiting soon."""
    return Fault({verb: replies}, options={"timeout": SHORT}, **more)


def harmless(script: Script, **more: Any) -> Fault:
    return Fault(script, told="sent accepted", bodies=2, **more)


def each(verb: str, *replies: str | bytes, **more: Any) -> list[Fault]:
    """One fault a reply, from the first message on."""
    return [at(verb, reply, **more) for reply in replies]


def offered(fault: Fault) -> Fault:
    """The same by a server that offers PIPELINING."""
    told = {"told": "sent accepted", "bodies": 2} if fault.asked_again else {}
    return replace(fault, pipelining=True, **told)


def first(verb: str, *replies: str | bytes, well: str, **more: Any) -> list[Fault]:
    """One fault a reply, to the first message only."""
    return [at(verb, reply, well, **more) for reply in replies]


def log_in(*replies: str, **more: Any) -> Fault:
    return Fault({"EHLO": [OFFERS], "AUTH": replies}, options=ACCOUNT | more)


def refused(reply: str) -> Fault:
    return replace(log_in(reply), told=SETTINGS)


def shown(certificate: str, told: str = SETTINGS) -> Fault:
    return Fault(TLS, certificate=certificate, well=TLS, told=told)


ROWS: dict[str, list[Fault]] = {
    "421 or 554 at the greeting": each("GREETING", BUSY, "554 5.7.1 go away"),
    "closes, resets or hangs before the greeting": [
        *each("GREETING", CLOSE, RESET),
        unanswered("GREETING", HANG),
    ],
    "drips a reply too slowly, or stops within it": [
        unanswered("GREETING", DRIP),
        unanswered("EHLO", b"250-bad.test\r\n250 SI"),
    ],
    "drips every reply, in time": [
        harmless({verb: [Slow("250 ok")] for verb in ("MAIL", "RCPT", "BODY")}),
        harmless({"GREETING": [Slow("220 bad.test")], "DATA": [Slow("354 go")]}),
    ],
    "a reply that is none, is too long or does not end": [
        *each("GREETING", "hello there", "220-" + "x" * 9000, "\r\n".join(["220-more"] * 9000)),
        *each("MAIL", "what"),
    ],
    "a reply that is odd and can be read": [
        harmless({"GREETING": ["220"], "MAIL": ["250"]}),
        harmless({"GREETING": [b"220-hello\n220 again\n"], "MAIL": [b"250 ok\n"]}),
        harmless({"RCPT": [b"250 \x00\xff\xc4\xe3\x1b[31m\r\n"]}),
        harmless({"EHLO": ["250-bad.test\r\n250 SIZE " + "9" * 5000]}),
    ],
    "EHLO refused": each("EHLO", "550 5.7.1 not you", CLOSE),
    "knows no EHLO, only HELO": [harmless({"EHLO": ["502 5.5.1 what"], "HELO": ["250 bad.test"]})],
    "no 8BITMIME, no SMTPUTF8, no SIZE": [harmless({"EHLO": ["250 bad.test"]})],
    "STARTTLS absent or refused": [
        Fault({}, options=STARTTLS, told=SETTINGS),
        Fault(TLS | {"STARTTLS": ["454 4.7.0 not now"]}, options=STARTTLS),
        Fault({"EHLO": ["502 what"], "HELO": ["250 hi"]}, options=STARTTLS, told=SETTINGS),
    ],
    "STARTTLS, then silence": [
        Fault(TLS | {"\x16": [HANG]}, options=STARTTLS | {"timeout": SHORT})
    ],
    "plain text slipped in behind STARTTLS": [
        harmless(
            TLS | {"STARTTLS": [b"220 go\r\n421 slipped in\r\n"]}, certificate="good", well=TLS
        )
    ],
    "certificate self-signed, expired or for another host": [
        shown("self-signed"),
        shown("expired"),
        shown("another host"),
    ],
    "TLS older than 1.2": [shown("TLS 1.0", told="retry server")],
    "log-in refused": [refused("535 5.7.8 wrong"), refused("503 5.5.1 no log-in here")],
    "log-in put off or broken off": [
        log_in("454 4.7.0 later"),
        log_in("421 4.3.2 closing"),
        log_in("235-" + "x" * 9000),
        log_in("what"),
        log_in(CLOSE),
        log_in(HANG, timeout=SHORT),
    ],
    "log-in not offered, or only before TLS": [
        Fault({}, options=ACCOUNT, told=SETTINGS),
        Fault(
            {
                "EHLO": ["250-bad.test\r\n250-AUTH PLAIN\r\n250 STARTTLS", "250 bad.test"],
                "STARTTLS": ["220 go"],
            },
            certificate="good",
            options=ACCOUNT,
            well=TLS,
            told=SETTINGS,
        ),
    ],
    "log-in offered only after STARTTLS": [
        harmless(
            {
                "EHLO": ["250-bad.test\r\n250 STARTTLS", OFFERS],
                "STARTTLS": ["220 go"],
                "AUTH": ["235 2.7.0 welcome"],
            },
            certificate="good",
            options=ACCOUNT,
            well=TLS,
        )
    ],
    "wants a token, and the token server does not answer": [
        Fault({"EHLO": [BY_TOKEN]}, options=WITH_TOKENS)
    ],
    "takes no token or refuses it, or the token server refuses us": [
        Fault({"EHLO": [OFFERS]}, options=WITH_TOKENS, told=SETTINGS)
    ],
    "MAIL refused, put off or not answered": [
        *each("MAIL", "451 4.3.0 later", "452 4.3.1 full", "550 5.7.1 no", "552 5.2.2 full"),
        unanswered("MAIL", HANG),
    ],
    "450, 451 or 452 at a recipient: greylisting": each(
        "RCPT",
        "450 4.2.0 grey",
        "451 4.7.1 grey",
        "452 4.2.2 full",
        told="retry recipient-deferred",
    ),
    "550 or 552 for one of several recipients": [
        at("RCPT", "250 ok", reply, "250 ok", told=ONE_REFUSED, bodies=2)
        for reply in ("550 5.1.1 no such user", "552 5.2.2 mailbox full", b"250-no\r\n550 no\r\n")
    ],
    "550 or 552 for all recipients": each(
        "RCPT", "550 5.1.1 no such user", "552 5.2.2 full", told="refused recipient-refused"
    ),
    "550 that is really a throttle": [
        *each(
            "RCPT", "550 Ip frequency limited", "552 too many recipients", told="retry throttled"
        ),
        *each("DATA", "550 5.4.5 Daily user sending limit exceeded", told="retry throttled"),
        *each("BODY", "554 5.7.1 MI:STC 163", told="retry throttled", bodies=2),
    ],
    "452 too many recipients, after some": [
        at("RCPT", "250 ok", "452 4.5.3 too many", "250 ok", told="sent accepted", bodies=3)
    ],
    "503 or 530 at a recipient or at DATA": [
        *each("RCPT", "530 5.7.0 log in first", "503 5.5.1 MAIL first"),
        *each("DATA", "530 5.7.0 log in first"),
    ],
    "421, closed or hung at a recipient": [
        *first("RCPT", BUSY, well="250 ok", **ONE_WAITS),
        at("RCPT", CLOSE, "250 ok", **ONE_WAITS, asked_again=True),
        unanswered("RCPT", HANG, "250 ok", **ONE_WAITS, asked_again=True),
    ],
    "message too large: SIZE, 552 at MAIL or at the end": [
        at("EHLO", "250-bad.test\r\n250 SIZE 20", told="refused message-refused"),
        *each("MAIL", "552 5.3.4 too large", told="refused message-refused"),
        *each("BODY", "552 5.3.4 too large", told="refused message-refused", bodies=2),
    ],
    "554 at DATA or after the final dot": [
        *each("DATA", "554 5.6.0 spam", told="refused message-refused"),
        *each("BODY", "554 5.6.0 spam", told="refused message-refused", bodies=2),
    ],
    "refuses every recipient because of us": [
        *each(
            "RCPT",
            "554 5.7.1 relay access denied",
            "553 5.7.1 Sender address rejected: not owned by user office",
            "550 5.1.8 Sender address rejected: Domain not found",
            "553 that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "554 Relay access denied",
            "550 relay not permitted",
        ),
        *each("DATA", "550 5.7.23 SPF validation failed"),
        *each("BODY", "550 5.7.26 DMARC", b"550-5.7.1 not you,\r\n550 5.7.1 go\r\n", bodies=2),
    ],
    "refuses one recipient or message by policy": [
        at("RCPT", "250 ok", "550 5.7.1 no", "250 ok", told=ONE_REFUSED, bodies=2),
        at(
            "BODY", "554 5.7.1 no", "250 k", told="sent accepted, refused message-refused", bodies=2
        ),
    ],
    "421, 451 or 452 at DATA or after the final dot": [
        *each("DATA", BUSY, "451 4.3.0 later", told="retry message-deferred"),
        *each("BODY", BUSY, "452 4.3.1 full", told="retry message-deferred", bodies=2),
    ],
    "hangs or closes after DATA": [
        at("DATA", CLOSE, "354 go", told=LOST, bodies=1, asked_again=True),
        unanswered("DATA", HANG, "354 go", told=LOST, bodies=1, asked_again=True),
    ],
    "250 to DATA, or a 250 before the mail was sent": [
        at("DATA", "250 odd", "354 go", told=LOST, bodies=1, asked_again=True),
        at("DATA", b"354 go\r\n250 kept\r\n", "354 go", told=LOST, bodies=1),
    ],
    "closes, resets or stops reading inside DATA": [
        *first("DATA", GO_THEN_CLOSE, GO_THEN_RESET, well="354 go", told=LOST, bodies=1),
        unanswered("DATA", GO_THEN_DEAF, "354 go", told=LOST, bodies=1),
    ],
    "hangs, closes or breaks off after the final dot": [
        *first("BODY", CLOSE, RESET, CUT_SHORT, well="250 k", told=LOST, bodies=2),
        unanswered("BODY", HANG, "250 kept", told=LOST, bodies=2),
    ],
    "answers twice": [harmless({"BODY": [b"250 kept\r\n550 no\r\n"]})],
    "offers PIPELINING and forgets what was sent ahead": [
        harmless({"MAIL": [Deaf("250 ok")]}, options={"timeout": SHORT}),
        harmless({"RCPT": [Deaf("250 ok")]}, options={"timeout": SHORT}),
    ],
    "goes on to 354 with nobody to send to": [
        at("RCPT", "550 5.1.1 no", told="refused recipient-refused"),
        Fault(
            {"RCPT": ["550 5.1.1 no"], "BODY": ["554 5.5.1 no valid recipients"]},
            told="refused recipient-refused",
        ),
        Fault(
            {"MAIL": ["552 5.3.4 too large"], "RCPT": ["503 5.5.1 MAIL first"]},
            told="refused message-refused",
        ),
        Fault({"MAIL": ["451 4.3.0 later"], "RCPT": ["503 5.5.1 MAIL first"]}),
    ],
    "closes when idle, or after a few messages": [
        harmless({"BODY": [Last("250 kept")]}),
        harmless({"MAIL": ["250 ok", CLOSE, "250 ok"]}),
        harmless({"MAIL": ["250 ok", BUSY, "250 ok"]}),
    ],
}
OF_A_MESSAGE = {"MAIL", "RCPT", "DATA", "BODY"}
# With PIPELINING one of each row: what differs is when a reply is read, not what it says.
CASES = [
    pytest.param(fault, id=f"{row}-{number}")
    for row, faults in ROWS.items()
    for number, fault in enumerate(faults, 1)
] + [
    pytest.param(offered(fault), id=f"{row}-{number}-pipelining")
    for row, faults in ROWS.items()
    for number, fault in enumerate(faults, 1)
    if OF_A_MESSAGE & fault.script.keys() and (number == 1 or fault.asked_again)
]


class Planned(NamedTuple):
    """A ledger in which March's two digests are due, and their stored bytes."""

    ledger: Path
    messages: Mapping[str, bytes]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    with trial(tmp_path_factory.mktemp("planned"), small=True) as opened:
        app = opened.app(MARCH, transport="smtp")
        app.plan(app.clock.now())
        messages = {key: opened.stored(key) for key in KEYS}
    return Planned(opened.state / "ledger.db", messages)


@pytest.fixture
def office(tmp_path: Path, planned: Planned) -> Iterator[Trial]:
    """One unit leads, with two mailboxes; one is related; one must see nothing."""
    with trial(tmp_path, small=True, made=False) as opened:
        opened.state.mkdir(mode=0o700)
        shutil.copy(planned.ledger, opened.state)
        yield opened


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def people(office: Trial) -> list[tuple[str, RecipientView]]:
    """Every recipient, with its notice's key."""
    notices = office.notices(kind=Kind.DIGEST)
    return [(key, person) for key, notice in notices.items() for person in notice.recipients]


def states(office: Trial) -> set[str]:
    return {f"{person.state} {person.reason}" for _, person in people(office)}


def accepted_once(office: Trial, planned: Planned, server: BadServer) -> bool:
    """All that was not refused, by the stored bytes and nothing else."""
    due = [
        (person.address, planned.messages[key])
        for key, person in people(office)
        if person.state is not State.REFUSED
    ]
    same_bytes = set(server.bodies) <= set(planned.messages.values())
    return same_bytes and Counter(server.accepted) == Counter(due)


# The table


@pytest.mark.parametrize("fault", CASES)
def test_fault_is_told_and_after_it_all_is_accepted_once(
    office: Trial, planned: Planned, certificates: Certificates, fault: Fault
) -> None:
    secure: dict[str, Any] = {}
    with bad_server(**fault.script) as server:
        server.pipelining = fault.pipelining
        if fault.certificate:
            server.tls = certificates.contexts[fault.certificate]
            secure = {"security": "starttls", "ca_file": certificates.authority}
        office.tick(MARCH, **by_smtp(server.port, **{**secure, **fault.options}))
        assert states(office) == fault.states
        assert len(server.bodies) == fault.bodies

        server.follow(fault.well)
        server.tls = certificates.contexts["good"]
        office.tick(LATER, **by_smtp(server.port, **secure))
    assert states(office) == fault.states_in_the_end
    assert accepted_once(office, planned, server)


@pytest.mark.parametrize("row", ["STARTTLS absent or refused", "STARTTLS, then silence"])
def test_without_starttls_no_word_goes_in_plain_text(office: Trial, row: str) -> None:
    for fault in ROWS[row]:
        with bad_server(**fault.script) as server:
            options = {**ACCOUNT, **fault.options}
            office.tick(MARCH, **by_smtp(server.port, **options))
        assert not {"AUTH", "MAIL", "DATA"} & set(server.verbs)


# What no script can say


@pytest.mark.parametrize("host", [HOST, "::1%nowhere"], ids=["refuses", "has-no-address"])
def test_server_that_is_not_there_is_waited_for(office: Trial, planned: Planned, host: str) -> None:
    with bad_server() as server:
        port = server.port
    office.tick(MARCH, **by_smtp(port, host=host))
    assert states(office) == {"retry server"}
    with bad_server(port) as server:
        office.tick(LATER, **by_smtp(port))
    assert accepted_once(office, planned, server)


def test_server_that_is_down_for_three_days_costs_nothing_and_one_alarm(
    office: Trial, planned: Planned, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server() as server:
        port = server.port
    for day in (2, 3, 4):
        office.tick(f"2026-03-{day:02}T09:00+08:00", **by_smtp(port))
    assert states(office) == {"retry server"}
    with bad_server(port) as server:
        office.tick("2026-03-05T09:00+08:00", **by_smtp(port))
    anew = Planned(planned.ledger, {key: office.stored(key) for key in KEYS})
    assert accepted_once(office, anew, server)
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


def test_server_that_is_down_for_too_long_leaves_the_notice_expired(office: Trial) -> None:
    with bad_server() as server:
        port = server.port
    office.tick(MARCH, **by_smtp(port))
    office.tick("2026-04-08T09:00+08:00", **by_smtp(port))
    assert office.states(period="2026-03") == {("expired", "too-late")}


def test_self_signed_certificate_is_taken_when_the_ca_file_is_that_certificate(
    office: Trial, planned: Planned, certificates: Certificates
) -> None:
    with bad_server(**TLS) as server:
        server.tls = certificates.contexts["self-signed"]
        secure = {"security": "starttls", "ca_file": certificates.own}
        office.tick(MARCH, **by_smtp(server.port, **secure))
    assert accepted_once(office, planned, server)


def test_refused_log_in_is_tried_once_a_probe_with_one_alarm(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    fault = log_in("535 5.7.8 wrong")
    with bad_server(**fault.script) as server:
        for second in (0, 10, 20, 30):
            at = f"2026-03-02T09:00:{second:02}+08:00"
            office.tick(at, **by_smtp(server.port, **fault.options))
        office.tick("2026-03-03T09:00+08:00", **by_smtp(server.port, **fault.options))
    assert server.verbs.count("AUTH") == 2
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


class Few(Inbox):
    """Takes three recipients a message."""

    def said_to_rcpt(self, envelope: Received, address: str) -> str:
        return "452 4.5.3 too many recipients" if len(envelope.rcpt_tos) == 3 else "250 ok"


def test_recipients_beyond_the_servers_most_go_in_the_same_pass(tmp_path: Path) -> None:
    many = [f"p{number}@unit.test" for number in range(8)]
    with trial(tmp_path, small=True) as office, real_server(inbox := Few()) as port:
        office.edit_units('["lead@unit.test", "second@unit.test"]', str(many).replace("'", '"'))
        office.tick(MARCH, **by_smtp(port))
    to_lead = inbox.received[:3]
    assert [len(mail.rcpt_tos) for mail in to_lead] == [3, 3, 2]
    assert sorted(address for mail in to_lead for address in mail.rcpt_tos) == many


# The page


def test_every_row_of_the_page_says_what_these_tests_say() -> None:
    cells = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    rows = {cell[0]: cell[2] for cell in cells}
    for row, faults in ROWS.items():
        told = sorted(set().union(*(fault.states for fault in faults)))
        assert sorted(re.findall("`(.*?)`", rows[row])) == told, row


def test_every_reason_and_every_test_on_the_page_is_one() -> None:
    named = re.findall(rf"`(?:{'|'.join(State)}) ([a-z-]+)`( [^`|;]+)?", PAGE)
    assert named
    for reason, words in named:
        assert words.strip() == say("words.txt", "reason", value=Reason(reason))
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    names = set(re.findall(r"`(test_\w+)`", PAGE))
    assert names
    assert [name for name in names if f"def {name}(" not in tests] == []
