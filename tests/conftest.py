"""No test sees the settings of whoever runs it."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("REMINDER_"):
            monkeypatch.delenv(name)
