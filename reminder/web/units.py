"""A unit's own page: what it is told, and what it registers. A GET never changes anything."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from urllib.parse import quote, unquote

from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.characters import UNSEEN
from reminder.domain.plan import Task
from reminder.domain.registrations import NAMES, Signature
from reminder.ledger.links import FEED, PAGE, feed_token, feed_url, page_url, read_link
from reminder.office import registrations
from reminder.office.registrations import WHO, WORDS, RegistrationError
from reminder.web import unit_mails
from reminder.web.cookies import cookie, set_cookie
from reminder.web.forms import LONGEST, Form, parse_day, posts, remember, token
from reminder.web.said import once, said, told
from reminder.web.site import Site, site_of
from reminder.web.subscriptions import Calendar
from reminder.web.timeline import timeline
from reminder.web.unit_link import UnitLink, opened, shared
from reminder.web.unit_page import unit_page
from reminder.web.uses import note_use

_NAME = "who"  # the cookie that remembers who registers, for the units' pages alone
_A_YEAR = 365 * 24 * 3600
_SAID = {
    "signed": "已签收。",
    "already": "此前已签收，无需重复。",
    "progress": "进展已登记。",
    "finished": "已登记完成，待复核。",
    "closed": "已登记，本项已办结。",
    "month": "本月办理情况已登记。",
    "same": "此前已作同样登记，无需重复。",
}
_RECEIPT = "回执发至本单位登记的邮箱。"


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


# Registers, and says by which of the sentences it is answered.
Act: TypeAlias = Callable[[Site, UnitLink, Form, Signature], str]
_NOTHING = Typed("", "", Form({}))


def _page(request: Request) -> Response:
    link = opened(request)
    return once(request, _shown(request, link, said=said(request, _SAID)))


def _shown(
    request: Request,
    link: UnitLink,
    *,
    status: int = 200,
    said: str = "",
    refused: str = "",
    typed: Typed = _NOTHING,
) -> Response:
    site = site_of(request)
    page = unit_page(site.app, link.unit, site.clock.now())
    told = said and link.unit.has_address and not said.startswith("此前")
    receipt = _RECEIPT if told and not site.read_hold() else ""
    answer = site.page(
        "unit/page.html",
        status=status,
        said=said + receipt,
        refused=refused,
        **shared(site, link),
        page=page,
        drawn=timeline(page.year),
        calendar=_calendar(site, request, link),
        mails=unit_mails.listed(site, link, 0, unit_mails.SHOWN + 1),
        shown=unit_mails.SHOWN,
        token=token(request),
        who=_remembered(request),
        typed=typed,
        names=NAMES,
        limits={"who": WHO, "words": WORDS},
        direct=site.settings.web.finish == "direct",
        wechat="micromessenger" in request.headers.get("user-agent", "").lower(),
    )
    answer.background = BackgroundTask(note_use, site, PAGE, link.unit.id)
    return remember(request, answer)


def _calendar(site: Site, request: Request, link: UnitLink) -> Calendar | None:
    """None when the secretariat has withdrawn the feed's link."""
    base, unit = site.base(request), link.unit
    with site.database.read() as connection:
        feed_link = read_link(connection, FEED, unit.id)
        if feed_link and feed_link.revoked:
            return None
        feed = feed_url(base, feed_token(connection, site.key, unit.id), unit.id)
    name = f"{site.table.plan.tag}{site.table.plan.year}·{unit.label}"
    web = site.settings.web
    page = page_url(base, link.token, unit.id)
    return Calendar(name, feed, page, web.reachable, web.offers_foreign_calendars)


def _sign(site: Site, link: UnitLink, form: Form, by: Signature) -> str:
    new = registrations.sign(site.app, link.unit, form.line("period", 7), by)
    return "signed" if new else "already"


def _report(site: Site, link: UnitLink, form: Form, by: Signature) -> str:
    words, percent = form.text("words", LONGEST), _percent(form.line("percent", 20))
    registrations.report_progress(
        site.app, link.unit, _task(site, form), by, words=words, percent=percent
    )
    return "progress"


def _finish(site: Site, link: UnitLink, form: Form, by: Signature) -> str:
    period = form.line("period", 7)
    new = registrations.finish(
        site.app,
        link.unit,
        _task(site, form),
        by,
        done_on=_day(form.line("done_on", 20)),
        words=form.text("words", LONGEST),
        period=period,
    )
    if not new:
        return "same"
    if site.settings.web.finish != "direct":
        return "finished"
    return "month" if period else "closed"


def _task(site: Site, form: Form) -> Task:
    task = site.table.plan.by_id.get(form.line("task", 100))
    if task is None:
        raise RegistrationError("安排表中没有这一项，请刷新页面")
    return task


def _percent(given: str) -> int | None:
    digits = given.removesuffix("%").strip()
    if not digits:
        return None
    if not (digits.isdecimal() and len(digits) <= 3):
        raise RegistrationError("进度应为0到100之间的整数")
    return int(digits)


def _day(given: str) -> date:
    day = parse_day(given)
    if day is None:
        raise RegistrationError("请填写完成日期，例如2026-04-15")
    return day


def _taken(kind: str, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A form of the page: the link is looked at before anything else of it."""

    def answer(request: Request, form: Form) -> Response:
        site, link = site_of(request), opened(request)
        who = form.line("who", WHO)
        try:
            done = act(site, link, form, link.signed(who))
        except RegistrationError as error:
            typed = Typed(kind, form["task"], form)
            return _shown(request, link, status=422, refused=str(error), typed=typed)
        answer = told(request, link.path, done)
        _remember_name(request, answer, who)
        return answer

    def again(request: Request, form: Form, why: str) -> Response:
        typed = Typed(kind, form["task"], form)
        refused = f"{why}。没有任何内容被改动。"
        return _shown(request, opened(request), status=403, refused=refused, typed=typed)

    read = posts(answer, again)

    async def endpoint(request: Request) -> Response:
        await run_sync(opened, request)
        return await read(request)

    return endpoint


def _remembered(request: Request) -> str:
    return UNSEEN.sub("", unquote(cookie(request, _NAME)))[:WHO].strip()


def _remember_name(request: Request, response: Response, who: str) -> None:
    """Lax: a click in a mail comes from elsewhere, and the name should stand there already."""
    name = quote(who)
    set_cookie(request, response, _NAME, name, seconds=_A_YEAR, path="/units", samesite="lax")


def _script(request: Request) -> Response:
    """For comfort alone: nothing on a page waits for it."""
    script = site_of(request).templates.get_template("web/page.js").render()
    headers = {"Cache-Control": "max-age=300"}
    return Response(script, media_type="text/javascript", headers=headers)


_UNIT = "/units/{token}/{unit}"
ROUTES = [
    Route("/static/page.js", _script),
    Route(_UNIT, _page),
    Route(f"{_UNIT}/sign", _taken("sign", _sign), methods=["POST"]),
    Route(f"{_UNIT}/progress", _taken("progress", _report), methods=["POST"]),
    Route(f"{_UNIT}/finish", _taken("finish", _finish), methods=["POST"]),
    Route(f"{_UNIT}/mails", unit_mails.mails),
    Route(f"{_UNIT}/mails/{{key:path}}", unit_mails.mail),
    Route(f"{_UNIT}/mail-body/{{key:path}}", unit_mails.mail_body),
]
