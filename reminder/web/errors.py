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

from reminder.errors import DeclinedError, LedgerError, UnknownError
from reminder.events import Event
from reminder.web.page import HEADERS, LANGUAGE, Page, Refused, headers_of

_WORDS = "web/error_words.html"
log = logging.getLogger(__name__)


def error_answer(
    request: Request,
    status: int,
    plain: str = "",
    *,
    refused: Refused | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`plain` is for programs; `refused` has a sentence for a person, where there is a better one
    than the page has for that status."""
    plain, more = plain or HTTPStatus(status).phrase, dict(headers or {})
    is_feed = request.scope["path"].startswith("/feeds/")
    if "text/html" in request.headers.get("accept", "") and not is_feed:
        try:
            with Page(request) as page:
                answer = page.render(
                    "missing.html" if status == HTTPStatus.NOT_FOUND else "error.html",
                    status=status,
                    code=status,
                    message="",  # an error must not need the ledger
                    reason=page.phrase(refused.reason, **refused.facts) if refused else "",
                    was_sent=request.method == "POST",
                    others=_in_other_languages(page, status),
                    at=page.at,
                )
                answer.headers.update(headers_of(page.settings.web) | more)
                return answer
        except Exception:  # the answer to an error must not be another one
            log.exception("the page for an error could not be made", extra=Event.PAGE_FAILED.of())
            plain = request.app.state.broken
    return PlainTextResponse(plain, status, HEADERS | more)


def _in_other_languages(page: Page, status: int) -> list[dict[str, str]]:
    """For a link that is no good: whose it was, and so which language, is told to nobody."""
    if LANGUAGE in page.request.scope or not page.request.url.path.startswith("/units/"):
        return []
    return [
        {"language": language}
        | {macro: page.said(language, _WORDS, macro, code=status) for macro in ("title", "advice")}
        for language in page.app.office.languages[1:]
    ]


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


def _refused(request: Request, error: HTTPException) -> Response:
    """For a person, a page; whatever is not there looks the same to all."""
    status, headers = error.status_code, error.headers
    refused = error if isinstance(error, Refused) else None
    if request.method == "POST" and status not in (404, 405):
        return _not_taken(request, status, refused or DeclinedError("unreadable"), headers)
    return error_answer(request, status, error.detail, refused=refused, headers=headers)


def _unavailable(request: Request, error: LedgerError) -> Response:
    log.error("no answer to a reader: %s", error, extra=Event.LEDGER_AWAY.of())
    return error_answer(request, 503, "unavailable\n", headers={"Retry-After": "60"})


def _failed(request: Request, error: Exception) -> Response:
    """The server logs the error, with its traceback."""
    return error_answer(request, 500, request.app.state.broken)


HANDLERS: dict[Any, Any] = {
    Exception: _failed,
    LedgerError: _unavailable,
    UnknownError: lambda request, error: error_answer(request, 404),
    HTTPException: _refused,
    DeclinedError: lambda request, error: _not_taken(request, 422, error),
}
