"""The licences of all that the product needs, as its packages declare them."""

import json
import re
import subprocess
import sys
from pathlib import Path

from scripts.release import pins

# Whoever hands out the product may do so under these: they ask for a notice, or for changes of
# the package itself. Of what a package offers "or" and has "and" all must be known.
ALLOWED = {
    "Apache Software License",
    "Apache-2.0",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "ISC License (ISCL)",
    "LGPL-2.1-only",
    "LGPL-3.0-only",
    "MIT",
    "MIT License",
    "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Python Software Foundation License",
    "The Unlicense (Unlicense)",
}


def licences() -> dict[str, str]:
    """By package, of this environment's. Raises `KeyError` where one is not installed."""
    program = Path(sys.executable).with_name("pip-licenses")
    names = [pin.name for pin in pins.read(pins.PRODUCT)]
    command = [str(program), "--format=json", "--with-system", "--packages", *names]
    listed = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - from the lock
    declared = {pins.plain(one["Name"]): one["License"] for one in json.loads(listed.stdout)}
    return {name: declared[name] for name in names}


def unknown() -> dict[str, str]:
    """What nobody has allowed yet."""
    return {name: text for name, text in licences().items() if not named(text) <= ALLOWED}


def named(text: str) -> set[str]:
    return set(re.split(r" AND | OR |; ", text))
