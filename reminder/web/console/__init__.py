"""The secretariat's pages."""

from reminder.web.console import (
    access,
    account,
    behalf,
    draft,
    export,
    ledger,
    letters,
    liaisons,
    links,
    meetings,
    oidc,
    outgoing,
    people,
    plan,
    plan_forms,
    readers,
    tasks,
    turn,
    unit_forms,
    upload,
    versions,
    workdays,
)

_PAGES = (
    access, oidc, account, people, tasks, behalf, outgoing, ledger, meetings, plan, plan_forms,
    draft, links, export, turn, workdays, versions, unit_forms, upload,
    liaisons, letters, readers,
)  # fmt: skip
ROUTES = [route for page in _PAGES for route in page.ROUTES]
