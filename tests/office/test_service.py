"""The unit of a service: what it begins, what it may write, what it is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.settings import Settings
from reminder.errors import UsageError
from reminder.office.service import Service, refuse_other_unit, write_unit


def unit(config: str = "/etc/reminder", command: str = "/opt/reminder", **settings: Any) -> str:
    given = {"state_dir": "/var/lib/reminder", "plan": f"{config}/plan"} | settings
    return service(config, command, **given).unit()


def service(config: str, command: str = "/opt/reminder", **settings: Any) -> Service:
    return Service(Path(config), Settings(file=settings), [command])  # type: ignore[call-arg]


def lines(text: str, key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", text)


WRITTEN = [
    ({}, ["-/etc/reminder"], ["reminder"]),  # by which systemd lets it write /var/lib/reminder
    ({"web": {"console": "off"}}, [""], ["reminder"]),
    ({"state_dir": "/data/r"}, ["-/data/r -/etc/reminder"], []),
    ({"state_dir": "/etc/reminder/state"}, ["-/etc/reminder"], []),
    ({"state_dir": "/etc/reminder/s", "web": {"console": "off"}}, ["-/etc/reminder/s"], []),
    ({"inbox": {"maildir": "/var/mail/r"}}, ["-/etc/reminder -/var/mail/r"], ["reminder"]),
    (
        {"plan": "/srv/plan/plan_2026.toml", "maildir": "/data/out", "backup": {"folder": "/b/r"}},
        ["-/data/out -/b/r -/etc/reminder -/srv/plan"],
        ["reminder"],
    ),
]


@pytest.mark.parametrize(("settings", "written", "states"), WRITTEN)
def test_only_what_the_daemon_writes_can_be_written(
    settings: dict[str, Any], written: list[str], states: list[str]
) -> None:
    text = unit(**settings)
    assert lines(text, "ReadWritePaths") == written
    assert lines(text, "StateDirectory") == states
    assert lines(text, "ProtectSystem") == ["strict"]


HOMES = [
    ({}, "yes"),
    ({"config": "/home/wang/reminder"}, "read-only"),
    ({"command": "/root/venv/bin/reminder"}, "read-only"),
    ({"state_dir": "/home/wang/state"}, "read-only"),
]


@pytest.mark.parametrize(("given", "homes"), HOMES)
def test_homes_are_hidden_unless_something_lies_there(given: dict[str, Any], homes: str) -> None:
    assert lines(unit(**given), "ProtectHome") == [homes]


def test_port_below_1024_wants_the_right_to_it_and_nothing_else() -> None:
    text = unit(web={"port": 80})
    assert lines(text, "CapabilityBoundingSet") == ["CAP_NET_BIND_SERVICE"]
    assert lines(text, "PrivateUsers") == ["no"]
    assert lines(unit(), "CapabilityBoundingSet") == [""]


QUOTED = [
    ("/etc/reminder", "/etc/reminder"),
    ("/srv/一个 office", '"/srv/一个 office"'),
    ('/srv/a"b\\c', '"/srv/a\\"b\\\\c"'),
    ("/srv/50%", "/srv/50%%"),
    ("/srv/$HOME", '"/srv/$$HOME"'),
]


@pytest.mark.parametrize(("config", "quoted"), QUOTED)
def test_path_is_written_as_systemd_reads_it(config: str, quoted: str) -> None:
    [command] = lines(unit(config), "ExecStart")
    assert command == f"/opt/reminder run --config {quoted}"


@pytest.mark.parametrize("folder", ["/etc", "/", "/var/lib"])
def test_folder_of_many_programs_is_not_handed_over(folder: str) -> None:
    settings = {"state_dir": "/nowhere/r"}
    if folder == "/var/lib":
        folder, settings = "/etc/reminder", {"state_dir": folder}
    with pytest.raises(UsageError, match="is not this program's alone"):
        service(folder, **settings).hand_over()


def test_unit_of_somebody_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "reminder.service"
    write_unit(path, unit())
    write_unit(path, unit(web={"port": 80}))
    assert path.stat().st_mode & 0o777 == 0o644
    path.write_text("[Service]\n")
    for refuse in (lambda: refuse_other_unit(path), lambda: write_unit(path, unit())):
        with pytest.raises(UsageError, match="was not written by this program"):
            refuse()
    assert path.read_text() == "[Service]\n"
