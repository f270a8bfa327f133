"""台账 to take away: a workbook of four sheets, or one of them as CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from reminder.errors import UsageError
from reminder.office.export import BY_NAME, Sheet, checked_period, fit
from reminder.office.export_rows import Cell, Reading
from reminder.web.console.guard import page
from reminder.web.page import Refused
from reminder.web.site import Site, site_of

IN_MEMORY = 4 << 20  # bytes; what is larger waits on disk for its reader
PIECE = 64 << 10
AT_ONCE = 2  # a year's takes seconds: more would keep all the server's threads from everybody else
writing = BoundedSemaphore(AT_ONCE)
# A text that begins with one of these may be taken for a formula (OWASP, CSV injection), in full
# width too where the input method is Chinese; a task's id, 2026-04-1, for a day.
_MISTAKEN = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]|\d{4}-\d{1,2}-\d{1,2}$")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _workbook(request: Request) -> Response:
    return _sent(request, _write_workbook, _XLSX, f"台账{_asked(request)}.xlsx")


def _csv(request: Request) -> Response:
    sheet = BY_NAME.get(request.query_params.get("table", "tasks"))
    if sheet is None:
        raise HTTPException(404)

    def write(reading: Reading, file: IO[bytes]) -> None:
        _write_csv(sheet, reading, file)

    name = f"{sheet.title}{_asked(request)}.csv"
    return _sent(request, write, "text/csv; charset=utf-8", name)


ROUTES = [
    page("/console/export.xlsx", _workbook),
    page("/console/export.csv", _csv),
]


def _asked(request: Request) -> str:
    return request.query_params.get("period", "")


def _sent(
    request: Request, write: Callable[[Reading, IO[bytes]], None], media: str, name: str
) -> Response:
    """Written whole before its first byte goes: a ledger that fails halfway is a failure."""
    site = site_of(request)
    try:
        period = checked_period(_asked(request))
    except UsageError:
        raise Refused(400, "no_such_period") from None
    if not writing.acquire(blocking=False):
        raise Refused(503, "export_busy", {"Retry-After": "10"})
    try:
        file = _written(site, period, write)
    finally:
        writing.release()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    headers = {"Content-Length": str(size), "Content-Disposition": _attachment(name)}
    return StreamingResponse(
        _pieces(file), media_type=media, headers=headers, background=BackgroundTask(file.close)
    )


def _written(
    site: Site, period: str, write: Callable[[Reading, IO[bytes]], None]
) -> "SpooledTemporaryFile[bytes]":
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        with site.database.read() as connection:
            write(Reading(site.app, connection, period, site.clock.now()), file)
    except BaseException:  # raised again: nobody else closes it
        file.close()
        raise
    return file


def _attachment(name: str) -> str:
    """RFC 6266: in ASCII for old programs, as it is for all others."""
    kind = name.rpartition(".")[2]
    return f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(name)}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _write_csv(sheet: Sheet, reading: Reading, file: IO[bytes]) -> None:
    """With a byte order mark: without one Excel takes UTF-8 for the machine's own encoding."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([heading for heading, _ in sheet.columns])
    for row in sheet.rows(reading):
        writer.writerow([_defused(cell) for cell in row])
    text.flush()
    text.detach()


def _defused(cell: Cell) -> str:
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    cell = fit(cell)
    return f"'{cell}" if _MISTAKEN.match(cell) else cell


def _write_workbook(reading: Reading, file: IO[bytes]) -> None:
    # It takes a tenth of a second to import: only where it is used.
    from reminder.web.console.workbook import write

    write(reading, file)
