"""One archive for a machine without internet: all wheels, an installer, checksums, licences.

    python -m scripts.release.bundle DIST [this]

Takes wheel and sdist from the folder where `make build` has put them, and writes the archive there.
The same files give the same bytes.
"""

import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import parse_wheel_filename

from scripts.release import licences, pins, sbom, wheels
from scripts.release.wheels import Platform

_PAPERS = ("README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "docs", "contrib", "config")


def make(dist: Path, platforms: list[Platform], name: str) -> Path:
    version = tomllib.loads((pins.ROOT / "pyproject.toml").read_text())["project"]["version"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, f"reminder-{version}-{name}")
        (folder / "wheels").mkdir(parents=True)
        wheels.gather(platforms, folder / "wheels")
        if lacking := wheels.lacking(platforms, folder / "wheels"):
            raise LookupError("no wheel for " + ", ".join(lacking))
        shutil.copy(dist / f"reminder-{version}-py3-none-any.whl", folder / "wheels")
        _unpack_papers(dist / f"reminder-{version}.tar.gz", folder)
        (folder / "bundle.json").write_text(json.dumps(facts(version, platforms), indent=1) + "\n")
        (folder / "requirements.txt").write_text(_requirements(folder / "wheels"))
        _write_licences(folder)
        (folder / "reminder.cdx.json").write_text(sbom.text(), encoding="utf-8")
        (folder / "SHA256SUMS").write_text(checksums(folder), encoding="utf-8")
        return _pack(folder, dist)


def facts(version: str, platforms: list[Platform]) -> dict[str, object]:
    return {
        "version": version,
        "pythons": sorted({one.python for one in platforms}),
        "machines": sorted({one.machine for one in platforms}),
        "glibc": wheels.GLIBC,
    }


def _unpack_papers(sdist: Path, folder: Path) -> None:
    """What people read; the installer to the top, where they look for it."""
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            _, _, name = member.name.partition("/")
            if name.split("/")[0] in _PAPERS:
                member.name = name
                archive.extract(member, folder, filter="data")
    for path in (folder / "contrib" / "bundle").iterdir():
        path.rename(folder / path.name)
    (folder / "contrib" / "bundle").rmdir()


def _requirements(folder: Path) -> str:
    """As the locks have them, with the hashes of what lies here; pip installs, and is not in it."""
    lines: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        name, version, _, _ = parse_wheel_filename(path.name)
        value = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.setdefault(f"{name}=={version}", []).append(f"    --hash=sha256:{value}")
    lines = {pin: hashes for pin, hashes in lines.items() if not pin.startswith("pip==")}
    return "".join(" \\\n".join([pin, *hashes]) + "\n" for pin, hashes in lines.items())


def _write_licences(folder: Path) -> None:
    """A list, and the texts that the wheels bring, which whoever hands them on has to keep."""
    texts = folder / "licences"
    for path in sorted((folder / "wheels").iterdir()):
        name, version, _, _ = parse_wheel_filename(path.name)
        for inside, content in _texts(path):
            target = texts / f"{name}-{version}" / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    lines = ""
    declared = licences.licences()
    for pin in pins.read(pins.PRODUCT):
        bare = "" if (texts / f"{pin.name}-{pin.version}").is_dir() else " (its wheel has no text)"
        lines += f"{pin.name} {pin.version}: {declared[pin.name]}{bare}\n"
    (texts / "LIST.txt").write_text(lines, encoding="utf-8")


def _texts(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            head, _, inside = name.partition(".dist-info/")
            is_text = inside.lower().startswith(("licen", "copying", "notice", "authors"))
            if "/" not in head and is_text and not name.endswith("/"):
                yield inside.removeprefix("licenses/"), archive.read(name)


def checksums(folder: Path) -> str:
    """As `sha256sum --check` reads them."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in _files(folder)
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pack(folder: Path, dist: Path) -> Path:
    """Of no owner, no time but that of the version; wheels are compressed already."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    target = dist / f"{folder.name}.tar.gz"
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 1, file, mtime=epoch) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _files(folder):
            member = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder)}")
            member.size, member.mtime, member.mode = path.stat().st_size, epoch, 0o644
            with path.open("rb") as content:
                archive.addfile(member, content)
    value = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(f"{target.name}.sha256").write_text(f"{value}  {target.name}\n")
    return target


def main(dist: Path, *words: str) -> None:
    here = wheels.this()
    if words == ("this",):
        tag = f"cp{here.python.replace('.', '')}-{here.machine}"
        made = make(dist, [here], f"bundle-{tag}")
    else:
        made = make(dist, wheels.all_platforms(), "bundle")
    print(f"{made}: {made.stat().st_size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
