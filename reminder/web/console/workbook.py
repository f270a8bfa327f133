"""The export as a workbook, written row by row."""

from datetime import date
from typing import IO, TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.cell import Cell as PaperCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from reminder.office.export import SHEETS, Sheet, fit
from reminder.office.export_rows import Cell, Reading

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet


def write(reading: Reading, file: IO[bytes]) -> None:
    book = Workbook(write_only=True)
    for sheet in SHEETS:
        _write(book.create_sheet(sheet.title), sheet, reading)
    book.save(file)


def _write(paper: "WriteOnlyWorksheet", sheet: Sheet, reading: Reading) -> None:
    letters = [get_column_letter(number) for number in range(1, len(sheet.columns) + 1)]
    for letter, (_, width) in zip(letters, sheet.columns, strict=True):
        paper.column_dimensions[letter].width = width
    paper.freeze_panes = "A2"
    # Drawn up once: a style of its own for each cell takes twice as long.
    head, plain, day = _style(paper, bold=True), _style(paper), _style(paper, form="yyyy-mm-dd")
    paper.append([_cell(paper, heading, head) for heading, _ in sheet.columns])
    count = 1
    for row in sheet.rows(reading):
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
    text = fit(value) if isinstance(value, str) else value
    cell = WriteOnlyCell(paper, text)
    cell._style = style._style
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula, whatever it begins with
    return cell
