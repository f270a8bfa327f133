"""Every address of the console."""

from starlette.routing import Route

from reminder.web.console import meetings

ROUTES: list[Route] = [*meetings.ROUTES]
