"""台账 to take away: a workbook of all its tables, or one of them as CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from reminder.errors import UsageError
from reminder.office.export import TABLES, Cell, Export, checked_period, fit
from reminder.web.console.access import console_page
from reminder.web.page import Page, Refused

IN_MEMORY = 4 << 20  # bytes; what is larger waits on disk for its reader
PIECE = 64 << 10
AT_ONCE = 2  # a year's takes seconds: more would keep all the server's threads from everybody else
writing = BoundedSemaphore(AT_ONCE)
# A text that begins with one of these may be taken for a formula (OWASP, CSV injection), in full
# width (U+FF1D and so on) too where the input method is Chinese; a task's id, 2026-04-1, for a day.
_MISTAKEN = re.compile(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]|\d{4}-\d{1,2}-\d{1,2}$")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _workbook(page: Page) -> Response:
    export = _export(page)
    return _sent(export, _write_workbook, _XLSX, f"{export.say('file')}{export.period}.xlsx")


def _csv(page: Page) -> Response:
    name = page.query("table") or "tasks"
    if name not in TABLES:
        raise HTTPException(404)
    export, write = _export(page), partial(_write_csv, name)
    file = f"{export.say('title', table=name)}{export.period}.csv"
    return _sent(export, write, "text/csv; charset=utf-8", file)


def _export(page: Page) -> Export:
    try:
        period = checked_period(page.query("period"))
    except UsageError:
        raise Refused(400, "no_such_period") from None
    return Export(page.app, page.connection, period, page.at)


def _sent(
    export: Export, write: Callable[[Export, IO[bytes]], None], media: str, name: str
) -> Response:
    """Written whole before its first byte goes: a ledger that fails halfway is a failure."""
    if not writing.acquire(blocking=False):
        raise Refused(503, "export_busy", {"Retry-After": "10"})
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        write(export, file)
    except BaseException:  # raised again: nobody else closes it
        file.close()
        raise
    finally:
        writing.release()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    headers = {"Content-Length": str(size), "Content-Disposition": _attachment(name)}
    return StreamingResponse(
        _pieces(file), media_type=media, headers=headers, background=BackgroundTask(file.close)
    )


def _attachment(name: str) -> str:
    """RFC 6266: in ASCII for old programs, as it is for all others."""
    kind = name.rpartition(".")[2]
    return f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(name)}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _write_csv(table: str, export: Export, file: IO[bytes]) -> None:
    """With a byte order mark: without one Excel takes UTF-8 for the machine's own encoding."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(export.headings(table))
    _, rows = TABLES[table]
    for row in rows(export):
        writer.writerow([_defused(cell) for cell in row])
    text.flush()
    text.detach()


def _defused(cell: Cell) -> str:
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    cell = fit(cell)
    return f"'{cell}" if _MISTAKEN.match(cell) else cell


def _write_workbook(export: Export, file: IO[bytes]) -> None:
    # It takes a tenth of a second to import: only where it is used.
    from reminder.web.console.workbook import write

    write(export, file)


ROUTES = [
    console_page("/console/export.xlsx", _workbook),
    console_page("/console/export.csv", _csv),
]
