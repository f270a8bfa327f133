"""A TOML file that people edit: its data, the line of every key, its mistakes in words."""

import copy
import re
import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from reminder.documents.mistakes import explain
from reminder.documents.toml_lines import Lines, Location
from reminder.domain.characters import harmless
from reminder.errors import ConfigurationError, Fault

Model = TypeVar("Model", bound=BaseModel)

LARGEST = 2**20  # bytes, a hundred times what a plan has
DEEPEST = 20  # tables and lists inside one another

_DATE = re.compile(r"(?<![\w\"'.:+-])\d{4}-\d{2}-\d{2}(?![\w\"':.+-])")
_QUOTED = re.compile(r""""[^"\n]*"|'[^'\n]*'|#[^\n]*""")
_LEFTOVER = re.compile(
    r".*~|[.]?#.*|~\$.*|.*\s.*|thumbs[.]db|desktop[.]ini|"
    r".*[.](sw[a-p]|kate-swp|bak|orig|rej|tmp|temp|save|old|(dpkg|ucf)-\w+|rpm\w+)",
    re.IGNORECASE,
)
_TOO_LONG = "a number of more than 64 bits, wanted a smaller one"


class EditedText:
    """The TOML text of a file, or a piece of it that begins at line `first`.

    `data` is as tomllib reads it; `line_of` finds where any part of it stands. Raises
    `ConfigurationError` when it is not UTF-8 or is not TOML, or holds what no table of a year has.
    """

    def __init__(self, shown: str, raw: bytes, first: int = 1) -> None:
        self.shown = shown
        self._first = first
        try:
            self._text = text = decoded(raw)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise self._broken(line, error.reason) from None
        if any(line.count(".") > 10 * DEEPEST for line in _QUOTED.sub("", text).split("\n")):
            raise self._too_deep(text)  # tomllib's memory grows with the square of them
        try:
            self.data: dict[str, Any] = _parsed(text)
        except tomllib.TOMLDecodeError as error:
            raise self._broken(*_syntax(str(error), text)) from None
        except RecursionError:
            raise self._too_deep(text) from None
        except ValueError:  # digits that Python does not count
            line = _line_at(text, re.search(r"\d[\d_]{3000}", text))
            raise self._broken(line, f"not TOML: {_TOO_LONG}") from None
        if _is_deeper(self.data, DEEPEST):
            raise self._too_deep(text)
        if faults := [self.fault(place, f"is {_TOO_LONG}") for place in _long_numbers(self.data)]:
            raise ConfigurationError(faults)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text, self._first)

    def _too_deep(self, text: str) -> ConfigurationError:
        """At the line that does most for it: no parser has come so far as to know."""
        lines = re.finditer(r".*", text)
        deepest = max(lines, key=lambda line: len(re.findall(r"[\[{.]", line[0])))
        words = f"not TOML: nested too deeply, wanted {DEEPEST} levels at most"
        return self._broken(_line_at(text, deepest), words)

    def _broken(self, line: int, message: str) -> ConfigurationError:
        return ConfigurationError([Fault(self.shown, line + self._first - 1, "", message)])

    def line_of(self, location: Location) -> int:
        """The line of that key, or of the nearest table around it; the first when there is none."""
        return self._lines.of(location)

    def has(self, location: Location) -> bool:
        return location in self._lines

    def fault(self, location: Location, message: str) -> Fault:
        return Fault(self.shown, self.line_of(location), key_name(location), message)

    def faults(self, error: ValidationError, model: type[BaseModel]) -> list[Fault]:
        """What pydantic found, in words."""
        return [
            self.fault(_within(self.data, detail["loc"]), explain(detail, model))
            for detail in cast(list[dict[str, Any]], error.errors())
        ]

    def validate(self, model: type[Model]) -> tuple[Model | None, list[Fault]]:
        """The file in that form, and its mistakes.

        Where a mistake can be left out (an unknown key, a wrong value of a key that may be
        missing), the rest comes back, so that what is wrong beside it can be said as well.
        """
        try:
            return model.model_validate(self.data), []
        except ValidationError as error:
            faults = self.faults(error, model)
            rest = copy.deepcopy(self.data)
            for detail in error.errors():
                _leave_out(rest, _within(self.data, detail["loc"]))
        try:
            return model.model_validate(rest), faults
        except ValidationError:
            return None, faults


class EditedFile(EditedText):
    """A file, read whole. Raises `ConfigurationError` for what is missing or no file, too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with saying_what_is_wrong(path):
            content = read_file(path)
        super().__init__(shown(path), content)


@contextmanager
def saying_what_is_wrong(path: Path) -> Iterator[None]:
    """Makes a `ConfigurationError` of why the file cannot be read."""
    try:
        yield
    except FileNotFoundError:
        words = "no such file, wanted a TOML file here"
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
    except ValueError:
        words = "is no path, wanted a file's name"
    else:
        return
    raise ConfigurationError([Fault(shown(path), 0, "", words)])


def decoded(raw: bytes) -> str:
    """Without a byte-order mark. Raises `UnicodeDecodeError`, with a reason for people."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        error.reason = not_utf8(error)
        raise


def not_utf8(error: UnicodeDecodeError) -> str:
    if error.object.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "is UTF-16, wanted UTF-8: save it anew in this encoding"
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8, wanted UTF-8"


def is_leftover(name: str) -> bool:
    """What an editor or a package manager leaves beside the file that it changed."""
    return bool(_LEFTOVER.fullmatch(name))


def read_file(path: Path) -> bytes:
    return b"".join(read_lines(path, LARGEST))


def read_lines(path: Path, largest: int) -> Iterator[bytes]:
    """Raises `OSError` for a pipe or a device too, which might never end, and for a file that
    is larger than what people edit."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "not a regular file")
    left = largest
    with path.open("rb") as file:
        while line := file.readline(left + 1):
            left -= len(line)
            if left < 0:
                raise OSError(0, f"larger than {largest} bytes")
            yield line


def is_file(path: Path) -> bool:
    """False, too, for what cannot be looked at: a loop of links, a name that is too long."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether there is anything inside more tables and lists than that."""
    return levels < 0 or any(_is_deeper(inner, levels - 1) for _, inner in _inside(value))


def _long_numbers(value: Any, here: Location = ()) -> Iterator[Location]:
    if isinstance(value, int) and value.bit_length() > 63:
        yield here
    for key, inner in _inside(value):
        yield from _long_numbers(inner, (*here, key))


def _inside(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _line_at(text: str, found: re.Match[str] | None) -> int:
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _parsed(text: str) -> dict[str, Any]:
    """A date that no calendar has stops tomllib; as text it gets its own mistake, at its key."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        quoted = _DATE.sub(_quoted, text)
        if quoted == text:
            raise
        try:
            return tomllib.loads(quoted)
        except tomllib.TOMLDecodeError:
            pass
        raise


def _quoted(day: re.Match[str]) -> str:
    try:
        date.fromisoformat(day[0])
    except ValueError:
        return f'"{day[0]}"'
    return day[0]


def _leave_out(data: Any, location: Location) -> None:
    """Takes the key out that the mistake stands at: the last name in its location."""
    names = [index for index, part in enumerate(location) if isinstance(part, str)]
    if not names:
        return
    for part in location[: names[-1]]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict):
        data.pop(location[names[-1]], None)


def shown(path: Path) -> str:
    """The path as its reader would type it: relative when it lies below this folder."""
    with suppress(ValueError, OSError, RuntimeError):  # elsewhere, out of reach, a loop of links
        path = path.resolve().relative_to(Path.cwd())
    return harmless(str(path))


def key_name(location: Location) -> str:
    return ".".join(str(part) for part in location if not isinstance(part, int))


def _within(data: Any, location: Location) -> Location:
    """`location` without the labels that pydantic adds for unions: they are not in the data."""
    kept: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part not in data and kept and part != location[-1]:
            continue
        kept.append(part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
    return tuple(kept)


def _syntax(message: str, text: str) -> tuple[int, str]:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(found[1]) if found else text.count("\n") + 1
    words = message[: found.start()].strip() if found else message.split(" (at end")[0]
    return line, f"not TOML: {words[0].lower()}{words[1:]}, wanted valid TOML"
