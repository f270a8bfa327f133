"""A request as its view sees it: one moment, one state of the ledger, and the answer to it."""

from contextlib import ExitStack
from hmac import compare_digest
from typing import Literal, cast

from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from reminder.documents.sections import WebSettings
from reminder.documents.templates import environment, phrase
from reminder.domain.notices import UNREAD
from reminder.domain.persons import Person
from reminder.domain.registrations import Signature
from reminder.domain.series import is_next_missing, turning_tables
from reminder.domain.timetable import Timetable
from reminder.office.application import Application
from reminder.office.holds import Hold, count_for_people, read_hold
from reminder.office.links import offered_feeds
from reminder.office.lookup import Choices, choices

# Every response carries them: nothing from elsewhere, no script, no framing.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # A link is its password: its path must not travel as a referrer, and not to our own style sheet
    # either, whose request a proxy logs. With no referrer at all browsers would post our own forms
    # with an Origin of `null`, as if they came from nowhere.
    "Referrer-Policy": "strict-origin",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nothing that one reader may see stays behind for the next, an error page neither.
    "Cache-Control": "no-store",
}
TABLE = "reminder.table"  # in a request's scope: plan and year that it is about
LANGUAGE = "reminder.language"  # there too: the reader's, once it is known
OFFERED = 200  # feeds on one page; the console finds the others by name
MESSAGES = "web/messages.html"  # one macro a sentence: what a form has done, or why it was refused
_SAID = "said"  # the cookie of the sentence that the next page says
_SECONDS = 60  # until that page must have been asked for


def headers_of(web: WebSettings) -> dict[str, str]:
    """Below a path the host is shared with others: there the proxy asks for https (RFC 6797)."""
    is_host_ours = web.is_https and not web.root
    return HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if is_host_ours else {})


def cookie_name(app: Application, name: str) -> str:
    """Browsers keep cookies by host, whatever the port: two installations on one host must not
    take each other's.

    RFC 6265bis, 4.1.3: of an https site nobody else sets these, by its prefix; a site below a
    path shares its host with others, who would be sent what belongs to the whole of it.
    """
    web = app.settings.web
    prefix = ("__Secure-" if web.root else "__Host-") if web.is_https else ""
    return f"{prefix}{name}-{app.key.derive('cookies', '', 8)}"


def base_of(request: Request) -> str:
    """The site's address: as set, else as the reader has reached it."""
    set_address: str = request.app.state.application.settings.web.base_url
    return set_address or str(request.base_url).rstrip("/")


class Refused(HTTPException):
    """Answered by a page, which says the message of that name."""

    def __init__(
        self, status: int, reason: str, headers: dict[str, str] | None = None, **facts: object
    ) -> None:
        super().__init__(status, headers=headers)
        self.reason = reason
        self.facts = facts


class Page(ExitStack):
    """What a view is given. `render`, `to` and `done` make its answer.

    The ledger is read in one transaction, which begins when `connection` is first asked for and
    ends with the request: a page shows one state.
    """

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request
        self.app = cast(Application, request.app.state.application)
        if TABLE in request.scope:
            self.app = self.app.about(*request.scope[TABLE])
        self.settings = self.app.settings
        self.at = self.app.clock.now()
        self.signed_in: Person | None = None
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = self.enter_context(self.app.database.read())
            self.app.refresh_from(self._connection)
        return self._connection

    @property
    def language(self) -> str:
        """The reader's: a unit's on its pages, on all others the office's. Whatever answers the
        request then, be it an error, speaks it too."""
        return self.request.scope.get(LANGUAGE) or self.settings.language

    @language.setter
    def language(self, language: str) -> None:
        self.request.scope[LANGUAGE] = language

    @property
    def templates(self) -> Environment:
        return self._templates(self.language)

    def _templates(self, language: str) -> Environment:
        return environment(self.settings.templates, autoescape=True, language=language)

    @property
    def person(self) -> Person:
        """Who is logged in, on a page of the console."""
        if self.signed_in is None:
            raise RuntimeError(f"{self.request.url.path} is open to all: nobody need be logged in")
        return self.signed_in

    @property
    def who(self) -> str:
        """The name that this person's acts bear."""
        return self.person.full_name

    @property
    def signature(self) -> Signature:
        return Signature("", "console", clerk=self.who)

    def may(self, role: str) -> bool:
        """Whether who is logged in may do what that role may."""
        return self.signed_in is not None and self.signed_in.may(role)

    @property
    def table(self) -> Timetable:
        """The plan in force, with the days of sessions that the transaction knows."""
        _ = self.connection  # brings them
        return self.app.table

    def end_reading(self) -> None:
        """Before something is written: what is read afterwards is the state after it."""
        self.close()
        self._connection = None

    @property
    def base(self) -> str:
        return base_of(self.request)

    @property
    def root(self) -> str:
        """What stands before every address of ours; where there are several tables also which one
        the page is about, so that its links and forms stay with that."""
        plan, root = self.app.table.plan, self.settings.web.root
        return root if len(self.app.tables) == 1 else f"{root}/plans/{plan.id}/{plan.year}"

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "")

    def part(self, name: str) -> str:
        """Of the address's path, as its route names it; empty where the route has none."""
        value: str = self.request.path_params.get(name, "")
        return value

    def cookie(self, name: str) -> str:
        """Its value; empty without it."""
        return self.request.cookies.get(cookie_name(self.app, name), "")

    def set_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        *,
        seconds: int | None = None,
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:
        """Of the whole site: pages about one of several tables have other paths and share it, and
        a second table may come while somebody is logged in. Without `seconds` it ends with the
        browser's window."""
        web = self.settings.web
        response.set_cookie(
            cookie_name(self.app, name),
            value,
            max_age=seconds,
            path=web.root or "/",
            httponly=True,
            samesite=samesite,
            secure=web.is_https,
        )

    def render(self, template: str, *, status: int = 200, **facts: object) -> HTMLResponse:
        """A page of `web/`, with what the form before it has done, once."""
        mail, message = self.settings.mail, "" if "message" in facts else self.message
        shared = {
            "plan": self.app.table.plan,
            "root": self.root,
            "person": self.signed_in,
            "may": self.may,
            "has_inbox": self.settings.inbox.is_set,
            "has_outbox": self.settings.transport == "maildir",
            "rehearsal": bool(mail.redirect_to),
            "approval": mail.approval,
            "offered": OFFERED,
            "read_hold": self.read_hold,
            "count_outgoing": self.count_outgoing,
            "choices": self.choices,
            "has_turn": self.has_turn,
            "unpublished_edits": self.unpublished_edits,
            "message": self.phrase(message) if message else "",
            "refused": "",
        }
        html = self.templates.get_template(f"web/{template}").render(shared | facts)
        response = HTMLResponse(html, status)
        if message:
            self.set_cookie(response, _SAID, "", seconds=0)
        return response

    def file(self, name: str, kind: str) -> Response:
        """Of the templates: the same for everybody, for five minutes."""
        text = self.templates.get_template(f"web/{name}").render()
        return Response(text, media_type=kind, headers={"Cache-Control": "max-age=300"})

    def phrase(self, message: str, **facts: object) -> Markup:
        """A sentence of `web/messages.html`."""
        return self.said(self.language, MESSAGES, message, **facts)

    def said(self, language: str, template: str, macro: str, **facts: object) -> Markup:
        """What a macro of a page's template says in that language."""
        return Markup(phrase(self._templates(language), template, macro, **facts))  # noqa: S704 - escaped there

    def read_hold(self) -> Hold | None:
        """Why no mail goes at present."""
        return read_hold(self.connection, self.app.settings.stream)

    def count_outgoing(self) -> dict[str, int]:
        """How many mails wait for somebody to `release` or to approve (`unread`) them."""
        plan, stream = self.app.table.plan.id, self.app.settings.stream
        counts = count_for_people(self.connection, stream, self.at, plan)
        unread = sum(counts.get(reason, 0) for reason in UNREAD)
        return {"release": sum(counts.values()) - unread, "unread": unread}

    def choices(self) -> Choices | None:
        """Which other table the console may be about."""
        return choices(self.app)

    def has_turn(self) -> bool:
        """Whether there is an earlier year, or its next table is missing."""
        series, on = self.app.series, self.app.table.local_day(self.at)
        return bool(turning_tables(series, on)) or is_next_missing(series, on)

    def unpublished_edits(self) -> int:
        """How many who is logged in has gathered."""
        from reminder.office.drafts import open_draft  # with all that edits texts

        draft = self.signed_in and open_draft(self.connection, self.signed_in.name)
        return len(draft.edits) if draft else 0

    def subscriptions(self) -> list[dict[str, str]]:
        return list(offered_feeds(self.app, self.connection, self.base, OFFERED))

    def to(self, path: str) -> RedirectResponse:
        """To a page of ours, after a form or in its stead."""
        return RedirectResponse(self.root + path, 303)

    def done(self, path: str, message: str, behind: str = "") -> Response:
        """To that page after a form, which then says that message; `behind` is the address's rest.

        By a cookie, never by the address: that is kept, sent on, and typed by anybody.
        """
        answer = self.to(path + behind)
        value = f"{message}.{self._proof(message, path)}"
        self.set_cookie(answer, _SAID, value, seconds=_SECONDS)
        return answer

    @property
    def message(self) -> str:
        """The name of the message that the form before this page has left; mostly empty."""
        message, _, proof = self.cookie(_SAID).partition(".")
        wanted = self._proof(message, self.request.url.path)
        return message if compare_digest(proof.encode(), wanted.encode()) else ""

    def _proof(self, message: str, path: str) -> str:
        return self.app.key.derive("said", f"{message}\0{path}")


def page_number(page: Page) -> int:
    """Raises 404 for what is no number of a page."""
    number = page.query("page") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) < 5 and int(number)):
        raise HTTPException(404)
    return int(number)
