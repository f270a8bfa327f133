"""Tables of a workbook as Excel shows them: one for each sheet, what is hidden is named."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from reminder.documents.tables.excel_text import TRUE, Book, integer
from reminder.documents.tables.grid import (
    Cell,
    Hidden,
    HiddenPart,
    Refusal,
    RefusedFileError,
    Table,
    sample,
)
from reminder.documents.tables.ooxml import Package

MOST_PLACES = 1_000_000
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")

Place = tuple[int, int]  # row and column, from 1
Area = tuple[Place, Place]  # its first and its last place


@dataclass
class _Sheet:
    """Its cells that hold something, by place."""

    cells: dict[Place, Cell] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)


def excel_tables(package: Package, main: str) -> list[Table]:
    """Of the sheets that hold something; hidden sheets are named with the first of them."""
    book = Book(package, main)
    tables: list[Table] = []
    hidden: list[Hidden] = []
    for name, part, is_hidden in book.sheets():
        sheet = _SheetReader(book).read(part)
        if is_hidden and sheet.cells:
            texts = sample(cell.text for cell in sheet.cells.values())
            hidden.append(Hidden(HiddenPart.SHEET, name, texts))
        elif sheet.cells:
            tables.append(_table(sheet, name))
    if hidden:
        first = tables[0] if tables else Table(())
        tables[:1] = [replace(first, hidden=(*hidden, *first.hidden))]
    return tables


class _SheetReader:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._sheet = _Sheet()
        self._row = 0

    def read(self, part: str) -> _Sheet:
        root = self._book.package.xml(part, row=self._add_row)
        for columns in root.iterfind("cols/col"):
            if columns.get("hidden") in TRUE or columns.get("width") == "0":
                first, last = (integer(columns.get(end), 1) for end in ("min", "max"))
                if first not in self._sheet.hidden_columns:
                    self._sheet.hidden_columns |= set(range(first, min(last, _LAST_COLUMN) + 1))
        for merged in root.iterfind("mergeCells/mergeCell"):
            if area := _area(merged.get("ref", "")):
                self._sheet.merged.append(area)
        return self._sheet

    def _add_row(self, row: Element) -> None:
        self._row = integer(row.get("r"), self._row + 1)
        if row.get("hidden") in TRUE or row.get("ht") == "0":
            self._sheet.hidden_rows.add(self._row)
        column = 0
        for element in row.iterfind("c"):
            place = _place(element.get("r", ""))
            column = place[1] if place else column + 1
            if not (0 < self._row <= _LAST_ROW and column <= _LAST_COLUMN):
                raise RefusedFileError(Refusal.DAMAGED, "a cell outside of the sheet")
            cell = self._book.cell(element)
            if cell.text or cell.no_value:
                self._sheet.cells[self._row, column] = cell


def _place(name: str) -> Place | None:
    found = _PLACE.fullmatch(name)
    return (int(found[2]), _column(found[1])) if found else None


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _letters(number: int) -> str:
    """Of a column, from 1: A, Z, AA."""
    text = ""
    while number:
        number, letter = divmod(number - 1, 26)
        text = chr(ord("A") + letter) + text
    return text


def _area(text: str) -> Area | None:
    first, _, last = text.partition(":")
    begin, end = _place(first), _place(last or first)
    return (begin, end) if begin and end else None


class _Grid:
    """Rows that hold something, from column A on, of what is shown."""

    def __init__(self, sheet: _Sheet) -> None:
        self._sheet = sheet
        shown = [place for place in sheet.cells if self._is_shown(place)]
        self.numbers = sorted({row for row, _ in shown})
        self._width = max((column for _, column in shown), default=0)
        self._places = {place: sheet.cells[place] for place in shown}
        self._covered: list[Hidden] = []
        self._count(len(self.numbers) * self._width, MOST_PLACES)
        self._spread()

    def _is_shown(self, place: Place) -> bool:
        return (
            place[0] not in self._sheet.hidden_rows and place[1] not in self._sheet.hidden_columns
        )

    def _count(self, places: int, most: int) -> None:
        if places > most:
            raise RefusedFileError(Refusal.BOMB, "more places than a table has")

    def _spread(self) -> None:
        """A merged cell stands in all its places."""
        done = 0
        for (top, left), (bottom, right) in self._sheet.merged:
            cell = self._sheet.cells.get((top, left), Cell(()))
            rows = self.numbers[bisect_left(self.numbers, top) : bisect_right(self.numbers, bottom)]
            columns = range(left, min(right, self._width) + 1)
            done += 1 + len(rows) * len(columns)
            self._count(done, MOST_PLACES)
            for place in ((row, column) for row in rows for column in columns):
                self._cover(place, cell)

    def _cover(self, place: Place, cell: Cell) -> None:
        own = self._places.get(place)
        if own and own is not cell and own.text not in ("", cell.text):
            name = f"{_letters(place[1])}{place[0]}"
            self._covered.append(Hidden(HiddenPart.COVERED, name, sample([own.text])))
        self._places[place] = cell

    def rows(self) -> tuple[tuple[Cell | None, ...], ...]:
        """None where a column is hidden."""
        columns = range(1, self._width + 1)
        return tuple(tuple(self._at(row, column) for column in columns) for row in self.numbers)

    def _at(self, row: int, column: int) -> Cell | None:
        if column in self._sheet.hidden_columns:
            return None
        return self._places.get((row, column)) or Cell(())

    def hidden(self) -> Iterator[Hidden]:
        rows, columns = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
        for (row, column), cell in self._sheet.cells.items():
            if row in self._sheet.hidden_rows:
                rows[row].append(cell.text)
            if column in self._sheet.hidden_columns:
                columns[column].append(cell.text)
        for row, texts in sorted(rows.items()):
            yield Hidden(HiddenPart.ROW, str(row), sample(texts))
        for column, texts in sorted(columns.items()):
            yield Hidden(HiddenPart.COLUMN, _letters(column), sample(texts))
        yield from self._covered


def _table(sheet: _Sheet, name: str) -> Table:
    grid = _Grid(sheet)
    return Table(grid.rows(), (), tuple(grid.numbers), tuple(grid.hidden()), name)
