"""The tables of reminder.toml: what each setting may be, and its default."""

from datetime import date, time
from email.utils import parseaddr
from importlib.util import find_spec
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
from reminder.documents.section import Section
from reminder.domain.addresses import is_loopback, is_public_name, mailbox
from reminder.errors import Mistake


class WebSettings(Section):
    host: values.OptionalHost = Field("127.0.0.1", description="the address that it listens at")
    port: int = Field(8026, ge=0, le=65535, description="the port; 0 is any that is free")
    base_url: values.Site = Field(
        "", description="what readers open, perhaps with a path; without it no mail has a link"
    )
    finish: Literal["confirm", "direct"] = Field(
        "confirm",
        description="what a unit registers as done waits for the secretariat's word, or needs none",
    )
    console: Literal["local", "anywhere", "off"] = Field(
        "local",
        description="opens by `reminder console url`, by the log-in alone (https), or not at all",
    )
    foreign_calendars: bool | None = Field(
        None,
        description="whether pages offer Google's and Outlook's; else by `base_url`",
    )
    metrics: Literal["token", "open", "off"] = Field(
        "token", description="/metrics by a token, to everybody, or not at all"
    )

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

    issuer: values.OptionalLine = Field("", description="the provider's address")
    client_id: values.OptionalLine = Field("", description="as it knows this site")
    client_secret: values.Secret = Field(SecretStr(""), description="of this site there")
    claim: values.Line = Field("sub", description="what names a person there")

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
    totp: Literal["optional", "required"] = Field(
        "optional", description="two-step log-in, of who wants it or of everybody"
    )
    four_eyes: bool = Field(False, description="nobody lets go what they have written themselves")
    oidc: OidcSettings = Field(OidcSettings(), description="the house's identity provider")


class PingSettings(Section):
    """Whoever hears nothing at that address any more tells somebody."""

    url: values.WatchdogUrl = Field(
        SecretStr(""), description="an address that is asked about once a minute while all is well"
    )


class LogSettings(Section):
    format: Literal["text", "json"] = Field("text", description="for people or for programs")
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="what is less is left out"
    )


class MailSettings(Section):
    sender: values.Sender = Field(
        "reminder@reminder.example", alias="from", description="name and address of the sender"
    )
    reply_to: values.OptionalMailbox = Field("", description="where answers go")
    operator: values.OptionalMailbox = Field("", description="gets pre-flights, reports and alarms")
    contact: values.OptionalLine = Field("", description="whom to ask, in every mail")
    redirect_to: values.OptionalMailbox = Field(
        "", description="a rehearsal: everything goes there and nothing counts"
    )
    first_start: Literal["send", "hold"] | None = Field(
        None,
        description="`hold` waits for `reminder ledger release`; by default with `smtp`",
    )
    approval: bool = Field(False, description="digests wait until somebody has approved them")
    readers: Literal["same-domain", "any", "off"] = Field(
        "same-domain", description="whom units may add on their pages, to read by copy"
    )

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

    folder: values.CleanPath | None = Field(
        None, description="where copies of the ledger are put each night; without it none are made"
    )
    keep: int = Field(14, ge=1, le=1000, description="how many; the older ones go")
    at: values.LocalTime = Field(time(2, 30), description="when, in the plan's zone")


class DigestSettings(Section):
    at: values.LocalTime = Field(
        time(9), description="on the month's first working day, in the plan's zone"
    )
    workdays_before: int = Field(0, ge=0, le=10, description="or so many working days before it")
    tracking: bool = Field(
        True, description="whether digests and mails ask what became of the tasks of past months"
    )


class WorkdaySettings(Section):
    work: frozenset[date] = Field(frozenset(), description="days worked, whatever is published")
    rest: frozenset[date] = Field(frozenset(), description="days off, whatever is published")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if both := self.work & self.rest:
            raise Mistake("work_and_rest", day=min(both))
        return self


class NudgeStep(Section):
    workdays_left: int = Field(3, ge=0, le=20, description="working days before a task is due")
    to: values.Recipients = Field(
        [values.UNIT], description="`unit`, `secretariat`, addresses of the own house"
    )


class OverdueStep(Section):
    workdays_after: int = Field(ge=1, le=60, description="working days after a task was due")
    every: int | None = Field(None, ge=1, le=20, description="working days until it comes again")
    times: int = Field(1, ge=1, le=12, description="how often at most")
    to: values.Recipients = Field(
        [values.UNIT], description="`unit`, `secretariat`, addresses of the own house"
    )

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
