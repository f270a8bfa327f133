"""A unit's own pages: what it is told, what it registers, its calendar and the mails it has had."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

import segno
from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from reminder.calendar.rendering import View
from reminder.domain.characters import UNSEEN
from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.errors import DeclinedError
from reminder.office import links, registrations
from reminder.office.links import FEED, PAGE
from reminder.office.registrations import WHO, WORDS
from reminder.office.unit_page import SentMail, unit_mail, unit_mails, unit_page
from reminder.web.forms import LONGEST, Form, get, post
from reminder.web.mail_view import MailView
from reminder.web.page import Page, page_number
from reminder.web.timeline import Timeline, year_of

_PATH = "/units/{token}/{unit}"
_NAME = "who"  # the cookie that remembers who registers, for the units' pages alone
_A_YEAR = 365 * 24 * 3600
_NO_NEWS = ("already", "same")  # messages of what sends no receipt
_LATEST = 6  # mails on the unit's page
_MAILS = 50  # on a page of their own


@dataclass(frozen=True)
class UnitLink:
    unit: Unit
    path: str
    link: links.LinkView


@dataclass(frozen=True)
class Typed:
    """What stood in a form that was refused: it stands there again."""

    act: str
    task: str
    form: Form

    def value(self, act: str, task: str, name: str, otherwise: object = "") -> object:
        return self.form[name] if self.is_of(act, task) else otherwise

    def is_of(self, act: str, task: str) -> bool:
        return (self.act, self.task) == (act, task)


_NOTHING = Typed("", "", Form({}))


def _opened(page: Page) -> UnitLink:
    """Raises one and the same 404 for every link that is no good, after the same work."""
    name, token = page.part("unit"), page.part("token")
    link = links.open_link(page.connection, page.app.key, PAGE, name, token)
    unit = page.table.directory.units.get(name)
    if link is None or unit is None or unit.is_group:
        raise HTTPException(404)
    return UnitLink(unit, f"/units/{token}/{name}", link)


def _render(
    page: Page, link: UnitLink, template: str, /, *, status: int = 200, **facts: object
) -> Response:
    """The link's use is noted after the answer."""
    answer = page.render(
        f"unit/{template}",
        status=status,
        here=link.path,
        unit=link.unit,
        contact=page.settings.mail.contact,
        **facts,
    )
    answer.background = BackgroundTask(links.note_use, page.app, link.link)
    return answer


def _page(page: Page, typed: Typed = _NOTHING, refused: str = "") -> Response:
    """With `refused` the form that was not accepted stands there again."""
    link = _opened(page)
    view = unit_page(page.connection, page.app, link.unit, page.at)
    is_news = page.message not in ("", *_NO_NEWS)
    return _render(
        page,
        link,
        "page.html",
        status=422 if refused else 200,
        refused=refused,
        receipt=is_news and link.unit.has_address and not page.read_hold(),
        page=view,
        drawn=Timeline(year_of(view.reader)),
        calendar=_calendar(page, link),
        mails=_heads(page, link, 0, _LATEST + 1),
        shown=_LATEST,
        who=UNSEEN.sub("", unquote(page.cookie(_NAME)))[:WHO].strip(),
        typed=typed,
        limits={"who": WHO, "words": WORDS},
        direct=page.settings.web.finish == "direct",
        wechat="micromessenger" in page.request.headers.get("user-agent", "").lower(),
    )


# Its calendar


@dataclass(frozen=True)
class UnitCalendar:
    """`feed` is the bare address of the unit's feed, `page` that of its page.

    `public` says whether other people's servers may be able to read it, `foreign` whether the
    office wants them to.
    """

    name: str
    feed: str
    page: str
    public: bool
    foreign: bool

    @property
    def usual(self) -> str:
        return self.views[View.DUE]

    @property
    def views(self) -> dict[str, str]:
        """The address of each; with `&alarms=3d` it reminds three days before."""
        views = (View.DUE, View.WINDOW, View.TODO)
        return {view: f"{self.feed}?view={view}&year-round=0" for view in views}

    @property
    def doors(self) -> dict[str, str]:
        """Neither Microsoft nor Google documents them; both have opened them for years."""
        named = f"url={quote(self.usual, safe='')}&name={quote(self.name, safe='')}"
        google = quote(self.webcal(self.usual), safe="")
        return {
            "office": f"https://outlook.office.com/calendar/0/addfromweb?{named}",
            "outlook": f"https://outlook.live.com/calendar/0/addfromweb?{named}",
            "google": f"https://calendar.google.com/calendar/r?cid={google}",
        }

    def webcal(self, address: str) -> str:
        return links.webcal_url(address)

    def code(self, title: str) -> Markup:
        """Of the page, not of the feed: WeChat opens neither a calendar nor its address."""
        return _qr_code(self.page, title)


@lru_cache(maxsize=256)
def _qr_code(address: str, title: str) -> Markup:
    """Drawn once: it takes as long as the rest of the page."""
    drawn = segno.make(address, error="m", micro=False)
    colours = {"dark": "#000", "light": "#fff"}
    return Markup(drawn.svg_inline(scale=4, svgclass="qr", lineclass=None, title=title, **colours))


def _calendar(page: Page, link: UnitLink) -> UnitCalendar | None:
    """None when the secretariat has withdrawn the feed's link."""
    plan, web = page.table.plan, page.settings.web
    feed = links.unit_address(page.app, page.connection, page.base, FEED, link.unit.id)
    if not feed:
        return None
    name = f"{plan.tag}{plan.year}·{link.unit.label}"
    home = f"{page.base}{link.path}"
    return UnitCalendar(name, feed, home, web.reachable, web.offers_foreign_calendars)


# What a unit registers


def _form(act: str) -> Route:
    def answer(page: Page, form: Form) -> Response:
        opened, who = _opened(page), form.line("who", WHO)
        by = Signature(who, f"{PAGE}/{opened.unit.id}/{opened.link.generation}")
        answer = page.done(opened.path, _register(page, act, opened.unit, form, by))
        # Lax: a click in a mail comes from elsewhere, and the name should stand there already.
        page.set_cookie(answer, _NAME, quote(who), seconds=_A_YEAR, path="/units", samesite="lax")
        return answer

    def again(page: Page, form: Form, refused: str) -> Response:
        return _page(page, Typed(act, form["task"], form), refused)

    return post(f"{_PATH}/{act}", answer, again=again)


def _register(page: Page, act: str, unit: Unit, form: Form, by: Signature) -> str:
    """The name of the message that answers it."""
    period = form.line("period", 7)
    if act == "sign":
        return "signed" if registrations.sign(page.app, unit, period, by) else "already"
    task = page.table.plan.by_id.get(form.line("task", 100))
    if task is None:
        raise DeclinedError("no_such_task")
    words = form.text("words", LONGEST)
    if act == "progress":
        percent = _percent(form.line("percent", 20))
        registrations.report_progress(page.app, unit, task, by, words=words, percent=percent)
        return "progress"
    day = form.day("done_on")
    new = registrations.finish(page.app, unit, task, by, done_on=day, words=words, period=period)
    if not new:
        return "same"
    if page.settings.web.finish != "direct":
        return "finished"
    return "month" if period else "closed"


def _percent(typed: str) -> int | None:
    digits = typed.removesuffix("%").strip()
    if digits and not (digits.isdecimal() and len(digits) <= 3):
        raise DeclinedError("not_a_percentage")
    return int(digits) if digits else None


# The mails that it has had


def _mails(page: Page) -> Response:
    link, number = _opened(page), page_number(page)
    mails = _heads(page, link, (number - 1) * _MAILS, _MAILS + 1)
    if number > 1 and not mails:
        raise HTTPException(404)
    more = len(mails) > _MAILS
    return _render(page, link, "mails.html", mails=mails[:_MAILS], page=number, more=more)


def _heads(page: Page, link: UnitLink, first: int, most: int) -> list[tuple[SentMail, MailView]]:
    return [
        (sent, MailView(sent.content.partition(b"\r\n\r\n")[0], page.table.plan.zone))
        for sent in unit_mails(page.connection, link.unit, first, most)
    ]


def _mail(page: Page) -> Response:
    link = _opened(page)
    sent, mail = _sent(page, link)
    return _render(page, link, "mail.html", sent=sent, mail=mail)


def _mail_body(page: Page) -> Response:
    _, mail = _sent(page, _opened(page))
    return mail.frame()


def _sent(page: Page, link: UnitLink) -> tuple[SentMail, MailView]:
    sent = unit_mail(page.connection, link.unit, page.part("key"))
    if sent is None:
        raise HTTPException(404)
    return sent, MailView(sent.content, page.table.plan.zone)


def _script(page: Page) -> Response:
    """For comfort alone: nothing on a page waits for it."""
    return page.file("page.js", "text/javascript")


ROUTES = [
    get("/static/page.js", _script),
    get(_PATH, _page),
    _form("sign"),
    _form("progress"),
    _form("finish"),
    get(f"{_PATH}/mails", _mails),
    get(f"{_PATH}/mails/{{key:path}}", _mail),
    get(f"{_PATH}/mail-body/{{key:path}}", _mail_body),
]
