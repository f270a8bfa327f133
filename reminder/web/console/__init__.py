"""The secretariat's pages."""

from reminder.web.console import (
    access,
    approval,
    behalf,
    export,
    ledger,
    links,
    meetings,
    tasks,
    turn,
)

_PAGES = (access, tasks, behalf, ledger, approval, meetings, links, export, turn)
ROUTES = [route for page in _PAGES for route in page.ROUTES]
