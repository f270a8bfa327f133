"""A real Prometheus, and its tool."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.nginx import free_port

FOLDER = Path(__file__).parents[2] / "contrib" / "prometheus"
RULES = FOLDER / "reminder.rules.yml"
PATIENCE = 120.0


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        words = f"{name} is not on this machine: apt-get install prometheus"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    return found


def promtool(*words: str, given: str | None = None, folder: Path = FOLDER) -> str:
    done = subprocess.run(
        [program("promtool"), *words], cwd=folder, input=given, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Prometheus:
    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1"

    def get(self, path: str) -> Any:
        with urlopen(f"{self._base}/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def firing(self) -> set[str]:
        alerts = self.get("alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def until(self, wanted: Any, limit: float = PATIENCE) -> set[str]:
        """What fires when `wanted` is true of it, or the time was up."""
        end = monotonic() + limit
        while not wanted(firing := self.firing()) and monotonic() < end:
            sleep(0.3)
        return firing


@contextmanager
def prometheus(folder: Path, target: int, token: str) -> Iterator[Prometheus]:
    """As contrib has it, in a hurry: what is to last for minutes lasts for a second."""
    folder.mkdir()
    (folder / "reminder.token").write_text(token)
    config = (FOLDER / "prometheus.yml").read_text()
    config = config.replace("127.0.0.1:8026", f"127.0.0.1:{target}")
    config = config.replace("/etc/prometheus/reminder.token", str(folder / "reminder.token"))
    (folder / "prometheus.yml").write_text(re.sub(r"_interval: \w+", "_interval: 1s", config))
    rules = re.sub(r"for: \w+", "for: 1s", RULES.read_text())
    (folder / RULES.name).write_text(rules)
    port = free_port()
    words = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program("prometheus"), *words], stderr=log)
    try:
        server = Prometheus(port)
        end = monotonic() + PATIENCE
        while process.poll() is None and monotonic() < end:
            try:
                server.get("alerts")
                break
            except (URLError, ConnectionError):
                sleep(0.2)
        assert process.poll() is None, (folder / "log").read_text()
        yield server
    finally:
        process.terminate()
        process.wait()
