"""Mail servers on loopback: a real one, small ones that misbehave as told, and mail for them."""

import socket
import socketserver
import ssl
import struct
import time
from base64 import b64decode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Thread
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as Received

from reminder.documents.server_sections import SmtpSettings
from reminder.domain.notices import Answer, Reason, State
from reminder.mail.oauth import TokenSource
from reminder.mail.transports import Envelope
from reminder.mail.transports.smtp import SmtpTransport

CONTENT = b"Subject: plan\r\n\r\n.\r\n..\r\n.one\r\ntwo.\r\n\r\nlast\r\n"
LEAD, RELATED = "lead@unit.test", "related@unit.test"
# Seconds to wait for a server that will not answer.
SHORT = 0.3

CLOSE = "close"
HANG = "hang"
RESET = "reset"
DRIP = "drip"
CUT_SHORT = "a reply without its line end"
GO_THEN_CLOSE = "354 go, then close"
GO_THEN_RESET = "354 go, then reset"
GO_THEN_DEAF = "354 go, then read nothing"


class Last(str):
    """A reply after which the server closes."""


class Slow(str):
    """A reply that comes byte by byte, and in time."""


class Held(str):
    """A reply that goes out together with the next one."""


class Deaf(str):
    """A reply with which the server forgets what it was sent ahead."""


class Naming(str):
    """A reply that names the recipient where it has {}."""


class Inbox:
    """Keeps what a real server accepted; `meanwhile` is done while it has a message and has not
    said so."""

    pipelining = False

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.received: list[Received] = []
        self._meanwhile = meanwhile

    async def said_to_mail(self, peer: Any) -> str:
        return "250 ok"

    def said_to_rcpt(self, envelope: Received, address: str) -> str:
        return "250 ok"

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        offered = ["250-PIPELINING"] if self.pipelining else []
        return [*replies[:-1], *offered, replies[-1]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.mail_options = address, options
        return await self.said_to_mail(session.peer)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        reply = self.said_to_rcpt(envelope, address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        self._meanwhile()
        self.received.append(envelope)
        return "250 2.0.0 kept"

    @property
    def reached(self) -> list[str]:
        return [address for mail in self.received for address in mail.rcpt_tos]


class Picky(Inbox):
    """Refuses some addresses, all in the same words; `asked` is for whom it heard RCPT."""

    def __init__(self, refused: Collection[str], reply: str) -> None:
        super().__init__()
        self.refused, self.reply = refused, reply
        self.asked: list[str] = []

    def said_to_rcpt(self, envelope: Received, address: str) -> str:
        self.asked.append(address)
        return self.reply.format(address) if address in self.refused else "250 ok"


class TokenInbox(Inbox):
    """Takes the `good` tokens alone. Who is refused is told why in JSON first, as Google does it,
    or without, as Microsoft. `heard` is what it was told by the client, `ends` its last word."""

    def __init__(self, *good: str, method: str = "XOAUTH2", in_json: bool = True) -> None:
        super().__init__()
        self.good, self.in_json = list(good), in_json
        self.heard: list[str] = []
        self.ends: list[bytes] = []
        setattr(self, f"auth_{method}", self._asked)

    async def _asked(self, server: SMTP, args: list[str]) -> AuthResult:
        first = b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        self.heard.append(first.decode())
        token = self.heard[-1].partition("auth=Bearer ")[2].strip("\1")
        if token in self.good:
            return AuthResult(success=True)
        if not self.in_json:
            words = "535 5.7.3 Authentication unsuccessful [AM0PR01.eurprd01.prod.test]"
            return AuthResult(success=False, handled=False, message=words)
        why = '{"status":"400","schemes":"Bearer","scope":"https://mail.test/"}'
        self.ends.append(await server.challenge_auth(why))
        words = f"535 5.7.8 Not accepted: {token} {args[1:]}. Learn more at https://mail.test/"
        return AuthResult(success=False, handled=False, message=words)


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


def taking_tokens(inbox: TokenInbox) -> AbstractContextManager[int]:
    """And no password."""
    passwords = ["PLAIN", "LOGIN"]
    return real_server(inbox, auth_require_tls=False, auth_exclude_mechanism=passwords)


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


# A reply in bytes goes out as it stands, others get their line end.
Script = Mapping[str, Sequence[str | bytes]]

_POLITE: dict[str, list[str | bytes]] = {
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

    GREETING and BODY (what ends with the final dot) count as verbs. `commands` is what it heard,
    `bodies` what came for somebody, `accepted` what it said 250 to: an address and a body;
    `lone_dots` counts messages for nobody. With `pipelining` it offers that in every EHLO.
    """

    daemon_threads = True
    allow_reuse_address = True
    pipelining = False
    tls: ssl.SSLContext | None = None
    dropped = False

    def __init__(self, script: Script, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Session)
        self.commands: list[str] = []
        self.bodies: list[bytes] = []
        self.accepted: list[tuple[str, bytes]] = []
        self.lone_dots = 0
        self.over = Event()
        self.follow(script)

    def follow(self, script: Script) -> None:
        """From now on."""
        self.script = {verb: list(replies) for verb, replies in {**_POLITE, **script}.items()}

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def verbs(self) -> list[str]:
        return [_verb(command) for command in self.commands]

    def next_reply(self, verb: str) -> str | bytes:
        replies = self.script.get(verb, ["502 5.5.1 not here"])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return _with_pipelining(reply) if verb == "EHLO" and self.pipelining else reply


def _with_pipelining(reply: str | bytes) -> str | bytes:
    if isinstance(reply, bytes) or not reply.startswith("250"):
        return reply
    name, *rest = reply.split("\r\n")
    offers = ["250-PIPELINING", *rest] if rest else ["250 PIPELINING"]
    return "\r\n".join([f"250-{name[4:]}", *offers])


def _verb(command: str) -> str:
    return command.split(" ")[0].upper()


class _Session(socketserver.StreamRequestHandler):
    server: BadServer
    # Replies are said one by one: the second must not wait until the first was received.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.command, self.body = "", b""
        self.recipients: list[str] = []
        self.held = b""
        with suppress(OSError):
            going = self._reply("GREETING")
            while going and (line := self.rfile.readline()):
                self.command = line.decode(errors="replace").rstrip()
                self.server.commands.append(self.command)
                verb = _verb(self.command)
                going = self._reply(verb) and verb != "QUIT"
        self.request.close()

    def _reply(self, verb: str) -> bool:
        """Whether the conversation goes on."""
        reply = self.server.next_reply(verb)
        if isinstance(reply, Naming):
            reply = reply.format(self.command.partition("<")[2].rstrip(">"))
        if isinstance(reply, str) and reply in _ENDS:
            _ENDS[reply](self)
            return False
        self._say(reply)
        lines = (reply if isinstance(reply, bytes) else reply.encode()).splitlines()
        last = next((line.decode(errors="replace") for line in lines if line[3:4] != b"-"), "")
        return self._acts(verb, last) and not isinstance(reply, Last)

    def _say(self, reply: str | bytes) -> None:
        line = self.held + (reply if isinstance(reply, bytes) else f"{reply}\r\n".encode())
        self.held = line if isinstance(reply, Held) else b""
        if isinstance(reply, Held):
            return
        if isinstance(reply, Deaf):
            self._forget_what_was_sent_ahead()
        for part in [line] if not isinstance(reply, Slow) else [bytes([byte]) for byte in line]:
            self.wfile.write(part)

    def _forget_what_was_sent_ahead(self) -> None:
        self.request.setblocking(False)
        self.rfile.read(len(self.rfile.peek()))  # type: ignore[attr-defined]
        self.request.setblocking(True)

    def _acts(self, verb: str, words: str) -> bool:
        """What a reply brings with it, and whether the conversation goes on."""
        if verb == "STARTTLS" and self.server.tls and words.startswith("220"):
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.setup()
        if verb == "MAIL":
            self.recipients = []
        if verb == "RCPT" and words.startswith("25"):
            self.recipients.append(self.command.partition("<")[2].rstrip(">"))
        if verb == "BODY" and words.startswith("250"):
            self.server.accepted += [(one, self.body) for one in self.recipients]
        if verb != "BODY" and words.startswith("354"):
            self._read_body()
            return self._reply("BODY")
        return not words.startswith("421")

    def _read_body(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError("the client left within its message")
            lines.append(line)
        self.body = b"".join(lines)
        if lines or self.recipients:
            self.server.bodies.append(self.body)
        else:
            self.server.lone_dots += 1

    def _wait_for_the_end(self) -> None:
        while self.rfile.readline():
            pass

    def _drip(self) -> None:
        for _ in range(100):
            self.wfile.write(b"2")
            time.sleep(0.05)

    def _reset(self) -> None:
        """Closing with what is unread, and no lingering, sends RST."""
        now = struct.pack("ii", 1, 0)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)

    def _go(self) -> None:
        self.wfile.write(b"354 go\r\n")

    def _go_then_close(self) -> None:
        self._go()
        self.rfile.readline()


_ENDS: Mapping[str, Callable[[_Session], object]] = {
    CLOSE: lambda session: None,
    HANG: _Session._wait_for_the_end,
    RESET: _Session._reset,
    DRIP: _Session._drip,
    CUT_SHORT: lambda session: session.wfile.write(b"250 2.0.0 ke"),
    GO_THEN_CLOSE: _Session._go_then_close,
    GO_THEN_RESET: lambda session: (session._go_then_close(), session._reset()),
    GO_THEN_DEAF: lambda session: (session._go(), session.server.over.wait()),
}


@contextmanager
def bad_server(port: int = 0, **script: Sequence[str | bytes]) -> Iterator[BadServer]:
    with BadServer(script, port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def ours() -> bool:
    return True


def transport(port: int, tokens: TokenSource | None = None, **options: Any) -> SmtpTransport:
    given = {"host": "127.0.0.1", "security": "none", "timeout": 5, "hello": "client.test"}
    return SmtpTransport(SmtpSettings(port=port, **given | options), tokens)


def mail(*recipients: str, content: bytes = CONTENT) -> Envelope:
    return Envelope("<1@mail.test>", "office@mail.test", recipients or (LEAD,), content)


def send(
    server: BadServer,
    *recipients: str,
    content: bytes = CONTENT,
    claim: Callable[[], bool] = ours,
    **options: Any,
) -> Mapping[str, Answer]:
    """One message; `server.dropped` is whether it ended its connection."""
    connection = transport(server.port, **options).open()
    try:
        return connection.send(mail(*recipients, content=content), claim)
    finally:
        server.dropped = connection.closed
        connection.close()


def kind(answer: Answer) -> tuple[State, Reason]:
    return answer.state, answer.reason
