"""The secretariat's pages."""

from reminder.web.console import (
    access,
    account,
    approval,
    behalf,
    draft,
    export,
    ledger,
    links,
    meetings,
    people,
    tasks,
    turn,
)

_PAGES = (
    access, account, people, tasks, behalf, ledger, approval, meetings, draft, links, export, turn,
)  # fmt: skip
ROUTES = [route for page in _PAGES for route in page.ROUTES]
