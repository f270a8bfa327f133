"""Reads the settings' sources, and says every mistake at the source that it came from."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from reminder.documents.edited_file import EditedFile, is_folder, key_name, shown
from reminder.documents.mistakes import explain, unknown_key
from reminder.documents.settings import secrets
from reminder.documents.settings.model import SHIPPED, Settings
from reminder.documents.settings.sections import Section
from reminder.documents.toml_lines import Location
from reminder.domain.characters import harmless
from reminder.errors import ConfigurationError, Fault

PREFIX = "REMINDER_"
# Read before the settings are, so no setting themselves.
_LOADER_VARIABLES = ("REMINDER_CONFIG", "REMINDER_SECRETS_DIR")
_PATHS = (("plan",), ("state_dir",), ("maildir",), ("templates",), ("smtp", "ca_file"))

# A service `reminder`, or `reminder-db`, gives every Kubernetes container beside it
# REMINDER_SERVICE_HOST, REMINDER_PORT=tcp://10.0.0.1:80, REMINDER_PORT_80_TCP_ADDR and so on;
# Docker's links give REMINDER_NAME=/us/them and REMINDER_ENV_… too.
_OF_SERVICES = re.compile(
    r"REMINDER(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
    r"|PORT_\d+_(TCP|UDP|SCTP)(_(START|END))?(_(ADDR|PORT|PROTO))?)"
)
# Told from a setting that is mistyped (REMINDER_PORT=8026) by the value alone.
_BY_VALUE = re.compile(r"REMINDER_(\w+_)?(PORT=(tcp|udp|sctp)://.*|NAME=/[^/]+/[^/]+)")


@dataclass(frozen=True)
class _Source:
    """`values` are nested as in reminder.toml; `fault` says a mistake where it was typed."""

    values: Mapping[str, Any]
    fault: Callable[[Location, str], Fault]

    def holds(self, place: Location) -> bool:
        value: Any = self.values
        try:
            for part in place:
                value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
        return True


def config_dir(given: Path | None) -> Path:
    """The folder with reminder.toml and units.toml: command line, environment, shipped."""
    return given or Path(os.environ.get("REMINDER_CONFIG") or SHIPPED / "config")


def load_settings(
    config: Path | None = None, command_line: Mapping[str, Any] | None = None
) -> Settings:
    """Raises `ConfigurationError` with every mistake of reminder.toml and the environment."""
    folder = config_dir(config)
    if not is_folder(folder):
        words = "no such folder, wanted one with reminder.toml, units.toml"
        raise ConfigurationError([Fault(shown(folder), 0, "", words)])
    variables, faults = _read_environment()
    plain = [name for name in variable_names().values() if not _is_json(name)]
    files, wrong = secrets.read_secrets(_secrets_dir(folder), plain)
    faults += wrong
    sources = [
        _Source(command_line or {}, _said_of_option),
        _flat_source(variables, lambda name, _, words: Fault("environment", 0, name, words)),
        _flat_source(files, lambda path, key, words: Fault(path, 1, key, words)),
    ]
    if os.path.lexists(folder / "reminder.toml"):
        file = EditedFile(folder / "reminder.toml")
        sources.append(_Source(_resolved(file.data, folder), file.fault))
    values: dict[str, Any] = {}
    for source in reversed(sources):
        values = _merged(values, source.values)
    settings = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        faults += [
            _at_its_source(sources, detail["loc"], explain(detail, Settings))
            for detail in error.errors()
        ]
    except ConfigurationError as error:  # of a default
        faults += error.faults
    if faults or settings is None:
        raise ConfigurationError(faults)
    return settings


def source_warnings(config: Path | None) -> list[Fault]:
    """What the sources hold beside settings and is passed over, and what others can read."""
    folder = config_dir(config)
    warnings = list(secrets.warnings(_secrets_dir(folder)))
    if (path := folder / "reminder.toml").exists():
        warnings += secrets.warnings_of_file(EditedFile(path))
    if names := _service_variables():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        words = "set by Kubernetes or Docker for a service of that name: no settings, passed over"
        warnings.append(Fault("environment", 0, f"{names[0]}{more}", words))
    return warnings


def variable_names() -> dict[str, str]:
    """Every environment variable that is a setting, and the setting's dotted name."""
    names: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        names[PREFIX + name.upper()] = name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for inner, inner_field in field.annotation.model_fields.items():
                key = inner_field.alias or inner
                names[f"{PREFIX}{name.upper()}__{key.upper()}"] = f"{name}.{key}"
    return names


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


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        is_table = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(below or {}, value) if is_table else value
    return merged


def _flat_source(
    given: Mapping[str, tuple[str, Any]], fault: Callable[[str, str, str], Fault]
) -> _Source:
    """Of settings by their dotted names, each with the variable or the file that has it."""
    values: dict[str, Any] = {}
    for name, (_, value) in given.items():
        *outer, last = name.split(".")
        table = values.setdefault(outer[0], {}) if outer else values
        if isinstance(table, dict):
            table[last] = value

    def said(place: Location, words: str) -> Fault:
        key = key_name(place)
        near = (n for n in given if f"{key}.".startswith(f"{n}.") or n.startswith(f"{key}."))
        return fault(given[max(near, key=len)][0], key, words)

    return _Source(values, said)


def _said_of_option(place: Location, words: str) -> Fault:
    return Fault("command line", 0, f"--{place[0]}", words)


def _at_its_source(sources: Iterable[_Source], place: Location, words: str) -> Fault:
    """The one that has the value, or the nearest table around it."""
    for depth in range(len(place), 0, -1):
        for source in sources:
            if source.holds(place[:depth]):
                return source.fault(place, words)
    return Fault("settings", 0, key_name(place), words)


def _read_environment() -> tuple[dict[str, tuple[str, Any]], list[Fault]]:
    """By the setting's dotted name; lists and whole sections are given as JSON."""
    names = variable_names()
    given = {name.lower(): value for name, value in os.environ.items()}
    variables: dict[str, tuple[str, Any]] = {}
    faults = _unknown_variables(names)
    for variable, name in names.items():
        if not (value := given.get(variable.lower())):
            continue
        try:
            variables[name] = variable, json.loads(value) if _is_json(name) else value
        except (ValueError, RecursionError) as error:
            words = f"is not JSON ({error}), wanted JSON"
            faults.append(Fault("environment", 0, variable, words))
    folder = os.environ.get("REMINDER_SECRETS_DIR")
    if folder and not is_folder(Path(folder)):
        words = "no such folder, wanted one with a file a secret"
        faults.append(Fault("environment", 0, "REMINDER_SECRETS_DIR", words))
    return variables, faults


def _unknown_variables(names: Iterable[str]) -> list[Fault]:
    usable = [*names, *_LOADER_VARIABLES]
    passed = {name.lower() for name in (*usable, *_service_variables())}
    return [
        Fault("environment", 0, harmless(name), unknown_key(name.upper(), usable))
        for name in os.environ
        if name.lower().startswith(PREFIX.lower()) and name.lower() not in passed
    ]


def _service_variables() -> list[str]:
    by_value = [n for n, value in os.environ.items() if _BY_VALUE.fullmatch(f"{n}={value}")]
    links = tuple(f"{n.removesuffix('NAME')}ENV_" for n in by_value if n.endswith("_NAME"))
    return sorted(
        name
        for name in os.environ
        if _OF_SERVICES.fullmatch(name) or name in by_value or name.startswith(links)
    )


def _is_json(name: str) -> bool:
    section, _, key = name.partition(".")
    annotation: Any = Settings.model_fields[section].annotation
    if key:
        fields = annotation.model_fields
        annotation = next(f.annotation for n, f in fields.items() if key in (n, f.alias))
    kind = get_origin(annotation) or annotation
    return kind in (list, frozenset) or (isinstance(kind, type) and issubclass(kind, Section))
