"""What a lock pins."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "requirements-extras.lock"  # with all that an office may want
BUNDLE = ROOT / "scripts" / "bundle.lock"


@dataclass(frozen=True)
class Pin:
    name: str  # as wheels and registries compare it
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        return f"{self.name}=={self.version} " + " ".join(f"--hash=sha256:{h}" for h in self.hashes)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read(lock: Path) -> list[Pin]:
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [_pin(*line.split()) for line in text.splitlines() if line.strip()]


def _pin(requirement: str, *hashes: str) -> Pin:
    name, _, version = requirement.partition("==")
    return Pin(plain(name), version, tuple(h.removeprefix("--hash=sha256:") for h in hashes))
