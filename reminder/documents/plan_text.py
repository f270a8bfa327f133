"""A plan's file as its tables in a row, each edited by itself: all else stays to the letter.

tomlkit brings tables of one name together, so it is given one of them at a time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reminder.documents.edited_file import EditedFile, Location
from reminder.errors import ConfigurationError, DeclinedError

if TYPE_CHECKING:
    from tomlkit.items import Array

LONGEST = 44  # characters of a list on one line
_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADS = {
    "meeting": "[[meeting]]",
    "month": "[[month]]",
    "task": "[[month.task]]",
    "year-round": "[[year-round]]",
    "standing": "[[standing]]",
}
TASKS = ("task", "year-round", "standing")


@dataclass(eq=False)
class Block:
    """A table by its head, with the comment that touches it; `above` is what stands before that.

    `data` is what it says, of a row without its tasks.
    """

    kind: str
    body: str
    data: dict[str, Any]
    above: str = "\n"

    @classmethod
    def new(cls, kind: str, values: Mapping[str, Any]) -> "Block":
        block = cls(kind, f"{_HEADS[kind]}\n", {})
        for key, value in values.items():
            block.put(key, value)
        return block

    @property
    def id(self) -> str:
        return str(self.data.get("id", ""))

    def put(self, key: str, value: Any) -> None:
        """None takes the key away."""
        if value == self.data.get(key):
            return
        import tomlkit  # only where a file is edited

        body = self.body if self.body.endswith("\n") else f"{self.body}\n"
        document = tomlkit.parse(body)
        around: Any = document["month"] if self.kind == "task" else document
        table = around[self.kind] if self.kind == "plan" else around[self.kind][0]
        if value is None:
            self.data.pop(key)
            table.remove(key)
        else:
            self.data[key] = value
            _set(table, key, value)
        self.body = _ends_as(body, tomlkit.dumps(document))

    def become(self, kind: str) -> None:
        """A task of another section: its head alone."""
        if kind != self.kind:
            head = re.compile(r"(?m)^[ \t]*\[\[[^\n]*?\]\]")
            self.body = head.sub(_HEADS[kind], self.body, count=1)
            self.kind = kind


def _set(table: Any, key: str, value: Any) -> None:
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update(value)
        table[key] = inline
    elif isinstance(value, list | tuple):
        if not (key in table and _edit_array(table[key], value)):
            table[key] = _array(value)
    else:
        table[key] = value


def _edit_array(array: Any, value: Sequence[Any]) -> bool:
    """In place, where items only went or came at the end: what is noted beside them stays."""
    kept = [item for item in array if item in value]
    if list(value[: len(kept)]) != kept or "#" not in array.as_string():
        return False
    for item in [item for item in array if item not in value]:
        array.remove(item)
    for item in value[len(kept) :]:
        array.add_line(item)
    return list(array) == list(value)


def _array(items: Sequence[Any]) -> "Array":
    import tomlkit

    array = tomlkit.array()
    array.extend(items)
    return array.multiline(len(items) > 1 and len(array.as_string()) > LONGEST)


def _ends_as(text: str, new: str) -> str:
    """With the line ends of that text."""
    return re.sub(r"\r?\n", "\r\n", new) if "\r\n" in text else new


class PlanText:
    """`blocks` in the file's order. Raises `ConfigurationError` for what is no TOML, and
    `DeclinedError` where tables stand in a list."""

    def __init__(self, content: bytes, name: str) -> None:
        file = EditedFile(Path(name), content)
        if file.faults:
            raise ConfigurationError(file.faults)
        self.has_mark = content.startswith(_BOM)
        text = content.decode("utf-8-sig")
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self.blocks, self.below = _blocks(file, _LINE.findall(text))

    def content(self) -> bytes:
        texts = [f"{block.above}{block.body}" for block in self.blocks]
        text = "".join(texts) + self.below
        return _BOM * self.has_mark + text.encode()

    @property
    def header(self) -> Block:
        none = Block("plan", "", {})
        return next((block for block in self.blocks if block.kind == "plan"), none)

    def of_kind(self, *kinds: str) -> list[Block]:
        return [block for block in self.blocks if block.kind in kinds]

    def find(self, name: str, *kinds: str) -> Block | None:
        return next((one for one in self.of_kind(*kinds) if one.id == name), None)

    def row_of(self, task: Block) -> Block | None:
        """The row that a month's task stands in."""
        row = None
        for block in self.blocks:
            row = block if block.kind == "month" else row
            if block is task:
                return row
        return None

    def tasks_of(self, row: Block) -> list[Block]:
        behind = self.blocks[self.blocks.index(row) + 1 :]
        of_row = takewhile(lambda block: block.kind != "month", behind)
        return [block for block in of_row if block.kind == "task"]

    def lines_of(self, *blocks: Block) -> frozenset[int]:
        """Their numbers in the text, counted from 1."""
        found, line = list[int](), 1
        for block in self.blocks:
            line += block.above.count("\n")
            after = line + block.body.count("\n")
            found += range(line, after) if block in blocks else ()
            line = after
        return frozenset(found)

    def put_behind(self, block: Block, other: Block | None) -> None:
        """None is before all that is there."""
        place = self.blocks.index(other) + 1 if other else 0
        if place and (before := self.blocks[place - 1]) and not before.body.endswith("\n"):
            before.body += self.line_end
        block.above = re.sub(r"\r?\n", self.line_end, block.above)
        block.body = re.sub(r"\r?\n", self.line_end, block.body)
        self.blocks.insert(place, block)

    def take_out(self, block: Block) -> None:
        """What is noted above it and does not touch it stays for what follows."""
        place = self.blocks.index(block)
        del self.blocks[place]
        if block.above.strip():
            above = block.above.rstrip() + self.line_end
            if place < len(self.blocks):
                self.blocks[place].above = above + self.blocks[place].above
            else:
                self.below = above + self.below


def _blocks(file: EditedFile, lines: list[str]) -> tuple[list[Block], str]:
    """And what stands below the last one."""
    starts = []
    for place, kind, data in _tables(file.data):
        line = file.line_of(place) - 1
        if not lines or not lines[line].lstrip().startswith("["):
            raise DeclinedError("plan_in_a_list", f"{kind} in a list, wanted {_head(kind)}")
        starts.append((line, kind, data))
    starts.sort(key=lambda start: start[0])
    blocks: list[Block] = []
    end = 0
    stops = [*(line for line, _, _ in starts[1:]), len(lines)][: len(starts)]
    for (line, kind, data), stop in zip(starts, stops, strict=True):
        touching = line
        while touching > end and lines[touching - 1].lstrip().startswith("#"):
            touching -= 1
        above = "".join(lines[end:touching])
        end = stop
        while end > line + 1 and _is_beside(lines[end - 1]):
            end -= 1
        blocks.append(Block(kind, "".join(lines[touching:end]), data, above))
    return blocks, "".join(lines[end:])


def _head(kind: str) -> str:
    return _HEADS.get(kind, f"[{kind}]")


def _is_beside(line: str) -> bool:
    """No value: a blank line or a comment. No value ends in such a line."""
    return not line.strip() or line.lstrip().startswith("#")


def _tables(data: Mapping[str, Any]) -> Iterator[tuple[Location, str, dict[str, Any]]]:
    if isinstance(data.get("plan"), dict):
        yield ("plan",), "plan", data["plan"]
    for kind in ("meeting", "month", "year-round", "standing"):
        for index, table in enumerate(_list(data.get(kind))):
            of_table = {key: value for key, value in table.items() if key != "task"}
            yield (kind, index), kind, of_table if kind == "month" else table
            tasks = _list(table.get("task")) if kind == "month" else []
            for position, task in enumerate(tasks):
                yield (kind, index, "task", position), "task", task


def _list(value: Any) -> Iterable[dict[str, Any]]:
    with suppress(TypeError):
        return [table for table in value if isinstance(table, dict)]
    return []
