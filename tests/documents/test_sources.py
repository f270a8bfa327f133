"""What other programs leave among the settings' sources, and who may read them."""

import os
import subprocess
import sys

import pytest

from reminder.documents.settings import SHIPPED
from reminder.documents.settings_sources import SettingsSources
from tests.documents.conftest import Sources

SECRET = "swordfish-swordfish"
OF_SERVICES = {
    "REMINDER_SERVICE_HOST": "10.96.0.17",
    "REMINDER_SERVICE_PORT": "8026",
    "REMINDER_SERVICE_PORT_HTTP": "8026",
    "REMINDER_PORT": "tcp://10.96.0.17:8026",
    "REMINDER_PORT_8026_TCP": "tcp://10.96.0.17:8026",
    "REMINDER_PORT_8026_TCP_ADDR": "10.96.0.17",
    "REMINDER_PORT_8026_TCP_PORT": "8026",
    "REMINDER_PORT_8026_TCP_PROTO": "tcp",
    "REMINDER_PORT_53_UDP": "udp://10.96.0.17:53",
    "REMINDER_DB_SERVICE_HOST": "fd00::17",
    "REMINDER_DB_PORT": "tcp://[fd00::17]:5432",
    "REMINDER_DB_PORT_5432_TCP_ADDR": "fd00::17",
    "REMINDER_WEB_SERVICE_HOST": "10.96.0.18",
    "REMINDER_WEB_SERVICE_PORT_HTTPS_ADMIN": "8443",
    "REMINDER_NAME": "/web/reminder",
    "REMINDER_ENV_PATH": "/usr/bin",
}
MISTYPED = {
    "REMINDER_SMPT__HOST": "mail.unit.example",
    "REMINDER_PORT": "8026",
    "REMINDER_WEB_PORT": "8026",
    "REMINDER_WEB_HOST": "0.0.0.0",
    "REMINDER_NAME": "office",
    "REMINDER_ENV_PATH": "/usr/bin",
    "REMINDER_SERVICE": "10.96.0.17",
}


def told(sources: Sources) -> list[str]:
    sources.load()
    said = map(str, SettingsSources(sources.folder).warnings())
    return [words.replace(f"{sources.folder}/", "") for words in said]


def test_variables_of_services_are_passed_over_with_one_warning(sources: Sources) -> None:
    for name, value in OF_SERVICES.items():
        sources.environment(name, value)
    assert told(sources) == [
        "environment: REMINDER_DB_PORT and 15 more: set by Kubernetes or Docker for a service of "
        "that name: no settings, passed over"
    ]


@pytest.mark.parametrize("name", MISTYPED)
def test_mistyped_variable_is_a_mistake_all_the_same(sources: Sources, name: str) -> None:
    sources.environment("REMINDER_SERVICE_HOST", "10.96.0.17")
    sources.environment(name, MISTYPED[name])
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
    sources.secret("smtp__password", SECRET)
    sources.secret(name, "of yesterday")
    [words] = told(sources)
    assert words.startswith(f"secrets/{name}: is an editor's copy: passed over")
    assert sources.load().smtp.password.get_secret_value() == SECRET


@pytest.mark.parametrize("name", ["smtp__password.txt", "smtp-password", "smtp__passwort"])
def test_mistyped_secret_is_a_mistake_all_the_same(sources: Sources, name: str) -> None:
    sources.secret(name, SECRET)
    (fault,) = sources.faults()
    assert fault.startswith(f"secrets/{name}: unknown key, wanted ")


def test_secrets_as_kubernetes_mounts_them_are_read(sources: Sources) -> None:
    version = sources.folder / "secrets" / "..2026_03_02_09_00_00.1"
    version.mkdir(parents=True)
    sources.secret("smtp__password", SECRET, folder=f"secrets/{version.name}")
    (version.parent / "..data").symlink_to(version.name)
    (version.parent / "smtp__password").symlink_to("..data/smtp__password")
    assert told(sources) == []
    assert sources.load().smtp.password.get_secret_value() == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o666])
def test_secret_that_others_can_read_is_refused(sources: Sources, mode: int) -> None:
    sources.secret("smtp__password", SECRET)
    (sources.folder / "secrets" / "smtp__password").chmod(mode)
    assert sources.faults() == [
        "secrets/smtp__password: can be read by others, wanted: chmod 600 secrets/smtp__password"
    ]


def test_password_in_a_settings_file_that_others_can_read_is_a_warning(sources: Sources) -> None:
    sources.file(f'[smtp]\npassword = "{SECRET}"\n')
    path = sources.folder / "reminder.toml"
    path.chmod(0o644)
    [words] = told(sources)
    assert words.startswith("reminder.toml:2: smtp.password: is a secret in a file that others")
    assert SECRET not in words
    path.chmod(0o600)
    assert told(sources) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_secret_that_its_owner_lets_our_group_read_is_taken(sources: Sources) -> None:
    sources.secret("smtp__password", SECRET)
    path = sources.folder / "secrets" / "smtp__password"
    os.chown(path, 65534, -1)
    path.chmod(0o440)
    assert sources.load().smtp.password.get_secret_value() == SECRET


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_secret_is_read_with_a_byte_order_mark_and_any_line_end(
    sources: Sources, mark: str, end: str
) -> None:
    sources.secret("smtp__password", f"{mark}{SECRET}{end}")
    assert sources.load().smtp.password.get_secret_value() == SECRET


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_refused_by_its_name(sources: Sources, encoding: str) -> None:
    sources.secret("smtp__password", "\ufeff".encode(encoding)[:2] + SECRET.encode(encoding))
    (fault,) = sources.faults()
    assert "is UTF-16, wanted UTF-8" in fault
    path = sources.folder / "reminder.toml"
    path.write_bytes("\ufefftransport = 1\n".encode("utf-16-le"))
    (sources.folder / "secrets" / "smtp__password").unlink()
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:1: is UTF-16, wanted UTF-8")


def test_settings_with_a_byte_order_mark_and_windows_line_ends_are_read(sources: Sources) -> None:
    path = sources.folder / "reminder.toml"
    path.write_bytes("\ufeff# 设置\r\n[smtp]\r\nport = 26\r\n".encode())
    assert sources.load().smtp.port == 26


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
