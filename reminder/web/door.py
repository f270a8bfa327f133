"""The local pages' door: the word in an address becomes a cookie, and leaves the address."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from reminder.domain.characters import as_address
from reminder.ledger.access import DOOR_WORD, opens_door
from reminder.web.cookies import cookie, set_cookie
from reminder.web.site import site_of

_DOOR = "door"  # the cookie
_A_YEAR = 365 * 24 * 3600


def has_opened(request: Request) -> bool:
    """By the word alone: where a request comes from, and by which name, proves nothing."""
    return _opens(request, cookie(request, _DOOR))


def behind_the_door(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A page for who has opened the door; everybody else reads how to open it."""

    def endpoint(request: Request) -> Response:
        return at_the_door(request) or answer(request)

    return endpoint


def at_the_door(request: Request) -> Response | None:
    """What is answered instead of a local page, if anything; the same for every page."""
    if entered := enter(request):
        return entered
    return None if has_opened(request) else site_of(request).page("closed.html", status=403)


def enter(request: Request) -> Response | None:
    """To the page that was asked for, without the word in its address."""
    query = request.query_params
    if request.method == "POST" or DOOR_WORD not in query:
        return None
    rest = urlencode([(name, value) for name, value in query.multi_items() if name != DOOR_WORD])
    path: str = request.scope["raw_path"].decode("ascii")
    answer = site_of(request).to(f"{path}?{rest}" if rest else path)
    word = as_address(query[DOOR_WORD])
    if _opens(request, word):
        # Lax: the address may be opened from another page, a terminal in a browser's window.
        set_cookie(request, answer, _DOOR, word, seconds=_A_YEAR, samesite="lax")
    return answer


def _opens(request: Request, word: str) -> bool:
    site = site_of(request)
    if not word:
        return False
    with site.database.read() as connection:
        return opens_door(connection, site.key, word)
