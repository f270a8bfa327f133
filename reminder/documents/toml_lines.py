"""Where every part of a TOML text stands: `tomllib` gives the values, and no lines."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Location = tuple[str | int, ...]


class Lines:
    """Of every part of a text that `tomllib` reads, counted from 1."""

    def __init__(self, text: str) -> None:
        # Only where something is wrong: a daemon does without these 3 MiB.
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        self._source = text.encode()
        self._lines: dict[Location, int] = {}
        arrays: dict[Location, int] = {}
        parser = Parser(Language(tree_sitter_toml.language()))
        for node in parser.parse(self._source).root_node.children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                inside = self._head(node, arrays)
                for pair in (child for child in node.children if child.type == "pair"):
                    self._pair(pair, inside)

    def of(self, location: Location) -> int:
        """Of that key, or of the nearest table around it; the first when there is none."""
        for length in range(len(location), 0, -1):
            if line := self._lines.get(location[:length]):
                return line
        return 1

    def __contains__(self, location: Location) -> bool:
        return location in self._lines

    def _head(self, node: Node, arrays: dict[Location, int]) -> Location:
        """Of a table; `arrays` are the lists of tables with their last index so far."""
        names, line = self._names(node.named_children[0]), node.start_point[0] + 1
        here: Location = ()
        for depth, name in enumerate(names, 1):
            here = (*here, name)
            if depth == len(names) and node.type == "table_array_element":
                arrays[here] = arrays.get(here, -1) + 1
                self._lines.setdefault(here, line)
            if here in arrays:
                here = (*here, arrays[here])
        self._lines[here] = line
        return here

    def _pair(self, node: Node, here: Location) -> None:
        key, value = node.named_children[:2]
        for name in self._names(key):
            here = (*here, name)
            self._lines.setdefault(here, node.start_point[0] + 1)
        self._value(value, here)

    def _value(self, node: Node, here: Location) -> None:
        if node.type == "inline_table":
            for pair in (child for child in node.named_children if child.type == "pair"):
                self._pair(pair, here)
        elif node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for index, item in enumerate(items):
                self._lines[(*here, index)] = item.start_point[0] + 1
                self._value(item, (*here, index))

    def _names(self, node: Node) -> list[str]:
        if node.type == "dotted_key":
            return [name for child in node.named_children for name in self._names(child)]
        text = self._source[node.start_byte : node.end_byte].decode()
        if node.type == "quoted_key":
            return [next(iter(tomllib.loads(f"{text} = 0")))]
        return [text]
