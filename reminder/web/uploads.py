"""Forms with a file in them (RFC 7578). Who may not send one is answered before it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.characters import UNSEEN
from reminder.web.forms import Access, Act, Again, Form, answer_form, refuse_foreign
from reminder.web.page import Page, Refused

LARGEST = 16 << 20  # bytes; a table has less than one of them, its pictures the rest
MOST = 500  # parts of a form
NAME = 100  # characters
_KIND = "multipart/form-data"


@dataclass(frozen=True)
class UploadedFile:
    """`name` is for people: no path, one line."""

    name: str
    content: bytes


@dataclass(frozen=True)
class UploadForm(Form):
    """`file` is the last that has a name or content."""

    file: UploadedFile = field(default_factory=lambda: UploadedFile("", b""))


def upload(path: str, act: Act, access: Access, again: Again | None) -> Route:
    """A form of ours that sends a file; else as `forms.post`. Its address ends with `/upload`: by
    that the server lets a body be long."""

    def before(request: Request) -> Response | None:
        with Page(request) as page:
            return access(page)

    async def endpoint(request: Request) -> Response:
        refuse_foreign(request)
        if outside := await run_sync(before, request):
            return outside
        try:
            form = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody hears
        return await run_sync(answer_form, request, form, act, access, again)

    return Route(path, endpoint, methods=["POST"])


async def _read(request: Request) -> UploadForm:
    said = Message()
    said["Content-Type"] = request.headers.get("content-type", "")
    boundary = said.get_boundary() or ""
    if said.get_content_type() != _KIND or not 0 < len(boundary) <= 70 or not boundary.isascii():
        raise HTTPException(415)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:12]) > LARGEST:
        raise Refused(413, "file_too_large", most=LARGEST >> 20)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise Refused(413, "file_too_large", most=LARGEST >> 20)
    return await run_sync(read_parts, bytes(body), boundary.encode())


def read_parts(body: bytes, boundary: bytes) -> UploadForm:
    """Raises 400 for what is no such form."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST + 1)
    if len(pieces) > MOST + 1 or not pieces[-1].startswith(b"--"):
        raise HTTPException(400)
    values: dict[str, str] = {}
    file = UploadedFile("", b"")
    for piece in pieces[1:-1]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        if not blank or len(head) > 4096:
            raise HTTPException(400)
        said = _disposition(head)
        if "filename" not in said:
            text = content.decode("utf-8", "replace").replace("\0", " ")
            values[said.get("name", "")] = text
        elif said["filename"] or content:
            file = UploadedFile(plain_file_name(said["filename"]), content)
    return UploadForm(values, file)


def _disposition(head: bytes) -> Mapping[str, str]:
    """Browsers write names in UTF-8 as they are, and %22 for a quotation mark."""
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    text = next((said for name, _, said in lines if name.lower() == "content-disposition"), "")
    return {
        name.lower(): quoted.replace("%22", '"')
        for name, quoted in re.findall(r';\s*(\w{1,20})="([^"]*)"', text)
    }


def plain_file_name(name: str) -> str:
    """Without the folders before it."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return " ".join(UNSEEN.sub(" ", last).split())[-NAME:]
