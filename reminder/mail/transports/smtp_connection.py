"""One session with a mail server: an answer for every recipient of every message."""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from reminder.domain.addresses import is_reserved
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.mail.transports import Envelope
from reminder.mail.transports.smtp_answers import refusal_answer
from reminder.mail.transports.smtp_client import (
    Client,
    SmtpLogIn,
    UnansweredError,
    error_text,
    readable,
    refused,
    reply_text,
    step,
)
from reminder.words import Sentence

GOODBYE = 2.0
CHECK = "cli/check.txt"

# RFC 3463 sections 3.3 and 3.4. Told apart, or one such message would hold up all others.
_TOO_LARGE = (b"5.2.3", b"5.3.4")
RESERVED = Answer(
    State.REFUSED, Reason.RESERVED_ADDRESS, "not sent: RFC 2606 reserves the address's domain"
)
UNSAYABLE = Answer(
    State.REFUSED, Reason.RECIPIENT_REFUSED, "not sent: the address is not printable ASCII"
)


class SmtpConnection:
    """One session, by `log_in`; `closed` once the server or a failure ended it.

    A message whose group of commands went unanswered goes again at once, by a new session.
    """

    def __init__(self, log_in: Callable[[], Client], server: str, *, spares_reserved: bool) -> None:
        self._log_in = log_in
        self._server = server
        self._spares_reserved = spares_reserved
        self._smtp = log_in()

    @property
    def closed(self) -> bool:
        return self._smtp.sock is None

    def introduction(self) -> tuple[str, str, SmtpLogIn]:
        """The server's name for itself, the encryption in use, and who we are to it."""
        hello = self._smtp.ehlo_resp if self._smtp.does_esmtp else self._smtp.helo_resp
        name = (hello or b"").split(b"\n")[0].split(b" ")[0]
        sock = self._smtp.sock
        tls = sock.version() if isinstance(sock, ssl.SSLSocket) else None
        return readable(name), tls or "", self._smtp.logged_in

    def try_out(self, sender: str, recipient: str) -> Sentence:
        """Whether a mail would be taken, without sending one. Raises `ServerError`."""
        both = {"sender": sender, "recipient": recipient}
        found = Sentence(CHECK, "takes_mail", both)
        for name, command in (("MAIL", f"FROM:<{sender}>"), ("RCPT", f"TO:<{recipient}>")):
            with step(self._server, name):
                code, reply = self._smtp.docmd(name, command)
            text = reply_text(code, reply)
            if 400 <= code < 500:
                facts = {"command": f"{name} {command}", "reply": text}
                found = Sentence(CHECK, "puts_off", facts)
                break
            if not 200 <= code < 300:
                raise ServerError(
                    f"mail server {self._server} refused {name} {command}: {text}",
                    hint="the mail server must know this host, smtp.username and mail.from as "
                    "its own",
                )
            if not recipient:
                return Sentence(CHECK, "takes_sender", {"sender": sender})
            if self._spares_reserved and is_reserved(recipient):
                return Sentence(CHECK, "recipient_untried", both)
        with step(self._server, "RSET"):
            self._smtp.rset()
        return found

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        self._still_ours = still_ours
        answers = self._never_sent(envelope)
        wanted = [one for one in dict.fromkeys(envelope.recipients) if one not in answers]
        while wanted:
            try:
                latest = self._answers(envelope, wanted)
            except (ServerError, ClaimLapsedError):
                if not _some_sent(answers):
                    raise
                break
            answers |= latest
            wanted = _too_many(latest)
        return answers

    def _answers(self, envelope: Envelope, wanted: Sequence[str]) -> dict[str, Answer]:
        try:
            return self._transaction(envelope, wanted)
        except UnansweredError:
            self._smtp = self._log_in()
            return self._transaction(envelope, wanted)

    def _transaction(self, envelope: Envelope, wanted: Sequence[str]) -> dict[str, Answer]:
        if refusal := self._mail(envelope, wanted):
            return dict.fromkeys(wanted, refusal)
        answers = self._rcpt(wanted)
        accepted = [one for one in wanted if one not in answers]
        if not accepted:
            self._reset()
            return answers
        return answers | dict.fromkeys(accepted, self._data(envelope.content))

    def close(self) -> None:
        """Says QUIT and waits a moment for the answer; never raises."""
        if self._smtp.sock is not None:
            self._smtp.timeout = min(self._smtp.timeout, GOODBYE)
            with suppress(OSError):
                self._smtp.sock.settimeout(self._smtp.timeout)
                self._smtp.quit()
        self._smtp.close()

    def _never_sent(self, envelope: Envelope) -> dict[str, Answer]:
        """The recipients that the server need not hear of, and why."""
        size, limit = len(envelope.content), self._smtp.esmtp_features.get("size", "")
        # RFC 1870 section 6.1. Asked here, so that a refused MAIL always concerns the server.
        if re.fullmatch("[0-9]{1,20}", limit) and 0 < int(limit) < size:
            words = f"not sent: {size} bytes, the server takes {limit}"
            refusal = Answer(State.REFUSED, Reason.MESSAGE_REFUSED, words)
            return dict.fromkeys(envelope.recipients, refusal)
        answers = {}
        for recipient in envelope.recipients:
            if self._spares_reserved and is_reserved(recipient):
                answers[recipient] = RESERVED
            elif not (recipient.isascii() and recipient.isprintable()):
                answers[recipient] = UNSAYABLE
        return answers

    def _ask(self, moment: str) -> None:
        if not self._still_ours():
            self._smtp.close()
            raise ClaimLapsedError(f"the claim lapsed before {moment}")

    def _mail(self, envelope: Envelope, wanted: Sequence[str]) -> Answer | None:
        """The one refusal that concerns the message; all others concern the server."""
        if self.closed:
            raise ServerError(
                f"mail server {self._server} failed at MAIL: the connection is closed"
            )
        self._ask("MAIL")
        size = f" SIZE={len(envelope.content)}" if self._smtp.has_extn("size") else ""
        mail = f"MAIL FROM:<{envelope.sender}>{size}"
        self._smtp.begin([mail, *[f"RCPT TO:<{one}>" for one in wanted], "DATA"])
        with step(self._server, "MAIL"):
            code, reply = self._smtp.reply()
        if code == 250:
            return None
        if code != 421:
            self._smtp.read_out()
        if code == 552 and reply.startswith(_TOO_LARGE):
            return Answer(State.REFUSED, Reason.MESSAGE_REFUSED, reply_text(code, reply))
        self.close()
        raise refused(self._server, "MAIL", code, reply)

    def _rcpt(self, wanted: Sequence[str]) -> dict[str, Answer]:
        """The recipients that failed. A server that breaks off here fails all that have no
        final answer: one recipient may be the cause, so the next message still gets its turn."""
        failed: dict[str, Answer] = {}
        for recipient in wanted:
            try:
                code, reply = self._smtp.reply()
            except OSError as error:
                return self._broken_off(wanted, error_text(error)) | failed
            if code in (250, 251, 252):
                continue
            if not _is_refusal(code):
                return self._broken_off(wanted, reply_text(code, reply)) | failed
            failed[recipient] = refusal_answer(
                code, reply, Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_DEFERRED
            )
        return failed

    def _broken_off(self, wanted: Sequence[str], words: str) -> dict[str, Answer]:
        self._smtp.close()
        return dict.fromkeys(wanted, Answer(State.RETRY, Reason.SERVER, words))

    def _data(self, content: bytes) -> Answer:
        """From here on the message is at risk: every way out is an answer. Where DATA went ahead
        the claim is asked last; without its final dot no server takes a message (RFC 5321
        section 4.1.1.4)."""
        went_ahead = self._smtp.outstanding
        if not went_ahead:
            self._ask("DATA")
        try:
            code, reply = self._smtp.reply()
            if code == 354:
                if went_ahead:
                    self._ask("the message")
                self._smtp.send(_on_the_wire(content))
                code, reply = self._smtp.getreply()
                if 200 <= code < 300:
                    return Answer(State.SENT, Reason.ACCEPTED, reply_text(code, reply))
        except OSError as error:
            return self._lost(error_text(error))
        if code == 421:
            self._smtp.close()
        elif not _is_refusal(code):
            return self._lost(reply_text(code, reply))
        self._reset()
        return refusal_answer(code, reply, Reason.MESSAGE_REFUSED, Reason.MESSAGE_DEFERRED)

    def _lost(self, words: str) -> Answer:
        self._smtp.close()
        return Answer(State.RETRY, Reason.ANSWER_LOST, f"no answer after DATA: {words}")

    def _reset(self) -> None:
        """Nothing of this message may cling to the next; a server that balks is dropped."""
        if self.closed:
            return
        self._smtp.read_out()
        try:
            code, _ = self._smtp.rset()
        except OSError:
            code = 0
        if code != 250:
            self._smtp.close()


def _some_sent(answers: Mapping[str, Answer]) -> bool:
    return any(answer.state is State.SENT for answer in answers.values())


def _too_many(answers: Mapping[str, Answer]) -> list[str]:
    """RFC 5321 section 4.5.3.1.10: who got a 452 beside accepted ones belongs in a transaction
    of their own, at once. Each takes somebody, so there is an end."""
    if not _some_sent(answers):
        return []
    later = Reason.RECIPIENT_DEFERRED
    return [one for one, it in answers.items() if it.reason is later and it.reply.startswith("452")]


def _on_the_wire(content: bytes) -> bytes:
    """Dots doubled and the final dot set (RFC 5321 section 4.5.2); else byte for byte."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    doubled = ended.replace(b"\n.", b"\n..")
    return (b"." if doubled.startswith(b".") else b"") + doubled + b".\r\n"


def _is_refusal(code: int) -> bool:
    """421 closes the channel (RFC 5321 section 4.2.3); other classes are out of step here."""
    return 400 <= code < 600 and code != 421
