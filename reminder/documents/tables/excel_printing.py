"""A table as an .xlsx to print."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from math import ceil
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from reminder.documents.tables.grid import Cell, Table
from reminder.documents.tables.look import (
    A4,
    MARGIN,
    PADDING,
    POINTS,
    SIZE,
    TITLE_SIZE,
    Area,
    Look,
    areas,
)

HIGHEST = 400  # points of a row: Excel's limit is 409


def excel_file(table: Table, look: Look) -> bytes:
    book, file = Workbook(), BytesIO()
    sheet = book.active
    for number, width in enumerate(look.widths, 1):
        # Excel counts in digits of its own font, which are 7 pixels wide.
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = round(width * POINTS / 0.75 / 7, 1)
    titles = [[Cell((line,))] * len(look.widths) for line in table.before]
    rows = [*titles, *_cut(table.rows, look)]
    for area in areas(rows):
        _fill_area(sheet, area, look, len(titles))
    for number, height in enumerate(_heights(rows, look), 1):
        sheet.row_dimensions[number].height = height if number > len(titles) else 3 * TITLE_SIZE
    _set_sheet(sheet, look, len(titles) + 1)
    book.properties.creator, book.properties.title = "", table.before[0]
    book.save(file)
    return file.getvalue()


def _set_sheet(sheet: Worksheet, look: Look, head: int) -> None:
    sheet.print_title_rows = f"{head}:{head}"
    sheet.freeze_panes = f"A{head + 1}"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "portrait" if look.page == A4 else "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0  # as many pages as it takes
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.center.text = "\u2014 &P \u2014"
    for side in ("left", "right", "top", "bottom"):
        setattr(sheet.page_margins, side, MARGIN / 2.54)


def _fill_area(sheet: Worksheet, area: Area, look: Look, titles: int) -> None:
    is_title, is_head = area.top < titles, area.top == titles
    name = look.title_font if is_title else look.head_font if is_head else look.font
    is_left = not (is_title or is_head) and look.is_left(area)
    edge = Side() if is_title else Side("thin")
    for row in range(area.top + 1, area.bottom + 2):
        for column in range(area.left + 1, area.right + 2):
            sheet.cell(row, column).border = Border(edge, edge, edge, edge)
    cell = sheet.cell(area.top + 1, area.left + 1)
    cell.value = area.cell.text
    cell.data_type = "s"  # never a formula, whatever it begins with
    cell.font = Font(name=name, size=TITLE_SIZE if is_title else SIZE, bold=is_title)
    cell.alignment = Alignment("left" if is_left else "center", "center", wrap_text=True)
    if (area.top, area.left) != (area.bottom, area.right):
        sheet.merge_cells(
            start_row=area.top + 1,
            end_row=area.bottom + 1,
            start_column=area.left + 1,
            end_column=area.right + 1,
        )


def _height(cell: Cell, width: float) -> float:
    """Points that its lines take in a column of so many centimetres, wide characters as such."""
    places = max(int((width - 2 * PADDING) * POINTS / SIZE * 2), 2)
    lengths = (sum(1 + (east_asian_width(sign) in "WFA") for sign in line) for line in cell.lines)
    return 10 + 1.35 * SIZE * sum(max(ceil(length / places), 1) for length in lengths)


def _cut(rows: Iterable[Sequence[Cell | None]], look: Look) -> Iterator[Sequence[Cell | None]]:
    """What is higher than a row of Excel goes on in a second one, between two lines of the widest
    column; the cells beside it become one over both."""
    wide = look.beside.index(0)
    for row in rows:
        cell = row[wide]
        parts: list[list[str]] = [[]]
        for line in cell.lines if cell else ():
            if parts[-1] and _height(Cell((*parts[-1], line)), look.widths[wide]) > HIGHEST:
                parts.append([])
            parts[-1].append(line)
        if len(parts) == 1 or row[0] is row[-1]:
            yield row
            continue
        for lines in parts:
            part = Cell(tuple(lines))
            yield [part if place == wide else beside for place, beside in enumerate(row)]


def _heights(rows: Sequence[Sequence[Cell | None]], look: Look) -> list[float]:
    """Excel finds none by itself where cells are merged. The last row of a merged cell is as high
    as its text needs."""
    heights = [2.0 * SIZE] * len(rows)
    for area in sorted(areas(rows), key=lambda area: area.bottom):
        need = _height(area.cell, sum(look.widths[area.left : area.right + 1]))
        missing = need - sum(heights[area.top : area.bottom + 1])
        heights[area.bottom] = min(heights[area.bottom] + max(missing, 0), HIGHEST)
    return heights
