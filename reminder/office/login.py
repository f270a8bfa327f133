"""The console's log-in: its password, who may guess at it and how often, and sessions.

Whoever has guessed wrong waits, longer each time. An attempt counts for where it came from, and
for all strangers together, since one of them may have many addresses.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from secrets import token_urlsafe
from threading import BoundedSemaphore, Lock
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from reminder.errors import DeclinedError, UsageError
from reminder.ledger import access
from reminder.ledger.access import InstallationKey
from reminder.ledger.database import Database
from reminder.ledger.schema import put_setting, read_setting
from reminder.office.application import Application
from reminder.office.links import change_lock

SHORTEST, LONGEST = 10, 200  # characters of a password
_JUDGED = 72  # of them: more would take zxcvbn long
GUESSES = 1e9  # so many at least, by zxcvbn's estimate
# Beside its lists, which are of the English-speaking world and of passwords that were leaked.
_HABITS = (
    "reminder", "console", "admin", "secretary", "office", "mima", "nihao", "woaini", "wodeai",
    "zhongguo", "beijing", "ningxia", "renda", "daibiao", "gongwei", "bangongshi", "mishu",
    "1314", "520", "5201314", "我爱你", "你好", "密码", "中国", "人大", "代表", "办公室", "管理员",
)  # fmt: skip
IDLE_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)

FREE, FREE_TO_STRANGERS = 5, 20  # wrong guesses
STRANGERS = "strangers"  # all of them together
LONGEST_WAIT = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)

_PASSWORD = "console-password"
_HASHER = PasswordHasher()  # RFC 9106, 4: its second choice, 64 MiB
_hashing = Lock()  # 64 MiB and both cores: one hash at a time
# How many of the threads that make pages may wait for it; strangers keep nobody out who was in.
_strangers, _others = BoundedSemaphore(1), BoundedSemaphore(2)


def refuse_weak(password: str, names: Sequence[str]) -> None:
    """Raises `UsageError`; `names` are the office's own words, which anybody would try first."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"a password of {len(password)} characters, wanted {SHORTEST} to {LONGEST}",
            hint="A sentence of several words is easy to keep and hard to guess.",
        )
    if not password.isprintable():
        raise UsageError("the password has characters that cannot be typed, wanted plain text")
    from zxcvbn import zxcvbn  # its lists are a megabyte: for who sets a password

    if zxcvbn(password[:_JUDGED], user_inputs=[*_HABITS, *names])["guesses"] < GUESSES:
        raise UsageError(
            "the password is one of the first that anybody would try",
            hint="Wanted no common password, row of keys, date or name of the office: four words "
            "that have nothing to do with each other are easy to keep and hard to guess.",
        )


def set_password(app: Application, password: str) -> None:
    """Everybody is logged out; attempts at the old one count no more."""
    hashed = hash_of(password)
    with app.database.write() as connection:
        keep_password(connection, hashed)
        access.forget_attempts(connection)
        access.end_all_sessions(connection)


def log_all_out(app: Application) -> int:
    """Every session ends, and the local pages open by a new address. How many sessions ended."""
    with app.database.write() as connection:
        change_lock(connection)
        return access.end_all_sessions(connection)


def keep_password(connection: Connection, hashed: str) -> None:
    put_setting(connection, _PASSWORD, hashed)


def password_hash(connection: Connection) -> str:
    """Empty until a password is set."""
    return read_setting(connection, _PASSWORD) or ""


def hash_of(password: str) -> str:
    """Takes some hundredths of a second: outside of a transaction."""
    return _HASHER.hash(_spelt(password))


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_of`, whatever the answer."""
    with _hashing:
        try:
            return _HASHER.verify(hashed, _spelt(password))
        except (VerificationError, InvalidHashError):
            return False


def _spelt(password: str) -> bytes:
    """Keyboards and systems write one character in several ways."""
    return normalize("NFC", password).encode("utf-8", "replace")


@dataclass(frozen=True)
class Guesser:
    """`sources` are what its mistakes count for; `name` is of a browser that has logged in."""

    sources: tuple[str, ...]
    name: str = ""
    is_stranger: bool = False


def guesser(
    key: InstallationKey, known: str, hashed: str, *, by_door: bool, address: str
) -> Guesser:
    """`known` is the cookie that a browser got when it logged in.

    Such a browser waits for its own mistakes alone: behind a proxy all ask from one address, and
    who guesses there must not keep the secretariat out. Browsers that an earlier password knew
    share one allowance, and so do those that came by the local pages' door.
    """
    name, _, rest = known.partition(".")
    mark, _, proof = rest.partition(".")
    if compare_digest(proof.encode(), _proof(key, name, mark).encode()):
        is_current = mark == _mark(key, hashed)
        return Guesser((f"known/{name}",), name) if is_current else Guesser(("known",))
    if by_door:
        return Guesser(("door",))
    return Guesser((source_of(address), STRANGERS), is_stranger=True)


def _mark(key: InstallationKey, hashed: str) -> str:
    return key.derive("password", hashed, 8)


def _proof(key: InstallationKey, name: str, mark: str) -> str:
    return key.derive("known", f"{name}\0{mark}")


def source_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 one, where a single machine
    has as many addresses as it likes; this machine, which has as many as well."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return "loopback"
    return str(ip_network((ip, 64), strict=False) if ip.version == 6 else ip)


def seconds_to_wait(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """0 for who may try now. Longer than the longest means that a clock was set back."""
    attempts = access.read_attempts(connection, sources).values()
    waits = [until - at for _, until in attempts if timedelta() < until - at <= LONGEST_WAIT]
    return ceil(max(waits, default=timedelta()).total_seconds())


def count_attempt(connection: Connection, sources: Collection[str], at: datetime) -> None:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Raises `DeclinedError` for who must wait: this one is not counted.
    """
    _refuse_early(connection, sources, at)
    access.forget_old_attempts(connection, at - FORGOTTEN)
    attempts = access.read_attempts(connection, sources)
    for source in sources:
        failures = attempts[source][0] + 1 if source in attempts else 1
        access.put_attempt(connection, source, failures, at, at + _pause(source, failures))


def _refuse_early(connection: Connection, sources: Collection[str], at: datetime) -> None:
    if wait := seconds_to_wait(connection, sources, at):
        raise DeclinedError("wait", seconds=wait)


def _pause(source: str, failures: int) -> timedelta:
    """Longer each time."""
    free = FREE_TO_STRANGERS if source == STRANGERS else FREE
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 30)), LONGEST_WAIT)


def log_in(
    app: Application,
    known: str,
    password: str,
    ended: str,
    at: datetime,
    *,
    by_door: bool,
    address: str,
) -> tuple[str, str]:
    """The new session's word, and what that browser is known by from now on. Raises
    `DeclinedError`, also when the password was changed meanwhile.

    The session that the request came with ends: its word may be one that somebody gave it.
    """
    with app.database.read() as connection:
        hashed = password_hash(connection)
        if not hashed:
            raise DeclinedError("no_password_yet")
        who = guesser(app.key, known, hashed, by_door=by_door, address=address)
        _refuse_early(connection, who.sources, at)
    places = _strangers if who.is_stranger else _others
    if not places.acquire(blocking=False):
        raise DeclinedError("many_log_in")
    try:
        with app.database.write() as connection:
            count_attempt(connection, who.sources, at)
        is_right = fits(hashed, password)
    finally:
        places.release()
    if not is_right:
        raise DeclinedError("wrong_password")
    with app.database.write() as connection:
        if password_hash(connection) != hashed:
            raise DeclinedError("wrong_password")
        access.forget_attempts(connection, who.sources)
        access.end_session(connection, ended)
        name, mark = who.name or token_urlsafe(12), _mark(app.key, hashed)
        known = f"{name}.{mark}.{_proof(app.key, name, mark)}"
        return begin_session(connection, at), known


def log_out(database: Database, word: str) -> None:
    with database.write() as connection:
        access.end_session(connection, word)


def begin_session(connection: Connection, at: datetime) -> str:
    """A word that nobody has had before; sessions that are over are forgotten."""
    word, begun, seen = token_urlsafe(32), at - LONGEST_SESSION, at - IDLE_SESSION
    access.add_session(connection, word, at, begun=begun, seen=seen)
    return word


def is_in_session(database: Database, connection: Connection, word: str, at: datetime) -> bool:
    """None that has run out; that it was used is noted once a minute."""
    begun, idle = at - LONGEST_SESSION, at - IDLE_SESSION
    seen = access.session_seen(connection, word, begun=begun, seen=idle)
    if seen and at - seen >= _NOTED_EVERY:
        with database.write() as writing:
            access.touch_session(writing, word, at)
    return seen is not None
