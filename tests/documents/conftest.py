"""A folder of settings, and the environment, to be filled by a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources
from reminder.errors import ConfigurationError


@dataclass
class Sources:
    """Of settings, as a command run in that folder finds them."""

    folder: Path
    environment: Callable[[str, str], None]

    def put(self, given: Mapping[str, str | bytes]) -> None:
        """By name: a variable, or a file of the folder."""
        for name, content in given.items():
            if name.startswith("REMINDER_"):
                self.environment(name, str(content))
            else:
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def file(self, text: str) -> None:
        self.put({"reminder.toml": text})

    def secret(self, name: str, content: str | bytes) -> None:
        self.put({f"secrets/{name}": content})

    def load(self, command_line: Mapping[str, Any] | None = None) -> Settings:
        return SettingsSources(self.folder, command_line).load()

    def faults(self, command_line: Mapping[str, Any] | None = None) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            self.load(command_line)
        return [str(fault).replace(f"{self.folder}/", "") for fault in caught.value.faults]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.chdir(tmp_path)
    return Sources(tmp_path, monkeypatch.setenv)
