"""The secretariat's pages."""

from reminder.web.console import (
    access,
    account,
    behalf,
    draft,
    export,
    ledger,
    links,
    meetings,
    outgoing,
    people,
    tasks,
    turn,
)

_PAGES = (
    access, account, people, tasks, behalf, outgoing, ledger, meetings, draft, links, export, turn,
)  # fmt: skip
ROUTES = [route for page in _PAGES for route in page.ROUTES]
