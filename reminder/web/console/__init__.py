"""The secretariat's pages."""

from reminder.web.console import access, approval, export, ledger, links, meetings, tasks

_PAGES = (access, tasks, ledger, approval, meetings, links, export)
ROUTES = [route for page in _PAGES for route in page.ROUTES]
