"""Every address of the console."""

from starlette.routing import Route

from reminder.web.console import links, meetings

ROUTES: list[Route] = [*links.ROUTES, *meetings.ROUTES]
