"""The way out into a folder: a Maildir that any mail program reads, every message exactly once."""

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.mail.transports import Envelope


class MaildirTransport:
    """Its own connection too: nothing is held open between two messages."""

    closed = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> "MaildirTransport":
        """Makes the folder when it is missing. Raises `ServerError` when that fails."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in ("tmp", "new", "cur"):
                (self._folder / part).mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)
        except OSError as error:
            raise self._trouble(error) from error
        return self

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        """The file is the stored bytes and its name comes from the Message-ID alone: a
        message that is sent again, after a kill at any point, finds itself already there.

        Raises `ServerError` too when the folder fails: no message is to blame, so all wait.
        """
        try:
            words = self._store(envelope, still_ours)
        except OSError as error:
            raise self._trouble(error) from error
        return dict.fromkeys(envelope.recipients, Answer(State.SENT, Reason.ACCEPTED, words))

    def close(self) -> None:
        """Nothing is held between two messages."""

    def _store(self, envelope: Envelope, still_ours: Callable[[], bool]) -> str:
        name = file_name(envelope.message_id)
        draft, final, read = (self._folder / part / name for part in ("tmp", "new", "cur"))
        # A mail program moves what was read to `cur` and adds `:2,` and flags.
        for there in (final, read, *read.parent.glob(f"{name}:2,*")):
            if there.exists():
                # Its name may not have reached the disk before the kill that brought us here.
                _sync(there.parent)
                return f"already there as {there.parent.name}/{there.name}"
        try:
            _write(draft, envelope.content)
            if not still_ours():
                raise ClaimLapsedError("the claim lapsed before the message was put in place")
            draft.rename(final)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        _sync(final.parent)
        return f"stored as new/{name}"

    def _trouble(self, error: OSError) -> ServerError:
        room = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = (
            f"Make room on the disk of {self._folder}." if room else "Is it there, and this user's?"
        )
        return ServerError(f"outbox {self._folder}: {error.strerror or error}", hint=hint)


def file_name(message_id: str) -> str:
    """Safe on every file system and the same for every attempt."""
    return f"{sha256(message_id.encode()).hexdigest()[:32]}.reminder"


def messages(folder: Path) -> list[Path]:
    """The message files, newest first; none when there is no folder yet."""
    dated = []
    for path in (*folder.glob("new/[!.]*"), *folder.glob("cur/[!.]*")):
        # A mail program may move a message between the listing and the look.
        with suppress(OSError):
            status = path.stat(follow_symlinks=False)
            if S_ISREG(status.st_mode):
                dated.append((status.st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def _write(path: Path, content: bytes) -> None:
    """A draft that a killed process left is written anew, from its first byte."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """A rename lasts through a power cut only when its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
