"""Reads the settings' sources, and says every mistake at the source that it came from."""

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from reminder.documents.edited_file import (
    EditedFile,
    explain,
    is_folder,
    key_name,
    shown,
    unknown_key,
)
from reminder.documents.settings import secrets
from reminder.documents.settings.model import PREFIX, SHIPPED, Settings
from reminder.documents.settings.sections import Section
from reminder.documents.toml_lines import Location
from reminder.domain.characters import harmless
from reminder.errors import ConfigurationError, Fault

Source = Callable[[Location, str], Fault]

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


class _Places:
    """Where each setting was given, by its dotted name; the last one put is in force."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}

    def put(self, name: str, value: Any, source: Source) -> None:
        self._sources[name] = source
        for key in value if isinstance(value, dict) else ():
            self.put(f"{name}.{key}", value[key], source)

    def has(self, place: Location) -> bool:
        """What stands in a list is there as that list is."""
        outer = takewhile(lambda key: isinstance(key, str), place)
        return key_name(tuple(outer)) in self._sources

    def fault(self, place: Location, words: str) -> Fault:
        """At the value's source, or that of the table around it, or of something in it."""
        name = f"{key_name(place)}."
        around = [key for key in self._sources if name.startswith(f"{key}.")]
        inside = [key for key in self._sources if key.startswith(name)]
        for key in (*sorted(around, key=len, reverse=True), *inside):
            return self._sources[key](place, words)
        return Fault("settings", 0, key_name(place), words)


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
    places, faults = _Places(), _unknown_variables()
    data = _read_file(folder, places)
    files, wrong = _read_secrets(_secrets_dir(folder), places)
    faults += [*_missing_secrets_dir(), *wrong, *(not_json := _place_variables(places))]
    if not_json:
        raise ConfigurationError(faults)
    for name, value in (command_line or {}).items():
        places.put(name, value, partial(_at, "command line", 0, f"--{name}"))
    sources: dict[str, Any] = {"command_line": command_line or {}, "secrets": files, "file": data}
    settings = None
    try:
        settings = Settings(**sources)
    except ValidationError as error:
        faults += [
            places.fault(detail["loc"], explain(detail, Settings))
            for detail in error.errors()
            if not _is_of_unknown_variable(detail["type"], detail["loc"], places)
        ]
    except ConfigurationError as error:  # of a default
        faults += error.faults
    if faults or settings is None:
        raise ConfigurationError(faults)
    return settings


def _at(path: str, line: int, key: str, place: Location, words: str) -> Fault:
    return Fault(path, line, key or key_name(place), words)


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


def _missing_secrets_dir() -> list[Fault]:
    given = os.environ.get("REMINDER_SECRETS_DIR")
    if not given or is_folder(Path(given)):
        return []
    words = "no such folder, wanted one with a file a secret"
    return [Fault("environment", 0, "REMINDER_SECRETS_DIR", words)]


def _secrets_dir(folder: Path) -> Path:
    return Path(os.environ.get("REMINDER_SECRETS_DIR") or folder / "secrets")


def _resolve_paths(data: dict[str, Any], folder: Path) -> None:
    """Those in a settings file are relative to that file."""
    for *outer, last in _PATHS:
        table = data.get(outer[0]) if outer else data
        if isinstance(table, dict) and isinstance(table.get(last), str):
            table[last] = str(folder.resolve() / table[last])


def _read_file(folder: Path, places: _Places) -> dict[str, Any]:
    if not os.path.lexists(folder / "reminder.toml"):
        return {}
    file = EditedFile(folder / "reminder.toml")
    _resolve_paths(file.data, folder)
    for name, value in file.data.items():
        places.put(name, value, file.fault)
    return file.data


def _read_secrets(folder: Path, places: _Places) -> tuple[dict[str, Any], list[Fault]]:
    plain = [name for name in variable_names().values() if not _is_json(name)]
    files, faults = secrets.read_secrets(folder, plain)
    nested: dict[str, Any] = {}
    for name, (path, text) in files.items():
        section, _, key = name.partition(".")
        if key:
            nested.setdefault(section, {})[key] = text
        else:
            nested[section] = text
        places.put(name, text, partial(_at, path, 1, ""))
    return nested, faults


def _place_variables(places: _Places) -> list[Fault]:
    """Lists and whole sections are given as JSON: those that are none."""
    faults = []
    given = {name.lower(): value for name, value in os.environ.items()}
    for variable, name in variable_names().items():
        if not (value := given.get(variable.lower())):
            continue
        try:
            read = json.loads(value) if _is_json(name) else value
        except (ValueError, RecursionError) as error:
            words = f"is not JSON ({error}), wanted JSON"
            faults.append(Fault("environment", 0, variable, words))
        else:
            places.put(name, read, partial(_at, "environment", 0, variable))
    return faults


def _unknown_variables() -> list[Fault]:
    usable = [*variable_names(), *_LOADER_VARIABLES]
    passed = {name.lower() for name in (*usable, *_service_variables())}
    return [
        Fault("environment", 0, harmless(name), unknown_key(name.upper(), usable))
        for name in os.environ
        if name.lower().startswith(PREFIX.lower()) and name.lower() not in passed
    ]


def _is_of_unknown_variable(kind: str, place: Location, places: _Places) -> bool:
    """By a variable that no setting has, or one deeper than any: it was said as unknown."""
    if kind == "extra_forbidden":
        return not places.has(place)
    name = (PREFIX + "__".join(map(str, place[:2]))).lower()
    usable = {name.lower() for name in variable_names()}
    return any(
        given.startswith(f"{name}__") and given not in usable
        for given in map(str.lower, os.environ)
    )


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
    return isinstance(kind, type) and issubclass(kind, list | frozenset | Section)
