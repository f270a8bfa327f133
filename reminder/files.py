"""A TOML file that people edit: its data, the line of every key, its mistakes in words."""

import copy
import difflib
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast
from unicodedata import category

import tree_sitter_toml
from pydantic import BaseModel, ValidationError
from tree_sitter import Language, Node, Parser

from reminder.errors import ConfigurationError, Fault

Location = tuple[str | int, ...]

Model = TypeVar("Model", bound=BaseModel)

_DATE = re.compile(r"(?<![\w\"'.:+-])\d{4}-\d{2}-\d{2}(?![\w\"':.+-])")
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class EditedFile:
    """`data` as tomllib reads it; `line_of` finds where any part of it stands.

    Raises `ConfigurationError` when the file is missing, is not UTF-8 or is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = shown(path)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raise self._broken(0, "no such file, wanted a TOML file here") from None
        except OSError as error:
            raise self._broken(0, f"cannot be read: {error.strerror}") from None
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise self._broken(
                line, f"byte 0x{raw[error.start]:02x} is not UTF-8, wanted UTF-8"
            ) from None
        try:
            self.data: dict[str, Any] = _parsed(text)
        except tomllib.TOMLDecodeError as error:
            raise self._broken(*_syntax(str(error), text)) from None
        except RecursionError:
            raise self._broken(0, "not TOML: nested too deeply, wanted valid TOML") from None
        except ValueError as error:  # a number of thousands of digits
            raise self._broken(0, f"not TOML: {error}, wanted valid TOML") from None
        self._lines = _lines(text)

    def _broken(self, line: int, message: str) -> ConfigurationError:
        return ConfigurationError([Fault(self.shown, line, "", message)])

    def line_of(self, location: Location) -> int:
        """The line of that key, or of the nearest table around it; 1 when there is none."""
        for length in range(len(location), 0, -1):
            if line := self._lines.get(location[:length]):
                return line
        return 1

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


def one_line(value: str) -> str:
    """Text for a header, a calendar and a terminal: no control characters, something to read."""
    if not value.strip():
        raise ValueError("is empty, wanted words")
    # Cc are controls, Zl and Zp break lines.
    if bad := next((c for c in value if category(c) in ("Cc", "Zl", "Zp")), None):
        raise ValueError(f"holds the control character {bad!r}, wanted one line of text")
    return value


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
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def key_name(location: Location) -> str:
    return ".".join(str(part) for part in location if not isinstance(part, int))


def explain(detail: dict[str, Any], model: type[BaseModel]) -> str:
    """One pydantic error as `what is wrong, what was wanted`, never showing a secret."""
    kind, location = detail["type"], detail["loc"]
    if kind == "missing":
        return "is missing, wanted a value"
    if kind == "extra_forbidden":
        return unknown_key(str(location[-1]), _fields(model, location[:-1]))
    message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind in ("value_error", "assertion_error"):
        return message
    wanted = message.removeprefix("Input should be ")
    wanted = wanted[0].lower() + wanted[1:]
    secret = any("password" in str(part) or "secret" in str(part) for part in location)
    return f"is {'not usable' if secret else repr(detail['input'])}, wanted {wanted}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1)
    wanted = f"{close[0]}?" if close else f"one of {', '.join(names)}"
    return f"unknown key, wanted {wanted}"


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    for part in location:
        if isinstance(part, int):
            continue
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _model_in(field.annotation) or model
                break
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _model_in(inner):
            return found
    return None


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


def _lines(text: str) -> dict[Location, int]:
    source = text.encode()
    lines: dict[Location, int] = {}
    arrays: dict[Location, int] = {}
    for node in Parser(Language(tree_sitter_toml.language())).parse(source).root_node.children:
        match node.type:
            case "pair":
                _pair(node, (), source, lines)
            case "table" | "table_array_element":
                names = next(_names(child, source) for child in node.children if _is_key(child))
                here: Location = ()
                for depth, name in enumerate(names, 1):
                    here = (*here, name)
                    if depth == len(names) and node.type == "table_array_element":
                        arrays[here] = arrays.get(here, -1) + 1
                        lines.setdefault(here, node.start_point[0] + 1)
                    if here in arrays:
                        here = (*here, arrays[here])
                lines[here] = node.start_point[0] + 1
                for child in node.children:
                    if child.type == "pair":
                        _pair(child, here, source, lines)
    return lines


def _pair(node: Node, here: Location, source: bytes, lines: dict[Location, int]) -> None:
    key, value = node.named_children[0], node.named_children[1]
    for name in _names(key, source):
        here = (*here, name)
        lines.setdefault(here, node.start_point[0] + 1)
    _value(value, here, source, lines)


def _value(node: Node, here: Location, source: bytes, lines: dict[Location, int]) -> None:
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                _pair(child, here, source, lines)
    elif node.type == "array":
        items = [child for child in node.named_children if child.type != "comment"]
        for index, child in enumerate(items):
            lines[(*here, index)] = child.start_point[0] + 1
            _value(child, (*here, index), source, lines)


def _is_key(node: Node) -> bool:
    return node.type in _KEYS


def _names(node: Node, source: bytes) -> list[str]:
    if node.type == "dotted_key":
        return [name for child in node.named_children for name in _names(child, source)]
    text = source[node.start_byte : node.end_byte].decode()
    if node.type == "quoted_key":
        return [next(iter(tomllib.loads(f"{text} = 0")))]
    return [text]
