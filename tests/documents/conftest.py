"""A folder of settings, and the environment, to be filled by a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.settings import Settings
from reminder.documents.settings_sources import load_settings
from reminder.errors import ConfigurationError


@dataclass
class Sources:
    """One method for each place that a setting can stand in."""

    folder: Path
    environment: Callable[[str, str], None]

    def file(self, text: str) -> None:
        (self.folder / "reminder.toml").write_text(text, encoding="utf-8")

    def secret(self, name: str, content: str | bytes, folder: str = "secrets") -> None:
        path = self.folder / folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def load(self, command_line: Mapping[str, Any] | None = None) -> Settings:
        return load_settings(self.folder, command_line)

    def faults(self, command_line: Mapping[str, Any] | None = None) -> list[str]:
        """As a command run in that folder says them."""
        with pytest.raises(ConfigurationError) as caught:
            self.load(command_line)
        return [str(fault).replace(f"{self.folder}/", "") for fault in caught.value.faults]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.chdir(tmp_path)
    return Sources(tmp_path, monkeypatch.setenv)
