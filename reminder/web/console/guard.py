"""Who may see the console: whoever is logged in, and has opened the door where there is one."""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.registrations import Signature
from reminder.office.login import is_in_session
from reminder.web.cookies import cookie
from reminder.web.door import at_the_door, enter
from reminder.web.forms import SESSION, Awaited, Form, Posted, posts
from reminder.web.said import once
from reminder.web.site import site_of

LOGIN = "/console/login"
SECRETARIAT = Signature("", "console")
_TYPED = ("words", "note", "why", "label", "date", "done_on")  # what people type into forms here


def _outside(request: Request) -> Response | None:
    """What is answered instead, by the setting `web.console`; raises 404 when there is none."""
    wanted = site_of(request).settings.web.console
    if wanted == "off":
        raise HTTPException(404)
    return enter(request) if wanted == "anywhere" else at_the_door(request)


def is_logged_in(request: Request) -> bool:
    site = site_of(request)
    return is_in_session(site.database, cookie(request, SESSION), site.clock.now())


def page(path: str, answer: Callable[[Request], Response]) -> Route:
    """A page of the console; who is not logged in is asked to, and then comes back."""

    def checked(request: Request) -> Response:
        if is_logged_in(request):
            return answer(request)
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return site_of(request).to(f"{LOGIN}?next={quote(back, safe='')}")

    return open_page(path, checked)


def order(path: str, answer: Posted) -> Route:
    """A form of the console; it is not even read for who is not logged in."""

    def checked(request: Request, form: Form) -> Response:
        if not is_logged_in(request):
            return _lost(request, form, "登录已过期，请重新登录")
        return answer(request, form)

    return open_order(path, checked)


def _lost(request: Request, form: Form, why: str) -> Response:
    """What was typed stands there to be copied: the page that it was typed on is no more."""
    came_from = urlsplit(request.headers.get("referer", ""))
    site = site_of(request)
    back = site.inside(came_from.path) + (f"?{came_from.query}" if came_from.query else "")
    return site.page(
        "console/lost.html",
        status=403,
        reason=why,
        typed=[form[name] for name in _TYPED if form[name]],
        login=f"{LOGIN}?next={quote(back, safe='')}",
    )


def open_page(path: str, answer: Callable[[Request], Response]) -> Route:
    """One that needs no log-in."""

    def endpoint(request: Request) -> Response:
        if outside := _outside(request):
            return outside
        page = once(request, answer(request))
        # No address here is a secret, and a form that comes too late leads back to its page.
        page.headers.setdefault("Referrer-Policy", "same-origin")
        return page

    return Route(path, endpoint)


def open_order(path: str, answer: Posted | Awaited) -> Route:
    taken = posts(answer)

    async def endpoint(request: Request) -> Response:
        return await run_sync(_outside, request) or await taken(request)

    return Route(path, endpoint, methods=["POST"])
