"""What every page needs: the plan in force, the ledger, the templates, who is asking."""

from dataclasses import dataclass
from typing import cast

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from reminder.calendar.feeds import Feeds
from reminder.clock import Clock
from reminder.documents.settings import Settings
from reminder.domain.outcomes import REASONS
from reminder.domain.timetable import Timetable
from reminder.ledger.access import InstallationKey
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold, read_hold
from reminder.office.application import Application
from reminder.web.feed_cache import FeedCache

OFFERED = 200  # feeds on one page; the console finds the others by name


@dataclass(frozen=True)
class Site:
    app: Application
    templates: Environment
    feed_cache: FeedCache

    @property
    def settings(self) -> Settings:
        return self.app.settings

    @property
    def table(self) -> Timetable:
        """The plan in force, whenever a request needs it."""
        return self.app.table

    @property
    def database(self) -> Database:
        return self.app.database

    @property
    def key(self) -> InstallationKey:
        return self.app.key

    @property
    def clock(self) -> Clock:
        return self.app.clock

    @property
    def feeds(self) -> Feeds:
        return self.app.feeds

    @property
    def has_outbox(self) -> bool:
        return self.settings.transport == "maildir"

    def read_hold(self) -> Hold | None:
        """Why no mail goes at present."""
        with self.database.read() as connection:
            return read_hold(connection, self.app.settings.stream)

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        plan = self.table.plan
        shared = {
            "plan": plan,
            "root": self.settings.web.root,
            "has_outbox": self.has_outbox,
            "rehearsal": bool(self.settings.mail.redirect_to),
            "approval": self.settings.mail.approval,
            "offered": OFFERED,
            "read_hold": self.read_hold,
            "hold_reasons": REASONS,
            "said": "",
            "refused": "",
        }
        html = self.templates.get_template(f"web/{template}").render(shared | values)
        return HTMLResponse(html, status)

    def to(self, path: str) -> RedirectResponse:
        """To a page of ours, after a form or in its stead."""
        return RedirectResponse(self.outside(path), 303)

    def outside(self, path: str) -> str:
        """A page's path as browsers ask for it, below that of `web.base_url`."""
        return self.settings.web.root + path

    def inside(self, path: str) -> str:
        """The other way: as the application knows it."""
        return path.removeprefix(self.settings.web.root)

    def base(self, request: Request) -> str:
        """The site's address: as set, else as the reader has reached it."""
        return self.settings.web.base_url or str(request.base_url).rstrip("/")


def site_of(request: Request) -> Site:
    return cast(Site, request.app.state.site)


def page_number(request: Request) -> int:
    """Raises 404 for what is no number of a page."""
    number = request.query_params.get("page", "1")
    if not (number.isascii() and number.isdecimal() and 0 < len(number) < 5 and int(number)):
        raise HTTPException(404)
    return int(number)
