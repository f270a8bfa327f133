"""The secrets folder: a file a secret, named as in the environment without the prefix."""

import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import (
    EditedFile,
    decoded,
    is_folder,
    is_leftover,
    read_file,
    shown,
)
from reminder.documents.mistakes import unknown_key
from reminder.errors import ConfigurationError, Fault

_WITH_PASSWORD = re.compile(r"[a-z]+://[^/@:]*:[^/@]+@")


def secret_files(folder: Path) -> dict[str, Path]:
    """Raises `ConfigurationError` for a folder that cannot be read."""
    return {path.name.lower(): path for path in _files(folder) if not _is_passed_over(path)}


def read_secrets(
    files: Mapping[str, Path], settings: Collection[str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Their values, as a settings file would nest them, and what is wrong with the files."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    known = {name.replace(".", "__"): name for name in settings}
    for name, path in files.items():
        if name not in known:
            faults.append(Fault(shown(path), 0, "", _unknown_secret(name, known)))
            continue
        try:
            text = decoded(read_file(path)).strip()
            if _is_open(path) and not _is_mounted_read_only(path):
                words = f"can be read by others, wanted: chmod 600 {shown(path)}"
                faults.append(Fault(shown(path), 0, "", words))
        except UnicodeDecodeError as error:
            faults.append(Fault(shown(path), 1, "", error.reason))
            continue
        except OSError as error:
            faults.append(Fault(shown(path), 0, "", f"cannot be read: {error.strerror}"))
            continue
        *outer, last = known[name].split(".")
        table = values.setdefault(outer[0], {}) if outer else values
        table[last] = text
    return values, faults


def warnings(folder: Path) -> Iterator[Fault]:
    """What is passed over in a folder that can be read, and what nobody here can narrow."""
    for path in _files(folder):
        if _is_passed_over(path):
            if is_leftover(path.name):
                words = "is an editor's copy: passed over, better removed, for it holds the secret"
                yield Fault(shown(path), 0, "", words)
        elif _is_open(path) and _is_mounted_read_only(path):
            words = "can be read by others: better mounted with mode 0400"
            yield Fault(shown(path), 0, "", words)


def warnings_of_file(file: EditedFile) -> Iterator[Fault]:
    """Secrets in the settings' file, where others can read them."""
    if not _is_open(file.path):
        return
    smtp = file.data.get("smtp")
    held = {
        ("smtp", "password"): isinstance(smtp, dict) and bool(smtp.get("password")),
        ("secret_key",): bool(file.data.get("secret_key")),
        ("database_url",): bool(_WITH_PASSWORD.match(str(file.data.get("database_url")))),
    }
    for place in (place for place, is_held in held.items() if is_held):
        words = "is a secret in a file that others can read: better in secrets/"
        yield file.fault(place, f"{words}{'__'.join(place)}, or: chmod 600 {file.shown}")


def _files(folder: Path) -> list[Path]:
    if not is_folder(folder):
        return []
    try:
        return [path for path in sorted(folder.iterdir()) if not is_folder(path)]
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
        raise ConfigurationError([Fault(shown(folder), 0, "", words)]) from None


def _is_passed_over(path: Path) -> bool:
    return path.name.startswith(".") or is_leftover(path.name)


def _is_open(path: Path) -> bool:
    """For others; or for a group, unless the file is another user's, who lets ours in by it."""
    found = path.stat()
    closed = stat.S_IRWXG | stat.S_IRWXO if found.st_uid == os.geteuid() else stat.S_IRWXO
    return bool(found.st_mode & closed)


def _is_mounted_read_only(path: Path) -> bool:
    """As Kubernetes and Docker hand secrets to one container: its modes are theirs to set."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _unknown_secret(name: str, known: Mapping[str, str]) -> str:
    section, _, key = name.partition("__")
    inside = [other.partition("__")[2] for other in known if other.startswith(f"{section}__")]
    return unknown_key(key, inside) if key and inside else unknown_key(name, known)
