"""For views that are not given a `Page` yet."""

from starlette.requests import Request
from starlette.responses import Response

from reminder.web import access
from reminder.web.page import Page


def has_opened(request: Request) -> bool:
    with Page(request) as page:
        return access.has_opened(page)


def at_the_door(request: Request) -> Response | None:
    with Page(request) as page:
        return access.local(page)


def enter(request: Request) -> Response | None:
    with Page(request) as page:
        return access.enter(page)
