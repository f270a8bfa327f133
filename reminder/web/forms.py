"""Forms, and the routes to them: what was sent is read whole, and only a page of ours may send it.

Cross-site requests are told by what browsers say of where a form stood (RFC 6454, Origin; Fetch
Metadata; else the Referer), and the cookies are SameSite.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlsplit

from anyio.to_thread import run_sync
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.characters import UNSEEN
from reminder.errors import DeclinedError
from reminder.web.page import Page, Refused, base_of

LONGEST = 16_384  # bytes: a thousand characters of text, and whatever else a form of ours has
_PORTS = {"http": 80, "https": 443}
# As browsers send a day, or as people type it where no calendar opens.
_DAY = re.compile(r"\s*(\d{4})\s*[-/.年－／．]\s*(\d{1,2})\s*[-/.月－／．]\s*(\d{1,2})\s*日?\s*")
_KIND = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Form:
    """What a reader sent; of several values of a name the last."""

    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        """Without the blanks around it; empty for a field that is not there."""
        return self.values.get(name, "").strip()

    def line(self, name: str, most: int) -> str:
        """One line of at most so many characters, without those that nobody types."""
        return " ".join(UNSEEN.sub(" ", self[name]).split())[:most]

    def text(self, name: str, most: int) -> str:
        """Several lines. Raises `DeclinedError` when there are more than `most` characters."""
        lines = self[name].replace("\r\n", "\n").split("\n")
        text = "\n".join(UNSEEN.sub(" ", line).rstrip() for line in lines).strip()
        if len(text) > most:
            raise DeclinedError("too_many_characters", most=most)
        return text

    def day(self, name: str) -> date:
        """On which something was done. Raises `DeclinedError` for what is no day."""
        day = parse_day(self[name])
        if day is None:
            raise DeclinedError("no_day_done")
        return day


def parse_day(text: str) -> date | None:
    typed = _DAY.fullmatch(text)
    try:
        return date(*map(int, typed.groups())) if typed else None
    except ValueError:
        return None


def percentage(typed: str) -> int | None:
    """As typed, with its sign or without; none where nothing is. Raises `DeclinedError`."""
    digits = typed.removesuffix("%").strip()
    if digits and not (digits.isdecimal() and len(digits) <= 3):
        raise DeclinedError("not_a_percentage")
    return int(digits) if digits else None


View = Callable[[Page], Response]
Act = Callable[[Page, Form], Response]
Access = Callable[[Page], Response | None]  # what is answered instead, if anything
Again = Callable[[Page, Form, Markup], Response]


def get(path: str, view: View, access: Access = lambda page: None) -> Route:
    """A page: made in a thread, out of one state of the ledger. Without `access` for whoever
    knows its address."""

    def endpoint(request: Request) -> Response:
        with Page(request) as page:
            return access(page) or view(page)

    return Route(path, endpoint)


def post(
    path: str,
    act: Act,
    access: Access = lambda page: None,
    again: Again | None = None,
    longest: int = LONGEST,
) -> Route:
    """A form of ours of at most so many bytes.

    `again` shows the form with what was typed, and why it was declined; without it the reason
    stands on a page of its own.
    """

    async def endpoint(request: Request) -> Response:
        refuse_foreign(request)
        try:
            form = await _read(request, longest)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody hears: half a form was all there was
        return await run_sync(answer_form, request, form, act, access, again)

    return Route(path, endpoint, methods=["POST"])


def answer_form(
    request: Request, form: Form, act: Act, access: Access, again: Again | None
) -> Response:
    """Before and after the act the page reads in transactions of their own."""
    with Page(request) as page:
        if outside := access(page):
            return outside
        page.end_reading()
        try:
            return act(page, form)
        except DeclinedError as error:
            if again is None:
                raise
            page.end_reading()
            return again(page, form, page.phrase(error.reason, **error.facts))


def refuse_foreign(request: Request) -> None:
    """Mostly it is no attack: another name of the site, or a proxy that the settings know nothing
    of. So the page says which address to open, or which setting to make. Older browsers and
    programs say nothing of where a form stood."""
    headers, own = request.headers, [_place(base_of(request))]
    if own[0][0] == "http":
        # Reached by a name of the machine, or a tunnel. To an https site no cookie comes over http.
        own.append(_place(f"http://{headers.get('host', '')}"))
    source = headers.get("origin", headers.get("referer"))
    is_same = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not is_same or (source is not None and _place(source) not in own):
        address = request.app.state.application.settings.web.base_url
        raise Refused(403, "opened_elsewhere" if address else "without_base_url", address=address)


def _place(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, as a browser compares them; nothing of what is no such address."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        return parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


async def _read(request: Request, longest: int) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise HTTPException(415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise Refused(413, "form_too_long")
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError:
        raise HTTPException(400) from None
    # PostgreSQL's text has no NUL.
    return Form({name: value.replace("\0", " ") for name, value in pairs})
