"""Wheel and sdist: all that runs is in them, nothing else, and the same bytes whoever builds."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ("templates", "config", "plan")
pytestmark = pytest.mark.long


def build(source: Path, target: Path, *what: str, umask: int = 0o022) -> dict[str, Path]:
    """By the end of its name."""
    environ = os.environ | {"SOURCE_DATE_EPOCH": "1775000000"}
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(target), *what, "."]
    subprocess.run(command, cwd=source, check=True, env=environ, capture_output=True, umask=umask)
    return {path.suffix: path for path in target.iterdir()}


def committed(*folders: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where somebody works: with files of their own beside the product's."""
    place = tmp_path_factory.mktemp("checkout")
    for name in committed("."):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place / name)
    (place / "config" / "secrets").mkdir()
    (place / "config" / "secrets" / "smtp__password").write_text("hunter2")
    (place / "plan" / "plan_2027.toml").write_text("")
    return place


@pytest.fixture(scope="module")
def built(checkout: Path) -> dict[str, Path]:
    return build(checkout, checkout / "dist")


def test_the_wheel_has_all_that_runs_and_nothing_else(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = set(wheel.namelist())
    wanted = set(committed("reminder")) | {f"reminder/data/{name}" for name in committed(*DATA)}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    wanted.add(f"reminder-{version}.data/data/share/man/man1/reminder.1")
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_sdist_makes_the_same_wheel(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built[".gz"]) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    names = {path.relative_to(unpacked).parts[0] for path in unpacked.rglob("*")}
    assert "tests" not in names
    assert {"LICENSE", "README.zh-CN.md", "CHANGELOG.md", "requirements.lock"} <= names
    again = build(unpacked, tmp_path / "again", "--wheel")
    assert again[".whl"].read_bytes() == built[".whl"].read_bytes()


def test_who_builds_and_when_makes_no_difference(
    built: dict[str, Path], checkout: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(checkout, tmp_path / "other place", dirs_exist_ok=True))
    shutil.rmtree(other / "dist")
    for path in other.rglob("*"):
        os.utime(path, (0, 0))
    again = build(other, tmp_path / "again", umask=0o077)
    assert {name: path.read_bytes() for name, path in again.items()} == {
        name: path.read_bytes() for name, path in built.items()
    }


def test_what_a_registry_shows_of_it(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built[".whl"]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        shown = message_from_bytes(wheel.read(name))
    assert (shown["License-Expression"], shown["License-File"]) == ("MIT", "LICENSE")
    assert shown.get_all("Project-URL") is None
    assert set(shown.get_all("Provides-Extra") or ()) == {"channels", "dev", "oauth", "oidc"}
