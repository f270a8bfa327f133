"""Every setting: its default and what it may be."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reminder.documents import values
from reminder.documents.channel_section import ChannelSettings, named_channels
from reminder.documents.section import Section
from reminder.documents.sections import (
    BackupSettings,
    ConsoleSettings,
    DigestSettings,
    LogSettings,
    MailSettings,
    NudgeStep,
    OverdueStep,
    OverdueSteps,
    PingSettings,
    WebSettings,
    WorkdaySettings,
)
from reminder.documents.server_sections import InboxSettings, SmtpSettings
from reminder.domain.addresses import is_loopback
from reminder.errors import ConfigurationError, Fault, Mistake
from reminder.ledger.database import Place, place_of, sender_lock
from reminder.words import CHECKOUT, CHINESE, IN_CHECKOUT
from reminder.words import SHIPPED as SHIPPED

PREFIX = "REMINDER_"


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


_LIVE = ("backup", "console", "digest", "nudge", "overdue", "preflight_workdays", "workdays")


class Settings(BaseSettings):
    """Made of what `SettingsSources` read: `command_line`, `environment`, `secrets`, `file`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    plan: values.CleanPath = Field(
        SHIPPED / "plan" / "plan_2026.toml", description="a plan, or a folder of plans"
    )
    state_dir: values.CleanPath = Field(
        default_factory=_default_state_dir, description="ledger, outbox and keys"
    )
    database_url: values.DatabaseUrl = Field(
        SecretStr(""), description="the ledger elsewhere: `postgresql://…`, `sqlite:////…`"
    )
    transport: Literal["maildir", "smtp"] = Field(
        "maildir", description="into the outbox folder, or by the mail server"
    )
    maildir: values.CleanPath | None = Field(
        None, description="the outbox; without it `outbox` in `state_dir`"
    )
    templates: values.CleanPath | None = Field(
        None, description="a folder of your own; a file there wins over the shipped one"
    )
    language: values.Line = Field(
        CHINESE, description="of reports and the console, and of units that have none of their own"
    )
    secret_key: values.Key = Field(
        SecretStr(""), description="the key of all links, in place of the ledger's"
    )
    uid_domain: str = Field(
        "reminder.example",
        max_length=253,
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
        description="in calendars' UIDs: a domain of yours, chosen once",
    )
    smtp: SmtpSettings = Field(SmtpSettings(), description="the mail server")
    web: WebSettings = Field(WebSettings(), description="pages and calendars")
    console: ConsoleSettings = Field(ConsoleSettings(), description="log-in to the console")
    log: LogSettings = Field(LogSettings(), description="what the daemon writes")
    ping: PingSettings = Field(PingSettings(), description="a watchdog elsewhere")
    mail: MailSettings = Field(MailSettings(), description="what is written")
    channel: Annotated[dict[str, ChannelSettings], AfterValidator(named_channels)] = Field(
        {}, description="other ways to units than mail, by name"
    )
    inbox: InboxSettings = Field(InboxSettings(), description="the mailbox for answers")
    digest: DigestSettings = Field(DigestSettings(), description="the monthly mail")
    nudge: list[NudgeStep] = Field([NudgeStep()], description="reminders before a task is due")
    overdue: OverdueSteps = Field(
        [OverdueStep(workdays_after=1), OverdueStep(workdays_after=7)],
        description="mails that ask after a task was due",
    )
    preflight_workdays: int = Field(
        3, ge=1, le=20, description="how many working days before a digest the operator sees it"
    )
    workdays: WorkdaySettings = Field(
        WorkdaySettings(), description="days that differ from what is published"
    )
    backup: BackupSettings = Field(BackupSettings(), description="nightly copies of the ledger")

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
