"""Finds the settings' sources and says every mistake at the source that it came from."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from reminder.documents.edited_file import EditedFile, is_folder, shown
from reminder.documents.mistakes import explain, unknown_key
from reminder.documents.settings import secrets
from reminder.documents.settings.model import PREFIX, SHIPPED, Settings
from reminder.documents.settings.section import Section
from reminder.documents.settings.service_variables import service_variables, warning
from reminder.domain.characters import harmless
from reminder.errors import ConfigurationError, Fault

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
    if not is_folder(folder):
        words = "no such folder, wanted one with reminder.toml, units.toml"
        raise ConfigurationError([Fault(shown(folder), 0, "", words)])
    path = folder / "reminder.toml"
    file = EditedFile(path) if os.path.lexists(path) else None
    given = environ.get("REMINDER_SECRETS_DIR")
    files = secrets.secret_files(_secrets_dir(folder))
    values, faults = secrets.read_secrets(files, _plain_settings())
    if given and not is_folder(Path(given)):
        words = "no such folder, wanted one with a file a secret"
        faults.append(Fault("environment", 0, "REMINDER_SECRETS_DIR", words))
    faults += [*_unknown_variables(environ), *(not_json := _not_json(environ))]
    if not_json:
        raise ConfigurationError(faults)
    sources: dict[str, Any] = {
        "command_line": dict(command_line or {}),
        "file": _resolved(file.data, folder) if file else {},
        "secrets": values,
    }
    try:
        settings = Settings(**sources)
    except ValidationError as error:
        raise ConfigurationError(
            faults + _where(error, file, environ, files, command_line or {})
        ) from None
    except ConfigurationError as error:  # of a default
        raise ConfigurationError(faults + error.faults) from None
    if faults:
        raise ConfigurationError(faults)
    return settings


def source_warnings(config: Path | None) -> list[Fault]:
    """What the sources hold beside settings and is passed over, and what others can read."""
    folder = config_dir(config)
    found = list(secrets.warnings(_secrets_dir(folder)))
    if (path := folder / "reminder.toml").exists():
        found += secrets.warnings_of_file(EditedFile(path))
    if others := service_variables(os.environ):
        found.append(warning(others))
    return found


def _secrets_dir(folder: Path) -> Path:
    return Path(os.environ.get("REMINDER_SECRETS_DIR") or folder / "secrets")


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
    names = {*variables(), *_LOADER_VARIABLES}
    known = {name.lower() for name in (*names, *service_variables(environ))}
    return [
        Fault("environment", 0, harmless(name), unknown_key(name.upper(), names))
        for name in environ
        if name.lower().startswith(PREFIX.lower()) and name.lower() not in known
    ]


def _not_json(environ: Mapping[str, str]) -> list[Fault]:
    """Lists and whole sections are given as JSON."""
    given = {key.lower(): value for key, value in environ.items()}
    faults = []
    for variable, name in variables().items():
        value = given.get(variable.lower(), "")
        if not value or not _is_complex(name):
            continue
        try:
            json.loads(value)
        except (ValueError, RecursionError) as error:
            words = f"is not JSON ({error}), wanted JSON"
            faults.append(Fault("environment", 0, variable, words))
    return faults


def _plain_settings() -> list[str]:
    return [name for name in variables().values() if not _is_complex(name)]


def _is_complex(name: str) -> bool:
    section, _, key = name.partition(".")
    annotation: Any = Settings.model_fields[section].annotation
    if key:
        fields = annotation.model_fields
        annotation = next(f.annotation for n, f in fields.items() if key in (n, f.alias))
    kind = get_origin(annotation) or annotation
    return kind in (list, frozenset) or (isinstance(kind, type) and issubclass(kind, Section))


def _where(
    error: ValidationError,
    file: EditedFile | None,
    environ: Mapping[str, str],
    files: Mapping[str, Path],
    command_line: Mapping[str, Any],
) -> list[Fault]:
    """Each mistake at the source that it came from."""
    faults = []
    given = {name.lower() for name in environ}
    for detail in error.errors():
        location = detail["loc"]
        words = explain(dict(detail), Settings)
        if detail["type"] == "extra_forbidden":
            if file and file.has(location):
                faults.append(file.fault(location, words))
            continue  # else a variable that no setting has: said already
        names = [
            (PREFIX + "__".join(map(str, location[:depth]))).upper()
            for depth in (2, 1)
            if len(location) >= depth
        ]
        variable = next((name for name in names if name.lower() in given), None)
        if any(name.startswith(f"{names[0]}__".lower()) for name in given) and not variable:
            continue  # a variable deeper than any setting: said already
        secret = files.get("__".join(map(str, location)))
        if location and location[0] in command_line:
            faults.append(Fault("command line", 0, f"--{location[0]}", words))
        elif variable:
            faults.append(Fault("environment", 0, variable, words))
        elif secret:
            faults.append(Fault(shown(secret), 1, ".".join(map(str, location)), words))
        elif file:
            faults.append(file.fault(location, words))
        else:
            faults.append(Fault("settings", 0, ".".join(map(str, location)), words))
    return faults
