"""Who may open what: a signed link its unit's page or feed, the local pages' word these."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection

from reminder.calendar.entries import PLAN
from reminder.errors import LedgerError
from reminder.ledger.access import DOOR_WORD as DOOR_WORD
from reminder.ledger.access import opens_door
from reminder.ledger.links import FEED as FEED
from reminder.ledger.links import HANDED_OUT as HANDED_OUT
from reminder.ledger.links import PAGE as PAGE
from reminder.ledger.links import (
    USED,
    LinkView,
    check_link,
    feed_token,
    feed_url,
    read_link,
    touch,
)
from reminder.ledger.links import feed_of as feed_of
from reminder.ledger.links import webcal_url as webcal_url
from reminder.office.application import Application

log = logging.getLogger(__name__)
noting = Lock()


@dataclass(frozen=True)
class OpenLink:
    """`is_noted` says that it was used within the last day, and that this is written down."""

    purpose: str
    subject: str
    generation: int
    is_noted: bool


@dataclass(frozen=True)
class FeedAddress:
    """A feed as it is offered: short entries by default, whole windows for who wants them.

    `name` is the unit's, empty for the whole plan.
    """

    name: str
    short: str
    full: str

    @property
    def webcal(self) -> str:
        return webcal_url(self.short)


def open_link(
    connection: Connection, app: Application, purpose: str, subject: str, token: str, at: datetime
) -> OpenLink | None:
    """None for one that is forged, revoked or of an older generation, at the same cost."""
    is_good = check_link(connection, app.key, purpose, subject, token)
    link = read_link(connection, purpose, subject) or LinkView(purpose, subject)
    is_noted = link.last_use is not None and at - link.last_use < USED
    return OpenLink(purpose, subject, link.generation, is_noted) if is_good else None


def note_use(app: Application, purpose: str, subject: str) -> bool:
    """One at a time: a ledger that is being written must not keep every thread waiting."""
    if not noting.acquire(blocking=False):
        return False
    try:
        touch(app.database, purpose, subject, app.clock.now())
    except LedgerError as error:
        log.warning("the use of the %s %s was not noted: %s", purpose, subject, error)
        return False
    finally:
        noting.release()
    return True


def opens_local_pages(connection: Connection, app: Application, word: str) -> bool:
    return bool(word) and opens_door(connection, app.key, word)


def offered_feeds(
    connection: Connection, app: Application, base: str, most: int
) -> Iterator[FeedAddress]:
    """Of the first feeds, the whole plan's before them. Whoever sees them can open them all."""
    names = sorted(app.feeds.names(), key=lambda name: name != PLAN)[:most]
    for name in names:
        token = feed_token(connection, app.key, name)
        label = "" if name == PLAN else app.table.directory[name].name
        short = feed_url(base, token, name, handed_out=True)
        yield FeedAddress(label, short, feed_url(base, token, name))


def feed_address(connection: Connection, app: Application, base: str, unit: str) -> str:
    """Of the unit's own feed, without a query; empty when its link was withdrawn."""
    link = read_link(connection, FEED, unit)
    if link and link.revoked:
        return ""
    return feed_url(base, feed_token(connection, app.key, unit), unit)
