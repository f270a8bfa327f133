"""What went wrong: for a person a page that says what to do, for a program one word.

Neither tells what happened inside: that stands in the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ExceptionHandler

from reminder.errors import DeclinedError, LedgerError
from reminder.web.page import HEADERS, Page, Refused, headers_of

log = logging.getLogger(__name__)


def _failed(request: Request, error: Exception) -> Response:
    """The server logs the error, with its traceback."""
    return error_answer(request, 500, request.app.state.broken)


def _refused(request: Request, error: Exception) -> Response:
    """For a person, a page; whatever is not there looks the same to all."""
    assert isinstance(error, HTTPException)
    refused = error if isinstance(error, Refused) else None
    if request.method == "POST" and error.status_code not in (404, 405):
        reason = refused or DeclinedError("unreadable")
        return _not_taken(request, error.status_code, reason, error.headers)
    return error_answer(
        request, error.status_code, error.detail, refused=refused, headers=error.headers
    )


def _declined(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeclinedError)
    return _not_taken(request, 422, error)


def _not_taken(
    request: Request,
    status: int,
    refused: DeclinedError | Refused,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A form that cannot be shown again."""
    with Page(request) as page:
        reason = page.phrase(refused.reason, **refused.facts)
        answer = page.render("refused.html", status=status, reason=reason)
    answer.headers.update(headers or {})
    return answer


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("no answer to a reader: %s", error)
    return error_answer(request, 503, "unavailable\n", headers={"Retry-After": "60"})


def error_answer(
    request: Request,
    status: int,
    plain: str = "",
    *,
    refused: DeclinedError | Refused | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`plain` is for programs; `refused` has a sentence for a person, where there is a better one
    than the page has for that status."""
    plain, more = plain or HTTPStatus(status).phrase, dict(headers or {})
    if _wants_page(request):
        try:
            with Page(request) as page:
                return _shown(page, status, refused, more)
        except Exception:  # the answer to an error must not be another one
            log.exception("the page for an error could not be made")
            plain = request.app.state.broken
    return PlainTextResponse(plain, status, HEADERS | more)


def _wants_page(request: Request) -> bool:
    is_feed = request.scope["path"].startswith("/feeds/")
    return "text/html" in request.headers.get("accept", "") and not is_feed


def _shown(
    page: Page, status: int, refused: DeclinedError | Refused | None, headers: dict[str, str]
) -> Response:
    answer = page.render(
        "missing.html" if status == HTTPStatus.NOT_FOUND else "error.html",
        status=status,
        code=status,
        message="",  # an error must not need the ledger
        reason=page.phrase(refused.reason, **refused.facts) if refused else "",
        was_sent=page.request.method == "POST",
        at=page.at,
    )
    answer.headers.update(headers_of(page.settings.web) | headers)
    return answer


HANDLERS: dict[Any, ExceptionHandler] = {
    Exception: _failed,
    LedgerError: _unavailable,
    HTTPException: _refused,
    DeclinedError: _declined,
}
