"""The local pages: the front page, and the outbox with every mail that went into its folder.

They open by a word, which stands in the address that `reminder console url` prints; it becomes a
cookie, and leaves the address.
"""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from reminder.domain.characters import as_address
from reminder.mail.transports.maildir import messages
from reminder.office.links import DOOR_WORD, opens_local_pages
from reminder.web.forms import get
from reminder.web.mail_view import MailView
from reminder.web.page import Page, page_number

_COOKIE = "door"
_A_YEAR = 365 * 24 * 3600
PAGE = 50
# No mail of ours has a longer head; the list reads no more of a message than this.
_HEAD = 65536
# Of a message itself, as much as anybody could want to read.
_MOST = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def local(page: Page) -> Response | None:
    """What is answered instead of a local page, if anything; the same for every page."""
    if entered := enter(page):
        return entered
    return None if has_opened(page) else page.render("closed.html", status=403)


def has_opened(page: Page) -> bool:
    """By the word alone: where a request comes from, and by which name, proves nothing."""
    return opens_local_pages(page.app, page.connection, page.cookie(_COOKIE))


def enter(page: Page) -> Response | None:
    """To the page that was asked for, without the word in its address."""
    query = page.request.query_params
    if page.request.method == "POST" or DOOR_WORD not in query:
        return None
    rest = urlencode([(name, value) for name, value in query.multi_items() if name != DOOR_WORD])
    path: str = page.request.scope["raw_path"].decode("ascii")
    answer = page.to(f"{path}?{rest}" if rest else path)
    word = as_address(query[DOOR_WORD])
    if opens_local_pages(page.app, page.connection, word):
        # Lax: the address may be opened from another page, a terminal in a browser's window.
        page.set_cookie(answer, _COOKIE, word, seconds=_A_YEAR, samesite="lax")
    return answer


def front(page: Page) -> Response:
    """To a stranger it says nothing: the links are for who has opened the local pages."""
    if entered := enter(page):
        return entered
    is_inside = has_opened(page)
    return page.render(
        "front.html",
        is_inside=is_inside,
        subscriptions=page.subscriptions() if is_inside else [],
        has_console=page.settings.web.console != "off",
    )


def _outbox(page: Page) -> Response:
    paths, number = messages(page.settings.outbox), page_number(page)
    mails = []
    pages = max(1, -(-len(paths) // PAGE))
    if number > pages:
        raise HTTPException(404)
    for path in paths[(number - 1) * PAGE : number * PAGE]:
        # A mail program may move a message between the listing and the look.
        with suppress(OSError):
            head = _read(path, _HEAD).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
            mails.append((path.name.partition(":")[0], MailView(head, page.table.plan.zone)))
    return page.render(
        "outbox.html",
        mails=mails,
        count=len(paths),
        page=number,
        pages=pages,
        subscriptions=page.subscriptions(),
    )


def _mail(page: Page) -> Response:
    return page.render("outbox_mail.html", name=page.part("name"), mail=_view(page))


def _text(page: Page) -> Response:
    text = _view(page).text
    if text is None:
        raise HTTPException(404)
    return PlainTextResponse(text)


def _view(page: Page) -> MailView:
    return MailView(_content(page), page.table.plan.zone)


def _content(page: Page) -> bytes:
    """Raises 404 for a name that is none, or that no message in the folder has."""
    folder, name = page.settings.outbox, page.part("name")
    if _NAME.fullmatch(name):
        # A mail program moves what was read to `cur` and adds `:2,` and flags.
        moved = (folder / "cur").glob(f"{name}:2,*")
        for path in (folder / "new" / name, folder / "cur" / name, *moved):
            with suppress(OSError):
                return _read(path, _MOST)
    raise HTTPException(404)


def _read(path: Path, most: int) -> bytes:
    """Of a file in the folder itself: no link out of it, no pipe that never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        return file.read(most)


ROUTES = [
    get("/outbox", _outbox, local),
    get("/outbox/{name}", _mail, local),
    get("/outbox/{name}/html", lambda page: _view(page).frame(), local),
    get("/outbox/{name}/text", _text, local),
    get("/outbox/{name}/source", lambda page: PlainTextResponse(_content(page)), local),
]
