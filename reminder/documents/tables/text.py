"""Tables in plain text: cells that begin with a tab, separated values, pipes, aligned columns."""

import csv
import re
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import groupby, islice

from reminder.documents.tables.grid import (
    Cell,
    Refusal,
    RefusedFileError,
    Table,
    clean_lines,
    shown_lines,
)

LARGEST_TEXT = 4 << 20  # bytes
MOST_LINES = 100_000
WIDEST, MOST_PLACES = 1_000, 500_000
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHINESE = re.compile("[一-龥]")
_BY_CHANCE = 4  # signs that another encoding may give
_RULER = re.compile(r"[\s|:+=─-╿｜-]+")  # or a blank line
_PIPE = re.compile("[|│┃｜]")
_PIECE = re.compile(r"[^ \u3000]+(?: [^ \u3000]+)*")
_LABEL = re.compile(r"\s*[（(]?([一二三四五六七八九十]+|\d+)[)）]?[.．、]?\s*")
# A line that is no part of the row above it.
_OF_ITS_OWN = re.compile(r"\s*([（(]?[一二三四五六七八九十]+[)）、]|第.季度|(备?注|说明)[:：])")

Line = tuple[int, str]  # with its number
Row = tuple[int, Sequence[str]]


def text_tables(name: str, content: bytes) -> list[Table]:
    if len(content) > LARGEST_TEXT:
        raise RefusedFileError(Refusal.TOO_LARGE, f"text of more than {LARGEST_TEXT} bytes")
    text = re.sub("\r\n?", "\n", decoded(content))
    if text.count("\n") > MOST_LINES:
        raise RefusedFileError(Refusal.TOO_LARGE, f"text of more than {MOST_LINES} lines")
    if name.lower().endswith(".csv"):
        return [_table(_separated(text, _delimiter(text)))]
    lines = list(enumerate(text.split("\n"), 1))
    if table := _with_tabs(lines) or _with_values(text):
        return [table]
    return _of_blocks(lines)


def decoded(data: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8 or what Windows writes in Chinese."""
    encodings = ["utf-8-sig", "gb18030"]
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            # UTF-8 that is cut or spoilt would become words of nonsense.
            if len(_CHINESE.findall(data[: error.start].decode(encoding))) > _BY_CHANCE:
                raise RefusedFileError(Refusal.DAMAGED, str(error)) from None
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
    return Table(cells, shown_lines(before), numbers, shows_merges=False)


def _with_tabs(lines: list[Line]) -> Table | None:
    """What stands above the first tab is no table."""
    first = next((at for at, (_, line) in enumerate(lines) if "\t" in line), None)
    if first is None:
        return None
    if sum(line.count("\t") for _, line in lines) > MOST_PLACES:
        raise RefusedFileError(Refusal.BOMB, "more values than a table has")
    before, rest = [line for _, line in lines[:first]], lines[first:]
    if rest[0][1].startswith("\t"):
        rows = list(_exported(rest))
        return _table(iter(rows), before) if _are_regular(rows) else None
    if any(line.startswith('"') or '\t"' in line for _, line in rest):
        body = "\n".join(line for _, line in rest)
        rows = [(number + first, row) for number, row in _separated(body, "\t")]
    else:
        rows = list(_pasted(rest))
    if all(len(row) < 3 and _LABEL.fullmatch(row[0]) for _, row in rows):
        return None  # the tabs stand behind the numbers of paragraphs
    return _table(iter(rows), before)


def _are_regular(rows: list[Row]) -> bool:
    """Else tabs only indent the paragraphs of a text."""
    widths = Counter(len(row) for _, row in rows if len(row) > 1)
    usual = max(widths.values(), default=0)
    return usual > 1 and 2 * usual >= widths.total()


def _exported(lines: list[Line]) -> Iterator[Row]:
    """As word processors write a table into text: a tab begins a cell, a blank line ends a row."""
    for blank, group in groupby(lines, key=lambda line: not line[1].strip(" \u3000")):
        if blank:
            continue
        row = list(group)
        cells: list[list[str]] = []
        for _, line in row:
            if line.startswith("\t") or not cells:
                cells += [[value] for value in line.removeprefix("\t").split("\t")]
            else:
                cells[-1].append(line)
        yield row[0][0], ["\n".join(cell) for cell in cells]


def _pasted(lines: list[Line]) -> Iterator[Row]:
    """As a table of Word is pasted: tabs between cells, whose lines go on in lines of their own."""
    width = lines[0][1].count("\t") + 1
    start, cells = lines[0][0], list[list[str]]()
    for number, line in lines:
        values = [[value] for value in line.split("\t")]
        if not line.strip():
            continue
        fits = len(values) < width and 0 < len(cells) <= width + 1 - len(values)
        if fits and not (len(cells) == width and _OF_ITS_OWN.match(line)):
            cells[-1] += values[0]
            cells += values[1:]
            continue
        if cells:
            yield start, ["\n".join(cell) for cell in cells]
        start, cells = number, values
    yield start, ["\n".join(cell) for cell in cells]


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


def _with_values(text: str) -> Table | None:
    """By a delimiter that gives all lines as many values, three or more, in two rows or more."""
    for delimiter in ",;":
        try:
            rows = [row for _, row in _separated(text, delimiter) if row]
        except RefusedFileError:
            continue
        if len(rows) > 1 and len(rows[0]) > 2 and len({len(row) for row in rows}) == 1:
            return _table(_separated(text, delimiter))
    return None


def _of_blocks(lines: list[Line]) -> list[Table]:
    """Tables of pipes or aligned columns, and the lines between them."""
    tables: list[Table] = []
    before: list[Line] = []
    lines = [line for line in lines if not _RULER.fullmatch(line[1] or " ")]
    at = 0
    while at < len(lines):
        rows, end = _piped(lines, at)
        if not rows:
            rows, end = _aligned(lines, at)
        if rows:
            tables.append(_table(iter(rows), [line for _, line in before]))
            before = []
        else:
            before += [(number, re.sub("^#+ ", "", line)) for number, line in lines[at:end]]
        at = end
    rest = [(number, line) for number, raw in before for line in shown_lines([raw])]
    if rest:
        numbers, texts = zip(*rest, strict=True)
        tables.append(Table((), texts, numbers))
    return tables


def _from(lines: list[Line], at: int) -> Iterator[Line]:
    """Without a copy for each place to begin at."""
    return (lines[place] for place in range(at, len(lines)))


def _piped(lines: list[Line], at: int) -> tuple[list[Row], int]:
    """Rows that begin at that line, and the place behind them."""
    rows: list[Row] = []
    for number, line in _from(lines, at):
        if len(_PIPE.findall(line)) < 2:
            break
        line = re.sub(rf"^{_PIPE.pattern}|{_PIPE.pattern}$", "", line.strip())
        rows.append((number, [part.strip() for part in _PIPE.split(line)]))
    return (rows, at + len(rows)) if len(rows) > 1 else ([], at + 1)


def _aligned(lines: list[Line], at: int) -> tuple[list[Row], int]:
    """The same of lines whose parts stand below those of the first."""
    head = _pieces(lines[at][1])
    rows: list[Row] = [(lines[at][0], [piece for _, piece in head])]
    if len(head) < 3:
        return [], at + 1
    for number, line in _from(lines, at + 1):
        row = _row(_pieces(line), [column for column, _ in head])
        if row is None:
            break
        rows.append((number, row))
    return (rows, at + len(rows)) if len(rows) > 1 else ([], at + 1)


def _pieces(line: str) -> list[tuple[int, str]]:
    """Parts with two blanks or more between them, each with the column where it begins."""
    pieces: list[tuple[int, str]] = []
    column = at = 0
    for found in islice(_PIECE.finditer(line), WIDEST):
        column += _width(line[at : found.start()])
        at = found.start()
        pieces.append((column, found[0]))
    return pieces


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _row(pieces: list[tuple[int, str]], columns: list[int]) -> list[str] | None:
    """By their order where there are as many, else each below the head that it stands under."""
    if len(pieces) == len(columns):
        return [piece for _, piece in pieces]
    row = [""] * len(columns)
    for column, piece in pieces:
        place = min(range(len(columns)), key=lambda at: abs(columns[at] - column))
        if abs(columns[place] - column) > 2 or row[place]:
            return None
        row[place] = piece
    return row if any(row[1:]) else None
