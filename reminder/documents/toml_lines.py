"""Where every part of a TOML text stands: `tomllib` gives the values, and no lines."""

import tomllib

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Location = tuple[str | int, ...]

_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Lines:
    """Of every part of text that `tomllib` reads; they count from `first`."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._found = _lines_of(text)
        self._first = first

    def of(self, location: Location) -> int:
        """Of that key, or of the nearest table around it; the first when there is none."""
        for length in range(len(location), 0, -1):
            if line := self._found.get(location[:length]):
                return line + self._first - 1
        return self._first

    def __contains__(self, location: Location) -> bool:
        return location in self._found


def _lines_of(text: str) -> dict[Location, int]:
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
