"""Every address of the console."""

from starlette.routing import Route

from reminder.web.console import (
    answers,
    approval,
    export,
    ledger,
    links,
    login,
    meetings,
    month,
    unit,
    year,
)

ROUTES: list[Route] = [
    *login.ROUTES,
    *year.ROUTES,
    *month.ROUTES,
    *unit.ROUTES,
    *answers.ROUTES,
    *ledger.ROUTES,
    *approval.ROUTES,
    *meetings.ROUTES,
    *links.ROUTES,
    *export.ROUTES,
]
