"""A real nginx in front of a test's server; what a Caddy there shares with it."""

import os
import random
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
import trustme

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
NAME = "reminder.npc.test"  # of the site in the recipe
_RECIPE = Path(__file__).parents[1] / "contrib" / "nginx.conf"
_PATIENCE = 10  # seconds until it must answer


def free_port() -> int:
    """Below those that the system gives to outgoing connections, which would take it meanwhile."""
    while True:
        port = random.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def program(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        words = f"{name} is not on this machine: apt-get install {package}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    return found


@contextmanager
def nginx(folder: Path, port: int, servers: str) -> Iterator[None]:
    """With those `server` blocks, one of which listens on the port."""
    command = program("nginx", "nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(user=user, folder=folder, servers=servers))
    log = str(folder / "error.log")
    process = subprocess.Popen([command, "-c", str(config), "-e", log, "-p", str(folder)])
    with running(process, port):
        yield


@contextmanager
def running(process: subprocess.Popen[bytes], *ports: int) -> Iterator[None]:
    """From when it answers until nobody needs it."""
    try:
        for port in ports:
            _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def recipe(folder: Path, http: int, https: int, to: int) -> str:
    """As it is shipped, with this machine's name, ports and files."""
    write_certificate(folder)
    changes = {
        r"https://reminder\.example": f"https://{NAME}:{https}",
        r"reminder\.example": NAME,
        r"listen 80\b": f"listen 127.0.0.1:{http}",
        r"listen 443\b": f"listen 127.0.0.1:{https}",
        r"127\.0\.0\.1:8026": f"127.0.0.1:{to}",
        r"/etc/ssl/\S+/reminder\.\w+;": f"{folder}/both.pem;",
        r"/var/log/nginx": str(folder),
        r"_timeout 20s": "_timeout 1s",
    }
    return changed(_RECIPE.read_text(encoding="utf-8"), changes)


def write_certificate(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    certificate = trustme.CA().issue_cert(NAME)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")


def changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        text, count = re.subn(old, new, text)
        assert count
    return text


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + _PATIENCE
    while monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    raise AssertionError("the proxy does not answer")
