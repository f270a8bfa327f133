"""`/console`: the year in one glance, what waits for the secretariat first."""

from starlette.requests import Request
from starlette.responses import Response

from reminder.office.overview import read_overview
from reminder.web.console.frame import ACCEPTED, Refusal, shown
from reminder.web.console.guard import page
from reminder.web.console.picture import picture_of
from reminder.web.site import site_of


def year_page(request: Request, refusal: Refusal = ACCEPTED) -> Response:
    site = site_of(request)
    overview = read_overview(site.app)
    today = site.table.local_day(site.clock.now())
    return shown(
        request,
        "year.html",
        here="/console",
        back="/console",
        refusal=refusal,
        overview=overview,
        drawn=picture_of(site.table, overview, today),
    )


ROUTES = [page("/console", year_page)]
