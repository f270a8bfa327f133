"""Files written for people, in folders that others can write to as well."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reminder.output_files import make_folder, write_edited, write_file


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Anybody may write here, and take away what is not theirs."""
    path = tmp_path / "shared"
    path.mkdir()
    path.chmod(0o777)
    return path


@contextmanager
def attacker(folder: Path, victim: Path) -> Iterator[None]:
    """Puts a link into the place of whatever appears in the folder."""
    over = threading.Event()

    def attack() -> None:
        while not over.is_set():
            for found in os.scandir(folder):
                with suppress(OSError):
                    if not found.is_symlink():
                        Path(found.path).unlink()
                        Path(found.path).symlink_to(victim)

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_file(tmp_path / "a.html", [b"words"])
    finally:
        os.umask(before)
    assert (tmp_path / "a.html").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a.html").read_bytes() == b"words"


def test_every_folder_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    for made in (tmp_path / "a", tmp_path / "a" / "b"):
        assert made.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "lay",
    [
        lambda path, victim: path.symlink_to(victim),
        lambda path, victim: os.mkfifo(path),
        lambda path, victim: path.write_text("of yesterday"),
    ],
)
def test_what_has_the_files_name_is_replaced_and_not_followed(
    shared: Path, victim: Path, lay: Callable[[Path, Path], object]
) -> None:
    lay(shared / "a", victim)
    write_file(shared / "a", [b"words"])
    assert victim.read_text() == "precious"
    assert not (shared / "a").is_symlink()
    assert [path.read_bytes() for path in shared.iterdir()] == [b"words"]


def test_new_file_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "a", [b"words"], new=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError, match=f"{tmp_path}/a"):
        write_file(tmp_path / "a", [b"words"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_who_replaces_every_name_at_once_never_gets_at_another_file(
    shared: Path, victim: Path
) -> None:
    with attacker(shared, victim):
        for number in range(200):
            with suppress(OSError):
                write_file(shared / f"{number}", [b"words"])
    assert victim.read_text() == "precious"


def test_standard_output_is_written_to(capfd: pytest.CaptureFixture[str]) -> None:
    write_file(Path("/dev/stdout"), [b"words"])
    assert capfd.readouterr().out == "words"
    assert Path("/dev/stdout").is_symlink()


def test_file_that_people_edit_keeps_its_rights_and_a_new_one_has_its_folders(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    folder.chmod(0o750)
    (folder / "units.toml").write_text("old")
    (folder / "units.toml").chmod(0o644)
    (tmp_path / "link.toml").symlink_to(folder / "units.toml")
    write_edited(tmp_path / "link.toml", b"new")
    write_edited(folder / "2027.toml", b"new")
    assert (tmp_path / "link.toml").is_symlink()
    found = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert found == {"units.toml": 0o644, "2027.toml": 0o640}
    assert (folder / "units.toml").read_bytes() == b"new"
