"""Who may see the console: whoever is logged in, and asks from where the office allows it."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from reminder.domain.registrations import Signature
from reminder.storage.ledger.sessions import is_in_session
from reminder.web.forms import SESSION, Form, posts, remember
from reminder.web.site import is_local, site_of

COOKIE = SESSION
LOGIN = "/console/login"
SECRETARIAT = Signature("", "console")


def is_open(request: Request) -> bool:
    """By the setting `web.console`, whoever asks."""
    wanted = site_of(request).settings.web.console
    return wanted == "anywhere" or (wanted == "local" and is_local(request))


def is_logged_in(request: Request) -> bool:
    site = site_of(request)
    return is_in_session(site.database, request.cookies.get(COOKIE, ""), site.clock.now())


def page(path: str, answer: Callable[[Request], Response]) -> Route:
    """A page of the console; who is not logged in is asked to, and then comes back."""

    def checked(request: Request) -> Response:
        if is_logged_in(request):
            return answer(request)
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{LOGIN}?next={quote(back, safe='')}", 303)

    return open_page(path, checked)


def order(path: str, answer: Callable[[Request, Form], Response]) -> Route:
    """A form of the console; it is not even read for who is not logged in."""

    def checked(request: Request, form: Form) -> Response:
        if not is_logged_in(request):
            raise HTTPException(403, "登录已过期，请重新登录")
        return answer(request, form)

    return open_order(path, checked)


def open_page(path: str, answer: Callable[[Request], Response]) -> Route:
    """One that needs no log-in."""

    def endpoint(request: Request) -> Response:
        if not is_open(request):
            raise HTTPException(404)
        return remember(request, answer(request))

    return Route(path, endpoint)


def open_order(path: str, answer: Callable[[Request, Form], Response]) -> Route:
    taken = posts(answer)

    async def endpoint(request: Request) -> Response:
        if not is_open(request):
            raise HTTPException(404)
        return await taken(request)

    return Route(path, endpoint, methods=["POST"])
