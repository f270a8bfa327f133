"""Log-in by the house's identity provider: there, and back."""

import logging

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from reminder.errors import DeclinedError
from reminder.events import Event
from reminder.office import login, oidc
from reminder.web.console.access import (
    SESSION,
    agent_of,
    log_in_again,
    open_page,
    within,
)
from reminder.web.page import Page

log = logging.getLogger(__name__)
BACK = "/console/oidc"
_ERRAND = "errand"
_SECONDS = 600


def _begin(page: Page) -> Response:
    """Nothing is changed here; the browser keeps what it must bring back."""
    if not oidc.is_offered(page.app):
        raise HTTPException(404)
    try:
        address, errand = oidc.begin(page.app, page.base + BACK, within(page.query("next")))
    except DeclinedError as error:
        return log_in_again(page, page.query("next"), error)
    answer = RedirectResponse(address, 303)
    # Lax: it comes back from another site.
    page.set_cookie(answer, _ERRAND, errand.packed(), seconds=_SECONDS, samesite="lax")
    return answer


def _back(page: Page) -> Response:
    if not oidc.is_offered(page.app):
        raise HTTPException(404)
    errand = oidc.unpacked(page.cookie(_ERRAND))
    wanted, address = errand.wanted if errand else "", str(page.request.url)
    page.end_reading()
    try:
        person = oidc.finish(page.app, page.base + BACK, address, errand)
    except DeclinedError as error:
        answer = log_in_again(page, wanted, error)
    else:
        word = login.enter(page.app, person, page.cookie(SESSION), agent_of(page.request), page.at)
        entered = Event.LOGGED_IN.of(person=person.name)
        log.info("console: %s logged in by the identity provider", person.name, extra=entered)
        # A redirect would still count as from elsewhere, and strict cookies stay behind then.
        answer = page.render("console/entered.html", onto=within(wanted), whose=person)
        answer.headers["Refresh"] = f"0; url={page.root}{within(wanted)}"
        page.set_cookie(answer, SESSION, word)
    page.set_cookie(answer, _ERRAND, "", seconds=0, samesite="lax")
    return answer


ROUTES = [open_page(f"{BACK}/begin", _begin), open_page(BACK, _back)]
