"""The bundle for machines without internet, as somebody there installs it."""

import ast
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from time import sleep

import pytest

from scripts.release import bundle, pins, wheels
from scripts.release.wheels import Platform

NOBODYS = 54_321  # stands in no list of users
# As Debian's Python is without python3-venv.
WITHOUT_ENSUREPIP = """
import runpy, sys
sys.modules["ensurepip"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "contrib" / "bundle" / "install.py"
STRANGER = ("setpriv", "--reuid", NOBODYS, "--regid", NOBODYS, "--clear-groups")


@cache
def python() -> str:
    """One of this version that everybody may run: the system's, or this one."""
    asked = "import sys; print(*sys.version_info[:2])"
    wanted = " ".join(map(str, sys.version_info[:2]))
    for program in (f"/usr/bin/python{wanted.replace(' ', '.')}", sys.executable):
        if Path(program).exists() and run(*STRANGER, program, "-c", asked).stdout.strip() == wanted:
            return program
    words = "Python lies where root alone may read it, and the system has no other"
    raise AssertionError(words)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(dist), "."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return made(dist)


def made(dist: Path) -> Path:
    os.environ["SOURCE_DATE_EPOCH"] = "1775000000"
    try:
        return bundle.make(dist, [wheels.this()], "bundle-this")
    except subprocess.CalledProcessError as error:
        words = f"the registry of packages does not answer: {error}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)


@pytest.fixture
def ground() -> Iterator[Path]:
    """pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def unpacked(archive: Path, ground: Path) -> Path:
    """Under a name as people give them."""
    with tarfile.open(archive) as file:
        file.extractall(ground, filter="data")
    (folder,) = ground.iterdir()
    return folder.rename(ground / "安装 包")


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """With no network, no home, and nothing that this machine has set for Python."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "REMINDER_STATE_DIR": "/state"}
    words = ["unshare", "--net", *map(str, command)]
    return subprocess.run(words, env=environ, capture_output=True, text=True, **options)


def install(unpacked: Path, place: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return run(python(), unpacked / "install.py", place, **options)


def version_of(place: Path) -> str:
    done = run(place / "bin" / "reminder", "tasks", "--month", "4", "--json")
    assert (done.returncode, len(json.loads(done.stdout)) > 0) == (0, True), done.stderr
    assert (place / "share" / "man" / "man1" / "reminder.1").is_file()
    return (place / "current").resolve().name


def as_root() -> None:
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("only root can take away the network and run as somebody else")


@pytest.mark.long
def test_it_installs_without_network_pip_and_home_for_whoever_runs_it(
    unpacked: Path, ground: Path
) -> None:
    as_root()
    place = ground / "程序 目录"
    script = (python(), "-c", WITHOUT_ENSUREPIP, unpacked / "install.py", place)
    done = run(*script, umask=0o077)
    assert (done.returncode, str(place / "bin" / "reminder") in done.stdout) == (0, True), done
    checked = run(*STRANGER, place / "bin" / "reminder", "check", cwd=ground)
    assert (checked.returncode, "no mistakes" in checked.stdout) == (0, True), checked.stderr
    freed = run(place / "current" / "bin" / "python", *pip_of(unpacked), "check")
    assert freed.stdout == "No broken requirements found.\n"


def pip_of(unpacked: Path) -> tuple[Path]:
    (pip,) = (unpacked / "wheels").glob("pip-*.whl")
    return (pip / "pip",)


@pytest.mark.long
def test_an_upgrade_keeps_what_runs_and_whatever_goes_wrong_changes_nothing(
    unpacked: Path, ground: Path
) -> None:
    as_root()
    place = ground / "place"
    place.mkdir()
    os.chown(place, NOBODYS, NOBODYS)
    first = run(*STRANGER, python(), unpacked / "install.py", place)
    assert first.returncode == 0, first.stderr
    before = version_of(place)

    full = install(unpacked, place, preexec_fn=lambda: limit_files(100_000))
    assert (full.returncode, "goes on working" in full.stderr) == (1, True)
    assert (version_of(place), names(place / "versions")) == (before, {before})

    kill_halfway(unpacked, place)
    assert version_of(place) == before

    again = install(unpacked, place)
    assert (again.returncode, f"Upgraded from {before}" in again.stdout) == (0, True), again
    after = version_of(place)
    assert after != before
    assert names(place / "versions") == {before, after}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def limit_files(size: int) -> None:
    """As a full disk stops whoever writes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def kill_halfway(unpacked: Path, place: Path) -> None:
    before = names(place / "versions")
    command = [python(), unpacked / "install.py", place]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    while not any((place / "versions").glob("*/lib/python*/site-packages/*")) or (
        names(place / "versions") == before
    ):
        sleep(0.01)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.long
def test_the_same_files_make_the_same_archive(archive: Path, tmp_path: Path) -> None:
    for path in archive.parent.glob("reminder-*"):
        if path.suffix in (".whl", ".gz") and path != archive:
            shutil.copy(path, tmp_path)
    assert made(tmp_path).read_bytes() == archive.read_bytes()
    value = hashlib.sha256(archive.read_bytes()).hexdigest()
    noted = archive.with_name(f"{archive.name}.sha256").read_text()
    assert noted == f"{value}  {archive.name}\n"


def small(folder: Path) -> Path:
    """A bundle of three files: enough for what is refused before anything is installed."""
    folder.mkdir()
    shutil.copy(INSTALLER, folder)
    facts = bundle.facts("1.0.0", wheels.all_platforms())
    (folder / "bundle.json").write_text(json.dumps(facts))
    (folder / "requirements.txt").write_text("reminder==1.0.0")
    write_checksums(folder)
    return folder


def write_checksums(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(bundle.checksums(folder))


def changed(folder: Path, _: Path) -> None:
    (folder / "requirements.txt").write_text("reminder==6.6.6")


def gone(folder: Path, _: Path) -> None:
    (folder / "SHA256SUMS").unlink()


def for_others(folder: Path, _: Path, **facts: object) -> None:
    known = json.loads((folder / "bundle.json").read_text())
    (folder / "SHA256SUMS").unlink()
    (folder / "bundle.json").write_text(json.dumps(known | facts))
    write_checksums(folder)


def for_other_pythons(folder: Path, place: Path) -> None:
    for_others(folder, place, pythons=["3.99"])


def for_other_machines(folder: Path, place: Path) -> None:
    for_others(folder, place, machines=["riscv64"])


def for_newer_systems(folder: Path, place: Path) -> None:
    for_others(folder, place, glibc=[2, 999])


def into_a_folder_of_others(_: Path, place: Path) -> None:
    place.mkdir()
    (place / "theirs").write_text("")


@pytest.mark.parametrize(
    ("spoil", "words", "chinese"),
    [
        (changed, "changed: requirements.txt", "requirements.txt。请重新复制"),
        (gone, "changed: SHA256SUMS", "SHA256SUMS"),
        (for_other_pythons, "for Python 3.99, and this is", "适用于 Python 3.99"),
        (for_other_machines, "on riscv64, and this is", "适用于 riscv64"),
        (for_newer_systems, "glibc 2.999 or later", "glibc 2.999 以上"),
        (into_a_folder_of_others, "holds something else", "已有别的内容"),
    ],
)
def test_what_is_refused_in_words_before_anything_is_written(
    tmp_path: Path, spoil: Callable[[Path, Path], None], words: str, chinese: str
) -> None:
    folder, place = small(tmp_path / "bundle"), tmp_path / "place"
    spoil(folder, place)
    before = sorted(tmp_path.rglob("*"))
    for locale, wanted in (("C.UTF-8", words), ("zh_CN.UTF-8", chinese)):
        environ = {"LC_ALL": locale, "PYTHONUTF8": "1"}
        command = [sys.executable, str(folder / "install.py"), str(place)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, wanted in done.stderr) == (1, True), done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_an_old_python_reads_the_installer_as_far_as_the_words_for_it() -> None:
    ast.parse(INSTALLER.read_text("utf-8"), feature_version=(3, 6))


def test_a_wheel_that_is_wanting_for_some_machine_is_named(tmp_path: Path) -> None:
    wanted = pins.read(pins.PRODUCT)
    for pin in wanted:
        name = pin.name.replace("-", "_")
        (tmp_path / f"{name}-{pin.version}-py3-none-any.whl").touch()
    both = [Platform("3.12", "x86_64"), Platform("3.13", "aarch64")]
    assert wheels.lacking(both, tmp_path) == []
    (lxml,) = tmp_path.glob("lxml-*")
    lxml.unlink()
    lxml.with_name(lxml.name.replace("py3-none-any", "cp312-cp312-manylinux_2_28_x86_64")).touch()
    newer = lxml.name.replace("py3-none-any", "cp313-cp313-manylinux_2_34_aarch64")
    lxml.with_name(newer).touch()
    version = next(pin.version for pin in wanted if pin.name == "lxml")
    assert wheels.lacking(both, tmp_path) == [f"lxml {version} on Python 3.13, aarch64"]
