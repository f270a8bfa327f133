"""An edited file of very many tables, read piece by piece."""

import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from reminder.documents.edited_file import (
    EditedText,
    key_name,
    read_lines,
    saying_what_is_wrong,
    shown,
)
from reminder.documents.toml_lines import Lines, Location
from reminder.errors import ConfigurationError, Fault

LARGEST = 45 << 20  # bytes; two hundred thousand units have less
PIECE = 500  # tables


class LongFile:
    """A file of tables `[[head]]`; their mistakes and lines are those of the whole.

    Text and data of a hundred thousand units are half a gigabyte: only one piece is there at a
    time. `line_of` and `fault` find any table once `pieces` has ended.
    """

    def __init__(self, path: Path, head: str) -> None:
        self.shown = shown(path)
        self._packed: list[bytes] = []  # a tenth of the text, for when lines are wanted
        self._first: list[int] = []  # line of each piece
        self._before: list[Counter[str]] = []  # tables in the pieces before each
        with saying_what_is_wrong(path):
            for first, content in _pieces(read_lines(path, LARGEST), f"[[{head}]]".encode()):
                self._first.append(first)
                self._packed.append(zlib.compress(content, 1))
        self._lines = lru_cache(maxsize=8)(self._lines_of_piece)

    def pieces(self) -> Iterator[EditedText]:
        """Raises `ConfigurationError` at the first that cannot be read."""
        tables: Counter[str] = Counter()
        while (number := len(self._before)) < len(self._packed):
            piece = self._piece(number)
            self._before.append(tables.copy())
            tables.update({k: len(v) for k, v in piece.data.items() if isinstance(v, list)})
            yield piece

    def _piece(self, number: int) -> EditedText:
        text, first = zlib.decompress(self._packed[number]), self._first[number]
        try:
            return EditedText(self.shown, text, first)
        except ConfigurationError as error:
            following = self._first[number + 1 :]
            if not following or error.faults[0].line < following[0]:
                raise
        # It began in this piece and does not end with it: the head stands within a text.
        rest = b"".join(map(zlib.decompress, self._packed[number:]))
        self._packed[number:] = [zlib.compress(rest, 1)]
        return EditedText(self.shown, rest, first)

    def line_of(self, location: Location) -> int:
        """Of a place that begins with a list of tables and the number in it."""
        key, index = str(location[0]), int(location[1])
        number = bisect_right(self._before, index, key=lambda before: before[key]) - 1
        return self._lines(number).of((key, index - self._before[number][key], *location[2:]))

    def fault(self, location: Location, message: str) -> Fault:
        return Fault(self.shown, self.line_of(location), key_name(location), message)

    def _lines_of_piece(self, number: int) -> Lines:
        return Lines(zlib.decompress(self._packed[number]).decode("utf-8-sig"), self._first[number])


def _pieces(lines: Iterator[bytes], head: bytes) -> Iterator[tuple[int, bytes]]:
    """Of so many tables, each with its first line's number; one at least."""
    first, heads = 1, 0
    piece: list[bytes] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(head):
            if heads == PIECE:
                yield first, b"".join(piece)
                first, heads, piece = number, 0, []
            heads += 1
        piece.append(line)
    yield first, b"".join(piece)
