"""Who may open what: by signed links a unit's page and feeds, by their own word the local pages.

Links are made for single readers, rotated and revoked by the secretariat.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from sqlalchemy import Connection

from reminder.calendar.entries import PLAN
from reminder.domain.characters import one_line
from reminder.errors import DeclinedError, LedgerError, UnknownError
from reminder.events import Event
from reminder.ledger import access
from reminder.ledger.access import (
    FEED,
    PAGE,
    InstallationKey,
    LinkView,
    feed_of,
    is_same,
    link_changes,
)
from reminder.ledger.rows import put_setting, read_setting
from reminder.office.application import Application

__all__ = ["FEED", "PAGE", "PLAN", "LinkView", "feed_of", "link_changes"]
log = logging.getLogger(__name__)
noting = Lock()
LABEL = 40  # characters
CONSOLE = "console"
MOST = 200  # links of one feed: more are nobody's readers
DOOR_WORD = "token"  # the local pages' word, as an address names it
_DOOR = "door"  # the word's generation
_METRICS = "metrics", "scrape"  # purpose and subject of the only such link


@dataclass(frozen=True)
class FeedLinks:
    """A feed with what leads to it; the whole plan has no page."""

    name: str
    page: LinkView | None
    feed: LinkView
    readers: tuple[LinkView, ...]


def links_of(app: Application, connection: Connection, names: Sequence[str]) -> list[FeedLinks]:
    """Of these feeds."""
    readers = defaultdict[str, list[LinkView]](list)
    plans = app.feeds.plans()
    pages, feeds = (access.read_links(connection, purpose, names) for purpose in (PAGE, FEED))
    for link in access.read_readers(connection):
        readers[feed_of(link.subject)].append(link)
    return [
        FeedLinks(name, None if name in plans else pages[name], feeds[name], tuple(readers[name]))
        for name in names
    ]


def find_link(app: Application, connection: Connection, purpose: str, subject: str) -> LinkView:
    """Raises `UnknownError` for what no unit has and nobody has made."""
    name = feed_of(subject)
    may_be = purpose == FEED or (purpose == PAGE and subject == name not in app.feeds.plans())
    link = access.read_link(connection, purpose, subject)
    if link is None or not (may_be and app.feeds.has(name)):
        raise UnknownError.because("no_link", purpose=purpose, name=subject)
    return link


def unit_address(
    app: Application, connection: Connection, base: str, purpose: str, unit: str
) -> str:
    """Of the unit's own page or feed; empty when its link was revoked."""
    link = access.read_links(connection, purpose, [unit])[unit]
    return "" if link.revoked else link.address(base, app.key)


def offered_feeds(
    app: Application, connection: Connection, base: str, most: int
) -> Iterator[dict[str, str]]:
    """Each with its name (empty for the whole plan, which comes first), the address with short
    entries, which is the usual one, and that with whole windows: who sees them can open them."""
    names = app.feeds.names()[:most]
    for name, link in access.read_links(connection, FEED, names).items():
        label = "" if name == PLAN else feed_label(app, name)
        yield {"name": label} | addresses(app, base, link)


def feed_label(app: Application, name: str) -> str:
    """The unit's, or the plan's of a whole plan."""
    plan = app.feeds.plans().get(name)
    return app.about(plan).table.plan.name if plan else app.table.directory[name].name


def addresses(app: Application, base: str, link: LinkView) -> dict[str, str]:
    """As it is handed out, as calendar programs take that up by a click, and in full."""
    short = link.address(base, app.key, handed_out=True)
    return {"short": short, "webcal": webcal_url(short), "full": link.address(base, app.key)}


def webcal_url(url: str) -> str:
    return f"webcal:{url.partition(':')[2]}"


def open_link(
    connection: Connection, key: InstallationKey, purpose: str, subject: str, token: str
) -> LinkView | None:
    """None when forged, revoked, never made or of an older generation, at the same cost for any
    subject."""
    link = access.read_link(connection, purpose, subject)
    wanted = (link or LinkView(purpose, subject)).token(key)
    return link if is_same(wanted, token) and link and not link.revoked else None


def note_use(app: Application, link: LinkView) -> bool:
    """Once a day; readers poll far oftener. Says whether it is written down.

    One at a time: a ledger that is being written must not keep every thread waiting.
    """
    at = app.clock.now()
    if link.last_use and at - link.last_use < timedelta(days=1):
        return True
    if not noting.acquire(blocking=False):
        return False
    try:
        with app.database.write() as connection:
            access.put_link(connection, link.purpose, link.subject, last_use=at)
    except LedgerError as error:
        words = "the use of the %s %s was not noted: %s"
        log.warning(words, link.purpose, link.subject, error, extra=Event.LINK_UNNOTED.of())
        return False
    finally:
        noting.release()
    return True


def add_reader(
    app: Application, feed: str, label: str, by: str = CONSOLE, who: str = ""
) -> LinkView:
    if not app.feeds.has(feed):
        raise UnknownError.because("no_feed", name=feed)
    label = " ".join(label.split())
    if not label:
        raise DeclinedError("no_label", "the reader's label is empty")
    try:
        one_line(label)
    except ValueError as error:
        raise DeclinedError("unseen_in_label", f"the reader's label {error}") from None
    if len(label) > LABEL:
        message = f"the label has more than {LABEL} characters"
        raise DeclinedError("label_too_long", message, most=LABEL)
    with app.database.write(who) as connection:
        readers = [link for link in access.read_readers(connection, feed) if not link.revoked]
        if any(link.label == label for link in readers):
            message = f"{feed} has a reader {label!r} already"
            raise DeclinedError("label_taken", message, label=label)
        if len(readers) >= MOST:
            raise DeclinedError("too_many_readers", f"{feed} has {MOST} readers already", most=MOST)
        return access.add_reader(connection, feed, label, by, app.clock.now())


def rotate(
    app: Application, link: LinkView, by: str = CONSOLE, who: str = "", *, with_feed: bool = False
) -> LinkView:
    """The old address is dead within a second, on every replica. Returns the new link.

    `with_feed`: with a page's link also the unit's feed, whose address stands on that page.
    Raises `DeclinedError` when somebody has rotated it since: a form sent twice does it once.
    """
    at = app.clock.now()
    with app.database.write(who) as connection:
        present = access.read_link(connection, link.purpose, link.subject) or link
        if present.generation != link.generation:
            raise DeclinedError("rotated_meanwhile", f"{link.subject} was rotated just now")
        new = access.rotate(connection, present, by, at)
        feed = access.read_link(connection, FEED, link.subject)
        if with_feed and link.purpose == PAGE and feed and not feed.revoked:
            access.rotate(connection, feed, by, at)
        return new


def revoke(app: Application, link: LinkView, by: str = CONSOLE, who: str = "") -> None:
    with app.database.write(who) as connection:
        access.revoke(connection, link, by, app.clock.now())


# The local pages


def door_word(connection: Connection, key: InstallationKey) -> str:
    """The same on every replica and after every start, until the lock is changed."""
    return key.derive("door", read_setting(connection, _DOOR) or "1")


def opens_local_pages(app: Application, connection: Connection, word: str) -> bool:
    return bool(word) and is_same(door_word(connection, app.key), word)


def local_address(app: Application, base: str, path: str = "/") -> str:
    """Of a page that opens by a word in its address, once and for that browser: for who may read
    the ledger, no one else."""
    with app.database.read() as connection:
        return f"{base}{path}?{DOOR_WORD}={door_word(connection, app.key)}"


def ticket_address(app: Application, base: str, word: str) -> str:
    """Of the page on which a password is chosen; where the console opens by the local pages' word
    alone, the address has that too."""
    path = f"/console/ticket/{word}"
    is_open = app.settings.web.console == "anywhere"
    return f"{base}{path}" if is_open else local_address(app, base, path)


def change_lock(connection: Connection) -> None:
    """Every address and every browser that opened the local pages opens them no more."""
    put_setting(connection, _DOOR, str(int(read_setting(connection, _DOOR) or "1") + 1))


# For monitoring


def metrics_token(app: Application, *, anew: bool = False, who: str = "") -> str:
    """By which its page of numbers opens; `anew` makes the old one void."""
    with app.database.read() as connection:
        link = access.read_links(connection, _METRICS[0], _METRICS[1:])[_METRICS[1]]
    if anew:
        link = rotate(app, link, "command line", who)
    return link.token(app.key)


def opens_metrics(app: Application, connection: Connection, token: str) -> bool:
    return open_link(connection, app.key, *_METRICS, token) is not None
