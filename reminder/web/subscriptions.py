"""What a unit's page offers for its calendar: addresses, a QR code, other calendars' own doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import segno
from markupsafe import Markup

from reminder.calendar.query import View
from reminder.ledger.links import HANDED_OUT, webcal_url

_VIEWS = {
    View.DUE: ("单日条目", "每项一天，标题如“4月内·…”，推荐"),
    View.WINDOW: ("完整时段", "每项一条横条，标题为全文"),
    View.TODO: ("待办", "供 Thunderbird 等支持待办的程序"),
}


@dataclass(frozen=True)
class Address:
    url: str

    @property
    def webcal(self) -> str:
        return webcal_url(self.url)


@dataclass(frozen=True)
class Offer:
    """One of the feed's views; `alarmed` reminds three days before, of what the unit leads."""

    name: str
    words: str
    plain: Address
    alarmed: Address


@dataclass(frozen=True)
class Calendar:
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
    def usual(self) -> Address:
        return Address(f"{self.feed}?{HANDED_OUT}")

    @property
    def offers(self) -> Iterator[Offer]:
        for view, (name, words) in _VIEWS.items():
            address = f"{self.feed}?view={view}&year-round=0"
            yield Offer(name, words, Address(address), Address(f"{address}&alarms=3d"))

    @property
    def doors(self) -> dict[str, str]:
        """Neither Microsoft nor Google documents them; both have opened them for years."""
        named = f"url={quote(self.usual.url, safe='')}&name={quote(self.name, safe='')}"
        google = quote(self.usual.webcal, safe="")
        return {
            "Outlook 网页版（单位帐户）": f"https://outlook.office.com/calendar/0/addfromweb?{named}",
            "Outlook.com（个人帐户）": f"https://outlook.live.com/calendar/0/addfromweb?{named}",
            "Google 日历": f"https://calendar.google.com/calendar/r?cid={google}",
        }

    @property
    def code(self) -> Markup:
        """Of the page, not of the feed: WeChat opens neither a calendar nor its address."""
        return _squares(self.page)


@lru_cache(maxsize=256)
def _squares(address: str) -> Markup:
    """Drawn once: it takes as long as the rest of the page."""
    drawn = segno.make(address, error="m", micro=False)
    title = "本页地址的二维码"
    return Markup(
        drawn.svg_inline(
            scale=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, title=title
        )
    )
