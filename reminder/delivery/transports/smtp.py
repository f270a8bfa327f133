"""The way out through a mail server: smtplib, step by step, encrypted unless told otherwise."""

import smtplib
import ssl
from base64 import b64encode

from reminder.delivery.transports.smtp_commands import Pipelining
from reminder.delivery.transports.smtp_connection import SmtpConnection
from reminder.delivery.transports.smtp_replies import (
    Client,
    TlsClient,
    failure,
    refused,
    said,
    step,
    words_of,
)
from reminder.errors import ServerError
from reminder.settings.addresses import is_loopback
from reminder.settings.model import SmtpSettings

# Over TLS the plainest is the best supported; CRAM-MD5 for servers that offer nothing else.
_LOG_INS = ("PLAIN", "LOGIN", "CRAM-MD5")
# RFC 4954 sections 4 and 6: this mechanism is unknown, too weak, or needs more encryption.
_OTHER_LOG_IN = (504, 534, 538)
# RFC 1869 section 4.5 and RFC 5321 section 3.2: a server from before EHLO still knows HELO.
_NO_EHLO = (500, 501, 502, 504)


class SmtpTransport:
    """Opens connections to the one server of the settings; keeps between them only whether it
    knows PIPELINING."""

    def __init__(self, options: SmtpSettings, local_hostname: str | None = None) -> None:
        self._options = options
        self._local_hostname = local_hostname
        self._local = is_loopback(options.host)
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.server = f"{host}:{options.effective_port}"
        self._pipelining = Pipelining(self.server)

    def open(self) -> SmtpConnection:
        """Connected, encrypted and logged in as the settings say, or a `ServerError`."""
        return SmtpConnection(
            self._session, self._pipelining, self.server, spares_reserved=not self._local
        )

    def _session(self) -> Client:
        self._refuse_to_show_the_password()
        smtp = self._connect()
        try:
            self._greet(smtp)
            if self._options.security == "starttls":
                self._start_tls(smtp)
            if self._options.username:
                self._log_in(smtp)
        except ServerError:
            smtp.close()
            raise
        return smtp

    def check(self) -> str:
        """One sentence on the server as it is now. Raises `ServerError`."""
        connection = self.open()
        try:
            logged_in = "logged in" if self._options.username else "not logged in"
            return f"{self.server} answers as {connection.introduction()}, {logged_in}."
        finally:
            connection.close()

    def _refuse_to_show_the_password(self) -> None:
        options = self._options
        if options.username and options.security == "none" and not self._local:
            raise ServerError(
                f"mail server {self.server}: a log-in without encryption would show the password "
                "to the network",
                permanent=True,
                hint="set smtp.security to starttls or tls, or leave smtp.username empty",
            )

    def _connect(self) -> Client:
        host, port = self._options.host, self._options.effective_port
        name, timeout = self._local_hostname, self._options.timeout
        try:
            if self._options.security != "tls":
                return Client(host, port, name, timeout)
            return TlsClient(host, port, name, timeout=timeout, context=self._tls())
        except smtplib.SMTPException as error:
            raise failure(self.server, "greeting", error) from error
        except (OSError, UnicodeError) as error:
            raise failure(self.server, "connect", error) from error

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._options.ca_file)
        except OSError as error:
            raise ServerError(
                f"smtp.ca_file: {self._options.ca_file}: {error.strerror or error}, "
                "wanted certificates in PEM form",
                permanent=True,
            ) from error

    def _greet(self, smtp: smtplib.SMTP) -> None:
        with step(self.server, "EHLO"):
            code, reply = smtp.ehlo()
            if code in _NO_EHLO:
                code, reply = smtp.helo()
        if code != 250:
            raise refused(self.server, "EHLO", code, reply)

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
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

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        methods = [method for method in _LOG_INS if method in offered]
        if not methods:
            raise ServerError(
                f"mail server {self.server} offers no log-in of {', '.join(_LOG_INS)}",
                permanent=True,
                hint="leave smtp.username empty if the server wants no log-in",
            )
        for method in methods:
            code, words = self._authenticate(smtp, method)
            if code == 235:
                return
            if code not in _OTHER_LOG_IN:
                break
        raise ServerError(
            f"mail server {self.server} refused the log-in of {self._options.username}: "
            f"{self._without_secrets(words)}",
            permanent=500 <= code < 600,
            hint="check smtp.username and smtp.password; some providers want an app password",
        )

    def _authenticate(self, smtp: smtplib.SMTP, method: str) -> tuple[int, str]:
        """The server's code, 0 when it gave none, and its words. smtplib's `login` would try
        every mechanism after a refusal: three wrong passwords lock an account."""
        smtp.user, smtp.password = self._options.username, self._options.password.get_secret_value()
        if not (smtp.user + smtp.password).isascii():
            return 500, "not tried: user name or password is not ASCII"
        try:
            way = getattr(smtp, f"auth_{method.lower().replace('-', '_')}")
            code, reply = smtp.auth(method, way)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code, words_of(error)
        except (OSError, ValueError) as error:  # ValueError: a challenge that is not base64
            return 0, words_of(error)
        finally:
            smtp.password = ""
        # smtplib lets 503 pass as «logged in before», which we never are.
        return code, said(code, reply)

    def _without_secrets(self, words: str) -> str:
        """A server may echo the line that it did not understand."""
        user, password = self._options.username, self._options.password.get_secret_value()
        if not password:
            return words
        for shown in (f"\0{user}\0{password}", password):
            words = words.replace(b64encode(shown.encode()).decode(), "***")
        return words.replace(password, "***")
