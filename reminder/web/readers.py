"""What is chosen by a link: by a unit for itself and its readers, by a reader of copies."""

from typing import Any

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.domain.notices import Kind
from reminder.domain.units import Unit
from reminder.errors import DeclinedError
from reminder.office import preferences
from reminder.office.lookup import about_unit
from reminder.office.preferences import (
    LABEL,
    READER_MAY_DECLINE,
    UNIT_MAY_DECLINE,
    Preference,
    Wishes,
)
from reminder.web.forms import LONGEST, Form, answer_form, get, parse_day, post
from reminder.web.page import Page
from reminder.web.units import home, opened, render

_UNIT, _READER = "/units/{token}/{unit}", "/readers/{token}/{unit}"
_TIMES = ("quiet_from", "quiet_until", "pause_from", "pause_until")
_ONE_CLICK = "List-Unsubscribe"  # RFC 8058, 3.2: the name in the form that a mail program sends


def chosen(form: Form, may_decline: tuple[Kind, ...]) -> Wishes:
    """Kinds are ticked that are wanted. Raises `DeclinedError`."""
    days = {}
    for name in ("pause_from", "pause_until"):
        days[name] = parse_day(form[name]) if form[name] else None
        if form[name] and days[name] is None:
            raise DeclinedError("no_day_of_pause")
    return Wishes(
        declined=[kind for kind in may_decline if not form[f"kind-{kind}"]],
        quiet_from=form["quiet_from"],
        quiet_until=form["quiet_until"],
        **days,
    )


def shown(chosen: Preference, kinds: tuple[Kind, ...], form: Form | None) -> dict[str, Any]:
    """The fields as they were typed, or as it is chosen."""
    if form and not form["address"]:
        names = (*(f"kind-{kind}" for kind in kinds), *_TIMES)
        return {name: form[name] for name in names}
    quiet, pause = chosen.quiet, chosen.pause
    return {f"kind-{kind}": kind not in chosen.declined for kind in kinds} | {
        "quiet_from": f"{quiet.begin:%H:%M}" if quiet else "",
        "quiet_until": f"{quiet.end:%H:%M}" if quiet else "",
        "pause_from": pause.first.isoformat() if pause else "",
        "pause_until": pause.last.isoformat() if pause else "",
    }


# A unit's


def _unit_page(page: Page, form: Form | None = None, refused: str = "") -> Response:
    unit, link = opened(page)
    of_unit, rule = preferences.choices_of(page.connection, unit), page.settings.mail.readers
    return render(
        page,
        link,
        "settings.html",
        status=422 if refused else 200,
        unit=unit,
        chosen=of_unit.own,
        readers=[one for one in of_unit.copied if not one.extra],
        added=of_unit.added,
        kinds=UNIT_MAY_DECLINE,
        may_add=rule != "off" and page.settings.links_in_mail,
        domains=of_unit.domains if rule == "same-domain" else [],
        label=LABEL,
        typed={name: form[name] if form else "" for name in ("address", "label")},
        shown=shown(of_unit.own, UNIT_MAY_DECLINE, form),
        refused=refused,
    )


def _unit_chooses(page: Page, form: Form) -> Response:
    unit, _ = opened(page)
    page.end_reading()
    preferences.choose(page.app, unit, "", chosen(form, UNIT_MAY_DECLINE), "page")
    return page.done(f"{home(page)}/settings", "choice_kept")


def _unit_adds(page: Page, form: Form) -> Response:
    unit, _ = opened(page)
    page.end_reading()
    preferences.add_reader(page.app, unit, form["address"], form.line("label", LABEL), "page")
    return page.done(f"{home(page)}/settings", "reader_asked", "#readers")


def _unit_removes(page: Page, form: Form) -> Response:
    unit, _ = opened(page)
    page.end_reading()
    preferences.remove_reader(page.app, unit, form["address"], "page")
    return page.done(f"{home(page)}/settings", "reader_removed", "#readers")


# A reader's


def _reader_opened(page: Page) -> tuple[Unit, Preference]:
    """Raises one and the same 404 for every link that is no good."""
    name = page.part("unit")
    page.app = about_unit(page.app, name)
    unit = page.table.directory.units.get(name)
    reader = preferences.open_reader(page.connection, page.app.key, unit, page.part("token"))
    if reader is None or unit is None:
        raise HTTPException(404)
    page.language = page.app.office.language_of(unit)
    return unit, reader


def _reader_home(page: Page) -> str:
    return f"/readers/{page.part('token')}/{page.part('unit')}"


def _reader_page(page: Page, form: Form | None = None, refused: str = "") -> Response:
    """To look changes nothing, whatever the address: mail scanners open every link."""
    unit, reader = _reader_opened(page)
    return page.render(
        "unit/reader.html",
        status=422 if refused else 200,
        here=_reader_home(page),
        unit=unit,
        chosen=reader,
        kinds=READER_MAY_DECLINE,
        shown=shown(reader, READER_MAY_DECLINE, form),
        office=page.table.directory[page.table.plan.office].name,
        contact=page.settings.mail.contact,
        refused=refused,
    )


def _reader_acts(act: str) -> Route:
    def answer(page: Page, form: Form) -> Response:
        unit, reader = _reader_opened(page)
        page.end_reading()
        app, address = page.app, reader.address
        if act == "confirm":
            preferences.confirm(app, unit, address, "reader")
        elif act == "back":
            preferences.put_back(app, unit, address, "reader")
        else:
            choice = chosen(form, READER_MAY_DECLINE)
            preferences.choose(app, unit, address, choice, "reader")
        said = {"confirm": "copies_confirmed", "back": "copies_again", "choose": "choice_kept"}
        return page.done(_reader_home(page), said[act])

    return post(f"{_READER}/{act}", answer, again=_reader_page)


def _leave(page: Page, form: Form) -> Response:
    unit, reader = _reader_opened(page)
    page.end_reading()
    preferences.leave(page.app, unit, reader.address, "reader")
    if form[_ONE_CLICK]:  # RFC 8058, 3.1: no redirect, and nobody reads the answer
        return PlainTextResponse("done")
    return page.done(_reader_home(page), "copies_left")


async def _leaving(request: Request) -> Response:
    """From a page of ours, or from the server of a mail program, which sends what form it likes,
    no cookie, and is no page at all. Nobody else knows the address."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                raise HTTPException(413)
    except ClientDisconnect:
        return Response(status_code=400)
    form = Form({_ONE_CLICK: "1"} if _ONE_CLICK.encode() in body else {})
    return await run_sync(answer_form, request, form, _leave, lambda page: None, None)


ROUTES = [
    get(f"{_UNIT}/settings", _unit_page),
    post(f"{_UNIT}/settings", _unit_chooses, again=_unit_page),
    post(f"{_UNIT}/settings/add", _unit_adds, again=_unit_page),
    post(f"{_UNIT}/settings/remove", _unit_removes, again=_unit_page),
    get(_READER, _reader_page),
    get(f"{_READER}/leave", _reader_page),
    *map(_reader_acts, ("choose", "confirm", "back")),
    Route(f"{_READER}/leave", _leaving, methods=["POST"]),
]
