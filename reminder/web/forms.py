"""Forms: what was sent is read whole, and only a page of ours may send it (CSRF)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from hmac import compare_digest
from inspect import iscoroutinefunction
from secrets import token_urlsafe
from typing import NamedTuple, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reminder.domain.characters import UNSEEN
from reminder.web.cookies import cookie, set_cookie
from reminder.web.site import site_of

LONGEST = 16_384  # bytes: a thousand characters of text, and whatever else a form of ours has
TOKEN = "token"
SESSION = "console"  # the cookie of who is logged in
_COOKIE = "form"
_STALE = "页面已过期，请核对后重新提交"
_NO_COOKIES = "浏览器没有保存本站的 Cookie，请允许后重新提交"
_PORTS = {"http": 80, "https": 443}
# As browsers send a day, or as people type it where no calendar opens.
_DAY = re.compile(r"\s*(\d{4})\s*[-/.年－／．]\s*(\d{1,2})\s*[-/.月－／．]\s*(\d{1,2})\s*日?\s*")
_KIND = "application/x-www-form-urlencoded"


class Place(NamedTuple):
    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class Form:
    """What a reader sent; the last one of several values of a name, and all of them by `all`."""

    values: dict[str, str]
    several: dict[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Without the blanks around it; empty for a field that is not there."""
        return self.values.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        return self.several.get(name, [])

    def line(self, name: str, most: int) -> str:
        """One line of at most so many characters, without those that nobody types."""
        return " ".join(UNSEEN.sub(" ", self[name]).split())[:most]

    def text(self, name: str, most: int) -> str:
        """Several lines; raises 422 when there are more characters than the page allows."""
        lines = self[name].replace("\r\n", "\n").split("\n")
        text = "\n".join(UNSEEN.sub(" ", line).rstrip() for line in lines).strip()
        if len(text) > most:
            raise HTTPException(422, f"最多{most}字")
        return text


def parse_day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


Posted: TypeAlias = Callable[[Request, Form], Response]
Awaited: TypeAlias = Callable[[Request, Form], Awaitable[Response]]
Stale: TypeAlias = Callable[[Request, Form, str], Response]


def posts(
    answer: Posted | Awaited, stale: Stale | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is given the form, in a thread unless it awaits; the form's own proof was
    checked.

    `stale` is given a form of ours without that proof, and why: it does nothing but show it again.
    """

    async def endpoint(request: Request) -> Response:
        if not _is_ours(request):
            raise HTTPException(403, _why_foreign(request))
        try:
            form = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody hears: half a form was all there was
        if why := _why_unproven(request, form):
            if stale is None:
                raise HTTPException(403, why)
            return await run_sync(stale, request, form, why)
        if iscoroutinefunction(answer):
            return await cast(Awaited, answer)(request, form)
        return await run_sync(cast(Posted, answer), request, form)

    return endpoint


def token(request: Request) -> str:
    """What a form on this page carries: bound to the reader's cookies, and to nothing else."""
    return _proof(request, _word(request))


def proves(request: Request, sent: str) -> bool:
    word = cookie(request, _COOKIE)
    wanted = _proof(request, word).encode()
    return bool(word) and compare_digest(wanted, sent.encode("utf-8", "replace"))


def _why_unproven(request: Request, form: Form) -> str:
    """In words that lead to what helps: over http no browser sends the cookies of an https site."""
    own, (scheme, host, _) = _own_place(request), _place(request.headers.get("origin"))
    is_insecure = (own.scheme, scheme, host) == ("https", "http", own.host)
    if proves(request, form[TOKEN]) and not is_insecure:
        return ""
    if cookie(request, _COOKIE) and not is_insecure:
        return _STALE
    if own.scheme == "https":
        return f"请用 {site_of(request).base(request)} 打开本站（并允许 Cookie）后重新提交"
    return _NO_COOKIES


def _proof(request: Request, word: str) -> str:
    """With who is logged in: whoever slips a reader a cookie of its own proves nothing."""
    session = cookie(request, SESSION)
    return site_of(request).key.derive("form", f"{word}\0{session}")


def bound(request: Request, purpose: str, words: str) -> str:
    """A proof of those words for this reader's browser alone."""
    word = cookie(request, _COOKIE)
    return site_of(request).key.derive(purpose, f"{words}\0{word}")


def remember(request: Request, response: Response) -> Response:
    """With the cookie to which this page's forms are bound."""
    if not cookie(request, _COOKIE):
        set_cookie(request, response, _COOKIE, _word(request), samesite="lax")
    return response


def _word(request: Request) -> str:
    """The cookie's, or a new one for this answer."""
    known = cookie(request, _COOKIE)
    if known:
        return known
    if not hasattr(request.state, "form_word"):
        request.state.form_word = token_urlsafe(24)
    word: str = request.state.form_word
    return word


def _is_ours(request: Request) -> bool:
    """By what browsers say of where a form stood; older ones say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    # By the site's address, or as this server was reached: by a name of the machine, a tunnel.
    reached = f"http://{request.headers.get('host', '')}"
    return origin is None or _place(origin) in (_own_place(request), _place(reached))


def _why_foreign(request: Request) -> str:
    """Mostly no attack: another name of the site, or a proxy that the settings know nothing of."""
    if address := site_of(request).settings.web.base_url:
        return f"网址不符，请用 {address} 打开本站后重新提交"
    return "网址不符，请告知管理员：在 web.base_url 中设置浏览器所用的网址"


def _own_place(request: Request) -> Place:
    return _place(site_of(request).base(request))


def _place(url: object) -> Place:
    """As a browser compares them; nothing of what is no such address."""
    try:
        parts = urlsplit(str(url))
        host = (parts.hostname or "").encode("idna").decode()
        return Place(parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0))
    except ValueError:
        return Place("", "", 0)


async def _read(request: Request) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise HTTPException(415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise HTTPException(413, "内容过长，请缩短后重新提交")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=1000
        )
    except ValueError:
        raise HTTPException(400) from None
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        # PostgreSQL's text has no NUL.
        several.setdefault(name, []).append(value.replace("\0", " "))
    return Form({name: values[-1] for name, values in several.items()}, several)
