"""Every setting, and where what travels with the program lies."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reminder.documents.settings.secrets import KEY_BYTES, why_weak
from reminder.documents.settings.sections import (
    CleanPath,
    DigestSettings,
    LogSettings,
    MailSettings,
    NudgeStep,
    OverdueStep,
    Secret,
    SmtpSettings,
    WebSettings,
    WorkdaySettings,
)
from reminder.domain.addresses import is_loopback
from reminder.errors import ConfigurationError, Fault
from reminder.ledger.location import Place, lock_beside, place_of

PREFIX = "REMINDER_"
CHECKOUT = Path(__file__).resolve().parents[3]
IN_CHECKOUT = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "plan").is_dir()
# What travels with the program: the project's own folders, or their copies in the wheel.
SHIPPED = CHECKOUT if IN_CHECKOUT else Path(__file__).resolve().parents[2] / "data"


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
        words = 'is not set, and there is no HOME to take, wanted e.g. "/var/lib/reminder"'
        raise ConfigurationError([Fault("settings", 0, "state_dir", words)])
    return home / ".local" / "state" / "reminder"


class Settings(BaseSettings):
    """Made by `load_settings`, which gives `command_line`, `secrets` and `file` as they were read;
    the environment is read here."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    plan: CleanPath = SHIPPED / "plan" / "plan_2026.toml"
    state_dir: CleanPath = Field(default_factory=_default_state_dir)
    database_url: Secret = SecretStr("")
    transport: Literal["maildir", "smtp"] = "maildir"
    maildir: CleanPath | None = None
    templates: CleanPath | None = None
    secret_key: Secret = SecretStr("")
    uid_domain: str = Field(
        "reminder.example", max_length=253, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
    )
    smtp: SmtpSettings = SmtpSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    mail: MailSettings = MailSettings()
    digest: DigestSettings = DigestSettings()
    nudge: list[NudgeStep] = [NudgeStep()]
    overdue: list[OverdueStep] = [OverdueStep(workdays_after=1), OverdueStep(workdays_after=7)]
    preflight_workdays: int = Field(3, ge=1, le=20)
    workdays: WorkdaySettings = WorkdaySettings()

    @field_validator("database_url")
    @classmethod
    def _known(cls, value: SecretStr) -> SecretStr:
        if value:
            place_of(value.get_secret_value())
        return value

    @field_validator("mail")
    @classmethod
    def _somebody_can_approve(cls, value: MailSettings, info: ValidationInfo) -> MailSettings:
        web = info.data.get("web")
        if value.approval and web and web.console == "off":
            raise ValueError(
                'wants approval and web.console is "off", wanted "local" or "anywhere"'
            )
        return value

    @field_validator("secret_key")
    @classmethod
    def _random_enough(cls, value: SecretStr) -> SecretStr:
        if value and (why := why_weak(value.get_secret_value())):
            raise ValueError(f"{why}, wanted {KEY_BYTES}, as of: openssl rand -base64 {KEY_BYTES}")
        return value

    @field_validator("overdue")
    @classmethod
    def _in_order(cls, value: list[OverdueStep]) -> list[OverdueStep]:
        days = [day for step in value for day in step.days]
        if days != sorted(set(days)):
            raise ValueError(f"steps stand at {days}, wanted each later than the one before")
        return value

    @property
    def ledger(self) -> Place:
        url = self.database_url.get_secret_value()
        return place_of(url) if url else self.state_dir / "ledger.db"

    @property
    def lock_path(self) -> Path:
        return lock_beside(self.ledger, self.state_dir)

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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        command_line, secrets, file = (
            InitSettingsSource(settings_cls, given.get(name, {}))
            for name in ("command_line", "secrets", "file")
        )
        return command_line, env_settings, secrets, file
