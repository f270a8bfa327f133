"""What waits for a person: which mails, why, for whom, each as it will go; some or all of it is
let go or dropped, after a second look."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.errors import DeclinedError
from reminder.office.holds import hold
from reminder.office.outgoing import OutgoingMail, Wait
from reminder.office.releasing import WHY, Seen, drop, let_go
from reminder.office.waiting import (
    Choice,
    MailGroup,
    WaitingPart,
    hash_of,
    read_keys,
    read_waiting,
)
from reminder.web.console.access import APPROVE, EDIT, console_form, console_page
from reminder.web.forms import Form, View
from reminder.web.mail_view import MailView
from reminder.web.page import Page, Refused, page_number

HERE = "/console/outgoing"
BEFORE = "/console/approval"  # its address in mails and bookmarks of earlier versions
ROWS = 50  # groups of a page
UNITS = 100  # of a group, on one page
_GROUP, _KEY = "g.", "n."  # before what is ticked
_SHOWN = (Wait.RELEASE, Wait.APPROVAL, Wait.MOMENT)


def _listed(page: Page, form: Form | None = None, refused: str = "") -> Response:
    """Every part with its counts; of their groups those of one page."""
    waiting = read_waiting(page.app, page.connection, page.at)
    parts = waiting.of(*_SHOWN)
    pages = max(1, -(-sum(len(part.groups) for part in parts) // ROWS))
    number = min(page_number(page), pages)  # some may have gone meanwhile
    rows = list(_rows(parts, (number - 1) * ROWS))
    return _render(
        page,
        "outgoing.html",
        refused,
        waiting=waiting,
        hold=waiting.hold,
        counts={wait: waiting.count(wait) for wait in Wait},
        rows=rows,
        page=number,
        pages=pages,
    )


def _rows(parts: list[WaitingPart], first: int) -> Iterator[tuple[WaitingPart, list[MailGroup]]]:
    """Those of one page, `first` counted from the first part's first."""
    for part in parts:
        if groups := part.groups[max(0, first) : max(0, first + ROWS)]:
            yield part, groups
        first -= len(part.groups)


def _render(page: Page, template: str, refused: str = "", /, **facts: object) -> Response:
    return page.render(
        f"console/{template}",
        status=422 if refused else 200,
        here=HERE,
        refused=refused,
        directory=page.table.directory,
        why=WHY,
        **{"shown": page.at, **facts},
    )


# One group, one mail


def _group(page: Page) -> Response:
    waiting = read_waiting(page.app, page.connection, page.at)
    part = waiting.part(page.query("part"))
    groups = part.groups if part else []
    group = next((one for one in groups if one.id == page.query("group")), None)
    if part is None or group is None:
        return _listed(page, None, page.phrase("waits_no_more"))
    pages = -(-len(group.mails) // UNITS)
    number = min(page_number(page), pages)
    here = {"part": part.id, "group": group.id}
    return _render(
        page,
        "outgoing_group.html",
        part=part,
        group=group,
        hold=waiting.hold,
        mails=group.mails[(number - 1) * UNITS : number * UNITS],
        link=f"{HERE}/group?{urlencode(here)}",
        **_shown_mail(page, group.first, page.at),
        page=number,
        pages=pages,
    )


def _mail(page: Page, form: Form | None = None, refused: str = "") -> Response:
    key = _only_key(form) if form else page.query("key")
    shown = page.at if form else _shown(page)
    try:
        [one] = read_keys(page.app, page.connection, [key], shown)
        if one.mail is None:
            raise DeclinedError("goes_to_nobody")
    except DeclinedError as error:
        return _listed(page, None, refused or page.phrase(error.reason, **error.facts))
    return _render(
        page,
        "outgoing_mail.html",
        refused,
        one=one,
        shown=shown,
        seen=hash_of([one]),
        hold=page.read_hold(),
        typed=_why(form) if form else "",
        **_shown_mail(page, one, shown),
    )


def _shown_mail(page: Page, one: OutgoingMail, shown: datetime) -> dict[str, object]:
    zone, with_keys, composed = page.table.plan.zone, page.may(EDIT), one.composed()
    mail = MailView(composed.content, zone, with_keys=with_keys)
    own = (each.content for each in composed.own if each.route)
    shorts = [MailView(content, zone, with_keys=with_keys) for content in own]
    query = {"key": one.key, "shown": shown.isoformat(), "sha256": one.sha256}
    frame = f"{HERE}/mail/html?{urlencode(query)}"
    return {"mail": mail, "frame": frame, "shorts": shorts}


def _html(page: Page) -> Response:
    """Of the very message that the page around it speaks of."""
    try:
        [one] = read_keys(page.app, page.connection, [page.query("key")], _shown(page))
    except DeclinedError:
        raise HTTPException(404) from None
    if one.mail is None or one.sha256 != page.query("sha256"):
        raise Refused(409, "content_changed")
    return MailView(one.composed().content, page.table.plan.zone, with_keys=page.may(EDIT)).frame(
        links=False
    )


def _shown(page: Page) -> datetime:
    """The moment of the page that led here, if mails are still shown as of then."""
    moment, day = _moment(page.query("shown")), page.table.local_day
    return moment if moment and moment <= page.at and day(moment) == day(page.at) else page.at


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


# A second look, and the act


def _choice(form: Form) -> Choice:
    def ticked(mark: str) -> frozenset[str]:
        return frozenset(name[len(mark) :] for name in form.values if name.startswith(mark))

    _, _, extent = form["do"].partition("-")
    return Choice(
        ticked(_KEY), form["part"], ticked(_GROUP), extent == "all", of_hold=extent == "hold"
    )


def _only_key(form: Form) -> str:
    return next(iter(_choice(form).keys), "")


def _act(form: Form) -> str:
    act = form["do"].partition("-")[0]
    if act not in ("release", "drop"):
        raise HTTPException(400)
    return act


def _look(page: Page, form: Form, refused: str = "") -> Response:
    """Nothing is done yet: all that was chosen, and what becomes of it."""
    act, choice = _act(form), _choice(form)
    waiting = read_waiting(page.app, page.connection, page.at)
    mails = choice.pick(waiting)
    keys = {one.key for one in mails}
    groups = [
        (part, [(group, [one for one in group.mails if one.key in keys]) for group in part.groups])
        for part in waiting.of(*_SHOWN)
        if any(one.key in keys for one in part.mails)
    ]
    ticked = [name for name in form.values if name.startswith((_GROUP, _KEY))]
    return _render(
        page,
        "outgoing_look.html",
        refused,
        act=act,
        do=form["do"],
        part=form["part"],
        ticked=ticked,
        of_hold=choice.of_hold,
        several=len(page.app.office.series) > 1,
        count=len(mails),
        groups=groups,
        hold=waiting.hold,
        left=waiting.count(Wait.RELEASE) - sum(one.wait is Wait.RELEASE for one in mails),
        seen=hash_of(mails),
        typed=_why(form),
    )


def _do(page: Page, form: Form) -> Response:
    act, shown = _act(form), _moment(form["shown"])
    if shown is None:
        raise HTTPException(400)
    seen = Seen(_choice(form), shown, form["sha256"])
    if act == "drop":
        drop(page.app, seen, _why(form), page.who)
        return page.done(HERE, "mails_dropped")
    count = let_go(page.app, seen, page.who)
    if seen.choice.of_hold:
        return page.done(HERE, "hold_lifted")
    return page.done(HERE, "let_go" if count else "let_go_before")


def _hold(page: Page, form: Form) -> Response:
    if form["do"] != "hold":
        raise HTTPException(400)
    hold(page.app.database, page.at, _why(form)[:WHY], page.who)
    return page.done(HERE, "all_held")


def _not_done(page: Page, form: Form, refused: str) -> Response:
    if form["from"] == "mail":
        return _mail(page, form, refused)
    try:
        return _look(page, form, refused)
    except DeclinedError as error:
        return _listed(page, None, page.phrase(error.reason, **error.facts))


def _why(form: Form) -> str:
    return form.line("why", WHY + 1)


def _moved(path: str) -> View:
    return lambda page: page.to(f"{path}?{query}" if (query := page.request.url.query) else path)


ROUTES = [
    console_page(HERE, _listed),
    console_page(f"{HERE}/group", _group),
    console_page(f"{HERE}/mail", _mail),
    console_page(f"{HERE}/mail/html", _html),
    console_form(f"{HERE}/look", _look, _listed, APPROVE),
    console_form(f"{HERE}/do", _do, _not_done, APPROVE),
    console_form(f"{HERE}/hold", _hold, _listed, APPROVE),
    console_page(BEFORE, _moved(HERE)),
    console_page(f"{BEFORE}/mail", _moved(f"{HERE}/mail")),
]
