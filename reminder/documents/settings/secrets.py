"""The secrets folder: a file a secret, named as in the environment without the prefix.

And whether a key that somebody gives is as random as the ledger's own.
"""

import os
import re
import stat
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from math import log2
from pathlib import Path

from reminder.documents.edited_file import (
    EditedFile,
    decoded,
    is_folder,
    is_leftover,
    read_file,
    shown,
    unknown_key,
)
from reminder.errors import ConfigurationError, Fault

_WITH_PASSWORD = re.compile(r"[a-z]+://[^/@:]*:[^/@]+@")

KEY_BYTES = 32
_ALPHABETS = (r"[0-9]+", r"[0-9a-fA-F]+", r"[a-z2-7]+=*|[A-Z2-7]+=*", r"[a-z0-9]+|[A-Z0-9]+")
_SIZES = (10, 16, 32, 36)
_OF_ALL = 64  # base64, and what else one types
_WORDS = re.compile(r"[A-Z]?[a-z]+([-_.][A-Z]?[a-z]+)+")
_OF_WORD = 13  # bits, if it was drawn


def read_secrets(
    folder: Path, settings: Collection[str]
) -> tuple[dict[str, tuple[str, str]], list[Fault]]:
    """By the setting's dotted name the file's path as shown and its text; and what is wrong.

    Raises `ConfigurationError` for a folder that cannot be read.
    """
    values: dict[str, tuple[str, str]] = {}
    faults: list[Fault] = []
    names = {name.replace(".", "__"): name for name in settings}
    for path in _files(folder):
        name = path.name.lower()
        if _is_passed_over(path):
            continue
        if name not in names:
            faults.append(Fault(shown(path), 0, "", _unknown_secret(name, names)))
            continue
        try:
            values[names[name]] = shown(path), decoded(read_file(path)).strip()
            if _is_open(path) and not _is_mounted_read_only(path):
                words = f"can be read by others, wanted: chmod 600 {shown(path)}"
                faults.append(Fault(shown(path), 0, "", words))
        except UnicodeDecodeError as error:
            faults.append(Fault(shown(path), 1, "", error.reason))
        except OSError as error:
            faults.append(Fault(shown(path), 0, "", f"cannot be read: {error.strerror}"))
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
    secrets = {
        ("smtp", "password"): isinstance(smtp, dict) and bool(smtp.get("password")),
        ("secret_key",): bool(file.data.get("secret_key")),
        ("database_url",): bool(_WITH_PASSWORD.match(str(file.data.get("database_url")))),
    }
    for place in (place for place, is_given in secrets.items() if is_given):
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
    status = path.stat()
    closed = stat.S_IRWXG | stat.S_IRWXO if status.st_uid == os.geteuid() else stat.S_IRWXO
    return bool(status.st_mode & closed)


def _is_mounted_read_only(path: Path) -> bool:
    """As Kubernetes and Docker hand secrets to one container: its modes are theirs to set."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _unknown_secret(name: str, names: Mapping[str, str]) -> str:
    section, _, key = name.partition("__")
    inside = [other.partition("__")[2] for other in names if other.startswith(f"{section}__")]
    return unknown_key(key, inside) if key and inside else unknown_key(name, names)


def why_weak(key: str) -> str:
    """Empty for a key that may be random: that it is, no one can see."""
    text = key.strip().rstrip("=")
    bits = _most_bits(text)
    if bits < 8 * KEY_BYTES:
        return f"holds {int(bits / 8)} random bytes at most"
    if _is_regular(text, bits):
        return "repeats itself"
    return ""


def _most_bits(text: str) -> float:
    """That many characters of the smallest alphabet hold at most."""
    if re.search(r"\s", text) or _WORDS.fullmatch(text):
        return _OF_WORD * len(re.split(r"[\W_]+", text))
    sizes = (n for form, n in zip(_ALPHABETS, _SIZES, strict=True) if re.fullmatch(form, text))
    return len(text) * log2(next(sizes, _OF_ALL))


def _is_regular(text: str, bits: float) -> bool:
    """Few characters, a piece over and over, or the alphabet in its order."""
    steps = [abs(ord(b) - ord(a)) <= 1 for a, b in pairwise(text)]
    if len(set(text)) < 10 or sum(steps) > len(steps) / 2 or text in (text + text)[1:-1]:
        return True
    packed = zlib.compressobj(9, wbits=-15)
    size = len(packed.compress(text.encode("utf-8", "replace")) + packed.flush())
    return 8 * size < 0.75 * bits
