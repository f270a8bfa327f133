"""What a form has done, told once, to the browser that sent it.

Never by the page's address: that is kept as a bookmark, sent on, and typed by anybody.
"""

from collections.abc import Mapping
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from reminder.web.cookies import cookie, set_cookie
from reminder.web.forms import bound
from reminder.web.site import site_of

_COOKIE = "said"
_SECONDS = 60  # until the page must have been asked for


def told(request: Request, page: str, name: str, behind: str = "") -> Response:
    """To that page, which then says the sentence of that name; `behind` is the address's rest."""
    answer = site_of(request).to(page + behind)
    value = f"{name}.{_proof(request, name, page)}"
    set_cookie(request, answer, _COOKIE, value, seconds=_SECONDS, path=page)
    return answer


def said(request: Request, sentences: Mapping[str, str]) -> str:
    """Nothing, mostly."""
    name, _, proof = cookie(request, _COOKIE).partition(".")
    wanted = _proof(request, name, request.url.path)
    if not compare_digest(proof.encode(), wanted.encode()):
        return ""
    request.state.was_said = True
    return sentences.get(name, "")


def once(request: Request, response: Response) -> Response:
    """Takes the cookie back when its sentence stands on the page."""
    if getattr(request.state, "was_said", False):
        set_cookie(request, response, _COOKIE, "", seconds=0, path=request.url.path)
    return response


def _proof(request: Request, name: str, page: str) -> str:
    return bound(request, "said", f"{name}\0{page}")
