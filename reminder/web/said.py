"""For views that are not given a `Page` yet."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from reminder.web.cookies import set_cookie
from reminder.web.page import Page


def told(request: Request, page: str, name: str, behind: str = "") -> Response:
    with Page(request) as made:
        return made.done(page, name, behind)


def said(request: Request, sentences: Mapping[str, str]) -> str:
    with Page(request) as page:
        request.state.was_said = bool(page.said)
        return sentences.get(page.said, "")


def once(request: Request, response: Response) -> Response:
    if getattr(request.state, "was_said", False):
        set_cookie(request, response, "said", "", seconds=0, path=request.url.path)
    return response
