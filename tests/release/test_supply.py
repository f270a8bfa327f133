"""What others have written: under which licences, with which weaknesses, listed how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.version import Version

from scripts.release import audit, licences, pins, sbom

ROOT = Path(__file__).parents[2]


def test_everything_may_be_handed_out() -> None:
    assert licences.unknown() == {}
    assert not licences.named("MIT AND GPL-3.0-only") <= licences.ALLOWED
    assert licences.named("Apache-2.0 OR BSD-3-Clause") <= licences.ALLOWED


def test_the_bill_of_materials_is_valid_and_names_all_that_is_pinned() -> None:
    text = sbom.text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    listed = {
        (one["name"], one["version"], tuple(sorted(h["content"] for h in one["hashes"])))
        for one in bill["components"]
    }
    wanted = pins.read(pins.PRODUCT)
    assert listed == {(pin.name, pin.version, tuple(sorted(pin.hashes))) for pin in wanted}
    needed = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert {"alembic", "apprise", "authlib", "starlette"} <= set(needed["reminder"])
    assert "requests" in needed["apprise"]


def test_the_same_lock_gives_the_same_bill(tmp_path: Path) -> None:
    texts = set()
    for seed in ("1", "2"):
        target = tmp_path / seed
        command = [sys.executable, "-m", "scripts.release.sbom", str(target)]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, check=True)
        texts.add(target.read_bytes())
    assert len(texts) == 1


def ranged(*events: tuple[str, str]) -> dict[str, object]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": [{kind: text} for kind, text in events]}]}


TWICE = ranged(("introduced", "1.0"), ("fixed", "1.4"), ("introduced", "2.0"), ("fixed", "2.1"))


@pytest.mark.parametrize(
    ("affected", "version", "concerned"),
    [
        ({"versions": ["1.0", "1.1"]}, "1.1", True),
        ({"versions": ["1.0", "1.1"]}, "1.2", False),
        (ranged(("introduced", "0"), ("fixed", "1.2")), "1.1.9", True),
        (ranged(("introduced", "0"), ("fixed", "1.2")), "1.2", False),
        (ranged(("introduced", "0"), ("fixed", "1.10")), "1.9", True),
        (ranged(("introduced", "1.0"), ("last_affected", "1.2")), "1.2", True),
        (ranged(("introduced", "1.0"), ("last_affected", "1.2")), "1.2.1", False),
        (ranged(("introduced", "1.0")), "0.9", False),
        (ranged(("introduced", "1.0")), "99", True),
        (TWICE, "1.3", True),
        (TWICE, "1.9", False),
        (TWICE, "2.0.5", True),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "abc"}]}]}, "1.0", False),
    ],
)
def test_an_advisory_concerns_the_versions_that_it_names(
    affected: dict[str, object], version: str, concerned: bool
) -> None:
    assert audit.concerns(affected, Version(version)) == concerned


def run(*words: str, **environ: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scripts.release.audit", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_copy_of_the_advisories_is_read_without_network(tmp_path: Path) -> None:
    status, said = run("--advisories", str(tmp_path))
    assert (status, "no folder vulns" in said) == (1, True)
    (version,) = (pin.version for pin in pins.read(pins.PRODUCT) if pin.name == "jinja2")
    folder = tmp_path / "vulns" / "jinja2"
    folder.mkdir(parents=True)
    assert run("--advisories", str(tmp_path))[0] == 0
    (folder / "PYSEC-1.yaml").write_text(f"id: PYSEC-1\naffected: [{{versions: ['{version}']}}]\n")
    (folder / "PYSEC-2.yaml").write_text(
        f"id: PYSEC-2\nwithdrawn: 2026-01-01\naffected: [{{versions: ['{version}']}}]\n"
    )
    status, said = run("--advisories", str(tmp_path))
    assert (status, said.splitlines()[0]) == (1, f"jinja2 {version}: PYSEC-1")


@pytest.mark.long
def test_where_nobody_answers_it_says_that_nothing_was_audited() -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    for words, wanted in (((), 3), (("--if-reached",), 0)):
        status, said = run(*words, **nowhere)
        assert (status, said.startswith("NOT AUDITED")) == (wanted, True), said
