"""A TOML file that people edit: its data, the line of every key, its mistakes in words."""

import difflib
import re
import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reminder.documents.toml_lines import Lines, Location
from reminder.domain.characters import harmless, quoted
from reminder.errors import ConfigurationError, Fault

Model = TypeVar("Model", bound=BaseModel)

LARGEST = 4 << 20  # bytes; five thousand units have half of it

_DATE = re.compile(r"(?<![\w\"'.:+-])\d{4}-\d{2}-\d{2}(?![\w\"':.+-])")
_LEFTOVER = re.compile(
    r".*~|[.]?#.*|~\$.*|.*\s.*|thumbs[.]db|desktop[.]ini|"
    r".*[.](sw[a-p]|kate-swp|bak|orig|rej|tmp|temp|save|old|(dpkg|ucf)-\w+|rpm\w+)",
    re.IGNORECASE,
)


class EditedFile:
    """`data` is as tomllib reads it; `line_of` finds where any part of it stands.

    Raises `ConfigurationError` for a file that is missing, not UTF-8 or not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = shown(path)
        try:
            self._text = decoded(read_file(path))
            self.data = _parsed(self._text)
            repr(self.data)  # nothing is too deep or too long to be shown in a mistake
        except FileNotFoundError:
            raise self._refusal(0, "no such file, wanted a TOML file here") from None
        except OSError as error:
            raise self._refusal(0, f"cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise self._refusal(line, error.reason) from None
        except tomllib.TOMLDecodeError as error:
            raise self._refusal(*_syntax(str(error), self._text)) from None
        except RecursionError:
            raise self._refusal(_deepest(self._text), "not TOML: nested too deeply") from None
        except ValueError as error:  # a name with NUL; a number of thousands of digits
            raise self._refusal(0, f"cannot be read: {error}") from None

    def _refusal(self, line: int, message: str) -> ConfigurationError:
        return ConfigurationError([Fault(self.shown, line, "", message)])

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    def line_of(self, location: Location) -> int:
        """The line of that key, or of the nearest table around it; the first when there is none."""
        return self._lines.of(location)

    def has(self, location: Location) -> bool:
        return location in self._lines

    def fault(self, location: Location, message: str) -> Fault:
        return Fault(self.shown, self.line_of(location), key_name(location), message)

    def validate(self, model: type[Model]) -> tuple[Model | None, list[Fault]]:
        """The file in that form, and its mistakes.

        Where a mistake can be left out (an unknown key, a wrong value of a key that may be
        missing), the rest comes back, so that what is wrong beside it can be said as well.
        """
        try:
            return model.model_validate(self.data), []
        except ValidationError as error:
            details = error.errors()
        rest = _parsed(self._text)  # a copy
        for detail in details:
            _leave_out(rest, detail["loc"])
        faults = [self.fault(detail["loc"], explain(detail, model)) for detail in details]
        try:
            return model.model_validate(rest), faults
        except ValidationError:
            return None, faults


def explain(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One pydantic error as `what is wrong, what was wanted`, never showing a secret."""
    kind, location = detail["type"], detail["loc"]
    if kind == "missing":
        return "is missing, wanted a value"
    if kind == "extra_forbidden":
        return unknown_key(str(location[-1]), _fields(model, location[:-1]))
    message = str(detail["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    wanted = message.removeprefix("Input should be ")
    wanted = wanted[0].lower() + wanted[1:]
    secret = any("password" in str(part) or "secret" in str(part) for part in location)
    return f"is {'not usable' if secret else quoted(detail['input'])}, wanted {wanted}"


def unknown_key(key: str, keys: Iterable[str]) -> str:
    names = sorted(keys)
    close = difflib.get_close_matches(key, names, n=1)
    wanted = f"{close[0]}?" if close else f"one of {', '.join(names)}"
    return f"unknown key, wanted {wanted}"


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    for part in location:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _model_in(field.annotation) or model
                break
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)


def read_file(path: Path) -> bytes:
    """Raises `OSError` for a pipe or a device too, which might never end, and for a file that
    is larger than what people edit."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "not a regular file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(0, f"larger than {LARGEST} bytes")
    return content


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


def is_file(path: Path) -> bool:
    """False, too, for what cannot be looked at: a loop of links, a name that is too long."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def shown(path: Path) -> str:
    """The path as its reader would type it: relative when it lies below this folder."""
    with suppress(ValueError, OSError, RuntimeError):  # elsewhere, out of reach, a loop of links
        path = path.resolve().relative_to(Path.cwd())
    return harmless(str(path))


def key_name(location: Location) -> str:
    return ".".join(str(part) for part in location if not isinstance(part, int))


def _parsed(text: str) -> dict[str, Any]:
    """A date that no calendar has stops tomllib; as text it gets its own mistake, at its key."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        try:
            return tomllib.loads(_DATE.sub(_quoted, text))
        except tomllib.TOMLDecodeError:
            raise error from None


def _quoted(day: re.Match[str]) -> str:
    with suppress(ValueError):
        date.fromisoformat(day[0])
        return day[0]
    return f'"{day[0]}"'


def _leave_out(data: Any, location: Location) -> None:
    """Takes the key out that the mistake stands at: the last name in its location."""
    names = [index for index, part in enumerate(location) if isinstance(part, str)]
    with suppress(KeyError, IndexError, TypeError):  # it is missing
        for part in location[: names[-1]]:
            data = data[part]
        del data[location[names[-1]]]


def _deepest(text: str) -> int:
    """The line with most brackets: no parser has come so far as to know."""
    depths = [line.count("[") + line.count("{") for line in text.split("\n")]
    return depths.index(max(depths)) + 1


def _syntax(message: str, text: str) -> tuple[int, str]:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(place[1]) if place else text.count("\n") + 1
    words = message[: place.start()].strip() if place else message.split(" (at end")[0]
    return line, f"not TOML: {words[0].lower()}{words[1:]}, wanted valid TOML"
