"""`reminder run` on an office, until it is ready and as long as it is needed."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import REMINDER, free_port, running, until


@dataclass(frozen=True)
class Daemon:
    process: subprocess.Popen[str]
    settings: Mapping[str, object]
    base: str


@contextmanager
def daemon(state: Path, config: Path | None = None) -> Iterator[Daemon]:
    """On the shipped plan unless another office is given. Ready when this comes back."""
    port = free_port()
    settings = {"STATE_DIR": state, "WEB__PORT": port, "LOG__LEVEL": "error"}
    words = [REMINDER, "run", *(["--config", str(config)] if config else [])]
    base = f"http://127.0.0.1:{port}"
    with running(words, settings) as process:
        until(lambda: _is_ready(base), process, "reminder run is ready")
        yield Daemon(process, settings, base)


def _is_ready(base: str) -> bool:
    try:
        return fetch(f"{base}/readyz")[0] == 200
    except OSError:
        return False


def fetch(url: str, **headers: str) -> tuple[int, bytes, str]:
    """Status, body, ETag."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["ETag"] or ""
    except urllib.error.HTTPError as error:
        return error.code, b"", ""
