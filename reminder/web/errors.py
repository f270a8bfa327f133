"""What went wrong: for a person a page that says what to do, for a program one word.

Neither tells what happened inside: that stands in the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reminder.domain import wording
from reminder.web.security import HEADERS, headers_of
from reminder.web.site import site_of

log = logging.getLogger(__name__)

# Also where not even the page for errors can be made, as after a mistake in an operator's template.
BROKEN = "页面暂时打不开，请稍后再试；如仍打不开，请告知管理员，原因记在服务日志中。\n"


def told(
    request: Request,
    status: int,
    plain: str = "",
    *,
    reason: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`plain` is for programs; `reason` is a sentence for a person, where there is a better one
    than the page has for that status."""
    plain, more = plain or HTTPStatus(status).phrase, dict(headers or {})
    if _wants_page(request):
        try:
            return _page(request, status, reason, more)
        except Exception:  # the answer to an error must not be another one
            log.exception("the page for an error could not be made")
            plain = BROKEN
    return PlainTextResponse(plain, status, HEADERS | more)


def _wants_page(request: Request) -> bool:
    is_feed = request.scope["path"].startswith("/feeds/")
    return "text/html" in request.headers.get("accept", "") and not is_feed


def _page(request: Request, status: int, reason: str, headers: dict[str, str]) -> Response:
    site = site_of(request)
    page = site.page(
        "missing.html" if status == HTTPStatus.NOT_FOUND else "error.html",
        status=status,
        code=status,
        reason=reason,
        was_sent=request.method == "POST",
        moment=wording.moment(site.clock.now().astimezone(site.table.plan.zone)),
    )
    page.headers.update(headers_of(site.settings.web) | headers)
    return page
