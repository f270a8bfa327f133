"""To take away: 台账 as a workbook of all its tables, or one of them as CSV; the 情况简报."""

import csv
import io
import logging
import re
from datetime import date
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.errors import ConfigurationError, UsageError
from reminder.events import Event
from reminder.office.brief import about_brief, read_brief
from reminder.office.brief_document import brief_file, brief_name
from reminder.office.export import TABLES, Cell, Export, checked_period
from reminder.web.console.access import console_page
from reminder.web.page import Page, Refused

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

log = logging.getLogger(__name__)
AT_ONCE = 2  # a year's takes seconds: more would keep all the server's threads from everybody else
writing = BoundedSemaphore(AT_ONCE)
# A text that begins with one of these may be taken for a formula (OWASP, CSV injection), in full
# width (U+FF1D and so on) too where the input method is Chinese; a task's id, 2026-04-1, for a day.
_MISTAKEN = re.compile(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]|\d{4}-\d{1,2}-\d{1,2}$")
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def _csv(page: Page) -> Response:
    table = page.query("table") or "tasks"
    if table not in TABLES:
        raise HTTPException(404)
    return _sent(page, table)


def _sent(page: Page, table: str = "") -> Response:
    """Written whole before its first byte goes: a ledger that fails halfway is a failure."""
    try:
        period = checked_period(page.query("period"))
    except UsageError:
        raise Refused(400, "no_such_period") from None
    if not writing.acquire(blocking=False):
        raise Refused(503, "export_busy", {"Retry-After": "10"})
    export = Export(page.app, page.connection, period, page.at)
    kind = "csv" if table else "xlsx"
    try:
        content = written_csv(export, table) if table else written_workbook(export)
    finally:
        writing.release()
    taken = Event.EXPORTED.of(person=page.who)
    log.info("console: %s exported by %s", table or "all", page.who, extra=taken)
    name = f"{export.say('title', table=table) if table else export.say('file')}{period}.{kind}"
    return _file(content, kind, name, "export")


def _file(content: bytes, kind: str, name: str, plain: str) -> Response:
    # RFC 6266: in ASCII for old programs, as it is for all others.
    disposition = (
        f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    return Response(content, media_type=_TYPES[kind], headers={"Content-Disposition": disposition})


def _brief(page: Page) -> Response:
    _ = page.connection  # brings what is in force
    try:
        app, month = about_brief(page.app, page.query("period"), page.at)
    except UsageError:
        raise Refused(400, "no_such_period") from None
    found = read_brief(app, page.connection, page.at, month)
    try:
        content = brief_file(app, found)
    except ConfigurationError as error:
        log.error("no brief: %s", error, extra=Event.PAGE_FAILED.of())
        raise Refused(500, "broken_template", faults=error.faults) from None
    return _file(content, "docx", brief_name(app, found.period), f"brief-{found.period}")


def written_csv(export: Export, table: str) -> bytes:
    """With a byte order mark: without one Excel takes UTF-8 for the machine's own encoding."""
    text = io.StringIO(newline="")
    rows = ([_defused(cell) for cell in row] for row in export.rows(table))
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _defused(cell: Cell) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if isinstance(cell, str) and _MISTAKEN.match(text) else text


def written_workbook(export: Export) -> bytes:
    # It takes a tenth of a second to import: only where it is used.
    from openpyxl import Workbook

    book, file = Workbook(write_only=True), io.BytesIO()
    for table in TABLES:
        _fill(book.create_sheet(export.say("title", table=table)), table, export)
    book.save(file)
    return file.getvalue()


def _fill(sheet: "WriteOnlyWorksheet", table: str, export: Export) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    # Drawn up once: a style of its own for each cell takes twice as long.
    head, plain, day = (WriteOnlyCell(sheet) for _ in range(3))
    for style in (head, plain, day):
        style.font = Font(bold=style is head)
        style.alignment = Alignment(vertical="top", wrap_text=True)
    day.number_format = "yyyy-mm-dd"
    widths, _ = TABLES[table]
    letters = [get_column_letter(number) for number in range(1, len(widths) + 1)]
    for letter, width in zip(letters, widths, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    for count, row in enumerate(export.rows(table), 1):
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell, value in zip(cells, row, strict=True):
            style = head if count == 1 else day if isinstance(value, date) else plain
            cell._style = style._style
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula, whatever it begins with
        sheet.append(cells)
    sheet.auto_filter.ref = f"A1:{letters[-1]}{count}"


ROUTES = [
    console_page("/console/brief.docx", _brief),
    console_page("/console/export.xlsx", _sent),
    console_page("/console/export.csv", _csv),
]
