"""`reminder service install` on a machine with systemd: the sandbox holds, and the daemon works."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.install.booted import Machine, booted
from tests.install.conftest import Installed, lacking
from tests.nginx import free_port

pytestmark = pytest.mark.long
HIDDEN = "/home:\n\n/root:\n\n/var/tmp:"
UNIT = "/etc/systemd/system/reminder.service"
# Beside what is written by the command: no journal is there, and nobody waits for minutes.
OURS = """\
[Service]
StandardOutput=append:/run/said
StandardError=append:/run/said
RestartSec=1
WatchdogSec=35
"""
# What loads the libraries that are not Python: mails, pages, Word, Excel, argon2.
WORK = """\
set -e
cd /var/lib/reminder
reminder meeting set npc-14-4 2026-03-05 --config /etc/reminder
reminder brief --period 2026-03 --output brief.docx --config /etc/reminder
reminder units template units.xlsx --config /etc/reminder
reminder plan export plan.docx --config /etc/reminder
reminder plan import plan.docx --year 2026 --config /etc/reminder --output plan.toml || test $? = 1
echo 'kein Wort, das man errät' | reminder console password --config /etc/reminder
reminder simulate --from 2026-03-01 --to 2026-03-05 --config /etc/reminder
"""


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def machine(in_venv: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if not Path("/lib/systemd/systemd").exists():
        lacking("systemd is not on this machine: apt-get install systemd")
    with booted(tmp_path_factory.mktemp("booted")) as machine:
        yield machine


@pytest.fixture(scope="module")
def service(machine: Machine, in_venv: Installed, port: int) -> Machine:
    """Installed and started, as a new user would."""
    [reminder] = in_venv.command
    machine(reminder, "init", "/etc/reminder", "--yes", "--state-dir", "/var/lib/reminder")
    machine("sed", "-i", f"s/^# .web.$/[web]\\nport = {port}/", "/etc/reminder/reminder.toml")
    said = machine(reminder, "service", "install", "--config", "/etc/reminder")
    assert "user made: reminder" in said
    assert "systemctl enable --now reminder" in said
    machine("sh", "-c", f"mkdir {UNIT}.d && printf '{OURS}' > {UNIT}.d/trial.conf")
    machine("systemctl", "daemon-reload")
    machine("systemctl", "enable", "reminder")
    machine("systemctl", "start", "reminder")
    return machine


def main_process(service: Machine) -> str:
    return service.shown("reminder", "MainPID")


def test_unit_is_understood_and_exposed_to_little(service: Machine, tmp_path: Path) -> None:
    unit = tmp_path / "trial.service"
    unit.write_text(service("cat", UNIT), encoding="utf-8")
    words = ("systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit))
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    verified = service.ended("systemd-analyze", "verify", UNIT)
    assert "reminder.service" not in verified.stderr


def test_started_means_ready(service: Machine, port: int) -> None:
    assert service.shown("reminder", "ActiveState") == "active"
    assert urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read() == b"ready"
    assert re.match("delivers", service.shown("reminder", "StatusText"))
    assert "reminder runs on" in service("cat", "/run/said")


def test_daemon_is_confined(service: Machine) -> None:
    process = main_process(service)
    status = dict(
        line.split(":\t", 1) for line in service("cat", f"/proc/{process}/status").splitlines()
    )
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)
    assert status["Uid"].split()[0] == service("id", "-u", "reminder")
    look = ("nsenter", "--target", process, "--mount")
    for path in ("/usr", "/etc/systemd", "/opt", "/etc"):
        assert "Read-only" in service.ended(*look, "touch", f"{path}/x").stderr
    assert service(*look, "sh", "-c", "ls /root /home /var/tmp 2>/dev/null") == HIDDEN
    for path in ("/etc/reminder/plan", "/var/lib/reminder"):
        service(*look, "sh", "-c", f"touch {path}/.x && rm {path}/.x")


def test_all_that_is_no_python_works_in_the_sandbox(service: Machine, in_venv: Installed) -> None:
    path = f"PATH={Path(in_venv.command[0]).parent}:/usr/bin:/bin"
    work = service("cat", UNIT).replace("Type=notify", f'Type=oneshot\nEnvironment="{path}"')
    work = re.sub("(?m)^ExecStart=.*", "ExecStart=/bin/sh /run/work.sh", work)
    work = re.sub("(?m)^(Restart|WatchdogSec)=.*\n", "", work)
    work = work.replace(
        "UMask=", "StandardOutput=append:/run/worked\nStandardError=inherit\nUMask="
    )
    for name, text in (("/run/work.sh", WORK), ("/etc/systemd/system/work.service", work)):
        service("sh", "-c", f"cat > {name} <<'END'\n{text}\nEND")
    service("systemctl", "daemon-reload")
    ended = service.ended("systemctl", "start", "work")
    assert ended.returncode == 0, service("cat", "/run/worked")
    assert "2026-03-05" in service("cat", "/etc/reminder/plan/plan_2026.toml")


def test_edited_file_is_read_at_a_reload(service: Machine) -> None:
    service("sed", "-i", "s/^contact = .*/contact = 5/", "/etc/reminder/reminder.toml")
    before = main_process(service)
    service("systemctl", "reload", "reminder")
    service.until("reminder", "ActiveState", "active")
    assert "reminder.toml:" in service("cat", "/run/said")
    service("sed", "-i", 's/^contact = 5/contact = "办公室"/', "/etc/reminder/reminder.toml")
    assert main_process(service) == before


def test_frozen_daemon_is_replaced_by_the_watchdog(service: Machine, port: int) -> None:
    service("kill", "-STOP", main_process(service))
    service.until("reminder", "NRestarts", "1", within=60)
    service.until("reminder", "ActiveState", "active")
    assert urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read() == b"ready"


def test_it_ends_in_order_and_what_was_sent_is_recorded(service: Machine) -> None:
    service("systemctl", "stop", "reminder")
    assert service.shown("reminder", "Result") == "success"
    assert service.shown("reminder", "ActiveState") == "inactive"
    assert "reminder has stopped" in service("cat", "/run/said")


def test_installed_again_it_changes_nothing_but_the_unit(
    service: Machine, in_venv: Installed
) -> None:
    before = service("cat", UNIT), service("sh", "-c", "stat -c '%n %u %a' /etc/reminder/*")
    said = service(in_venv.command[0], "service", "install", "--config", "/etc/reminder")
    assert "user made" not in said
    after = service("cat", UNIT), service("sh", "-c", "stat -c '%n %u %a' /etc/reminder/*")
    assert after == before
