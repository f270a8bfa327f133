"""A real nginx in front of a test's server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

_CONFIG = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
{servers}
}}
"""
_PATIENCE = 10  # seconds until it must answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, port: int, servers: str) -> Iterator[None]:
    """With those `server` blocks, one of which listens on the port."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        words = "nginx is not on this machine: apt-get install nginx-light"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(user=user, folder=folder, servers=servers))
    log = str(folder / "error.log")
    process = subprocess.Popen([program, "-c", str(config), "-e", log, "-p", str(folder)])
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + _PATIENCE
    while monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    raise AssertionError("nginx does not answer")
