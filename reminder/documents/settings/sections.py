"""The tables of reminder.toml: every setting in them, its default and what it may be."""

from collections.abc import Callable
from datetime import date, time
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from reminder.domain.addresses import (
    hello_name,
    host_name,
    is_loopback,
    is_public_name,
    mailbox,
    site_address,
)
from reminder.domain.characters import UNSEEN, one_line, quoted

UNIT, SECRETARIAT = "unit", "secretariat"


def _clean(value: Path) -> Path:
    if "\0" in str(value):
        raise ValueError(f"is {quoted(str(value))}, wanted a path without NUL")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if UNSEEN.search(value.get_secret_value()):
        raise ValueError("holds a character that nobody types, wanted one line of text")
    return value


def _one_sender(value: str) -> str:
    if len(getaddresses([value])) > 1:
        raise ValueError(f"{quoted(value)} is more than one sender, wanted one")
    mailbox(parseaddr(value)[1] or value)
    return one_line(value)


def _of_the_plans_zone(value: time) -> time:
    if value.tzinfo:
        raise ValueError(f"is {value}, wanted a time without offset: the plan has its zone")
    return value


def _unless_empty(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda value: check(value) if value else value)


CleanPath = Annotated[Path, AfterValidator(_clean)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Line = Annotated[str, _unless_empty(one_line)]
Mailbox = Annotated[str, _unless_empty(mailbox)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SmtpSettings(Section):
    host: Annotated[str, AfterValidator(host_name)] = "localhost"
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: Line = ""
    password: Secret = SecretStr("")
    ca_file: CleanPath | None = None
    hello: Annotated[str, _unless_empty(hello_name)] = ""
    timeout: float = Field(60, gt=0, le=3600, description="seconds for one answer")
    connections: int = Field(2, ge=1, le=64)
    messages_per_connection: int = Field(100, ge=1, le=10_000)
    rate: int = Field(0, ge=0, le=100_000, description="messages a minute, 0 for no limit")

    @property
    def effective_port(self) -> int:
        return self.port or {"none": 25, "starttls": 587, "tls": 465}[self.security]


class WebSettings(Section):
    host: Annotated[str, _unless_empty(host_name)] = "127.0.0.1"
    port: int = Field(8026, ge=0, le=65535)
    base_url: Annotated[str, _unless_empty(site_address)] = ""
    finish: Literal["confirm", "direct"] = "confirm"
    console: Literal["local", "anywhere", "off"] = "local"
    foreign_calendars: bool | None = None

    @field_validator("console")
    @classmethod
    def _never_a_password_in_the_clear(cls, value: str, info: ValidationInfo) -> str:
        base = info.data.get("base_url")
        if value == "anywhere" and base is not None and not base.startswith("https:"):
            raise ValueError("is 'anywhere', wanted an https web.base_url with it, or 'local'")
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
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
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


class LogSettings(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class MailSettings(Section):
    sender: Annotated[str, AfterValidator(_one_sender)] = Field(
        "reminder@reminder.example", alias="from"
    )
    reply_to: Mailbox = ""
    operator: Mailbox = ""
    contact: Line = ""
    redirect_to: Mailbox = ""
    first_start: Literal["send", "hold"] | None = None
    approval: bool = False

    @property
    def sender_name(self) -> str:
        return parseaddr(self.sender)[0]

    @property
    def sender_address(self) -> str:
        return mailbox(parseaddr(self.sender)[1])


class DigestSettings(Section):
    at: Annotated[time, AfterValidator(_of_the_plans_zone)] = time(9)
    workdays_before: int = Field(0, ge=0, le=10)
    tracking: bool = True


class WorkdaySettings(Section):
    work: frozenset[date] = frozenset()
    rest: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if both := self.work & self.rest:
            raise ValueError(f"{min(both)} stands under work and under rest, wanted one of them")
        return self


def _recipient(value: str) -> str:
    if "@" in value:
        return mailbox(value)
    if value not in (UNIT, SECRETARIAT):
        wanted = f"{UNIT!r}, {SECRETARIAT!r} or an address"
        raise ValueError(f"is {quoted(value)}, wanted {wanted}")
    return value


Recipients = list[Annotated[str, AfterValidator(_recipient)]]


class NudgeStep(Section):
    workdays_left: int = Field(3, ge=0, le=20)
    to: Recipients = Field([UNIT])


class OverdueStep(Section):
    workdays_after: int = Field(ge=1, le=60)
    every: int | None = Field(None, ge=1, le=20, description="working days until it comes again")
    times: int = Field(1, ge=1, le=12, description="how often at most")
    to: Recipients = Field([UNIT])

    @model_validator(mode="after")
    def _repeats_both_ways(self) -> Self:
        if self.times > 1 and self.every is None:
            raise ValueError(f"comes {self.times} times, wanted every = so many working days")
        if self.every and self.times == 1:
            raise ValueError(f"comes every {self.every} working days, wanted times = 2 or more")
        return self

    @property
    def days(self) -> list[int]:
        """Working days after due on which it comes."""
        return [self.workdays_after + number * (self.every or 0) for number in range(self.times)]
