"""Tables of a Word document as Word shows them, each with the lines that stand before it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from xml.etree.ElementTree import Element

from reminder.documents.tables.grid import (
    Cell,
    Hidden,
    HiddenPart,
    Refusal,
    RefusedFileError,
    Table,
    clean_lines,
    sample,
    shown_lines,
)
from reminder.documents.tables.ooxml import Package
from reminder.documents.tables.word_styles import Numbering, Styles, switch, value
from reminder.documents.tables.word_text import Paragraphs, shown_blocks

Row = tuple[Cell | None, ...]

WIDEST = 500  # columns; Word itself stops at 63
MOST_PLACES = 500_000  # each is counted twice: as it stands and as it is padded


def word_tables(package: Package, main: str) -> list[Table]:
    """In the document's order; what stands behind the last one is a table without rows."""
    parts = {relation.kind: relation.target for relation in package.related(main).values()}
    found = {
        kind: package.xml(parts[kind])
        for kind in ("styles", "numbering")
        if kind in parts and parts[kind] in package
    }
    styles = Styles(found.get("styles"))
    body = package.xml(main).find("w_body")
    if body is None:
        raise RefusedFileError(Refusal.DAMAGED, "the document has no body")
    content = _Reader(styles, Numbering(found.get("numbering"), styles)).content(body)
    tables = content.tables
    if content.lines:
        tables.append(Table((), tuple(content.lines)))
    return tables


@dataclass
class _Content:
    """Of the body, a cell or a text box. `lines` follow the last of `tables`."""

    lines: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    has_words: bool = False  # and not automatic numbers alone


@dataclass(frozen=True)
class _Above:
    """What stands above a place: a cell that began in `column`; `merges` if it said so."""

    cell: Cell
    column: int
    merges: bool


class _Reader:
    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._words = Paragraphs(styles)
        self._numbering = numbering
        self._places = 0

    def content(self, container: Element, *, of_cell: bool = False) -> _Content:
        content = _Content()
        unended = ""
        for block in shown_blocks(container):
            if block.tag == "w_p":
                unended = self._add_paragraph(block, unended, content)
            elif block.tag == "w_tbl":
                before = () if of_cell else shown_lines(content.lines)
                content.tables += self._tables(block, before)
                content.lines = content.lines if of_cell else []
        if unended:
            content.lines += clean_lines(unended)
        if not of_cell:
            content.lines = list(shown_lines(content.lines))
        return content

    def _add_paragraph(self, paragraph: Element, unended: str, content: _Content) -> str:
        """Text of this and earlier paragraphs whose end is not shown."""
        words = self._words.of(paragraph)
        content.struck += words.struck
        content.has_words |= bool(words.text.strip())
        text = unended + words.text
        if self._words.mark_is_shown(paragraph):
            content.lines += clean_lines(self._numbering.label(paragraph) + text)
            text = ""
        for box in words.boxes:
            inside = self.content(box)
            content.lines += inside.lines
            content.struck += inside.struck
            content.has_words |= inside.has_words
            content.tables += inside.tables
        return text

    def count_places(self, places: int) -> None:
        self._places += places
        if self._places > MOST_PLACES:
            raise RefusedFileError(Refusal.BOMB, "more places than a table has")

    def _tables(self, element: Element, before: tuple[str, ...]) -> Iterator[Table]:
        """It, then those within its cells."""
        reader = _TableReader(self)
        for row in shown_blocks(element):
            if row.tag == "w_tr":
                reader.add(row)
        width = max(map(len, reader.rows), default=0)
        self.count_places(width * len(reader.rows))
        places = [(*row, *[None] * (width - len(row))) for row in reader.rows]
        rows = tuple(_in_columns(places, _edges(element, width)))
        yield Table(rows, before, tuple(range(1, len(rows) + 1)), tuple(reader.hidden))
        yield from reader.nested


class _TableReader:
    def __init__(self, reader: _Reader) -> None:
        self.rows: list[list[Cell | None]] = []
        self.hidden: list[Hidden] = []
        self.nested: list[Table] = []
        self._reader = reader
        self._above: dict[int, _Above] = {}

    def add(self, row: Element) -> None:
        deleted = row.find("w_trPr/w_del") is not None
        column = _count(row, "w_trPr/w_gridBefore", 0)
        cells: list[Cell | None] = [None] * column
        here: dict[int, _Above] = {}
        for element in shown_blocks(row):
            if element.tag == "w_tc" and element.find("w_tcPr/w_cellDel") is None:
                self._add_cell(element, cells, here, deleted=deleted)
        self._above = here
        self._reader.count_places(len(cells))
        if deleted:
            return
        if switch(row, "w_trPr/w_hidden"):
            texts = (cell.text for cell in dict.fromkeys(cells) if cell)
            place = str(len(self.rows) + 1)
            self.hidden.append(Hidden(HiddenPart.ROW, place, sample(texts)))
        else:
            self.rows.append(cells)

    def _add_cell(
        self, element: Element, cells: list[Cell | None], here: dict[int, _Above], *, deleted: bool
    ) -> None:
        span = max(1, _count(element, "w_tcPr/w_gridSpan", 1))
        if len(cells) + span > WIDEST:
            raise RefusedFileError(Refusal.BOMB, "more columns than a table has")
        merge = _vertical(element)
        place = self._merged(element, merge, cells, deleted=deleted)
        for column in range(len(cells), len(cells) + span):
            here[column] = place
        cells += [place.cell] * span

    def _merged(
        self, element: Element, merge: str, cells: list[Cell | None], *, deleted: bool
    ) -> _Above:
        """The cell itself, or the one above or before that it goes on."""
        own = self._cell(element, goes_on=merge == "continue", deleted=deleted)
        column = len(cells)
        if value(element, "w_tcPr/w_hMerge") == "continue" and cells and cells[-1]:
            return _Above(self._covered(own, cells[-1]), column, merge != "")
        above = self._above.get(column)
        # Some programs leave out where a merged cell begins; text of its own is then not lost.
        fits = merge == "continue" and above is not None and above.column == column
        if fits and above and (above.merges or not own.text):
            return _Above(self._covered(own, above.cell), column, True)
        return _Above(own, column, merge != "")

    def _covered(self, own: Cell, cell: Cell) -> Cell:
        if own.text and own.text != cell.text:
            place = str(len(self.rows) + 1)
            self.hidden.append(Hidden(HiddenPart.COVERED, place, sample([own.text])))
        return cell

    def _cell(self, element: Element, *, goes_on: bool, deleted: bool) -> Cell:
        if deleted:
            return Cell(())
        content = self._reader.content(element, of_cell=True)
        self.nested += content.tables
        if goes_on and not content.has_words:
            return Cell(())
        return Cell(tuple(content.lines), shown_lines(content.struck))


def _edges(table: Element, width: int) -> list[float]:
    """Where the columns of its grid begin, and the last one ends."""
    widths = [_twips(column) for column in table.iterfind("w_tblGrid/w_gridCol")][:width]
    return [0, *accumulate(widths if len(widths) == width and all(widths) else [1] * width)]


def _twips(column: Element) -> int:
    text = column.get("w_w", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _in_columns(rows: list[Row], edges: list[float]) -> list[Row]:
    """Borders that are pulled aside in some rows make more columns than anybody sees: then those
    of the row with most cells are the table's, and a cell has the ones whose middle it covers."""
    borders = [_borders(row) for row in rows]
    most = max(map(len, borders), default=0)
    if most == len({at for border in borders for at in border}):
        return rows
    seen = Counter(border for border in borders if len(border) == most).most_common(1)[0][0]
    middles = [(edges[left] + edges[right]) / 2 for left, right in pairwise(seen)]
    columns = [bisect_right(edges, middle) - 1 for middle in middles]
    aligned = [tuple(row[column] for column in columns) for row in rows]
    complete = all(set(row) == set(other) for row, other in zip(rows, aligned, strict=True))
    return aligned if complete else rows


def _borders(row: Row) -> tuple[int, ...]:
    """Between its cells, and at both ends."""
    inner = (at for at in range(1, len(row)) if row[at] is not row[at - 1])
    return (0, *inner, len(row))


def _vertical(element: Element) -> str:
    """`restart`, `continue`, or empty; Word's bare mark means to continue."""
    merge = element.find("w_tcPr/w_vMerge")
    if merge is not None:
        return merge.get("w_val") or "continue"
    tracked = element.find("w_tcPr/w_cellMerge")
    word = tracked.get("w_vMerge", "") if tracked is not None else ""
    return {"rest": "restart", "cont": "continue"}.get(word, "")


def _count(element: Element, path: str, default: int) -> int:
    try:
        count = int(value(element, path) or default)
    except ValueError:
        return default
    if not 0 <= count <= WIDEST:
        raise RefusedFileError(Refusal.BOMB, "more columns than a table has")
    return count
