"""Signed links of units and of single readers: made, rotated, revoked by the secretariat."""

from sqlalchemy import Connection

from reminder.calendar.entries import PLAN
from reminder.domain.characters import one_line
from reminder.errors import UnknownError, UsageError
from reminder.ledger import links
from reminder.ledger.access import door_url, door_word
from reminder.ledger.links import (
    FEED,
    MADE,
    PAGE,
    READER,
    REVOKED,
    ROTATED,
    LinkChange,
    LinkView,
    link_changes,
    note_link,
)
from reminder.office.application import Application

LABEL = 40  # characters
CONSOLE = "console"
MOST = 200  # links of one feed: more are nobody's readers


class LinkError(UsageError):
    """What somebody wanted of a link is not done; `words` say it on a page."""

    def __init__(self, message: str, words: str) -> None:
        super().__init__(message)
        self.words = words


def find_link(app: Application, purpose: str, subject: str) -> LinkView:
    """Raises `UnknownError` for what no unit has and nobody has made."""
    name = links.feed_of(subject)
    found = None
    if app.feeds.has(name) and (purpose == FEED or (subject == name != PLAN)):
        with app.database.read() as connection:
            found = links.read_link(connection, purpose, subject)
    if found is None:
        hint = "`reminder feed list` lists them; a group has none, its members have."
        raise UnknownError(f"no {purpose} link {subject!r}", hint=hint)
    return found


def address(app: Application, base: str, found: LinkView, *, handed_out: bool = False) -> str:
    """Of a link that was revoked too, which then opens nothing."""
    with app.database.read() as connection:
        token = links.link_token(connection, app.key, found.purpose, found.subject)
    if found.purpose == PAGE:
        return links.page_url(base, token, found.subject)
    return links.feed_url(base, token, found.subject, handed_out=handed_out)


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
        readers = [found for found in links.readers_of(connection, feed) if not found.revoked]
        if any(found.label == label for found in readers):
            raise LinkError(f"{feed} has a reader {label!r} already", f"“{label}”已有专用链接")
        if len(readers) >= MOST:
            raise LinkError(f"{feed} has {MOST} readers already", f"专用链接最多{MOST}个")
        at = app.clock.now()
        subject = links.add_reader(connection, feed, label, at)
        note_link(connection, FEED, subject, MADE, by, at)
        return subject


def rotate(
    app: Application, found: LinkView, by: str = CONSOLE, *, with_feed: bool = False
) -> None:
    """The old address is dead within a second, on every replica.

    `with_feed`: with a page's link also the unit's feed, whose address stands on that page.
    Raises `LinkError` when somebody has rotated it since: a form sent twice does it once.
    """
    with app.database.write() as connection:
        if links.generation_of(connection, found.purpose, found.subject) != found.generation:
            words = "这个链接刚刚换过地址，请核对后再操作"
            raise LinkError(f"{found.subject} was rotated just now", words)
        _rotate(app, connection, found.purpose, found.subject, by)
        feed = links.read_link(connection, FEED, found.subject)
        if with_feed and found.purpose == PAGE and feed and not feed.revoked:
            _rotate(app, connection, FEED, found.subject, by)


def _rotate(app: Application, connection: Connection, purpose: str, subject: str, by: str) -> None:
    links.rotate(connection, purpose, subject)
    note_link(connection, purpose, subject, ROTATED, by, app.clock.now())


def revoke(app: Application, found: LinkView, by: str = CONSOLE) -> None:
    with app.database.write() as connection:
        links.revoke(connection, found.purpose, found.subject)
        note_link(connection, found.purpose, found.subject, REVOKED, by, app.clock.now())


def changes(app: Application, found: LinkView) -> list[LinkChange]:
    with app.database.read() as connection:
        return link_changes(connection, found.purpose, found.subject)


def all_links(app: Application) -> list[LinkView]:
    """Of every feed, the whole plan's first: its own, its readers', the unit's page."""
    with app.database.read() as connection:
        known = links.read_links(connection)
    readers: dict[str, list[LinkView]] = {}
    for (_, subject), found in known.items():
        if READER in subject:
            readers.setdefault(links.feed_of(subject), []).append(found)
    rows = []
    for name in sorted(app.feeds.names(), key=lambda name: name != PLAN):
        rows.append(known.get((FEED, name), LinkView(FEED, name)))
        rows += readers.get(name, [])
        if name != PLAN:
            rows.append(known.get((PAGE, name), LinkView(PAGE, name)))
    return rows


def _labelled(label: str) -> str:
    label = " ".join(label.split())
    if not label:
        raise LinkError("the reader's label is empty", "请填写使用人")
    try:
        one_line(label)
    except ValueError as error:
        raise LinkError(f"the reader's label {error}", "使用人含有不可见字符") from None
    if len(label) > LABEL:
        raise LinkError(f"the label has more than {LABEL} characters", f"使用人最多{LABEL}字")
    return label
