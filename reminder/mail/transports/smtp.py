"""The way out through a mail server: smtplib, step by step, encrypted unless told otherwise."""

import smtplib
import socket
import ssl
from base64 import b64encode
from functools import cached_property

from reminder.documents.sections import SmtpSettings
from reminder.domain.addresses import is_domain, is_loopback
from reminder.errors import ServerError
from reminder.mail.transports.smtp_client import (
    Client,
    Pipelining,
    TlsClient,
    error_text,
    failure,
    refused,
    reply_text,
    step,
)
from reminder.mail.transports.smtp_connection import CHECK, SmtpConnection
from reminder.words import Sentence

# Over TLS the plainest is the best supported; CRAM-MD5 for servers that offer nothing else.
_LOG_INS = ("PLAIN", "LOGIN", "CRAM-MD5")
# RFC 4954 sections 4 and 6: this mechanism is unknown, too weak, or needs more encryption.
_OTHER_LOG_IN = (504, 534, 538)
# RFC 1869 section 4.5 and RFC 5321 section 3.2: a server from before EHLO still knows HELO.
_NO_EHLO = (500, 501, 502, 504)


class SmtpTransport:
    """Opens connections to the one server of the settings; keeps between them only whether it
    knows PIPELINING."""

    def __init__(self, options: SmtpSettings) -> None:
        self._options = options
        self._local = is_loopback(options.host)
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.server = f"{host}:{options.effective_port}"
        self._pipelining = Pipelining(self.server)

    def open(self) -> SmtpConnection:
        """Connected, encrypted and logged in as the settings say, or a `ServerError`."""
        return SmtpConnection(self._session, self.server, spares_reserved=not self._local)

    def check(self, sender: str, recipient: str) -> Sentence:
        """What the server is, and what it says to a mail for that recipient, of which it gets
        nothing. Without a recipient only the sender is asked about. Raises `ServerError`."""
        connection = self.open()
        try:
            name, tls = connection.introduction()
            facts: dict[str, object] = {"server": str(self.server), "name": name, "tls": tls}
            facts |= {"is_logged_in": bool(self._options.username)}
            return Sentence(
                CHECK, "server", facts | {"trial": connection.try_out(sender, recipient)}
            )
        finally:
            connection.close()

    def _session(self) -> Client:
        options = self._options
        if options.username and options.security == "none" and not self._local:
            raise ServerError(
                f"mail server {self.server}: a log-in without encryption would show the password "
                "to the network",
                permanent=True,
                hint="set smtp.security to starttls or tls, or leave smtp.username empty",
            )
        smtp = self._connect()
        try:
            self._greet(smtp)
            if options.security == "starttls":
                self._start_tls(smtp)
            if options.username:
                self._log_in(smtp)
        except ServerError:
            smtp.close()
            raise
        return smtp

    def _connect(self) -> Client:
        name, options = self._hello, self._options
        server = (self._pipelining, options.host, options.effective_port, name or "localhost")
        tls = self._tls() if options.security == "tls" else None
        try:
            if tls:
                smtp: Client = TlsClient(*server, timeout=options.timeout, context=tls)
            else:
                smtp = Client(*server, timeout=options.timeout)
        except Exception as error:  # no server is trouble of the server, whatever it was
            greeted = isinstance(error, smtplib.SMTPException)
            raise failure(self.server, "greeting" if greeted else "connect", error) from error
        if not name and smtp.sock:
            # RFC 5321 section 4.1.3: who has no name says its address.
            address = str(smtp.sock.getsockname()[0]).partition("%")[0]
            smtp.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        return smtp

    @cached_property
    def _hello(self) -> str:
        """Empty where the host has no name that a server understands."""
        if self._options.hello:
            return self._options.hello
        try:
            name = socket.getfqdn()
        except (OSError, UnicodeError):
            return ""
        return name if is_domain(name) else ""

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._options.ca_file)
        except OSError as error:
            raise ServerError(
                f"smtp.ca_file: {self._options.ca_file}: {error.strerror or error}, "
                "wanted certificates in PEM form",
                permanent=True,
            ) from error
        if self._options.ca_file:
            # Set by Python 3.13, which refuses an authority without the identifier that OpenSSL's
            # tools left out by default for years. This one was named by hand, so it is trusted.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def _greet(self, smtp: Client) -> None:
        with step(self.server, "EHLO"):
            code, reply = smtp.ehlo()
            if code in _NO_EHLO:
                code, reply = smtp.helo()
        if code != 250:
            raise refused(self.server, "EHLO", code, reply)

    def _start_tls(self, smtp: Client) -> None:
        if not smtp.has_extn("starttls"):
            raise ServerError(
                f"mail server {self.server} does not offer STARTTLS, and mail does not go "
                "unencrypted in its place",
                permanent=True,
                hint="set smtp.security to tls (port 465), or to none in a network you trust",
            )
        context = self._tls()
        with step(self.server, "STARTTLS"):
            smtp.starttls(context=context)
        # RFC 3207 section 4.2: what the server said before TLS counts for nothing.
        self._greet(smtp)

    def _log_in(self, smtp: Client) -> None:
        user, password = self._options.username, self._options.password.get_secret_value()
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        # RFC 4616 section 2 alone says how names and passwords beyond ASCII are written.
        is_ascii = (user + password).isascii()
        usable = _LOG_INS if is_ascii else ("PLAIN",)
        methods = [method for method in usable if method in offered]
        if not methods:
            why = "" if is_ascii else ", for a user name or password that is not ASCII"
            raise ServerError(
                f"mail server {self.server} offers no log-in of {', '.join(usable)}{why}",
                permanent=True,
                hint="leave smtp.username empty if the server wants no log-in",
            )
        for method in methods:
            code, words = _authenticate(smtp, method, user, password)
            if code == 235:
                return
            if code not in _OTHER_LOG_IN:
                break
        for secret in (f"\0{user}\0{password}", password) if password else ():
            # A server may echo the line that it did not understand.
            words = words.replace(b64encode(secret.encode()).decode(), "***").replace(secret, "***")
        raise ServerError(
            f"mail server {self.server} refused the log-in of {user}: {words}",
            permanent=500 <= code < 600,
            hint="check smtp.username and smtp.password; some providers want an app password",
        )


def _authenticate(smtp: Client, method: str, user: str, password: str) -> tuple[int, str]:
    """The server's code, 0 when it gave none, and its words. smtplib's `login` would try every
    mechanism after a refusal: three wrong passwords lock an account."""
    smtp.user, smtp.password = user, password
    try:
        if method == "PLAIN":  # in UTF-8 (RFC 4616 section 2); smtplib writes ASCII alone
            words = b64encode(f"\0{user}\0{password}".encode()).decode()
            code, reply = smtp.docmd("AUTH", f"PLAIN {words}")
            if code == 334:  # it passed over what came with the command, and asks for it
                code, reply = smtp.docmd(words)
        else:
            way = getattr(smtp, f"auth_{method.lower().replace('-', '_')}")
            code, reply = smtp.auth(method, way)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code, error_text(error)
    except Exception as error:  # noqa: BLE001 - e.g. a challenge that is not base64
        return 0, error_text(error)
    finally:
        smtp.password = ""
    # smtplib lets 503 pass as «logged in before», which we never are.
    return code, reply_text(code, reply)
