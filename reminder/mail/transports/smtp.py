"""The way out through a mail server: smtplib, step by step, encrypted unless told otherwise."""

import smtplib
import socket
import ssl
from datetime import UTC, tzinfo
from functools import cached_property

from reminder.documents.server_sections import SmtpSettings
from reminder.domain.addresses import is_domain, is_loopback
from reminder.errors import ServerError
from reminder.mail.certificates import end_of, show, trusting
from reminder.mail.oauth import AccessToken, TokenSource
from reminder.mail.transports.smtp_client import (
    Client,
    Pipelining,
    TlsClient,
    failure,
    refused,
    step,
)
from reminder.mail.transports.smtp_connection import CHECK, SmtpConnection
from reminder.mail.transports.smtp_login import TokenRefusedError, log_in
from reminder.words import Sentence

# RFC 1869 section 4.5 and RFC 5321 section 3.2: a server from before EHLO still knows HELO.
_NO_EHLO = (500, 501, 502, 504)


class SmtpTransport:
    """Opens connections to the one server of the settings; keeps between them only whether it
    knows PIPELINING."""

    def __init__(self, options: SmtpSettings, tokens: TokenSource | None = None) -> None:
        self._options = options
        self._tokens = tokens
        self._local = is_loopback(options.host)
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.server = f"{host}:{options.effective_port}"
        self._pipelining = Pipelining(self.server)

    def open(self) -> SmtpConnection:
        """Connected, encrypted and logged in as the settings say, or a `ServerError`."""
        return SmtpConnection(self._session, self.server, spares_reserved=not self._local)

    def check(self, sender: str, recipient: str, zone: tzinfo = UTC) -> Sentence:
        """What the server is, who we are to it, and what it says to a mail for that recipient, of
        which it gets nothing. Without a recipient only the sender is asked about. Raises
        `ServerError`."""
        connection = self.open()
        try:
            name, tls, logged_in = connection.introduction()
            until = logged_in.until and logged_in.until.astimezone(zone)
            facts: dict[str, object] = {"server": self.server, "name": name, "tls": tls}
            facts |= {"method": logged_in.method, "until": until}
            facts["certificate"] = certificate = self._options.client_cert
            facts["ends"] = certificate and end_of(certificate)
            return Sentence(
                CHECK, "server", facts | {"trial": connection.try_out(sender, recipient)}
            )
        finally:
            connection.close()

    def _session(self) -> Client:
        """A token that the server refuses may have been withdrawn: another one is tried once."""
        try:
            return self._new_session()
        except TokenRefusedError as error:
            return self._new_session(error.token)

    def _new_session(self, refused: AccessToken | None = None) -> Client:
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
            smtp.logged_in = log_in(smtp, self.server, options, self._tokens, refused)
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
        options = self._options
        context = trusting(options.ca_file, "smtp.ca_file")
        if options.client_cert:
            password = options.client_key_password.get_secret_value()
            show(context, options.client_cert, options.client_key or options.client_cert, password)
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
