"""Where settings stand: command line, then environment, secrets folder, file, defaults.

And what other programs leave there, and who may read them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from reminder.documents.settings import SHIPPED
from reminder.documents.settings_sources import SettingsSources
from reminder.errors import ConfigurationError
from tests.documents.conftest import Sources

SECRET = "swordfish-swordfish"
KEY = "9f2c41d07be85a36e1c4f80d2b6a97530de8c1f4a72b3965d08e7c14ab5f6230"


def test_variable_sets_the_setting_of_its_name(sources: Sources) -> None:
    sources.put({"REMINDER_SMTP__TIMEOUT": "30.5", "REMINDER_MAIL__FROM": "代表 <a@b.cn>"})
    sources.put({"REMINDER_MAIL__APPROVAL": "true", "REMINDER_SECRET_KEY": KEY})
    found = sources.load()
    assert (found.smtp.timeout, found.mail.sender, found.mail.approval, found.secret_key) == (
        *(30.5, "代表 <a@b.cn>", True, SecretStr(KEY)),
    )


def test_each_source_wins_over_those_behind_it(sources: Sources) -> None:
    found = []
    for more in (
        {},
        {"reminder.toml": 'plan = "file.toml"\nsmtp = { port = 1, host = "mail.cn" }\n'},
        {"secrets/smtp__port": "2\n", "secrets/smtp__password": SECRET},
        {"REMINDER_SMTP__PORT": "3", "REMINDER_PLAN": "environment.toml"},
    ):
        sources.put(more)
        found.append(sources.load().smtp.port)
    assert found == [None, 1, 2, 3]
    settings = sources.load({"plan": Path("typed.toml")})
    assert (settings.plan, settings.smtp.host) == (Path("typed.toml"), "mail.cn")
    assert settings.smtp.password.get_secret_value() == SECRET


def test_folder_comes_from_the_command_line_or_else_from_the_environment(sources: Sources) -> None:
    sources.file('transport = "smtp"\n')
    sources.environment("REMINDER_CONFIG", str(sources.folder))
    assert SettingsSources().load().transport == "smtp"
    sources.environment("REMINDER_CONFIG", "nowhere")
    assert SettingsSources(sources.folder).load().transport == "smtp"
    with pytest.raises(ConfigurationError, match=r"^nowhere: no such folder, wanted one with "):
        SettingsSources().load()
    sources.environment("REMINDER_CONFIG", "")
    assert SettingsSources().load().plan.resolve() == SHIPPED / "plan" / "plan_2026.toml"


def test_empty_variable_sets_nothing_and_another_programs_is_left_alone(sources: Sources) -> None:
    sources.file('transport = "smtp"\n')
    sources.put({"REMINDER_TRANSPORT": "", "REMINDER_SMTP__PORT": ""})
    sources.environment("REMINDERS_SMTP__HSOT", "mail.unit.example")
    settings = sources.load()
    assert (settings.transport, settings.smtp.port) == ("smtp", None)


def test_path_in_the_file_is_relative_to_the_file(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = 'plan = "../a"\nmaildir = "../b"\ntemplates = "c"\nsmtp.ca_file = "d"\n'
    paths += 'smtp.client_cert = "e"\nsmtp.client_key = "f"\nsmtp.oauth.ca_file = "g"\n'
    sources.file(f'{paths}state_dir = "/var/lib/reminder"\n')
    monkeypatch.chdir("/")
    found, folder = sources.load(), sources.folder
    above = folder.parent
    assert (found.plan.resolve(), found.outbox.resolve()) == (above / "a", above / "b")
    assert (found.templates, found.smtp.ca_file) == (folder / "c", folder / "d")
    assert [path.name for path in found.smtp.certificates.values()] == ["d", "e", "f", "g"]
    assert {path.parent for path in found.smtp.certificates.values()} == {folder}
    assert found.state_dir == Path("/var/lib/reminder")


INTEGER = "is 'smtp', wanted a valid integer"
PORT = {"reminder.toml": "[smtp]\nport = 25\n"}
DEEPER = ("REMINDER_SMTP__PORT__X", "REMINDER_NUDGE__0", "REMINDER_SMTP__")
LONG_S = "REMINDER_\u017fMTP__PORT"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({LONG_S: "25"}, f"environment: {LONG_S}: unknown key, wanted REMINDER_SMTP__PORT?"),
        *((PORT | {name: "x"}, f"environment: {name}: unknown key, wanted ") for name in DEEPER),
        (PORT | {"REMINDER_SMTP__PORT": "smtp"}, f"environment: REMINDER_SMTP__PORT: {INTEGER}"),
        (
            {"REMINDER_SMTP__HOST": "b.cn", "reminder.toml": '# ours\n[smtp]\nport = "smtp"\n'},
            f"reminder.toml:3: smtp.port: {INTEGER}",
        ),
        ({"secrets/smtp__port": "smtp"}, f"secrets/smtp__port:1: smtp.port: {INTEGER}"),
        ({"secrets/SMTP__PORT": "smtp"}, f"secrets/SMTP__PORT:1: smtp.port: {INTEGER}"),
        ({"secrets/smtp__pasword": "x"}, "secrets/smtp__pasword: unknown key, wanted password?"),
        ({"secrets/smtp__password.txt": "x"}, "secrets/smtp__password.txt: unknown key, wanted "),
        ({"secrets/smtp-password": "x"}, "secrets/smtp-password: unknown key, wanted "),
        ({"secrets/smtp": "x", "secrets/smtp__port": "2"}, "secrets/smtp: unknown key, wanted "),
        ({"secrets/smtp__password": b"\xff"}, "secrets/smtp__password:1: byte 0xff is not UTF-8"),
        ({"reminder.toml": 'state_dir = "a\\u0000b"\n'}, "reminder.toml:1: state_dir: "),
        ({"REMINDER_NUDGE": '[{"workdays_left": 99}]'}, "environment: REMINDER_NUDGE: is 99, "),
    ],
)
def test_a_mistake_is_said_at_its_source(
    sources: Sources, given: dict[str, str | bytes], said: str
) -> None:
    sources.put(given)
    (fault,) = sources.faults()
    assert fault.startswith(said)


def test_mistakes_of_all_sources_are_said_at_once(sources: Sources) -> None:
    sources.put({"reminder.toml": "[smtp]\nhsot = 1\n", "secrets/smtp__port": "x"})
    sources.put({"REMINDER_WEB__PORT": "x", "REMINDER_SMTP__HSOT": "x", "REMINDER_NUDGE": "x"})
    faults = sources.faults({"plan": 5})
    assert [fault.partition(": ")[0] for fault in faults] == [
        *("command line", "environment", "environment", "environment"),
        *("reminder.toml:2", "secrets/smtp__port:1"),
    ]
    assert faults[0].startswith("command line: --plan: is 5, wanted")


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, "{", "\udcff", SECRET])
@pytest.mark.parametrize("name", ["REMINDER_SMTP", "REMINDER_NUDGE", "REMINDER_WORKDAYS__WORK"])
def test_junk_where_json_belongs_is_said(sources: Sources, name: str, value: str) -> None:
    sources.environment(name, value)
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: {name}: is not JSON (")
    assert SECRET not in fault


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "run/secret_key", "a\nb"])
def test_secrets_folder_may_lie_elsewhere_and_one_that_is_none_is_said(
    sources: Sources, name: str
) -> None:
    sources.put({"run/secret_key": KEY, "REMINDER_SECRETS_DIR": str(sources.folder / "run")})
    assert sources.load().secret_key.get_secret_value() == KEY
    sources.environment("REMINDER_SECRETS_DIR", name)
    assert sources.faults() == [
        "environment: REMINDER_SECRETS_DIR: no such folder, wanted one with a file a secret"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REMINDER_SMTP__PASSWORD", SECRET),
        ("REMINDER_SMTP__CLIENT_KEY_PASSWORD", SECRET),
        ("REMINDER_SMTP__OAUTH__CLIENT_SECRET", SECRET),
        ("REMINDER_SMTP__OAUTH__REFRESH_TOKEN", SECRET),
        ("REMINDER_SMTP", f'{{"password": "{SECRET}"}}'),
        ("REMINDER_SECRET_KEY", KEY),
        ("REMINDER_DATABASE_URL", f"postgresql://office:{SECRET}@db:5433/ledger"),
    ],
)
def test_secret_is_in_no_repr(sources: Sources, name: str, value: str) -> None:
    sources.environment(name, value)
    settings = sources.load()
    said = repr(settings) + str(settings) + repr(settings.smtp) + repr(settings.ledger)
    assert SECRET not in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REMINDER_SECRET_KEY", "swordfish"),
        ("REMINDER_DATABASE_URL", "mysql://user:swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:no@swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:no/swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:1/swordfish@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish%@db/ledger"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish@db/"),
        ("REMINDER_DATABASE_URL", "postgresql://user:swordfish@db/ledger?no=option"),
        ("REMINDER_SMTP", '{"password": "swordfish", "port": "x"}'),
        ("REMINDER_SMTP", '{"password": ["swordfish"]}'),
        ("REMINDER_SMTP__OAUTH", '{"client_secret": ["swordfish"], "token_url": "x"}'),
        ("REMINDER_SMTP__OAUTH", '{"refresh_token": ["swordfish"]}'),
    ],
)
def test_secret_is_in_no_mistake(sources: Sources, name: str, value: str) -> None:
    sources.environment(name, value)
    sources.file("[smtp]\npassword = 31415926\n")
    assert "swordfish" not in "".join(sources.faults())
    assert "31415926" not in "".join(sources.faults())


# --- what others leave there, and who may read it

OF_SERVICES = {
    "REMINDER_SERVICE_HOST": "10.96.0.17",
    "REMINDER_SERVICE_PORT_HTTP": "8026",
    "REMINDER_PORT": "tcp://10.96.0.17:8026",
    "REMINDER_PORT_8026_TCP": "tcp://10.96.0.17:8026",
    "REMINDER_PORT_8026_TCP_ADDR": "10.96.0.17",
    "REMINDER_PORT_53_UDP": "udp://10.96.0.17:53",
    "REMINDER_DB_PORT": "tcp://[fd00::17]:5432",
    "REMINDER_WEB_SERVICE_PORT_HTTPS_ADMIN": "8443",
    "REMINDER_NAME": "/web/reminder",
    "REMINDER_ENV_PATH": "/usr/bin",
}
MISTYPED = [
    *("REMINDER_SMPT__HOST=mail.cn", "REMINDER_PORT=8026", "REMINDER_WEB_PORT=8026"),
    *("REMINDER_WEB_HOST=0.0.0.0", "REMINDER_NAME=office", "REMINDER_ENV_PATH=/usr/bin"),
    "REMINDER_SERVICE=10.96.0.17",
]


def told(sources: Sources) -> list[str]:
    sources.load()
    said = map(str, SettingsSources(sources.folder).warnings)
    return [words.replace(f"{sources.folder}/", "") for words in said]


def password(sources: Sources) -> str:
    return sources.load().smtp.password.get_secret_value()


def test_variables_of_services_are_passed_over_with_one_warning(sources: Sources) -> None:
    sources.put(OF_SERVICES)
    assert told(sources) == [
        "environment: REMINDER_DB_PORT and 9 more: set by Kubernetes or Docker for a service of "
        "that name: no settings, passed over"
    ]


@pytest.mark.parametrize("given", MISTYPED)
def test_mistyped_variable_is_a_mistake_all_the_same(sources: Sources, given: str) -> None:
    name, _, value = given.partition("=")
    sources.put({"REMINDER_SERVICE_HOST": "10.96.0.17", name: value})
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: {name}: unknown key, wanted ")


@pytest.mark.parametrize(
    "name",
    ["smtp__password~", ".smtp__password.swp", "smtp__password.swo", "#smtp__password#",
     "smtp__password.bak", "smtp__password.ORIG", "smtp__password.dpkg-old", "smtp__password.tmp",
     "smtp__password (copy)", "smtp__password - 副本", "Thumbs.db", "desktop.ini"],
)  # fmt: skip
def test_editors_copy_of_a_secret_is_passed_over_with_a_warning(
    sources: Sources, name: str
) -> None:
    sources.put({"secrets/smtp__password": SECRET, f"secrets/{name}": "of yesterday"})
    [words] = told(sources)
    assert words.startswith(f"secrets/{name}: is an editor's copy: passed over")
    assert password(sources) == SECRET


def test_secrets_as_kubernetes_mounts_them_are_read(sources: Sources) -> None:
    version = "secrets/..2026_03_02_09_00_00.1"
    sources.put({f"{version}/smtp__password": SECRET})
    (sources.folder / "secrets" / "..data").symlink_to(Path(version).name)
    (sources.folder / "secrets" / "smtp__password").symlink_to("..data/smtp__password")
    assert told(sources) == []
    assert password(sources) == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o666])
def test_secret_that_others_can_read_is_refused(sources: Sources, mode: int) -> None:
    """And in the settings' file it is a warning."""
    sources.file(f'[smtp]\npassword = "{SECRET}"\n')
    assert told(sources) == []
    (sources.folder / "reminder.toml").chmod(mode)
    [words] = told(sources)
    assert words.startswith("reminder.toml:2: smtp.password: is a secret in a file that others")
    assert SECRET not in words
    sources.secret("smtp__password", SECRET)
    (sources.folder / "secrets" / "smtp__password").chmod(mode)
    assert sources.faults() == [
        "secrets/smtp__password: can be read by others, wanted: chmod 600 secrets/smtp__password"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_secret_that_its_owner_lets_our_group_read_is_taken(sources: Sources) -> None:
    sources.secret("smtp__password", SECRET)
    path = sources.folder / "secrets" / "smtp__password"
    os.chown(path, 65534, -1)
    path.chmod(0o440)
    assert password(sources) == SECRET


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_secret_is_read_with_a_byte_order_mark_and_any_line_end(
    sources: Sources, mark: str, end: str
) -> None:
    sources.secret("smtp__password", f"{mark}{SECRET}{end}")
    sources.file(f"{mark}# 设置{end or chr(10)}[smtp]{end or chr(10)}port = 26{end}")
    assert (password(sources), sources.load().smtp.port) == (SECRET, 26)


@pytest.mark.parametrize("place", ["secrets/smtp__password", "reminder.toml"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_refused_by_its_name(sources: Sources, place: str, encoding: str) -> None:
    sources.put({place: "\ufefftransport = 1\n".encode(encoding)})
    assert sources.faults() == [
        f"{place}:1: is UTF-16, wanted UTF-8: save it anew in this encoding"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_secrets_mounted_read_only_are_taken_with_a_warning(sources: Sources) -> None:
    """As Docker and Kubernetes mount them, and only they can set the mode."""
    sources.secret("smtp__password", SECRET)
    folder = sources.folder / "secrets"
    (folder / "smtp__password").chmod(0o444)
    mounted = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    check = f"{sys.executable} -m reminder check --config {SHIPPED / 'config'}"
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{mounted} && {check}"],
        env=os.environ | {"REMINDER_SECRETS_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    words = "smtp__password: can be read by others: better mounted with mode 0400"
    assert words in ended.stdout
