"""The export as a workbook, written row by row."""

from datetime import date
from typing import IO, TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.cell import Cell as PaperCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from reminder.office.export import TABLES, Cell, Export, fit

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet


def write(export: Export, file: IO[bytes]) -> None:
    book = Workbook(write_only=True)
    for table in TABLES:
        _write(book.create_sheet(export.say("title", table=table)), table, export)
    book.save(file)


def _write(paper: "WriteOnlyWorksheet", table: str, export: Export) -> None:
    widths, rows = TABLES[table]
    letters = [get_column_letter(number) for number in range(1, len(widths) + 1)]
    for letter, width in zip(letters, widths, strict=True):
        paper.column_dimensions[letter].width = width
    paper.freeze_panes = "A2"
    # Drawn up once: a style of its own for each cell takes twice as long.
    head, plain, day = _style(paper, bold=True), _style(paper), _style(paper, form="yyyy-mm-dd")
    paper.append([_cell(paper, heading, head) for heading in export.headings(table)])
    count = 1
    for row in rows(export):
        paper.append(
            [_cell(paper, value, day if isinstance(value, date) else plain) for value in row]
        )
        count += 1
    paper.auto_filter.ref = f"A1:{letters[-1]}{count}"


def _style(paper: "WriteOnlyWorksheet", *, bold: bool = False, form: str = "General") -> PaperCell:
    cell = WriteOnlyCell(paper)
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    cell.number_format = form
    return cell


def _cell(paper: "WriteOnlyWorksheet", value: Cell, style: PaperCell) -> PaperCell:
    cell = WriteOnlyCell(paper, fit(value) if isinstance(value, str) else value)
    cell._style = style._style
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula, whatever it begins with
    return cell
