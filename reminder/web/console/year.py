"""`/console`: the year in one glance, what waits for the secretariat first."""

from starlette.requests import Request
from starlette.responses import Response

from reminder.service.overview import read_overview
from reminder.web.console.frame import ACCEPTED, Refusal, shown
from reminder.web.console.guard import page
from reminder.web.site import site_of


def year_page(request: Request, refusal: Refusal = ACCEPTED) -> Response:
    return shown(
        request,
        "year.html",
        here="/console",
        back="/console",
        refusal=refusal,
        overview=read_overview(site_of(request).app),
    )


ROUTES = [page("/console", year_page)]
