"""Settings: command line, then environment, then secrets folder, then file, then defaults."""

from pathlib import Path

import pytest

from reminder.documents.settings import SHIPPED
from reminder.documents.settings_sources import load_settings
from reminder.errors import ConfigurationError
from tests.documents.conftest import Sources

SECRET = "swordfish-swordfish"
KEY = "9f2c41d07be85a36e1c4f80d2b6a97530de8c1f4a72b3965d08e7c14ab5f6230"

NAMED = {
    "REMINDER_PLAN": "plan.toml",
    "REMINDER_STATE_DIR": "/var/lib/reminder",
    "REMINDER_DATABASE_URL": "sqlite:////var/lib/reminder/ledger.db",
    "REMINDER_TRANSPORT": "smtp",
    "REMINDER_MAILDIR": "/var/mail/outbox",
    "REMINDER_SMTP__HOST": "mail.unit.example",
    "REMINDER_SMTP__PORT": "465",
    "REMINDER_SMTP__SECURITY": "tls",
    "REMINDER_SMTP__USERNAME": "reminder",
    "REMINDER_SMTP__PASSWORD": SECRET,
    "REMINDER_SMTP__CA_FILE": "/etc/ssl/relay.pem",
    "REMINDER_SMTP__TIMEOUT": "30.5",
    "REMINDER_SMTP__CONNECTIONS": "4",
    "REMINDER_SMTP__MESSAGES_PER_CONNECTION": "50",
    "REMINDER_SMTP__RATE": "60",
    "REMINDER_WEB__HOST": "0.0.0.0",
    "REMINDER_WEB__PORT": "8080",
    "REMINDER_WEB__BASE_URL": "https://reminder.unit.example",
    "REMINDER_LOG__FORMAT": "json",
    "REMINDER_MAIL__FROM": "代表工作提示 <a@b.cn>",
    "REMINDER_MAIL__REPLY_TO": "office@unit.example",
    "REMINDER_MAIL__OPERATOR": "operator@unit.example",
    "REMINDER_MAIL__CONTACT": "综合处",
    "REMINDER_MAIL__REDIRECT_TO": "me@unit.example",
    "REMINDER_MAIL__FIRST_START": "hold",
    "REMINDER_SECRET_KEY": KEY,
    "REMINDER_UID_DOMAIN": "unit.example",
}


def at(settings: object, variable: str) -> object:
    """The value that a variable's name leads to."""
    for part in variable.removeprefix("REMINDER_").lower().split("__"):
        settings = getattr(settings, "sender" if part == "from" else part)
    get_secret = getattr(settings, "get_secret_value", None)
    return get_secret() if get_secret else settings


@pytest.mark.parametrize("name", NAMED)
def test_variable_sets_the_setting_of_its_name(sources: Sources, name: str) -> None:
    sources.environment(name, NAMED[name])
    assert str(at(sources.load(), name)) == NAMED[name]


def test_folder_may_come_from_the_environment(sources: Sources) -> None:
    sources.file('transport = "smtp"\n')
    sources.environment("REMINDER_CONFIG", str(sources.folder))
    assert load_settings().transport == "smtp"


def test_folder_of_the_command_line_wins_over_the_environment(sources: Sources) -> None:
    sources.file('transport = "smtp"\n')
    sources.environment("REMINDER_CONFIG", "nowhere")
    assert load_settings(sources.folder).transport == "smtp"


def test_without_any_source_the_defaults_stand(sources: Sources) -> None:
    settings = sources.load()
    assert (settings.transport, settings.smtp.port, settings.web.port) == ("maildir", None, 8026)


def test_file_wins_over_defaults(sources: Sources) -> None:
    sources.file("[smtp]\nport = 1\n")
    assert sources.load().smtp.port == 1


def test_secrets_folder_wins_over_file(sources: Sources) -> None:
    sources.file("[smtp]\nport = 1\n")
    sources.secret("smtp__port", "2\n")
    assert sources.load().smtp.port == 2


def test_environment_wins_over_secrets_folder(sources: Sources) -> None:
    sources.secret("smtp__port", "2\n")
    sources.environment("REMINDER_SMTP__PORT", "3")
    assert sources.load().smtp.port == 3


def test_command_line_wins_over_environment(sources: Sources) -> None:
    sources.environment("REMINDER_PLAN", "environment.toml")
    assert sources.load({"plan": Path("typed.toml")}).plan == Path("typed.toml")


def test_settings_of_one_section_come_from_several_sources(sources: Sources) -> None:
    sources.file('[smtp]\nhost = "mail.unit.example"\nport = 1\n')
    sources.secret("smtp__password", SECRET + "\n")
    sources.environment("REMINDER_SMTP__PORT", "3")
    smtp = sources.load().smtp
    assert (smtp.host, smtp.port) == ("mail.unit.example", 3)
    assert smtp.password.get_secret_value() == SECRET


def test_secrets_folder_may_lie_elsewhere(sources: Sources) -> None:
    sources.secret("secret_key", KEY, folder="run")
    sources.environment("REMINDER_SECRETS_DIR", str(sources.folder / "run"))
    assert sources.load().secret_key.get_secret_value() == KEY


def test_empty_variable_sets_nothing(sources: Sources) -> None:
    sources.file('transport = "smtp"\n')
    sources.environment("REMINDER_TRANSPORT", "")
    sources.environment("REMINDER_SMTP__PORT", "")
    settings = sources.load()
    assert (settings.transport, settings.smtp.port) == ("smtp", None)


@pytest.mark.parametrize("name", ["plan", "state_dir", "maildir", "templates"])
def test_path_in_the_file_is_relative_to_the_file(sources: Sources, name: str) -> None:
    sources.file(f'{name} = "../beside"\n')
    path = getattr(sources.load(), name)
    assert path.resolve() == sources.folder.parent / "beside"


def test_certificate_in_the_file_is_relative_to_the_file(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.file('[smtp]\nca_file = "relay.pem"\n')
    monkeypatch.chdir("/")
    assert sources.load().smtp.ca_file == sources.folder / "relay.pem"


def test_absolute_path_in_the_file_is_kept(sources: Sources) -> None:
    sources.file('state_dir = "/var/lib/reminder"\n')
    assert sources.load().state_dir == Path("/var/lib/reminder")


def test_sender_in_the_environment_has_name_and_address(sources: Sources) -> None:
    sources.environment("REMINDER_MAIL__FROM", "代表工作提示 <a@b.cn>")
    mail = sources.load().mail
    assert mail.sender == "代表工作提示 <a@b.cn>"
    assert mail.sender_address == "a@b.cn"


def test_list_of_steps_may_come_from_the_environment(sources: Sources) -> None:
    sources.environment("REMINDER_NUDGE", '[{"workdays_left": 5}]')
    assert [step.workdays_left for step in sources.load().nudge] == [5]


def test_unknown_variable_is_said_with_the_nearest(sources: Sources) -> None:
    sources.environment("REMINDER_SMTP__HSOT", "mail.unit.example")
    assert sources.faults() == [
        "environment: REMINDER_SMTP__HSOT: unknown key, wanted REMINDER_SMTP__HOST?"
    ]


def test_variable_of_another_program_is_left_alone(sources: Sources) -> None:
    sources.environment("REMINDERS_SMTP__HSOT", "mail.unit.example")
    assert sources.load().smtp.host == "localhost"


def test_wrong_type_in_the_environment_is_said_there(sources: Sources) -> None:
    sources.file("[smtp]\nport = 25\n")
    sources.environment("REMINDER_SMTP__PORT", "smtp")
    (fault,) = sources.faults()
    assert fault.startswith("environment: REMINDER_SMTP__PORT: is 'smtp', wanted a valid integer")


def test_wrong_type_in_the_file_is_said_at_its_line(sources: Sources) -> None:
    sources.file('# ours\n[smtp]\nport = "smtp"\n')
    sources.environment("REMINDER_SMTP__HOST", "mail.unit.example")
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:3: smtp.port: is 'smtp', wanted a valid integer")


def test_wrong_type_in_the_secrets_folder_is_said_at_its_file(sources: Sources) -> None:
    sources.secret("smtp__port", "smtp")
    (fault,) = sources.faults()
    assert fault.startswith("secrets/smtp__port:1: smtp.port: is 'smtp', wanted a valid integer")


def test_wrong_type_on_the_command_line_is_said_there(sources: Sources) -> None:
    (fault,) = sources.faults({"plan": 5})
    assert fault.startswith("command line: --plan: is 5, wanted")


def test_mistakes_of_all_sources_are_said_at_once(sources: Sources) -> None:
    sources.file('transport = "sendmail"\n')
    sources.environment("REMINDER_WEB__PORT", "x")
    sources.environment("REMINDER_HOST", "x")
    sources.secret("smtp__port", "x")
    places = sorted(fault.partition(": ")[0] for fault in sources.faults())
    assert places == ["environment", "environment", "reminder.toml:1", "secrets/smtp__port:1"]


def test_same_mistake_in_environment_and_file_is_said_of_both(sources: Sources) -> None:
    sources.file('[smtp]\nhsot = "mail.unit.example"\n')
    sources.environment("REMINDER_SMTP__HSOT", "mail.unit.example")
    places = sorted(fault.partition(": ")[0] for fault in sources.faults())
    assert places == ["environment", "reminder.toml:2"]


def test_file_in_the_secrets_folder_that_is_no_setting_is_said(sources: Sources) -> None:
    sources.secret("smtp__pasword", SECRET)
    (fault,) = sources.faults()
    assert fault.startswith("secrets/smtp__pasword")
    assert fault.endswith("unknown key, wanted password?")


@pytest.mark.parametrize("name", ["REMINDER_SMTP", "REMINDER_NUDGE", "REMINDER_WORKDAYS__WORK"])
def test_variable_that_should_be_json_is_said(sources: Sources, name: str) -> None:
    sources.environment(name, SECRET)
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: {name}: ")
    assert SECRET not in fault


def test_secret_that_is_not_utf8_is_said_at_its_file(sources: Sources) -> None:
    sources.secret("smtp__password", b"\xff\xfe")
    (fault,) = sources.faults()
    assert fault.startswith("secrets/smtp__password")


def test_path_with_a_null_character_is_said(sources: Sources) -> None:
    sources.file('state_dir = "a\\u0000b"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:1: state_dir: ")


def test_missing_folder_of_the_environment_is_said(sources: Sources) -> None:
    sources.environment("REMINDER_CONFIG", "nowhere")
    with pytest.raises(ConfigurationError, match=r"^nowhere: no such folder, wanted one with "):
        load_settings()


def test_shipped_folder_is_used_without_another() -> None:
    assert load_settings().plan.resolve() == SHIPPED / "plan" / "plan_2026.toml"


@pytest.mark.parametrize(
    "name", ["REMINDER_SMTP__PASSWORD", "REMINDER_SECRET_KEY", "REMINDER_SMTP"]
)
def test_secret_is_in_no_repr(sources: Sources, name: str) -> None:
    word = KEY if name == "REMINDER_SECRET_KEY" else SECRET
    value = f'{{"password": "{word}"}}' if name == "REMINDER_SMTP" else word
    sources.environment(name, value)
    settings = sources.load()
    assert word not in repr(settings) + str(settings) + repr(settings.smtp)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REMINDER_SECRET_KEY", "swordfish"),
        ("REMINDER_DATABASE_URL", "mysql://user:swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:no@swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:no/swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:1/swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish%@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish@db:port/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish@db/"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish@db/ledger?no=option"),
        ("REMINDER_SMTP", '{"password": "swordfish", "port": "x"}'),
        ("REMINDER_SMTP", '{"password": ["swordfish"]}'),
    ],
)
def test_secret_is_in_no_mistake(sources: Sources, name: str, value: str) -> None:
    sources.environment(name, value)
    assert "swordfish" not in "".join(sources.faults())


def test_database_may_stand_in_the_secrets_folder(sources: Sources) -> None:
    sources.secret("database_url", "postgresql://office:swordfish@db:5433/ledger")
    settings = sources.load()
    assert str(settings.ledger) == "db:5433/ledger"
    assert "swordfish" not in repr(settings) + repr(settings.ledger)


def test_password_written_as_a_number_is_not_repeated(sources: Sources) -> None:
    sources.file("[smtp]\npassword = 31415926\n")
    assert sources.faults() == [
        "reminder.toml:2: smtp.password: is not usable, wanted a valid string"
    ]


def test_secret_beside_a_mistake_is_not_repeated(sources: Sources) -> None:
    sources.secret("smtp__password", SECRET)
    sources.secret("smtp__port", "x")
    assert SECRET not in "".join(sources.faults())


@pytest.mark.parametrize("name", ["REMINDER_SMTP__PORT__X", "REMINDER_NUDGE__0", "REMINDER_SMTP__"])
def test_variable_deeper_than_any_setting_is_said_once(sources: Sources, name: str) -> None:
    sources.file("[smtp]\nport = 25\n")
    sources.environment(name, "x")
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: {name}: unknown key, wanted")


def test_variable_that_only_looks_like_a_setting_is_said(sources: Sources) -> None:
    sources.environment("REMINDER_\u017fMTP__PORT", "25")  # a long s
    assert "unknown key, wanted REMINDER_SMTP__PORT?" in sources.faults()[0]


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, "{", "\udcff"])
@pytest.mark.parametrize("name", ["REMINDER_SMTP", "REMINDER_NUDGE", "REMINDER_WORKDAYS__WORK"])
def test_junk_where_json_belongs_is_said(sources: Sources, name: str, value: str) -> None:
    sources.environment(name, value)
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: {name}: is not JSON (")


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "secrets/secret_key", "a\nb"])
def test_secrets_folder_that_is_none_is_said(sources: Sources, name: str) -> None:
    sources.secret("secret_key", KEY)
    sources.environment("REMINDER_SECRETS_DIR", name)
    assert sources.faults() == [
        "environment: REMINDER_SECRETS_DIR: no such folder, wanted one with a file a secret"
    ]


def test_secret_of_a_whole_section_is_no_setting(sources: Sources) -> None:
    sources.secret("smtp", "x")
    sources.secret("smtp__port", "25")
    (fault,) = sources.faults()
    assert fault.startswith("secrets/smtp: unknown key, wanted ")


def test_secret_that_is_no_file_is_said(sources: Sources) -> None:
    sources.secret("smtp__port", "25")
    (sources.folder / "secrets" / "smtp__password").symlink_to("/dev/zero")
    (fault,) = sources.faults()
    assert fault == "secrets/smtp__password: cannot be read: not a regular file"


def test_mistake_in_a_secret_in_capitals_is_said_at_its_file(sources: Sources) -> None:
    sources.secret("SMTP__PORT", "x")
    (fault,) = sources.faults()
    assert fault.startswith("secrets/SMTP__PORT:1: smtp.port: is 'x', wanted")
