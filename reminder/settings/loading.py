"""Finds the settings' sources and says every mistake at the source that it came from."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reminder.errors import ConfigurationError, Fault
from reminder.files import EditedFile, explain, unknown_key
from reminder.settings.model import PREFIX, SHIPPED, Section, Settings

# Read before the settings are, so no setting themselves.
_LOADER_VARIABLES = ("REMINDER_CONFIG", "REMINDER_SECRETS_DIR")
_PATHS = (("plan",), ("state_dir",), ("maildir",), ("templates",), ("smtp", "ca_file"))


def config_dir(given: Path | None) -> Path:
    """The folder with reminder.toml and units.toml: command line, environment, shipped."""
    return given or Path(os.environ.get("REMINDER_CONFIG") or SHIPPED / "config")


def load_settings(
    config: Path | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Settings:
    """Raises `ConfigurationError` with every mistake of reminder.toml and the environment."""
    environ = os.environ
    folder = config_dir(config)
    if not folder.is_dir():
        raise ConfigurationError(
            [Fault(str(folder), 0, "", "no such folder, wanted one with reminder.toml, units.toml")]
        )
    path = folder / "reminder.toml"
    file = EditedFile(path) if path.exists() else None
    secrets = Path(environ.get("REMINDER_SECRETS_DIR") or folder / "secrets")
    faults = _unknown_variables(environ)
    sources: dict[str, Any] = {
        "command_line": dict(command_line or {}),
        "file": _resolved(file.data, folder) if file else {},
        "secrets": secrets if secrets.is_dir() else None,
    }
    try:
        settings = Settings(**sources)
    except ValidationError as error:
        raise ConfigurationError(
            faults + _where(error, file, environ, secrets, command_line or {})
        ) from None
    if faults:
        raise ConfigurationError(faults)
    return settings


def _resolved(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a settings file are relative to that file."""
    data = {name: dict(value) if isinstance(value, dict) else value for name, value in data.items()}
    for *outer, last in _PATHS:
        table = data.get(outer[0]) if outer else data
        if isinstance(table, dict) and isinstance(table.get(last), str):
            table[last] = str(folder.resolve() / table[last])
    return data


def variables() -> dict[str, str]:
    """Every environment variable that is a setting, and the setting's dotted name."""
    names: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        names[PREFIX + name.upper()] = name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for inner, inner_field in field.annotation.model_fields.items():
                key = inner_field.alias or inner
                names[f"{PREFIX}{name.upper()}__{key.upper()}"] = f"{name}.{key}"
    return names


def _unknown_variables(environ: Mapping[str, str]) -> list[Fault]:
    known = {*variables(), *_LOADER_VARIABLES}
    return [
        Fault("environment", 0, name, unknown_key(name.upper(), known))
        for name in environ
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def _where(
    error: ValidationError,
    file: EditedFile | None,
    environ: Mapping[str, str],
    secrets: Path,
    command_line: Mapping[str, Any],
) -> list[Fault]:
    """Each mistake at the source that it came from."""
    faults = []
    given = {name.upper() for name in environ}
    for detail in error.errors():
        location = detail["loc"]
        if detail["type"] == "extra_forbidden" and not (file and file.has(location)):
            continue  # a variable that no setting has: said already
        words = explain(dict(detail), Settings)
        names = [
            PREFIX + "__".join(str(part).upper() for part in location[:depth])
            for depth in (2, 1)
            if len(location) >= depth
        ]
        variable = next((name for name in names if name in given), None)
        secret = secrets / "__".join(str(part) for part in location)
        if location and location[0] in command_line:
            faults.append(Fault("command line", 0, f"--{location[0]}", words))
        elif variable:
            faults.append(Fault("environment", 0, variable, words))
        elif secret.is_file():
            faults.append(Fault(str(secret), 1, ".".join(map(str, location)), words))
        elif file:
            faults.append(file.fault(location, words))
        else:
            faults.append(Fault("settings", 0, ".".join(map(str, location)), words))
    return faults
