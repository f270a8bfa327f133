"""Who may send: on one machine, one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reminder.errors import LedgerError


@contextmanager
def senders_lock(path: Path) -> Iterator[bool]:
    """Whether this process may deliver. The kernel takes the lock back even after SIGKILL."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _refusal(path, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = True
        except BlockingIOError:
            ours = False
        except OSError as error:
            raise _refusal(path, error) from None
        yield ours
    finally:
        os.close(descriptor)


def _refusal(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"the sender's lock {path} cannot be had: {error.strerror}",
        hint="Nothing is sent without it. This user must be able to write that file and folder.",
    )
