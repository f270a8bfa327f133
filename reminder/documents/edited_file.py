"""A TOML file that people edit: its data, the line of every key, its mistakes in words."""

from __future__ import annotations

import difflib
import errno
import re
import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from reminder.domain.characters import harmless
from reminder.errors import Fault, Mistake

if TYPE_CHECKING:
    from tree_sitter import Node

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

LARGEST = 32 << 20  # bytes; five thousand units have half of it

_DATE = re.compile(r"(?<![\w\"'.:+-])\d{4}-\d{2}-\d{2}(?![\w\"':.+-])")
_LEFTOVER = re.compile(
    r".*~|[.]?#.*|~\$.*|.*\s.*|thumbs[.]db|desktop[.]ini|"
    r".*[.](sw[a-p]|kate-swp|bak|orig|rej|tmp|temp|save|old|(dpkg|ucf)-\w+|rpm\w+)",
    re.IGNORECASE,
)


class EditedFile:
    """`data` is as tomllib reads it, and empty for a file that is missing, not UTF-8 or not TOML.

    `content` is what it holds, where that does not come from the disk. `faults` says that, and what
    the file's readers found wrong in it.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        self.shown = shown(path)
        self.data: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self._left_out: set[tuple[int, str]] = set()
        self._text, self.content = "", content or b""
        try:
            self.content = read_file(path) if content is None else content
            self._text = self.content.decode("utf-8-sig")
            data = _parsed(self._text)
            repr(data)  # nothing is too deep or too long to be shown in a mistake
            self.data = data
        except FileNotFoundError:
            self._unreadable(0, Mistake("no_file"))
        except OSError as error:
            self._unreadable(0, unreadable(error))
        except UnicodeDecodeError as error:
            self._unreadable(error.object[: error.start].count(b"\n") + 1, not_utf8(error))
        except tomllib.TOMLDecodeError as error:
            words, _, place = str(error).rpartition(" (at ")
            found = re.match(r"line (\d+)", place)  # else it is the end of the document
            line = int(found[1]) if found else self._text.count("\n") + 1
            self._unreadable(line, Mistake("not_toml", why=f"{words[0].lower()}{words[1:]}"))
        except RecursionError:
            # No parser has come so far as to know: the line with most brackets.
            depths = [line.count("[") + line.count("{") for line in self._text.split("\n")]
            self._unreadable(depths.index(max(depths)) + 1, Mistake("nested"))
        except ValueError as error:  # a name with NUL; a number of thousands of digits
            self._unreadable(0, Mistake("unreadable", why=str(error), errno=None))

    def _unreadable(self, line: int, mistake: Mistake) -> None:
        self.faults.append(Fault(self.shown, line, "", mistake.reason, mistake.facts))

    @cached_property
    def _lines(self) -> dict[Location, int]:
        return _Lines(self._text).found

    def line_of(self, location: Location) -> int:
        """The line of that key, or of the nearest table around it; the first when there is none."""
        around = (location[:length] for length in range(len(location), 0, -1))
        return next((self._lines[place] for place in around if place in self._lines), 1)

    def fault(self, location: Location, reason: str, /, **facts: object) -> Fault:
        return Fault(self.shown, self.line_of(location), key_name(location), reason, facts)

    def refuse(self, location: Location, reason: str, /, **facts: object) -> None:
        """A mistake; not of a key that was left out for a mistake of its own."""
        fault = self.fault(location, reason, **facts)
        if (fault.line, fault.key) not in self._left_out:
            self.faults.append(fault)

    def validated(self, model: type[Model]) -> Model | None:
        """The file in that form; its mistakes are refused.

        Where a mistake can be left out (an unknown key, a wrong value of a key that may be
        missing), the rest comes back, so that what is wrong beside it can be said as well.
        """
        if self.faults:
            return None
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            details = error.errors()
        rest = _parsed(self._text)  # a copy
        for detail in details:
            _leave_out(rest, detail["loc"])
            mistake = explain(detail, model)
            self.refuse(detail["loc"], mistake.reason, **mistake.facts)
        self._left_out = {(fault.line, fault.key) for fault in self.faults}
        with suppress(ValidationError):
            return model.model_validate(rest)
        return None


class _Lines:
    """Where every part of a text stands, counted from 1: `tomllib` gives values and no lines."""

    def __init__(self, text: str) -> None:
        # Only where something is wrong: a daemon does without these 3 MiB.
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        self.found: dict[Location, int] = {}
        self._source = text.encode()
        self._last: dict[Location, int] = {}  # of each list of tables, so far
        self._walk(Parser(Language(tree_sitter_toml.language())).parse(self._source).root_node, ())

    def _walk(self, node: Node, here: Location) -> None:
        """`here` is the place of that document, table or list."""
        if node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for index, item in enumerate(items):
                self.found[(*here, index)] = item.start_point[0] + 1
                self._walk(item, (*here, index))
            return
        for child in node.named_children:
            if child.type == "pair":
                key, value = child.named_children[:2]
                inside = here
                for name in self._names(key):
                    inside = (*inside, name)
                    self.found.setdefault(inside, child.start_point[0] + 1)
                self._walk(value, inside)
            elif child.type in ("table", "table_array_element"):
                self._walk(child, self._head(child))

    def _head(self, node: Node) -> Location:
        names, line = self._names(node.named_children[0]), node.start_point[0] + 1
        here: Location = ()
        for depth, name in enumerate(names, 1):
            here = (*here, name)
            if depth == len(names) and node.type == "table_array_element":
                self._last[here] = self._last.get(here, -1) + 1
                self.found.setdefault(here, line)
            if here in self._last:
                here = (*here, self._last[here])
        self.found[here] = line
        return here

    def _names(self, node: Node) -> list[str]:
        if node.type == "dotted_key":
            return [name for child in node.named_children for name in self._names(child)]
        text = self._source[node.start_byte : node.end_byte].decode()
        return [next(iter(tomllib.loads(f"{text} = 0")))] if node.type == "quoted_key" else [text]


_SECRET = ("password", "secret", "refresh_token")


def explain(detail: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    """One pydantic error, never showing a secret."""
    kind, location = detail["type"], detail["loc"]
    if kind == "missing":
        return Mistake("is_missing")
    if kind == "extra_forbidden":
        for part in location[:-1]:
            model = _model_in(_keys(model).get(part)) or model
        return unknown_key(str(location[-1]), _keys(model))
    limits = detail.get("ctx", {})
    if isinstance(mistake := limits.get("error"), Mistake):
        return mistake
    wanted = str(detail["msg"]).removeprefix("Input should be ")
    wanted = wanted[0].lower() + wanted[1:]
    is_secret = any(word in str(part) for word in _SECRET for part in location)
    facts = {"value": None if is_secret else detail["input"], "is_secret": is_secret}
    return Mistake("not_accepted", kind=kind, wanted=wanted, limits=limits, **facts)


def _keys(model: type[BaseModel]) -> dict[str, Any]:
    """As they stand in a file, with their types."""
    return {f.alias or name: f.annotation for name, f in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)


def unknown_key(key: str, keys: Iterable[str]) -> Mistake:
    names = sorted(keys)
    return Mistake("unknown_key", near=nearest(key, names), keys=names)


def nearest(name: str, names: Iterable[str]) -> str:
    """Empty when none is near."""
    return "".join(difflib.get_close_matches(name, list(names), n=1))


def key_name(location: Location) -> str:
    return ".".join(part for part in location if isinstance(part, str))


def read_file(path: Path) -> bytes:
    """Raises `OSError` for a pipe or a device too, which might never end, and for a file that
    is larger than what people edit."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > LARGEST:
        raise OSError(errno.EFBIG, f"larger than {LARGEST} bytes")
    return path.read_bytes()


def unreadable(error: OSError) -> Mistake:
    return Mistake("unreadable", why=error.strerror, errno=error.errno)


def not_utf8(error: UnicodeDecodeError) -> Mistake:
    if error.object.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return Mistake("utf16")
    return Mistake("not_utf8", byte=error.object[error.start])


def is_leftover(name: str) -> bool:
    """What an editor or a package manager leaves beside the file that it changed."""
    return bool(_LEFTOVER.fullmatch(name))


def is_folder(path: Path) -> bool:
    """False, too, for what cannot be looked at: a loop of links, a name that is too long."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def shown(path: Path) -> str:
    """The path as its reader would type it: relative when it lies below this folder."""
    with suppress(ValueError, OSError, RuntimeError):  # elsewhere, out of reach, a loop of links
        path = path.resolve().relative_to(Path.cwd())
    return harmless(str(path))


def _parsed(text: str) -> dict[str, Any]:
    """A date that no calendar has stops tomllib; as text it gets its own mistake, at its key."""

    def as_text(day: re.Match[str]) -> str:
        with suppress(ValueError):
            date.fromisoformat(day[0])
            return day[0]
        return f'"{day[0]}"'

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with suppress(tomllib.TOMLDecodeError):
            return tomllib.loads(_DATE.sub(as_text, text))
        raise


def _leave_out(data: Any, location: Location) -> None:
    """Takes the key out that the mistake stands at: the last name in its location."""
    names = [index for index, part in enumerate(location) if isinstance(part, str)]
    with suppress(KeyError, IndexError, TypeError):  # it is missing
        for part in location[: names[-1]]:
            data = data[part]
        del data[location[names[-1]]]
