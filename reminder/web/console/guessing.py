"""Who may guess at the password: how often, and how many at once."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_urlsafe
from threading import BoundedSemaphore

from starlette.requests import Request
from starlette.responses import Response

from reminder.office import login
from reminder.web.cookies import cookie, set_cookie
from reminder.web.door import has_opened
from reminder.web.site import site_of

_KNOWN = "known"  # the cookie of a browser that has logged in
_A_YEAR = 365 * 24 * 3600
# 64 MiB and both cores: one hash at a time, and not by a thread that makes pages.
_hashing = ThreadPoolExecutor(1, thread_name_prefix="hashing")
# How many may wait for it; strangers keep nobody out who was in.
_strangers, _others = BoundedSemaphore(2), BoundedSemaphore(8)


@dataclass(frozen=True)
class Guesser:
    """`sources` are what its mistakes count for; `name` is of a browser that has logged in."""

    sources: tuple[str, ...]
    name: str = ""
    is_stranger: bool = False


def guesser(request: Request, hashed: str) -> Guesser:
    """A browser that was in waits for its own mistakes alone: behind a proxy all ask from one
    address, and who guesses there must not keep the secretariat out. Browsers that an earlier
    password knew share one allowance, and so do those that came by the door."""
    name, is_current = _known_as(request, hashed)
    if name:
        source = f"known/{name}" if is_current else "known"
        return Guesser((source,), name if is_current else "")
    if has_opened(request):
        return Guesser(("door",))
    address = login.source_of(request.client.host if request.client else "")
    return Guesser((address, login.STRANGERS), is_stranger=True)


@contextmanager
def room(who: Guesser) -> Iterator[bool]:
    """False when too many wait for a hash already."""
    places = _strangers if who.is_stranger else _others
    has_room = places.acquire(blocking=False)
    try:
        yield has_room
    finally:
        if has_room:
            places.release()


async def checked(hashed: str, word: str) -> str:
    """The hash to keep when the password fits, else nothing."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _checked, hashed, word)


def _checked(hashed: str, word: str) -> str:
    if not login.fits(hashed, word):
        return ""
    return login.hash_of(word) if login.is_outdated(hashed) else hashed


def make_known(request: Request, response: Response, who: Guesser, hashed: str, path: str) -> None:
    name = who.name or token_urlsafe(12)
    value = f"{name}.{_mark(request, hashed)}.{_proof(request, name, _mark(request, hashed))}"
    set_cookie(request, response, _KNOWN, value, seconds=_A_YEAR, path=path)


def _known_as(request: Request, hashed: str) -> tuple[str, bool]:
    """The browser's name, and whether it has logged in by the present password."""
    name, _, rest = cookie(request, _KNOWN).partition(".")
    mark, _, proof = rest.partition(".")
    if not compare_digest(proof.encode(), _proof(request, name, mark).encode()):
        return "", False
    return name, mark == _mark(request, hashed)


def _mark(request: Request, hashed: str) -> str:
    return site_of(request).key.derive("password", hashed, 8)


def _proof(request: Request, name: str, mark: str) -> str:
    return site_of(request).key.derive(_KNOWN, f"{name}\0{mark}")
