"""What a unit's page offers for its calendar: addresses, a QR code, other calendars' own doors."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import segno
from markupsafe import Markup

from reminder.calendar.query import View
from reminder.office.links import HANDED_OUT, webcal_url


@dataclass(frozen=True)
class UnitCalendar:
    """`feed` is the bare address of the unit's feed, `page` that of its page.

    `public` says whether other people's servers may be able to read it, `foreign` whether the
    office wants them to.
    """

    name: str
    feed: str
    page: str
    public: bool
    foreign: bool

    @property
    def usual(self) -> str:
        return f"{self.feed}?{HANDED_OUT}"

    @property
    def views(self) -> dict[str, str]:
        """The address of each; with `&alarms=3d` it reminds three days before."""
        views = (View.DUE, View.WINDOW, View.TODO)
        return {view: f"{self.feed}?view={view}&year-round=0" for view in views}

    @property
    def doors(self) -> dict[str, str]:
        """Neither Microsoft nor Google documents them; both have opened them for years."""
        named = f"url={quote(self.usual, safe='')}&name={quote(self.name, safe='')}"
        google = quote(self.webcal(self.usual), safe="")
        return {
            "office": f"https://outlook.office.com/calendar/0/addfromweb?{named}",
            "outlook": f"https://outlook.live.com/calendar/0/addfromweb?{named}",
            "google": f"https://calendar.google.com/calendar/r?cid={google}",
        }

    def webcal(self, address: str) -> str:
        return webcal_url(address)

    def code(self, title: str) -> Markup:
        """Of the page, not of the feed: WeChat opens neither a calendar nor its address."""
        return _squares(self.page, title)


@lru_cache(maxsize=256)
def _squares(address: str, title: str) -> Markup:
    """Drawn once: it takes as long as the rest of the page."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(
        drawn.svg_inline(
            scale=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, title=title
        )
    )
