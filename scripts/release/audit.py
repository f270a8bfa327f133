"""Known weaknesses of what the locks pin: asked of the packages' registry by pip-audit, or read in
a copy of the advisories (github.com/pypa/advisory-database) where there is no internet.

    python -m scripts.release.audit [--if-reached | --advisories FOLDER]

Exit status: 0 none is known; 1 some are; 3 nobody answered, and `--if-reached` was not said.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from scripts.release import pins
from scripts.release.pins import Pin

# With what tests, builds and locks: the first has all of the product.
LOCKS = ("requirements-dev.lock", "scripts/bundle.lock", "scripts/lock-tool.lock")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--if-reached", action="store_true")
    parser.add_argument("--advisories", type=Path)
    said = parser.parse_args()
    wanted = {pin.name: pin for lock in LOCKS for pin in pins.read(pins.ROOT / lock)}
    if said.advisories:
        known = list(read(said.advisories, wanted.values()))
        return report(known, f"{len(wanted)} packages, advisories in {said.advisories}")
    known, unanswered = ask(wanted.values())
    if len(unanswered) == len(wanted):
        print("NOT AUDITED: the registry does not say what is known of packages")
        return 0 if said.if_reached else 3
    if unanswered:
        print("not audited:", ", ".join(sorted(unanswered)))
    return report(known, f"{len(wanted) - len(unanswered)} packages, asked of their registry")


def report(known: list[str], what: str) -> int:
    print(*known, f"{len(known)} known weaknesses: {what}", sep="\n")
    return 1 if known else 0


def ask(wanted: Collection[Pin]) -> tuple[list[str], set[str]]:
    """What is known, and of which packages nobody told anything."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pin.line for pin in wanted))
        file.flush()
        program = str(Path(sys.executable).with_name("pip-audit"))
        options = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
        command = [program, *options, "--requirement", file.name]
        told = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603 - our own words
    answers = json.loads(told)["dependencies"] if told else []
    known = [
        f"{one['name']} {one['version']}: {weakness['id']}, mended in {weakness['fix_versions']}"
        for one in answers
        for weakness in one.get("vulns", ())
    ]
    answered = {pins.plain(one["name"]) for one in answers if "skip_reason" not in one}
    return known, {pin.name for pin in wanted} - answered


def read(folder: Path, wanted: Iterable[Pin]) -> Iterator[str]:
    """As OSV has them: https://ossf.github.io/osv-schema/."""
    if not (folder / "vulns").is_dir():
        raise SystemExit(f"{folder} has no folder vulns: it is no copy of the advisories")
    for pin in wanted:
        for path in sorted((folder / "vulns" / pin.name).glob("*.yaml")):
            advisory = yaml.safe_load(path.read_text(encoding="utf-8"))
            if "withdrawn" not in advisory and any(
                concerns(affected, Version(pin.version)) for affected in advisory["affected"]
            ):
                yield f"{pin.name} {pin.version}: {advisory['id']}"


def concerns(affected: dict[str, Any], version: Version) -> bool:
    if str(version) in affected.get("versions", ()):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one["type"] == "ECOSYSTEM"]
    return any(_lies_in(one["events"], version) for one in ranges)


def _lies_in(events: list[dict[str, str]], version: Version) -> bool:
    """Events come in order: from one that introduces to one that ends."""
    inside = False
    for event in events:
        ((kind, text),) = event.items()
        if kind == "introduced" and version >= Version(text):
            inside = True
        elif (kind == "fixed" and version >= Version(text)) or (
            kind == "last_affected" and version > Version(text)
        ):
            inside = False
    return inside


if __name__ == "__main__":
    sys.exit(main())
