"""Files that are written for people: for their owner alone, whole or not there, through no link.

Those that people edit keep their rights.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

# Names here stand for what a process has open: nothing can be put in their place.
_STREAMS = ("/dev", "/dev/fd", "/proc/self/fd")


# What a kill may leave beside a file: .NAME.RANDOM.part
PART, _SHOWN = ".part", 40


def make_folder(path: Path) -> None:
    """Where it is missing, a folder that only its owner may look into."""
    for missing in [p for p in (*reversed(path.parents), path) if not p.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)


def write_edited(path: Path, content: bytes) -> None:
    """In the place of a file that people edit, there where a link leads. Its rights stay; a new
    one is as open as its folder: a daemon of another user may have to read it."""
    path = path.resolve()
    make_folder(path.parent)
    there = path.stat() if path.exists() else path.parent.stat()
    write_file(path, [content], rights=there)


def write_file(
    path: Path,
    content: Iterable[bytes],
    *,
    new: bool = False,
    rights: os.stat_result | None = None,
) -> None:
    """In the place of a file or a link of that name; /dev/stdout and the like are written to.

    Written under a name that nobody can guess, and renamed when it is on disk. `new`: raises
    `FileExistsError` where anything has that name.
    """
    if str(path.parent) in _STREAMS:
        with path.open("wb", buffering=0) as stream:
            stream.writelines(content)
        return
    draft = None
    try:
        if new:
            path.touch(0o600, exist_ok=False)
        prefix = f".{path.name[:_SHOWN]}."
        with NamedTemporaryFile(dir=path.parent, prefix=prefix, suffix=PART, delete=False) as file:
            draft = Path(file.name)
            file.writelines(content)
            if rights:
                os.fchmod(file.fileno(), stat.S_IMODE(rights.st_mode) & 0o666)
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), rights.st_uid, rights.st_gid)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        if draft:
            draft.unlink(missing_ok=True)
        if new and not isinstance(error, FileExistsError):
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def sync_folder(path: Path) -> None:
    """What was renamed in it stays so after a power cut."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
