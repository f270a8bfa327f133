"""Who may open the local pages (outbox, and the console on this machine): whoever has their word.

The word stands in the address that `reminder console url` prints; it becomes a cookie, and leaves
the address.
"""

from urllib.parse import urlencode

from starlette.responses import Response

from reminder.domain.characters import as_address
from reminder.office.access import DOOR_WORD, opens_local_pages
from reminder.web.page import Page

_COOKIE = "door"
_A_YEAR = 365 * 24 * 3600


def local(page: Page) -> Response | None:
    """What is answered instead of a local page, if anything; the same for every page."""
    if entered := enter(page):
        return entered
    return None if has_opened(page) else page.render("closed.html", status=403)


def has_opened(page: Page) -> bool:
    """By the word alone: where a request comes from, and by which name, proves nothing."""
    return _opens(page, page.cookie(_COOKIE))


def enter(page: Page) -> Response | None:
    """To the page that was asked for, without the word in its address."""
    query = page.request.query_params
    if page.request.method == "POST" or DOOR_WORD not in query:
        return None
    rest = urlencode([(name, value) for name, value in query.multi_items() if name != DOOR_WORD])
    path: str = page.request.scope["raw_path"].decode("ascii")
    answer = page.to(f"{path}?{rest}" if rest else path)
    word = as_address(query[DOOR_WORD])
    if _opens(page, word):
        # Lax: the address may be opened from another page, a terminal in a browser's window.
        page.set_cookie(answer, _COOKIE, word, seconds=_A_YEAR, samesite="lax")
    return answer


def _opens(page: Page, word: str) -> bool:
    return bool(word) and opens_local_pages(page.connection, page.app, word)
