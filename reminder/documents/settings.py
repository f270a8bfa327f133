"""Every setting: its default and what it may be."""

import os
from datetime import date, time
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reminder.documents import values
from reminder.domain.addresses import is_loopback, is_public_name, mailbox
from reminder.errors import ConfigurationError, Fault, Mistake
from reminder.ledger.database import Place, place_of, sender_lock
from reminder.words import CHECKOUT, IN_CHECKOUT
from reminder.words import SHIPPED as SHIPPED

PREFIX = "REMINDER_"


class Section(BaseModel, extra="forbid", frozen=True, populate_by_name=True):
    """A table of reminder.toml."""


class SmtpSettings(Section):
    host: values.Host = "localhost"
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: values.OptionalLine = ""
    password: values.Secret = SecretStr("")
    ca_file: values.CleanPath | None = None
    hello: values.Hello = ""
    timeout: float = Field(60, gt=0, le=3600, description="seconds for one answer")
    connections: int = Field(2, ge=1, le=64)
    messages_per_connection: int = Field(100, ge=1, le=10_000)
    rate: int = Field(0, ge=0, le=100_000, description="messages a minute, 0 for no limit")

    @property
    def effective_port(self) -> int:
        return self.port or {"none": 25, "starttls": 587, "tls": 465}[self.security]


class WebSettings(Section):
    host: values.OptionalHost = "127.0.0.1"
    port: int = Field(8026, ge=0, le=65535)
    base_url: values.Site = ""
    finish: Literal["confirm", "direct"] = "confirm"
    console: Literal["local", "anywhere", "off"] = "local"
    foreign_calendars: bool | None = None

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


class ConsoleSettings(Section):
    totp: Literal["optional", "required"] = "optional"
    four_eyes: bool = False


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


def _default_state_dir() -> Path:
    if IN_CHECKOUT:
        return CHECKOUT / "var"
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    if given.is_absolute():  # else it is to be passed over, says its specification
        return given / "reminder"
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and this user stands in no list of users
        home = Path()
    if not home.is_absolute():
        raise ConfigurationError([Fault("settings", 0, "state_dir", "no_state_dir")])
    return home / ".local" / "state" / "reminder"


_LIVE = ("digest", "nudge", "overdue", "preflight_workdays", "workdays")


class Settings(BaseSettings):
    """Made of what `SettingsSources` read: `command_line`, `environment`, `secrets`, `file`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    plan: values.CleanPath = SHIPPED / "plan" / "plan_2026.toml"
    state_dir: values.CleanPath = Field(default_factory=_default_state_dir)
    database_url: values.DatabaseUrl = SecretStr("")
    transport: Literal["maildir", "smtp"] = "maildir"
    maildir: values.CleanPath | None = None
    templates: values.CleanPath | None = None
    secret_key: values.Key = SecretStr("")
    uid_domain: str = Field(
        "reminder.example", max_length=253, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
    )
    smtp: SmtpSettings = SmtpSettings()
    web: WebSettings = WebSettings()
    console: ConsoleSettings = ConsoleSettings()
    log: LogSettings = LogSettings()
    mail: MailSettings = MailSettings()
    digest: DigestSettings = DigestSettings()
    nudge: list[NudgeStep] = [NudgeStep()]
    overdue: OverdueSteps = [OverdueStep(workdays_after=1), OverdueStep(workdays_after=7)]
    preflight_workdays: int = Field(3, ge=1, le=20)
    workdays: WorkdaySettings = WorkdaySettings()

    @field_validator("mail")
    @classmethod
    def _somebody_can_approve(cls, value: MailSettings, info: ValidationInfo) -> MailSettings:
        web = info.data.get("web")
        if value.approval and web and web.console == "off":
            raise Mistake("approval_without_console")
        return value

    @property
    def ledger(self) -> Place:
        url = self.database_url.get_secret_value()
        return place_of(url) if url else self.state_dir / "ledger.db"

    @property
    def lock_path(self) -> Path:
        return sender_lock(self.ledger, self.state_dir)

    @property
    def outbox(self) -> Path:
        return self.maildir or self.state_dir / "outbox"

    @property
    def first_start(self) -> Literal["send", "hold"]:
        return self.mail.first_start or ("send" if self.transport == "maildir" else "hold")

    @property
    def rehearsal(self) -> bool:
        """Every mail goes to one address, and none of them counts."""
        return bool(self.mail.redirect_to)

    @property
    def stream(self) -> str:
        """Which deliveries belong together: a rehearsal is no first start for the real thing."""
        return f"rehearsal-{self.transport}" if self.rehearsal else self.transport

    @property
    def smtp_is_local(self) -> bool:
        return is_loopback(self.smtp.host)

    @property
    def links_in_mail(self) -> bool:
        """Never a loopback address in a mail that leaves this machine."""
        return self.web.reachable or (bool(self.web.base_url) and self.transport == "maildir")

    def with_live(self, edited: "Settings") -> "Settings":
        """With those of the edited ones that may change while a daemon runs: what mails say, when
        they go and whether somebody approves them. All others have been built upon."""
        mail = edited.mail.model_copy(update={"redirect_to": self.mail.redirect_to})
        names = ("finish", "foreign_calendars")
        web = self.web.model_copy(update={name: getattr(edited.web, name) for name in names})
        live = {name: getattr(edited, name) for name in _LIVE}
        return self.model_copy(update={**live, "mail": mail, "web": web})

    def differing(self, other: "Settings") -> list[str]:
        """The names of those that are not the same, in the order of the file."""
        found = []
        for name in Settings.model_fields:
            mine, others = getattr(self, name), getattr(other, name)
            if mine != others and isinstance(mine, Section):
                parts = type(mine).model_fields
                found += [f"{name}.{p}" for p in parts if getattr(mine, p) != getattr(others, p)]
            elif mine != others:
                found.append(name)
        return found

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The earlier wins."""
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = given.get("environment", {})
        command_line, secrets, file = (
            InitSettingsSource(settings_cls, given.get(name, {}))
            for name in ("command_line", "secrets", "file")
        )
        return command_line, env_settings, secrets, file
