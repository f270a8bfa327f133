"""The installed program from any folder, by any user, whatever HOME and umask are."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import pytest

from tests.install.conftest import NOBODYS, Installed

pytestmark = pytest.mark.long
SOON = 60  # seconds
READY = "Ctrl-C stops it"


class User:
    """One who stands in no list, with a folder of their own."""

    def __init__(self, installed: Installed, home: Path, *, cwd: str, umask: int) -> None:
        self.folder = home / "办公室 office's"
        self._installed, self._cwd, self._umask = installed, cwd, umask

    def start(self, environ: Mapping[str, str], *words: str) -> subprocess.Popen[str]:
        given = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"} | self._installed.environ
        as_nobody = ["setpriv", f"--reuid={NOBODYS}", f"--regid={NOBODYS}", "--clear-groups"]
        return subprocess.Popen(
            [*as_nobody, *self._installed.command, *words],
            cwd=self._cwd,
            umask=self._umask,
            env=given | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, environ: Mapping[str, str], *words: str) -> str:
        with self.start(environ, *words) as running:
            out, err = running.communicate(timeout=SOON)
        assert (running.returncode, "Traceback" in err) == (0, False), err
        return out


@contextmanager
def home_of_nobody(place: Path) -> Iterator[Path]:
    with TemporaryDirectory(dir=place, prefix="家 home ") as folder:
        os.chown(folder, NOBODYS, NOBODYS)
        yield Path(folder)


WAYS = [
    ("in_venv", {}, "/", 0o077),
    ("in_venv", {"HOME": ""}, "/root", 0o000),
    ("in_folder", {"HOME": "/proc/nowhere"}, "/", 0o022),
    ("in_folder", {"HOME": "no path at all"}, "/proc/self", 0o077),
]


@pytest.mark.parametrize(("kind", "environ", "cwd", "umask"), WAYS)
def test_office_is_made_and_served_and_the_program_stays_as_it_was(
    request: pytest.FixtureRequest, kind: str, environ: dict[str, str], cwd: str, umask: int
) -> None:
    installed: Installed = request.getfixturevalue(kind)
    before = installed.state()
    with home_of_nobody(installed.place) as home:
        user = User(installed, home, cwd=cwd, umask=umask)
        config = ("--config", str(user.folder))
        assert "Next:" in user(environ, "init", str(user.folder), "--yes")
        assert "no mistakes" in user(environ, "check", *config)
        user(environ, "meeting", "set", "npc-14-4", "2026-03-05", *config)
        assert "2026-03-05" in (user.folder / "plan" / "plan_2026.toml").read_text("utf-8")
        serves(user, environ | {"REMINDER_WEB__PORT": "0"}, *config)
        closed = {path.stat().st_mode & 0o077 for path in (user.folder, *user.folder.rglob("*"))}
        assert closed == {0}
        assert len(list((user.folder / "state" / "outbox" / "new").iterdir())) > 0
    assert installed.state() == before
    assert not list(installed.program.rglob("*/reminder/**/__pycache__"))


def serves(user: User, environ: Mapping[str, str], *config: str) -> None:
    with user.start(environ, "run", *config) as running:
        assert running.stdout is not None
        screen = ""
        while READY not in screen and (line := running.stdout.readline()):
            screen += line
        [base] = re.findall(r"Subscribe +(http://[^/]+)", screen)
        assert urlopen(f"{base}/healthz", timeout=SOON).read() == b"ok"
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=SOON)
        assert (running.returncode, "Traceback" in err) == (0, False), err


def test_what_the_sample_publishes_stays_out_of_the_program(in_venv: Installed) -> None:
    """Even where its folder could be written, and whoever names it."""
    before = in_venv.state()
    with home_of_nobody(in_venv.place) as home:
        user = User(in_venv, home, cwd="/", umask=0o022)
        [sample] = in_venv.program.rglob("reminder/data/plan/plan_2026.toml")
        os.chown(sample, NOBODYS, NOBODYS)
        os.chown(sample.parent, NOBODYS, NOBODYS)
        sample.parent.chmod(0o755)
        environ = {"HOME": str(home), "REMINDER_CONFIG": str(sample.parents[1] / "config")}
        user(environ, "tick")
        user(environ, "meeting", "set", "npc-14-4", "2026-03-05")
        assert "2026-03-05" in user(environ, "meeting", "list")
        assert "2026-03-05" in user({"HOME": str(home)}, "meeting", "list")
    assert in_venv.state() == before
