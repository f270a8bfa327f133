"""Mail servers on loopback: a real one, small ones that misbehave as told, and mail for them."""

import socketserver
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as Received

from reminder.delivery.transports import Envelope
from reminder.delivery.transports.smtp import SmtpTransport
from reminder.domain.notices import Answer, Reason, State
from reminder.settings.model import SmtpSettings

CONTENT = b"Subject: plan\r\n\r\n.\r\n..\r\n.one\r\ntwo.\r\n\r\nlast\r\n"
LEAD, RELATED = "lead@unit.test", "related@unit.test"
# Seconds to wait for a server that will not answer.
SHORT = 0.3

CLOSE = "close"
HANG = "hang"
DRIP = "drip"
CUT_SHORT = "a reply without its line end"
GO_THEN_CLOSE = "354 go, then close"


class Inbox:
    """Keeps what a real server accepted."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.mail_options: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        self.received.append(envelope)
        self.mail_options = envelope.mail_options
        return "250 2.0.0 kept"


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def real_server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """An aiosmtpd server; gives its port."""
    options.setdefault("hostname", "127.0.0.1")
    controller = _OnAnyPort(inbox, port=0, server_hostname="mail.test", **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class Accounts:
    """Knows one user; keeps the names of the mechanisms that were tried."""

    def __init__(self, user: str, password: str) -> None:
        self._known = LoginPassword(user.encode(), password.encode())
        self.tried: list[str] = []

    def __call__(
        self, server: SMTP, session: Session, envelope: Received, mechanism: str, data: object
    ) -> AuthResult:
        self.tried.append(mechanism)
        return AuthResult(success=data == self._known, handled=False)


def server_tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


Script = dict[str, list[str]]

_POLITE: Script = {
    "GREETING": ["220 bad.test ESMTP"],
    "EHLO": ["250-bad.test\r\n250 SIZE 100000"],
    "MAIL": ["250 2.1.0 sender ok"],
    "RCPT": ["250 2.1.5 recipient ok"],
    "DATA": ["354 go ahead"],
    "BODY": ["250 2.0.0 kept"],
    "RSET": ["250 2.0.0 forgotten"],
    "QUIT": ["221 2.0.0 bye"],
}


class BadServer(socketserver.ThreadingTCPServer):
    """Answers by a script: for a verb a list of replies, the last one again and again.

    GREETING and BODY (what ends with the final dot) count as verbs. `commands` is what it heard.
    """

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.script = {verb: list(replies) for verb, replies in (_POLITE | script).items()}
        self.commands: list[str] = []
        self.bodies: list[bytes] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def verbs(self) -> list[str]:
        return [command.split(" ")[0].upper() for command in self.commands]

    def next_reply(self, verb: str) -> str:
        replies = self.script.get(verb, ["502 5.5.1 not here"])
        return replies.pop(0) if len(replies) > 1 else replies[0]


class _Session(socketserver.StreamRequestHandler):
    server: BadServer

    def handle(self) -> None:
        try:
            self._converse()
        except ConnectionError:
            return

    def _converse(self) -> None:
        going = self._reply("GREETING")
        while going and (line := self.rfile.readline()):
            self.server.commands.append(line.decode().rstrip())
            verb = self.server.verbs[-1]
            going = self._reply(verb) and verb != "QUIT"

    def _reply(self, verb: str) -> bool:
        """Whether the conversation goes on."""
        reply = self.server.next_reply(verb)
        if reply == CLOSE:
            return False
        if reply == HANG:
            self._wait_for_the_end()
            return False
        if reply == DRIP:
            self._drip()
            return False
        if reply == CUT_SHORT:
            self.wfile.write(b"250 2.0.0 ke")
            return False
        if reply == GO_THEN_CLOSE:
            self.wfile.write(b"354 go\r\n")
            self.rfile.readline()
            return False
        self.wfile.write(f"{reply}\r\n".encode())
        if reply.startswith("354"):
            self._read_body()
            return self._reply("BODY")
        return not reply.startswith("421")

    def _read_body(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.bodies.append(b"".join(lines))

    def _wait_for_the_end(self) -> None:
        while self.rfile.readline():
            pass

    def _drip(self) -> None:
        for _ in range(100):
            self.wfile.write(b"2")
            time.sleep(0.05)


@contextmanager
def bad_server(**script: list[str]) -> Iterator[BadServer]:
    with BadServer(script) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ours() -> bool:
    return True


def transport(port: int, **options: Any) -> SmtpTransport:
    options = {"host": "127.0.0.1", "security": "none", "timeout": 5} | options
    return SmtpTransport(SmtpSettings(port=port, **options), "client.test")


def mail(*recipients: str, content: bytes = CONTENT) -> Envelope:
    return Envelope("<1@mail.test>", "office@mail.test", recipients or (LEAD,), content)


def send(
    server: BadServer,
    *recipients: str,
    content: bytes = CONTENT,
    **options: Any,
) -> Mapping[str, Answer]:
    connection = transport(server.port, **options).open()
    try:
        return connection.send(mail(*recipients, content=content), ours)
    finally:
        connection.close()


def kind(answer: Answer) -> tuple[State, Reason]:
    return answer.state, answer.reason
