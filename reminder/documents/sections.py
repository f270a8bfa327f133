"""The tables of reminder.toml: what each setting may be, and its default."""

from datetime import date, time
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from reminder.documents import values
from reminder.documents.oauth_section import OAuthSettings
from reminder.documents.section import Section
from reminder.domain.addresses import is_loopback, is_public_name, mailbox
from reminder.errors import Mistake


class SmtpSettings(Section):
    host: values.Host = "localhost"
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: values.OptionalLine = ""
    password: values.Secret = SecretStr("")
    auth: Literal["auto", "password", "xoauth2"] = "auto"
    oauth: OAuthSettings = OAuthSettings()
    client_cert: values.CleanPath | None = None
    client_key: values.CleanPath | None = None
    client_key_password: values.Secret = SecretStr("")
    ca_file: values.CleanPath | None = None
    hello: values.Hello = ""
    timeout: float = Field(60, gt=0, le=3600, description="seconds for one answer")
    connections: int = Field(2, ge=1, le=64)
    messages_per_connection: int = Field(100, ge=1, le=10_000)
    rate: int = Field(0, ge=0, le=100_000, description="messages a minute, 0 for no limit")

    @property
    def effective_port(self) -> int:
        return self.port or {"none": 25, "starttls": 587, "tls": 465}[self.security]

    @property
    def by_token(self) -> bool:
        """Whether the log-in is by a token of `oauth`, and not by a password."""
        return self.auth != "password" and self.oauth.is_set

    @property
    def certificates(self) -> dict[str, Path]:
        """The files with certificates and their key, by the setting that names them."""
        named = {name: getattr(self, name) for name in ("ca_file", "client_cert", "client_key")}
        named["oauth.ca_file"] = self.oauth.ca_file
        return {name: path for name, path in named.items() if path}

    @property
    def secrets(self) -> tuple[str, ...]:
        own = (self.password, self.client_key_password)
        return (*(secret.get_secret_value() for secret in own), *self.oauth.secrets)

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.auth == "xoauth2" and not self.oauth.is_set:
            raise Mistake("auth_without_oauth")
        if (self.by_token or self.auth == "password") and not self.username:
            raise Mistake("auth_without_username")
        if self.client_key and not self.client_cert:
            raise Mistake("key_without_certificate")
        if self.client_cert and self.security == "none":
            raise Mistake("certificate_without_tls")
        return self


class WebSettings(Section):
    host: values.OptionalHost = "127.0.0.1"
    port: int = Field(8026, ge=0, le=65535)
    base_url: values.Site = ""
    finish: Literal["confirm", "direct"] = "confirm"
    console: Literal["local", "anywhere", "off"] = "local"
    foreign_calendars: bool | None = None
    metrics: Literal["token", "open", "off"] = "token"

    @field_validator("console")
    @classmethod
    def _never_a_password_in_the_clear(cls, value: str, info: ValidationInfo) -> str:
        base = info.data.get("base_url")
        if value == "anywhere" and base is not None and not base.startswith("https:"):
            raise Mistake("console_without_https")
        return value

    @property
    def root(self) -> str:
        """The path of `base_url`, below which every page lies: `/reminder`, mostly empty."""
        return urlsplit(self.base_url).path

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")

    @property
    def public_url(self) -> str:
        """Where the pages are; on this machine when no address was set."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 - compared, not bound
        host = f"[{host}]" if ":" in host else host
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def reachable(self) -> bool:
        """Whether `base_url` was set to something that another machine can open."""
        return bool(self.base_url) and not is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def offers_foreign_calendars(self) -> bool:
        """Buttons that hand a feed's address, which is its only secret, to Google or Microsoft."""
        if self.foreign_calendars is not None:
            return self.foreign_calendars
        return is_public_name(urlsplit(self.base_url).hostname or "")


class OidcSettings(Section):
    """The house's identity provider: whom it names by `claim` may log in, if there is an account
    with that as its `subject`, or else its name."""

    issuer: values.OptionalLine = ""
    client_id: values.OptionalLine = ""
    client_secret: values.Secret = SecretStr("")
    claim: values.Line = "sub"

    @field_validator("issuer")
    @classmethod
    def _over_https(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise Mistake("issuer_without_https", value=value)
        if value and not find_spec("authlib"):
            raise Mistake("oidc_not_installed")
        return value

    @model_validator(mode="after")
    def _known_there(self) -> Self:
        if self.issuer and not self.client_id:
            raise Mistake("issuer_without_client")
        return self


class ConsoleSettings(Section):
    totp: Literal["optional", "required"] = "optional"
    four_eyes: bool = False
    oidc: OidcSettings = OidcSettings()


class PingSettings(Section):
    """Whoever hears nothing at that address any more tells somebody."""

    url: values.WatchdogUrl = SecretStr("")


class LogSettings(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class MailSettings(Section):
    sender: values.Sender = Field("reminder@reminder.example", alias="from")
    reply_to: values.OptionalMailbox = ""
    operator: values.OptionalMailbox = ""
    contact: values.OptionalLine = ""
    redirect_to: values.OptionalMailbox = ""
    first_start: Literal["send", "hold"] | None = None
    approval: bool = False

    @property
    def secretariat(self) -> str:
        """Where answers go, or the operator; empty when neither is set."""
        return self.reply_to or self.operator

    @property
    def sender_name(self) -> str:
        return parseaddr(self.sender)[0]

    @property
    def sender_address(self) -> str:
        return mailbox(parseaddr(self.sender)[1])


class BackupSettings(Section):
    """Of the ledger, by whoever delivers; none without a folder."""

    folder: values.CleanPath | None = None
    keep: int = Field(14, ge=1, le=1000)
    at: values.LocalTime = time(2, 30)


class InboxSettings(Section):
    """The mailbox to which bounces and replies come: a Maildir, or one of an IMAP server."""

    maildir: values.CleanPath | None = None
    host: values.OptionalHost = ""
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    username: values.OptionalLine = ""
    password: values.Secret = SecretStr("")
    oauth: OAuthSettings = OAuthSettings()
    ca_file: values.CleanPath | None = None
    timeout: float = Field(20, gt=0, le=600, description="seconds for one answer")
    folder: values.Line = "INBOX"
    done: values.OptionalLine = "reminder"
    authserv_id: values.OptionalLine = ""
    trust: bool = False

    @model_validator(mode="after")
    def _one_mailbox(self) -> Self:
        if self.maildir and self.host:
            raise Mistake("two_inboxes")
        if self.host and not self.username:
            raise Mistake("inbox_without_username")
        return self

    @property
    def is_set(self) -> bool:
        return bool(self.maildir or self.host)

    @property
    def effective_port(self) -> int:
        return self.port or (993 if self.security == "tls" else 143)


class DigestSettings(Section):
    at: values.LocalTime = time(9)
    workdays_before: int = Field(0, ge=0, le=10)
    tracking: bool = True


class WorkdaySettings(Section):
    work: frozenset[date] = frozenset()
    rest: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if both := self.work & self.rest:
            raise Mistake("work_and_rest", day=min(both))
        return self


class NudgeStep(Section):
    workdays_left: int = Field(3, ge=0, le=20)
    to: values.Recipients = Field([values.UNIT])


class OverdueStep(Section):
    workdays_after: int = Field(ge=1, le=60)
    every: int | None = Field(None, ge=1, le=20, description="working days until it comes again")
    times: int = Field(1, ge=1, le=12, description="how often at most")
    to: values.Recipients = Field([values.UNIT])

    @model_validator(mode="after")
    def _repeats_both_ways(self) -> Self:
        if self.times > 1 and self.every is None:
            raise Mistake("times_without_every", times=self.times)
        if self.every and self.times == 1:
            raise Mistake("every_without_times", every=self.every)
        return self

    @property
    def days(self) -> list[int]:
        """Working days after due on which it comes."""
        return [self.workdays_after + number * (self.every or 0) for number in range(self.times)]


def _in_order(steps: list[OverdueStep]) -> list[OverdueStep]:
    days = [day for step in steps for day in step.days]
    if days != sorted(set(days)):
        raise Mistake("steps_out_of_order", days=days)
    return steps


OverdueSteps = Annotated[list[OverdueStep], AfterValidator(_in_order)]
