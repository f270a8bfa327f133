"""Where settings stand: command line, environment, secrets folder, file; the earlier wins.

Every mistake is said at the source that it came from.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from reminder.documents import edited_file
from reminder.documents.edited_file import EditedFile, Location, is_folder, shown, unknown_key
from reminder.documents.section import Section
from reminder.documents.settings import PREFIX, Settings
from reminder.domain.characters import harmless
from reminder.errors import ConfigurationError, Fault, Mistake
from reminder.words import SHIPPED

# Read before the settings are, so no setting themselves.
LOADER_VARIABLES = ("REMINDER_CONFIG", "REMINDER_SECRETS_DIR")
_CERTIFICATES = (
    "smtp.ca_file", "smtp.client_cert", "smtp.client_key", "smtp.oauth.ca_file",
    "inbox.ca_file", "inbox.oauth.ca_file",
)  # fmt: skip
_PATHS = (
    "plan",
    "state_dir",
    "maildir",
    "inbox.maildir",
    "templates",
    "backup.folder",
    *_CERTIFICATES,
)
_SECRETS = (
    "smtp.password", "smtp.client_key_password", "smtp.oauth.client_secret",
    "smtp.oauth.refresh_token", "inbox.password", "inbox.oauth.client_secret",
    "inbox.oauth.refresh_token", "console.oidc.client_secret", "ping.url", "secret_key",
)  # fmt: skip
_WITH_PASSWORD = re.compile(r"[a-z]+://[^/@:]*:[^/@]+@")

# A service `reminder`, or `reminder-db`, gives every Kubernetes container beside it
# REMINDER_SERVICE_HOST, REMINDER_PORT=tcp://10.0.0.1:80, REMINDER_PORT_80_TCP_ADDR and so on;
# Docker's links give REMINDER_NAME=/us/them and REMINDER_ENV_… too.
_OF_SERVICES = re.compile(
    r"REMINDER(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
    r"|PORT_\d+_(TCP|UDP|SCTP)(_(START|END))?(_(ADDR|PORT|PROTO))?)"
)
# Told from a setting that is mistyped (REMINDER_PORT=8026) by the value alone.
_BY_VALUE = re.compile(r"REMINDER_(\w+_)?(PORT=(tcp|udp|sctp)://.*|NAME=/[^/]+/[^/]+)")


def config_dir(given: Path | None) -> Path:
    """The folder with reminder.toml and units.toml: command line, environment, shipped."""
    return given or Path(os.environ.get("REMINDER_CONFIG") or SHIPPED / "config")


@cache
def setting_types() -> dict[str, Any]:
    """Of every setting that a variable can hold, by its dotted name."""
    return dict(_types_in(Settings))


def _types_in(section: type[BaseModel], outer: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in section.model_fields.items():
        yield (full_name := f"{outer}{field.alias or name}"), field.annotation
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _types_in(field.annotation, f"{full_name}.")


def variable_names() -> dict[str, str]:
    """Every environment variable that is a setting, and the setting's dotted name."""
    return {PREFIX + name.replace(".", "__").upper(): name for name in setting_types()}


def _is_json(setting: str) -> bool:
    """Whether a variable holds a list or a whole section."""
    kind = setting_types()[setting]
    kind = get_origin(kind) or kind
    return isinstance(kind, type) and issubclass(kind, list | frozenset | dict | Section)


def _channel_setting(key: str, between: str = "__") -> str | None:
    """The dotted name of a secret that a channel has: `channel__NAME__url`."""
    head, _, rest = key.partition(between)
    name, _, tail = rest.rpartition(between)
    return f"channel.{name}.url" if head == "channel" and name and tail == "url" else None


class SettingsSources:
    """All of them, as they stand now. `warnings` says what they hold beside settings and is passed
    over, and what others can read.

    Raises `ConfigurationError` for a folder or a file that cannot be read.
    """

    def __init__(
        self, config: Path | None = None, command_line: Mapping[str, Any] | None = None
    ) -> None:
        folder = config_dir(config)
        if not is_folder(folder):
            raise ConfigurationError([Fault(shown(folder), 0, "", "no_config_folder")])
        self.warnings: list[Fault] = []
        self._faults: list[Fault] = []
        # By dotted name; None is the file. The last one put is in force.
        self._places: dict[str, Fault | None] = {}
        self._file = EditedFile(path) if os.path.lexists(path := folder / "reminder.toml") else None
        self._given: dict[str, Any] = {
            "file": self._read_file(self._file, folder.resolve()) if self._file else {},
            "secrets": self._read_secrets(folder / "secrets"),
            "environment": self._read_environment(),
            "command_line": command_line or {},
        }
        for name, value in (command_line or {}).items():
            self._put(name, value, Fault("command line", 0, f"--{name}", ""))

    def load(self) -> Settings:
        """Raises `ConfigurationError` with every mistake of all sources."""
        faults = [*self._faults]
        try:
            settings = Settings(**self._given)
        except ValidationError as error:
            for detail in error.errors():
                mistake = edited_file.explain(detail, Settings)
                faults.append(self.fault(detail["loc"], mistake.reason, **mistake.facts))
        except ConfigurationError as error:  # of a default
            faults += error.faults
        if faults:
            raise ConfigurationError(faults)
        return settings

    def fault(self, place: Location, reason: str, /, **facts: object) -> Fault:
        """At the value's source, or that of the table around it, or of something in it."""
        name = edited_file.key_name(place)
        around = [name.rsplit(".", dots)[0] for dots in range(len(place))]
        inside = [key for key in self._places if key.startswith(f"{name}.")]
        given = next((key for key in (*around, *inside) if key in self._places), None)
        if given and (at := self._places[given]):
            return replace(at, key=at.key or name, reason=reason, facts=facts)
        if self._file:
            return self._file.fault(place, reason, **facts)
        return Fault("settings", 0, name, reason, facts)

    def _put(self, name: str, value: Any, place: Fault | None) -> None:
        self._places[name] = place
        for key in value if isinstance(value, dict) else ():
            self._put(f"{name}.{key}", value[key], place)

    def _refuse(self, path: str, key: str, mistake: Mistake, line: int = 0) -> None:
        self._faults.append(Fault(path, line, key, mistake.reason, mistake.facts))

    def _read_file(self, file: EditedFile, folder: Path) -> dict[str, Any]:
        """Paths in it are relative to it."""
        if file.faults:
            raise ConfigurationError(file.faults)
        for name, value in file.data.items():
            self._put(name, value, None)
        for *sections, key in (name.split(".") for name in _PATHS):
            table = _at(file.data, *sections)
            if isinstance(table, dict) and isinstance(path := table.get(key), str):
                table[key] = str(folder / path)
        secrets = {name: _at(file.data, *name.split(".")) for name in _SECRETS}
        channels = _at(file.data, "channel")
        for name in channels if isinstance(channels, dict) else ():
            secrets[f"channel.{name}.url"] = _at(channels, name, "url")
        secrets["database_url"] = _WITH_PASSWORD.match(str(file.data.get("database_url")))
        for name, is_given in secrets.items():
            if not (is_given and _is_open(file.path)):
                continue
            place = tuple(name.split("."))
            facts = {"name": "__".join(place), "file": file.shown}
            self.warnings.append(file.fault(place, "secret_in_open_file", **facts))
        return file.data

    def _read_secrets(self, folder: Path) -> dict[str, Any]:
        """A file a secret, named as in the environment without the prefix."""
        if elsewhere := os.environ.get("REMINDER_SECRETS_DIR"):
            folder = Path(elsewhere)
        if not is_folder(folder):
            if elsewhere:
                wrong = Mistake("no_secrets_folder")
                self._refuse("environment", "REMINDER_SECRETS_DIR", wrong)
            return {}
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            wrong = edited_file.unreadable(error)
            fault = Fault(shown(folder), 0, "", wrong.reason, wrong.facts)
            raise ConfigurationError([fault]) from None
        names = {name.replace(".", "__"): name for name in setting_types() if not _is_json(name)}
        secrets: dict[str, Any] = {}
        for path in paths:
            if is_folder(path):
                continue
            key, place = path.name.lower(), shown(path)
            if edited_file.is_leftover(path.name):
                self.warnings.append(Fault(place, 0, "", "copy_of_secret"))
            elif path.name.startswith("."):
                continue
            elif not (name := names.get(key) or _channel_setting(key)):
                self._refuse(place, "", _unknown_secret(key, names))
            elif (text := self._read_secret(path, place)) is not None:
                *sections, inner = name.split(".")
                table = secrets
                for section in sections:
                    table = table.setdefault(section, {})
                table[inner] = text
                self._put(name, text, Fault(place, 1, "", ""))
        return secrets

    def _read_secret(self, path: Path, place: str) -> str | None:
        try:
            text = edited_file.read_file(path).decode("utf-8-sig").strip()
            is_open = _is_open(path)
            # As Kubernetes and Docker hand secrets to one container the modes are theirs to set.
            is_theirs = is_open and os.statvfs(path).f_flag & os.ST_RDONLY
        except UnicodeDecodeError as error:
            self._refuse(place, "", edited_file.not_utf8(error), line=1)
            return None
        except OSError as error:
            self._refuse(place, "", edited_file.unreadable(error))
            return None
        if is_theirs:
            self.warnings.append(Fault(place, 0, "", "open_mounted_secret"))
        elif is_open:
            self._refuse(place, "", Mistake("open_secret", file=place))
        return text

    def _read_environment(self) -> dict[str, str]:
        """The variables that are settings. Lists and whole sections are given as JSON."""
        names = {variable.lower(): name for variable, name in variable_names().items()}
        usable: dict[str, str] = {}
        if of_services := _service_variables():
            more = f" and {len(of_services) - 1} more" if len(of_services) > 1 else ""
            name = f"{of_services[0]}{more}"
            self.warnings.append(Fault("environment", 0, name, "of_services"))
        passed = {name.lower() for name in (*LOADER_VARIABLES, *of_services)}
        for variable, value in os.environ.items():
            key = variable.lower()
            if of_channel := _channel_setting(key.removeprefix(PREFIX.lower())):
                names[key] = of_channel
            if key not in names:
                if key.startswith(PREFIX.lower()) and key not in passed:
                    known = [*variable_names(), *LOADER_VARIABLES]
                    wrong = unknown_key(variable.upper(), known)
                    self._refuse("environment", harmless(variable), wrong)
            elif value:
                try:
                    read = json.loads(value) if not of_channel and _is_json(names[key]) else value
                except (ValueError, RecursionError) as error:
                    self._refuse("environment", key.upper(), Mistake("not_json", why=str(error)))
                else:
                    usable[key] = value
                    self._put(names[key], read, Fault("environment", 0, key.upper(), ""))
        return usable


def _at(table: Any, *names: str) -> Any:
    """What stands there; None where it is no table, or has no such key."""
    for name in names:
        table = table.get(name) if isinstance(table, dict) else None
    return table


def _is_open(path: Path) -> bool:
    """For others; or for a group, unless the file is another user's, who lets ours in by it."""
    status = path.stat()
    closed = stat.S_IRWXG | stat.S_IRWXO if status.st_uid == os.geteuid() else stat.S_IRWXO
    return bool(status.st_mode & closed)


def _unknown_secret(name: str, names: Mapping[str, str]) -> Mistake:
    section, _, key = name.partition("__")
    inside = [other.partition("__")[2] for other in names if other.startswith(f"{section}__")]
    return unknown_key(key, inside) if key and inside else unknown_key(name, names)


def _service_variables() -> list[str]:
    by_value = [n for n, value in os.environ.items() if _BY_VALUE.fullmatch(f"{n}={value}")]
    links = tuple(f"{n.removesuffix('NAME')}ENV_" for n in by_value if n.endswith("_NAME"))
    return sorted(
        name
        for name in os.environ
        if _OF_SERVICES.fullmatch(name) or name in by_value or name.startswith(links)
    )
