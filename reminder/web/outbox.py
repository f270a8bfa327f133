"""The outbox: every mail that went into the folder. Its pages open by the local pages' word."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from reminder.mail.transports.maildir import messages
from reminder.web.access import local
from reminder.web.forms import get
from reminder.web.mail_view import MailView
from reminder.web.page import Page

PAGE = 50
# No mail of ours has a longer head; the list reads no more of a message than this.
_HEAD = 65536
# Of a message itself, as much as anybody could want to read.
_MOST = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def _outbox(page: Page) -> Response:
    paths = messages(page.settings.outbox)
    number = _page_number(page)
    pages = max(1, -(-len(paths) // PAGE))
    if number > pages:
        raise HTTPException(404)
    return page.render(
        "outbox.html",
        mails=list(_listed(page, paths[(number - 1) * PAGE : number * PAGE])),
        count=len(paths),
        page=number,
        pages=pages,
        subscriptions=page.subscriptions(),
    )


def _mail(page: Page) -> Response:
    return page.render("outbox_mail.html", name=page.part("name"), mail=_view(page))


def _html(page: Page) -> Response:
    return _view(page).frame()


def _text(page: Page) -> Response:
    text = _view(page).text
    if text is None:
        raise HTTPException(404)
    return PlainTextResponse(text)


def _source(page: Page) -> Response:
    """The stored bytes, to the last one."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Response(_content(page), headers=headers)


def _page_number(page: Page) -> int:
    match page.request.query_params.multi_items():
        case []:
            return 1
        case [("page", number)] if re.fullmatch(r"[1-9][0-9]{0,5}", number):
            return int(number)
    raise HTTPException(400)


def _listed(page: Page, paths: list[Path]) -> Iterator[tuple[str, MailView]]:
    """Names and heads."""
    for path in paths:
        # A mail program may move a message between the listing and the look.
        with suppress(OSError):
            head = _read(path, _HEAD).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
            yield path.name.partition(":")[0], MailView(head, page.table.plan.zone)


def _view(page: Page) -> MailView:
    return MailView(_content(page), page.table.plan.zone)


def _content(page: Page) -> bytes:
    """Raises 404 for a name that is none, or that no message in the folder has."""
    folder, name = page.settings.outbox, page.part("name")
    if _NAME.fullmatch(name):
        for path in _places(folder, name):
            with suppress(OSError):
                return _read(path, _MOST)
    raise HTTPException(404)


def _places(folder: Path, name: str) -> Iterator[Path]:
    """A mail program moves what was read to `cur` and adds `:2,` and flags."""
    yield folder / "new" / name
    yield folder / "cur" / name
    yield from (folder / "cur").glob(f"{name}:2,*")


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
    get("/outbox/{name}/html", _html, local),
    get("/outbox/{name}/text", _text, local),
    get("/outbox/{name}/source", _source, local),
]
