"""The secretariat's pages."""

from starlette.routing import Route

from reminder.web.console import access, approval, export, ledger, links, meetings, tasks

ROUTES: list[Route] = [
    *access.ROUTES,
    *tasks.ROUTES,
    *ledger.ROUTES,
    *approval.ROUTES,
    *meetings.ROUTES,
    *links.ROUTES,
    *export.ROUTES,
]
