"""Files that are written for people: for their owner alone, whole or not there, through no link."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EISDIR
from pathlib import Path
from secrets import token_hex

# Names here stand for what a process has open: nothing can be put in their place.
_STREAMS = ("/dev", "/dev/fd", "/proc/self/fd")


class OutputFolder:
    """An open folder, into which others may be able to write as well (/tmp, a share).

    A file is made under a name that nobody can guess and gets its own when it is on disk. That
    replaces a link of this name, where opening it would follow the link. What has the name then
    is looked at, for who can write to the folder can rename files in it. Raises `OSError`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._fd)

    def write(self, name: str, content: Iterable[bytes]) -> None:
        """In the place of a file of that name, if there is one."""
        if name in ("", ".", ".."):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(self._path / name))
        draft = f".{token_hex(16)}.part"
        file = os.open(draft, os.O_WRONLY | _NEW, 0o600, dir_fd=self._fd)
        try:
            with os.fdopen(file, "wb") as opened:
                opened.writelines(content)
                opened.flush()
                os.fsync(opened.fileno())
                os.rename(draft, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
                os.fsync(self._fd)
                self._refuse_another(name, os.fstat(opened.fileno()))
        except OSError as error:
            with suppress(OSError):
                os.unlink(draft, dir_fd=self._fd)
            raise OSError(error.errno, error.strerror, str(self._path / name)) from None

    def write_new(self, name: str, content: Iterable[bytes]) -> None:
        """Raises `FileExistsError` where anything has that name."""
        path = self._path / name
        try:
            os.close(os.open(name, os.O_WRONLY | _NEW, 0o600, dir_fd=self._fd))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        try:
            self.write(name, content)
        except BaseException:  # raised again: what holds the name goes first
            with suppress(OSError):
                os.unlink(name, dir_fd=self._fd)
            raise

    def _refuse_another(self, name: str, written: os.stat_result) -> None:
        found = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
        if not os.path.samestat(found, written):
            raise OSError(0, "was replaced by somebody else while it was written")


_NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def output_folder(path: Path, *, make: bool = False) -> Iterator[OutputFolder]:
    """`make`: where it is missing, a folder that only its owner may look into."""
    if make:
        _refuse_planted(path)
        for missing in [p for p in (*reversed(path.parents), path) if not p.exists()]:
            missing.mkdir(mode=0o700, exist_ok=True)
    folder = OutputFolder(path)
    try:
        yield folder
    finally:
        folder.close()


def write_file(path: Path, content: bytes) -> None:
    """A file that is there is replaced; /dev/stdout and the like are written to."""
    if str(path.parent) in _STREAMS:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb") as stream:
            stream.write(content)
        return
    with output_folder(path.parent) as folder:
        folder.write(path.name, [content])


def _refuse_planted(path: Path) -> None:
    """A folder may be a link of one's own; another user's leads where that one likes."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, os.geteuid()):
            raise OSError(0, "is a link that another user made, wanted a folder", str(path))
