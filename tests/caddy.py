"""A real Caddy in front of a test's server, by the recipe as it is shipped."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import nginx
from tests.nginx import NAME

_RECIPE = Path(__file__).parents[1] / "contrib" / "Caddyfile"


@contextmanager
def caddy(folder: Path, http: int, https: int, to: int) -> Iterator[None]:
    program = nginx.program("caddy", "caddy")
    nginx.write_certificate(folder)
    config = folder / "Caddyfile"
    config.write_text(_recipe(folder, http, https, to))
    with (folder / "stderr.log").open("w") as log:
        process = subprocess.Popen(
            [program, "run", "--config", str(config)],
            env=os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
        with nginx.running(process, http, https):
            yield


def _recipe(folder: Path, http: int, https: int, to: int) -> str:
    """With this machine's name, ports and files."""
    changes = {
        r"(?m)^\{$": f"{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}",
        r"redir https://reminder\.example": f"redir https://{NAME}:{https}",
        r"reminder\.example": NAME,
        r"127\.0\.0\.1:8026": f"127.0.0.1:{to}",
        r"/etc/ssl/\S+/reminder\.\w+": f"{folder}/both.pem",
        r"/var/log/caddy": str(folder),
        r"(read_header|read_body|write) \d+s": r"\1 1s",
    }
    return nginx.changed(_RECIPE.read_text(encoding="utf-8"), changes)
