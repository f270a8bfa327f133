"""What the product needs of others: declared, used, pinned by hash."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-extras.lock",
    "requirements-dev.lock",
    "scripts/bundle.lock",
    "scripts/lock-tool.lock",
)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_declared_dependency_is_used() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {_plain(re.split(r"[\[<>=,]", line)[0]) for line in declared}
    source = "\n".join(path.read_text() for path in (ROOT / "reminder").rglob("*.py"))
    words = {word.removesuffix("_impl") for word in re.findall(r"\w+", source)}
    owned = packages_distributions().items()
    used = {_plain(name) for module, owners in owned if module in words for name in owners}
    assert names <= used


def test_every_lock_pins_by_hash_and_names_no_registry() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text()
        pins = re.split(r"\n(?=\S)", text.strip())
        assert "://" not in text
        assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)


def test_the_tool_that_makes_the_locks_is_pinned() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nlock:\n")[2].partition("\n\n")[0]
    assert "--require-hashes -r scripts/lock-tool.lock" in recipe
    assert not re.search(r"pip install (?!.*--require-hashes)", recipe)
