"""Tables in plain text: cells that begin with a tab, separated values, pipes, aligned columns."""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path

from reminder.documents.tables.grid import Cell, Refusal, RefusedFileError, Table, clean_lines

LARGEST_TEXT = 4 << 20  # bytes
MOST_LINES = 100_000
WIDEST, MOST_PLACES = 1_000, 500_000
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_RULER = re.compile(r"[\s|:+\-=─━┼├┤]+")
_GAP = re.compile(r"[ \u3000]{2,}|\u3000")

Line = tuple[int, str]  # with its number
Row = tuple[int, Sequence[str]]


def text_tables(path: Path) -> list[Table]:
    if path.stat().st_size > LARGEST_TEXT:
        raise RefusedFileError(Refusal.TOO_LARGE, f"text of more than {LARGEST_TEXT} bytes")
    text = re.sub("\r\n?", "\n", decoded(path.read_bytes()))
    if text.count("\n") > MOST_LINES:
        raise RefusedFileError(Refusal.TOO_LARGE, f"text of more than {MOST_LINES} lines")
    if path.suffix.lower() == ".csv":
        return [_table(_separated(text, _delimiter(text)))]
    lines = list(enumerate(text.split("\n"), 1))
    if any("\t" in line for _, line in lines):
        return _with_tabs(text, lines)
    if (delimiter := _even_delimiter(text)) is not None:
        return [_table(_separated(text, delimiter))]
    return _of_blocks(lines)


def decoded(data: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8 or what Windows writes in Chinese."""
    encodings = ["utf-8-sig", "gb18030"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _BINARY.search(text):
            return text
    raise RefusedFileError(Refusal.OTHER_FORMAT, "neither text nor a known format")


def _table(rows: Iterator[Row], before: Sequence[str] = ()) -> Table:
    """Of equal length, without rows of nothing."""
    kept = [(number, row) for number, row in rows if any(text.strip() for text in row)]
    width = max((len(row) for _, row in kept), default=0)
    if width > WIDEST or width * len(kept) > MOST_PLACES:
        raise RefusedFileError(Refusal.BOMB, "more columns than a table has")
    cells = tuple(
        (*[Cell(tuple(clean_lines(text))) for text in row], *[None] * (width - len(row)))
        for _, row in kept
    )
    numbers = tuple(number for number, _ in kept)
    return Table(cells, _shown(before), numbers, shows_merges=False)


def _shown(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for raw in lines for line in clean_lines(raw) if line)


def _with_tabs(text: str, lines: list[Line]) -> list[Table]:
    """What stands above the first tab is no table."""
    first = next(at for at, (_, line) in enumerate(lines) if "\t" in line)
    before, rest = [line for _, line in lines[:first]], lines[first:]
    if sum(line.startswith("\t") for _, line in rest) > len(rest) / 4:
        return [_table(_exported(rest), before)]
    body = "\n".join(line for _, line in rest)
    rows = ((number + first, row) for number, row in _separated(body, "\t"))
    return [_table(rows, before)]


def _exported(lines: list[Line]) -> Iterator[Row]:
    """As word processors write a table into text: a tab begins a cell, a blank line ends a row."""
    for blank, group in groupby(lines, key=lambda line: not line[1].strip(" \u3000")):
        if blank:
            continue
        row = list(group)
        cells: list[str] = []
        for _, line in row:
            if line.startswith("\t") or not cells:
                cells += line.removeprefix("\t").split("\t")
            else:
                cells[-1] += f"\n{line}"
        yield row[0][0], cells


def _separated(text: str, delimiter: str) -> Iterator[Row]:
    """Quoted values may go over several lines; the number is that of the last."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    places = 0
    try:
        for row in reader:
            places += len(row)
            if len(row) > WIDEST or places > MOST_PLACES:
                raise RefusedFileError(Refusal.BOMB, "more values than a table has")
            yield reader.line_num, row
    except csv.Error as error:
        raise RefusedFileError(Refusal.DAMAGED, str(error)) from None


def _delimiter(text: str) -> str:
    """Of a file that says that it is separated values."""
    head = text[: text.find("\n")] if "\n" in text else text
    if head.startswith("sep="):
        return head[4:5] or ","
    return max(",;\t", key=head.count)


def _even_delimiter(text: str) -> str | None:
    """The one by which all lines have as many values, three or more, in two rows or more."""
    for delimiter in ",;":
        try:
            rows = [row for _, row in _separated(text, delimiter) if row]
        except RefusedFileError:
            continue
        if len(rows) > 1 and len(rows[0]) > 2 and len({len(row) for row in rows}) == 1:
            return delimiter
    return None


def _of_blocks(lines: list[Line]) -> list[Table]:
    """Lines that split into as many parts as their neighbours are rows of a table."""
    tables: list[Table] = []
    before: list[str] = []
    kept = [(number, _parts(line)) for number, line in lines if not _is_ruler(line)]
    for width, group in groupby(kept, key=lambda row: len(row[1])):
        rows = list(group)
        if width > 2 and len(rows) > 1:
            tables.append(_table(iter(rows), before))
            before = []
        else:
            before += [" ".join(parts) for _, parts in rows]
    return [*tables, Table((), rest)] if (rest := _shown(before)) else tables


def _is_ruler(line: str) -> bool:
    return bool(_RULER.fullmatch(line)) and bool(line.strip())


def _parts(line: str) -> list[str]:
    line = line.strip()
    if line.count("|") > 1:
        return [part.strip() for part in line.strip("|").split("|")]
    return _GAP.split(line)
