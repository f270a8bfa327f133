"""A unit's own pages: what it is told, what it registers, its calendar and the mails it has had."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, unquote

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
from reminder.office.links import FEED, PAGE, LinkView
from reminder.office.lookup import about_unit, choices
from reminder.office.registrations import WHO, WORDS
from reminder.office.unit_page import SentMail, mailed_to, unit_page
from reminder.web.forms import LONGEST, Form, get, percentage, post
from reminder.web.mail_view import MailView
from reminder.web.page import Page, page_number
from reminder.web.timeline import timeline, year_of

_PATH = "/units/{token}/{unit}"
_NAME = "who"  # the cookie that remembers who registers, for the units' pages alone
_A_YEAR = 365 * 24 * 3600
_NO_NEWS = ("already", "same")  # messages of what sends no receipt
_LATEST = 6  # mails on the unit's page
_MAILS = 50  # on a page of their own


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


def home(page: Page) -> str:
    return f"/units/{page.part('token')}/{page.part('unit')}"


def opened(page: Page) -> tuple[Unit, LinkView]:
    """Raises one and the same 404 for every link that is no good, after the same work."""
    name, token = page.part("unit"), page.part("token")
    page.app = about_unit(page.app, name)
    link = links.open_link(page.connection, page.app.key, PAGE, name, token)
    unit = page.table.directory.units.get(name)
    if link is None or unit is None or unit.is_group:
        raise HTTPException(404)
    page.language = page.app.office.language_of(unit)
    return unit, link


def render(page: Page, link: LinkView, template: str, /, **facts: Any) -> Response:
    """The link's use is noted after the answer."""
    contact, here, name = page.settings.mail.contact, home(page), page.part("unit")
    shared: dict[str, Any] = {
        "here": here,
        "contact": contact,
        "choices": lambda: choices(page.app, name),
    }
    answer = page.render(f"unit/{template}", **shared, **facts)
    answer.background = BackgroundTask(links.note_use, page.app, link)
    return answer


def _page(page: Page, typed: Typed = _NOTHING, refused: str = "") -> Response:
    """With `refused` the form that was not accepted stands there again."""
    unit, link = opened(page)
    view = unit_page(page.connection, page.app, unit, page.at)
    is_news = page.message not in ("", *_NO_NEWS)
    return render(
        page,
        link,
        "page.html",
        status=422 if refused else 200,
        unit=unit,
        refused=refused,
        receipt=is_news and unit.has_address and not page.read_hold(),
        page=view,
        drawn=timeline(year_of(view["reader"])),
        calendar=_calendar(page, unit),
        mails=_heads(page, unit, 0, _LATEST + 1),
        shown=_LATEST,
        who=UNSEEN.sub("", unquote(page.cookie(_NAME)))[:WHO].strip(),
        typed=typed,
        limits={"who": WHO, "words": WORDS},
        direct=page.settings.web.finish == "direct",
        wechat="micromessenger" in page.request.headers.get("user-agent", "").lower(),
    )


# Its calendar


@lru_cache(maxsize=256)
def _qr_code(address: str, title: str) -> Markup:
    """Drawn once: it takes as long as the rest of the page."""
    from segno import make

    drawn = make(address, error="m", micro=False)
    colours = {"dark": "#000", "light": "#fff"}
    return Markup(drawn.svg_inline(scale=4, svgclass="qr", lineclass=None, title=title, **colours))  # noqa: S704 - segno escapes


def _calendar(page: Page, unit: Unit) -> dict[str, Any] | None:
    """None when the secretariat has withdrawn the feed's link. `public` says whether other
    people's servers may be able to read it, `foreign` whether the office wants them to."""
    web = page.settings.web
    feed = links.unit_address(page.app, page.connection, page.base, FEED, unit.id)
    if not feed:
        return None
    # With `&alarms=3d` they remind three days before.
    views = {
        view: f"{feed}?view={view}&year-round=0" for view in (View.DUE, View.WINDOW, View.TODO)
    }
    usual, name = views[View.DUE], page.app.feeds.renderer(unit).name(page.table.plan, unit)
    named = f"url={quote(usual, safe='')}&name={quote(name, safe='')}"
    google = quote(links.webcal_url(usual), safe="")
    return {
        "usual": usual,
        "views": views,
        "webcal": links.webcal_url,
        # Of the page, not of the feed: WeChat opens neither a calendar nor its address.
        "code": partial(_qr_code, page.base + home(page)),
        "public": web.reachable,
        "foreign": web.offers_foreign_calendars,
        # Neither Microsoft nor Google documents them; both have opened them for years.
        "doors": {
            "office": f"https://outlook.office.com/calendar/0/addfromweb?{named}",
            "outlook": f"https://outlook.live.com/calendar/0/addfromweb?{named}",
            "google": f"https://calendar.google.com/calendar/r?cid={google}",
        },
    }


# What a unit registers


def _form(act: str) -> Route:
    def answer(page: Page, form: Form) -> Response:
        unit, link = opened(page)
        who = form.line("who", WHO)
        by = Signature(who, f"{PAGE}/{unit.id}/{link.generation}")
        answer = page.done(home(page), _register(page, act, unit, form, by))
        # Lax: a click in a mail comes from elsewhere, and the name should stand there already.
        page.set_cookie(answer, _NAME, quote(who), seconds=_A_YEAR, samesite="lax")
        return answer

    def again(page: Page, form: Form, refused: str) -> Response:
        return _page(page, Typed(act, form["task"], form), refused)

    return post(f"{_PATH}/{act}", answer, again=again)


def _register(page: Page, act: str, unit: Unit, form: Form, by: Signature) -> str:
    """The name of the message that answers it."""
    period = form.line("period", 7)
    if act == "sign":
        return "signed" if registrations.sign(page.app, unit, period, by) else "already"
    task = page.table.find(form.line("task", 100))
    if task is None:
        raise DeclinedError("no_such_task")
    words = form.text("words", LONGEST)
    if act == "progress":
        percent = percentage(form.line("percent", 20))
        registrations.report_progress(page.app, unit, task, by, words=words, percent=percent)
        return "progress"
    day = form.day("done_on")
    new = registrations.finish(page.app, unit, task, by, done_on=day, words=words, period=period)
    if not new:
        return "same"
    if page.settings.web.finish != "direct":
        return "finished"
    return "month" if period else "closed"


# The mails that it has had


def _mails(page: Page) -> Response:
    unit, link = opened(page)
    number = page_number(page)
    mails = _heads(page, unit, (number - 1) * _MAILS, _MAILS + 1)
    if number > 1 and not mails:
        raise HTTPException(404)
    facts = {"mails": mails[:_MAILS], "page": number, "more": len(mails) > _MAILS}
    return render(page, link, "mails.html", unit=unit, **facts)


def _heads(page: Page, unit: Unit, first: int, most: int) -> list[tuple[SentMail, MailView]]:
    return [
        (sent, MailView(sent.content.partition(b"\r\n\r\n")[0], page.table.plan.zone))
        for sent in mailed_to(page.connection, unit, first, most)
    ]


def _mail(page: Page) -> Response:
    unit, link = opened(page)
    sent, mail = _sent(page, unit)
    return render(page, link, "mail.html", unit=unit, sent=sent, mail=mail)


def _mail_body(page: Page) -> Response:
    unit, _ = opened(page)
    return _sent(page, unit)[1].frame()


def _sent(page: Page, unit: Unit) -> tuple[SentMail, MailView]:
    for sent in mailed_to(page.connection, unit, key=page.part("key")):
        return sent, MailView(sent.content, page.table.plan.zone)
    raise HTTPException(404)


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
