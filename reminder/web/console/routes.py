"""Every address of the console."""

from starlette.routing import Route

ROUTES: list[Route] = []
