"""A unit's own page: what it is told, and what it registers. A GET never changes anything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from urllib.parse import quote, unquote

from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.characters import UNSEEN
from reminder.domain.plan import Task
from reminder.domain.registrations import NAMES, Signature
from reminder.office import registrations
from reminder.office.access import feed_address
from reminder.office.registrations import WHO, WORDS, RegistrationError
from reminder.web import unit_mails
from reminder.web.forms import LONGEST, Form, get, parse_day, post
from reminder.web.page import Page
from reminder.web.subscriptions import UnitCalendar
from reminder.web.timeline import timeline
from reminder.web.unit_link import UnitLink, noting, opened, shared
from reminder.web.unit_page import unit_page

_NAME = "who"  # the cookie that remembers who registers, for the units' pages alone
_A_YEAR = 365 * 24 * 3600
_NO_NEWS = ("already", "same")  # messages of what sends no receipt


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


# Registers, and names the message that answers it.
Register: TypeAlias = Callable[[Page, UnitLink, Form, Signature], str]
_NOTHING = Typed("", "", Form({}))


def _page(page: Page) -> Response:
    return _shown(page)


def _shown(page: Page, typed: Typed = _NOTHING, refused: str = "") -> Response:
    """With `refused` the form that was not accepted stands there again."""
    link = opened(page)
    view = unit_page(page.connection, page.app, link.unit, page.at)
    is_news = page.said not in ("", *_NO_NEWS)
    answer = page.render(
        "unit/page.html",
        status=422 if refused else 200,
        refused=refused,
        receipt=is_news and link.unit.has_address and not page.read_hold(),
        **shared(page, link),
        page=view,
        drawn=timeline(view.year),
        calendar=_calendar(page, link),
        mails=unit_mails.listed(page, link, 0, unit_mails.SHOWN + 1),
        shown=unit_mails.SHOWN,
        who=_remembered(page),
        typed=typed,
        names=NAMES,
        limits={"who": WHO, "words": WORDS},
        direct=page.settings.web.finish == "direct",
        wechat="micromessenger" in page.request.headers.get("user-agent", "").lower(),
    )
    return noting(page, link, answer)


def _calendar(page: Page, link: UnitLink) -> UnitCalendar | None:
    """None when the secretariat has withdrawn the feed's link."""
    plan, web = page.table.plan, page.settings.web
    feed = feed_address(page.connection, page.app, page.base, link.unit.id)
    if not feed:
        return None
    name = f"{plan.tag}{plan.year}·{link.unit.label}"
    home = f"{page.base}{link.path}"
    return UnitCalendar(name, feed, home, web.reachable, web.offers_foreign_calendars)


def _sign(page: Page, link: UnitLink, form: Form, by: Signature) -> str:
    new = registrations.sign(page.app, link.unit, form.line("period", 7), by)
    return "signed" if new else "already"


def _report(page: Page, link: UnitLink, form: Form, by: Signature) -> str:
    words, percent = form.text("words", LONGEST), _percent(form.line("percent", 20))
    registrations.report_progress(
        page.app, link.unit, _task(page, form), by, words=words, percent=percent
    )
    return "progress"


def _finish(page: Page, link: UnitLink, form: Form, by: Signature) -> str:
    period = form.line("period", 7)
    new = registrations.finish(
        page.app,
        link.unit,
        _task(page, form),
        by,
        done_on=_day(form.line("done_on", 20)),
        words=form.text("words", LONGEST),
        period=period,
    )
    if not new:
        return "same"
    if page.settings.web.finish != "direct":
        return "finished"
    return "month" if period else "closed"


def _task(page: Page, form: Form) -> Task:
    task = page.table.plan.by_id.get(form.line("task", 100))
    if task is None:
        raise RegistrationError("no_such_task")
    return task


def _percent(given: str) -> int | None:
    digits = given.removesuffix("%").strip()
    if not digits:
        return None
    if not (digits.isdecimal() and len(digits) <= 3):
        raise RegistrationError("not_a_percentage")
    return int(digits)


def _day(given: str) -> date:
    day = parse_day(given)
    if day is None:
        raise RegistrationError("no_day_done")
    return day


def _form(act: str, register: Register) -> Route:
    def answer(page: Page, form: Form) -> Response:
        link, who = opened(page), form.line("who", WHO)
        page.end_reading()
        answer = page.done(link.path, register(page, link, form, link.signed(who)))
        _remember_name(page, answer, who)
        return answer

    def again(page: Page, form: Form, refused: str) -> Response:
        return _shown(page, Typed(act, form["task"], form), refused)

    return post(f"{_UNIT}/{act}", answer, again=again)


def _remembered(page: Page) -> str:
    return UNSEEN.sub("", unquote(page.cookie(_NAME)))[:WHO].strip()


def _remember_name(page: Page, response: Response, who: str) -> None:
    """Lax: a click in a mail comes from elsewhere, and the name should stand there already."""
    name = quote(who)
    page.set_cookie(response, _NAME, name, seconds=_A_YEAR, path="/units", samesite="lax")


def _script(page: Page) -> Response:
    """For comfort alone: nothing on a page waits for it."""
    return page.file("page.js", "text/javascript")


_UNIT = "/units/{token}/{unit}"
ROUTES = [
    get("/static/page.js", _script),
    get(_UNIT, _page),
    _form("sign", _sign),
    _form("progress", _report),
    _form("finish", _finish),
    get(f"{_UNIT}/mails", unit_mails.mails),
    get(f"{_UNIT}/mails/{{key:path}}", unit_mails.mail),
    get(f"{_UNIT}/mail-body/{{key:path}}", unit_mails.mail_body),
]
