"""Who may open what: by signed links a unit's page and feeds, by their own word the local pages.

Links are made for single readers, rotated and revoked by the secretariat.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection

from reminder.calendar.entries import PLAN
from reminder.domain.characters import one_line
from reminder.errors import DeclinedError, LedgerError, UnknownError
from reminder.ledger import links
from reminder.ledger.access import DOOR_WORD, door_url, door_word, opens_door
from reminder.ledger.links import (
    FEED,
    HANDED_OUT,
    MADE,
    PAGE,
    READER,
    REVOKED,
    ROTATED,
    USED,
    LinkChange,
    LinkView,
    feed_of,
    link_changes,
    note_link,
    webcal_url,
)
from reminder.office.application import Application

__all__ = ["DOOR_WORD", "FEED", "HANDED_OUT", "PAGE", "PLAN", "LinkView", "feed_of", "webcal_url"]
log = logging.getLogger(__name__)
noting = Lock()
LABEL = 40  # characters
CONSOLE = "console"
MOST = 200  # links of one feed: more are nobody's readers


@dataclass(frozen=True)
class FeedLinks:
    """A feed with what leads to it; the whole plan has no page."""

    name: str
    page: LinkView | None
    feed: LinkView
    readers: tuple[LinkView, ...]


def all_links(app: Application, connection: Connection) -> list[FeedLinks]:
    """Of every feed, the whole plan's first."""
    existing = links.read_links(connection)
    readers: dict[str, list[LinkView]] = {}
    for (_, subject), link in existing.items():
        if READER in subject:
            readers.setdefault(feed_of(subject), []).append(link)
    return [
        FeedLinks(
            name,
            existing.get((PAGE, name), LinkView(PAGE, name)) if name != PLAN else None,
            existing.get((FEED, name), LinkView(FEED, name)),
            tuple(readers.get(name, ())),
        )
        for name in sorted(app.feeds.names(), key=lambda name: name != PLAN)
    ]


def find_link(app: Application, connection: Connection, purpose: str, subject: str) -> LinkView:
    """Raises `UnknownError` for what no unit has and nobody has made."""
    name, link = feed_of(subject), None
    has_page = subject == name != PLAN
    if app.feeds.has(name) and (purpose == FEED or (purpose == PAGE and has_page)):
        link = links.read_link(connection, purpose, subject)
    if link is None:
        hint = "`reminder feed list` lists them; a group has none, its members have."
        raise UnknownError(f"no {purpose} link {subject!r}", hint=hint)
    return link


def address(
    app: Application, connection: Connection, base: str, link: LinkView, *, handed_out: bool = False
) -> str:
    """Of a link that was revoked too, which then opens nothing."""
    token = links.link_token(connection, app.key, link.purpose, link.subject)
    if link.purpose == PAGE:
        return links.page_url(base, token, link.subject)
    return links.feed_url(base, token, link.subject, handed_out=handed_out)


def unit_address(
    app: Application, connection: Connection, base: str, purpose: str, unit: str
) -> str:
    """Of the unit's own page or feed; empty when its link was revoked."""
    link = links.read_link(connection, purpose, unit) or LinkView(purpose, unit)
    if link.revoked:
        return ""
    url = links.page_url if purpose == PAGE else links.feed_url
    return url(base, link.token(app.key), unit)


def offered_feeds(
    app: Application, connection: Connection, base: str, most: int
) -> Iterator[dict[str, str]]:
    """Each with its name (empty for the whole plan, which comes first), the address with short
    entries, which is the usual one, and that with whole windows: who sees them can open them."""
    names = sorted(app.feeds.names(), key=lambda name: name != PLAN)[:most]
    tokens = links.link_tokens(connection, app.key, FEED, names)
    for name in names:
        label = "" if name == PLAN else app.table.directory[name].name
        short = links.feed_url(base, tokens[name], name, handed_out=True)
        full = links.feed_url(base, tokens[name], name)
        yield {"name": label, "short": short, "webcal": webcal_url(short), "full": full}


def open_link(
    app: Application, connection: Connection, purpose: str, subject: str, token: str
) -> LinkView | None:
    """None for one that is forged, revoked or of an older generation, at the same cost."""
    return links.check_link(connection, app.key, purpose, subject, token)


def is_noted(link: LinkView, at: datetime) -> bool:
    """Whether it was used within the last day, and that is written down."""
    return link.last_use is not None and at - link.last_use < USED


def note_use(app: Application, purpose: str, subject: str) -> bool:
    """One at a time: a ledger that is being written must not keep every thread waiting."""
    if not noting.acquire(blocking=False):
        return False
    try:
        links.touch(app.database, purpose, subject, app.clock.now())
    except LedgerError as error:
        log.warning("the use of the %s %s was not noted: %s", purpose, subject, error)
        return False
    finally:
        noting.release()
    return True


def opens_local_pages(app: Application, connection: Connection, word: str) -> bool:
    return bool(word) and opens_door(connection, app.key, word)


def local_address(app: Application, base: str, path: str = "/") -> str:
    """Of a page that opens by a word in its address: for who may read the ledger, no one else."""
    with app.database.read() as connection:
        return door_url(base, door_word(connection, app.key), path)


def add_reader(app: Application, feed: str, label: str, by: str = CONSOLE) -> str:
    """Returns the link's subject, e.g. `deputies~1`."""
    if not app.feeds.has(feed):
        raise UnknownError(f"{feed!r} is no feed", hint="A group has none, its members have.")
    label = _labelled(label)
    with app.database.write() as connection:
        readers = [link for link in links.readers_of(connection, feed) if not link.revoked]
        if any(link.label == label for link in readers):
            raise DeclinedError(
                "label_taken", f"{feed} has a reader {label!r} already", label=label
            )
        if len(readers) >= MOST:
            raise DeclinedError("too_many_readers", f"{feed} has {MOST} readers already", most=MOST)
        at = app.clock.now()
        subject = links.add_reader(connection, feed, label, at)
        note_link(connection, FEED, subject, MADE, by, at)
        return subject


def rotate(app: Application, link: LinkView, by: str = CONSOLE, *, with_feed: bool = False) -> None:
    """The old address is dead within a second, on every replica.

    `with_feed`: with a page's link also the unit's feed, whose address stands on that page.
    Raises `DeclinedError` when somebody has rotated it since: a form sent twice does it once.
    """
    with app.database.write() as connection:
        if links.generation_of(connection, link.purpose, link.subject) != link.generation:
            raise DeclinedError("rotated_meanwhile", f"{link.subject} was rotated just now")
        _rotate(app, connection, link.purpose, link.subject, by)
        feed = links.read_link(connection, FEED, link.subject)
        if with_feed and link.purpose == PAGE and feed and not feed.revoked:
            _rotate(app, connection, FEED, link.subject, by)


def _rotate(app: Application, connection: Connection, purpose: str, subject: str, by: str) -> None:
    links.rotate(connection, purpose, subject)
    note_link(connection, purpose, subject, ROTATED, by, app.clock.now())


def revoke(app: Application, link: LinkView, by: str = CONSOLE) -> None:
    with app.database.write() as connection:
        links.revoke(connection, link.purpose, link.subject)
        note_link(connection, link.purpose, link.subject, REVOKED, by, app.clock.now())


def changes(connection: Connection, link: LinkView) -> list[LinkChange]:
    """The first one first."""
    return link_changes(connection, link.purpose, link.subject)


def _labelled(label: str) -> str:
    label = " ".join(label.split())
    if not label:
        raise DeclinedError("no_label", "the reader's label is empty")
    try:
        one_line(label)
    except ValueError as error:
        raise DeclinedError("unseen_in_label", f"the reader's label {error}") from None
    if len(label) > LABEL:
        raise DeclinedError(
            "label_too_long", f"the label has more than {LABEL} characters", most=LABEL
        )
    return label
