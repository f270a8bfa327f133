"""The wheel, installed where other users find it and nobody can write."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
NOBODYS = 54_321  # stands in no list of users


@dataclass
class Installed:
    """`command` begins the program; `place` is open to all, and what is in it to nobody's pen."""

    place: Path
    program: Path
    command: list[str]
    environ: dict[str, str] = field(default_factory=dict)

    def state(self) -> set[tuple[str, int]]:
        """Of every file of the program: nothing may come, go or become another."""
        return {(str(path), path.stat().st_mtime_ns) for path in self.program.rglob("*")}


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def _python() -> str:
    """One that other users may begin, of the version for which the dependencies are: root's own
    is closed to them."""
    here = Path(sys.executable).resolve()
    found = shutil.which("python3", path="/usr/bin") if here.is_relative_to("/root") else str(here)
    script = "import sys; print(sys.version_info[:2])"
    version = found and subprocess.run([found, "-c", script], capture_output=True, text=True).stdout
    if not found or version != f"{sys.version_info[:2]}\n":
        lacking("no Python of this version that another user may begin: apt-get install python3")
    return found


def lacking(words: str) -> NoReturn:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(words)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Not below the tests' own folder, which is closed to others; nor in /tmp, which a service
    does not see."""
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("only root can run as somebody else")
    with tempfile.TemporaryDirectory(dir="/opt", prefix="reminder ") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        _run("chmod", "-R", "u+w", folder)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", target, ROOT)
    [path] = target.iterdir()
    return path


@pytest.fixture(scope="session")
def needed(place: Path) -> Path:
    """What it needs of others: this environment's, without the product."""
    [packages] = [Path(p) for p in sys.path if p.startswith(sys.prefix) and p.endswith("-packages")]
    ours = shutil.ignore_patterns("reminder*", "*editable*", "*.pth")
    shutil.copytree(packages, place / "needed", ignore=ours, copy_function=_link)
    return place / "needed"


@pytest.fixture(scope="session")
def in_venv(place: Path, wheel: Path, needed: Path) -> Installed:
    program = place / "一个 venv"
    _run(_python(), "-m", "venv", "--without-pip", program)
    python = program / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile")
    _run(*pip, "--no-index", "--no-deps", wheel)
    [packages] = program.glob("lib/*/site-packages")
    (packages / "needed.pth").write_text(f"{needed}\n", encoding="utf-8")
    _run("chmod", "-R", "a-w,a+rX", program)
    return Installed(place, program, [str(program / "bin" / "reminder")])


@pytest.fixture(scope="session")
def in_folder(place: Path, wheel: Path, needed: Path) -> Installed:
    program = place / "一个 folder"
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--no-index", "--no-deps")
    _run(*pip, "--target", program, wheel)
    _run("chmod", "-R", "a-w,a+rX", program)
    environ = {"PYTHONPATH": f"{program}:{needed}"}
    return Installed(place, program, [_python(), "-m", "reminder"], environ)
