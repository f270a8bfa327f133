"""Wheels for machines that may be others than this one, each checked against the locks."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from scripts.release import pins
from scripts.release.pins import Pin

PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
GLIBC = (2, 28)  # the oldest that every wheel runs with
# They publish no wheel. What is made of them here runs on every machine.
WITHOUT_WHEEL = {"authres"}
_NOBODYS_SETTINGS = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


@dataclass(frozen=True)
class Platform:
    python: str
    machine: str

    @property
    def systems(self) -> list[str]:
        newer = [f"manylinux_2_{minor}_{self.machine}" for minor in range(GLIBC[1], 16, -1)]
        return [*newer, f"manylinux2014_{self.machine}"]

    @property
    def options(self) -> list[str]:
        return ["--python-version", self.python, *(f"--platform={tag}" for tag in self.systems)]

    @property
    def tags(self) -> set[Tag]:
        """Of the wheels that run there."""
        major, minor = map(int, self.python.split("."))
        own = cpython_tags((major, minor), [f"cp{major}{minor}"], self.systems)
        return {*own, *compatible_tags((major, minor), f"cp{major}{minor}", self.systems)}


def this() -> Platform:
    return Platform(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())


def all_platforms() -> list[Platform]:
    return [Platform(*both) for both in product(PYTHONS, MACHINES)]


def gather(platforms: Iterable[Platform], folder: Path) -> None:
    """All of the product's but its own, and pip."""
    wanted = pins.read(pins.PRODUCT)
    published = [pin for pin in wanted if pin.name not in WITHOUT_WHEEL]
    for one in platforms:
        _download(published, folder, *one.options)
    (pip,) = (pin for pin in pins.read(pins.BUNDLE) if pin.name == "pip")
    _download([pip], folder)
    _build([pin for pin in wanted if pin.name in WITHOUT_WHEEL], folder)


def lacking(platforms: Iterable[Platform], folder: Path) -> list[str]:
    """What is pinned, and has no wheel in that folder that runs there."""
    there = [parse_wheel_filename(path.name) for path in folder.glob("*.whl")]
    return [
        f"{pin.name} {pin.version} on Python {one.python}, {one.machine}"
        for one in platforms
        for pin in pins.read(pins.PRODUCT)
        if not any(
            (name, str(version)) == (pin.name, pin.version) and tags & one.tags
            for name, version, _, tags in there
        )
    ]


def _download(wanted: list[Pin], folder: Path, *options: str) -> None:
    _pip("download", "--only-binary=:all:", *options, f"--dest={folder}", wanted=wanted)


def _build(wanted: list[Pin], folder: Path) -> None:
    """By tools that are pinned too, in an environment that has nothing else."""
    with tempfile.TemporaryDirectory() as tools:
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)  # noqa: S603
        python = str(Path(tools, "bin", "python"))
        _pip("install", wanted=pins.read(pins.BUNDLE), python=python)
        build = ("wheel", "--no-build-isolation", "--no-cache-dir", f"--wheel-dir={folder}")
        _pip(*build, wanted=wanted, python=python)


def _pip(*words: str, wanted: list[Pin], python: str = sys.executable) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pin.line for pin in wanted))
        file.flush()
        command = [python, "-m", "pip", words[0], "--quiet", "--no-deps", "--require-hashes"]
        command += [*words[1:], "-r", file.name]
        environ = os.environ | _NOBODYS_SETTINGS
        subprocess.run(command, check=True, env=environ, umask=0o022)  # noqa: S603 - our own words
