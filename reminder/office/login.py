"""The console's log-in and its sessions: a person's, or that of the office's one account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from threading import BoundedSemaphore

from sqlalchemy import Connection

from reminder.domain.persons import Person
from reminder.errors import DeclinedError
from reminder.ledger import persons, sessions
from reminder.ledger.database import Database
from reminder.ledger.rows import put_setting, read_setting
from reminder.ledger.sessions import Session as Session  # for commands too
from reminder.office import guessing, passwords
from reminder.office.application import Application
from reminder.office.links import change_lock
from reminder.office.own_account import uses_code
from reminder.office.persons import NAME as NAME  # for pages too
from reminder.office.persons import account_name, secretariat

IDLE_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)
_PASSWORD = "console-password"  # noqa: S105 - the name of a setting
# How many of the threads that make pages may wait for it; strangers keep nobody out who was in.
_strangers, _others = BoundedSemaphore(1), BoundedSemaphore(2)


def set_password(app: Application, password: str) -> None:
    """Of the one account. Everybody is logged out; attempts at the old one count no more."""
    hashed = passwords.hash_of(password)
    with app.database.write() as connection:
        keep_password(connection, hashed)
        sessions.forget_attempts(connection)
        sessions.end_sessions(connection)


def remove_password(app: Application, who: str = "") -> None:
    """The one account is closed: everybody logs in by name. Raises `DeclinedError` where no admin
    could."""
    with app.database.write(who) as connection:
        admins = [one for one in persons.read_persons(connection) if one.may("admin")]
        if not any(one.has_password and not one.disabled for one in admins):
            message = "nobody could log in as an admin: no admin has chosen a password yet"
            raise DeclinedError("no_other_admin", message, hint="reminder user add, then its link")
        keep_password(connection, "")
        sessions.end_sessions(connection, "")


def log_all_out(app: Application) -> int:
    """Every session ends, and the local pages open by a new address. How many sessions ended."""
    with app.database.write() as connection:
        change_lock(connection)
        return sessions.end_sessions(connection)


def keep_password(connection: Connection, hashed: str) -> None:
    put_setting(connection, _PASSWORD, hashed)


def password_hash(connection: Connection) -> str:
    """Empty until a password is set."""
    return read_setting(connection, _PASSWORD) or ""


@dataclass(frozen=True)
class WaysIn:
    """What the log-in asks for: a name where there are persons, a code where any of them has
    one; `shared` where the office's one account has a password."""

    by_name: bool
    shared: bool
    by_code: bool


def ways_in(app: Application, connection: Connection) -> WaysIn:
    everybody = persons.read_persons(connection)
    is_wanted = app.settings.console.totp == "required"
    by_code = bool(everybody) and (is_wanted or any(one.has_totp for one in everybody))
    return WaysIn(bool(everybody), bool(password_hash(connection)), by_code)


@dataclass(frozen=True)
class LogIn:
    """What a browser sent: `known` is the cookie of one that has logged in, `ended` the session
    that it came with."""

    name: str
    password: str
    known: str
    ended: str
    by_door: bool
    address: str
    agent: str = ""
    code: str = ""


def log_in(app: Application, given: LogIn, at: datetime) -> tuple[str, str]:
    """The new session's word, and what that browser is known by from now on. Raises
    `DeclinedError`, also when the password was changed meanwhile: with the same words, whether
    there is such an account or not.

    The session that the request came with ends: its word may be one that somebody gave it.
    """
    name = account_name(given.name)
    with app.database.read() as connection:
        ways = ways_in(app, connection)
        if not (ways.shared or ways.by_name):
            raise DeclinedError("no_password_yet")
        wrong = DeclinedError("wrong_password", named=ways.by_name, coded=ways.by_code)
        hashed = _hashed(connection, name)
        who = guessing.guesser(
            app.key, name, given.known, hashed, by_door=given.by_door, address=given.address
        )
        guessing.refuse_early(connection, who.sources, at)
    places = _strangers if who.is_stranger else _others
    if not places.acquire(blocking=False):
        raise DeclinedError("many_log_in")
    try:
        with app.database.write() as connection:
            guessing.count_attempt(connection, who.sources, at)
        is_right = passwords.fits(hashed, given.password)
    finally:
        places.release()
    if not is_right:
        raise wrong
    with app.database.write() as connection:
        if _hashed(connection, name) != hashed or not uses_code(connection, name, given.code, at):
            raise wrong
        if not name and _wants_accounts(app):
            raise DeclinedError("code_wants_account")
        sessions.forget_attempts(connection, who.sources)
        sessions.end_session(connection, given.ended)
        word = begin_session(connection, at, person=name, agent=given.agent)
        return word, guessing.known_by(app.key, who, hashed)


def enter(app: Application, person: Person, ended: str, agent: str, at: datetime) -> str:
    """The new session's word of who was known in another way than by a password."""
    with app.database.write() as connection:
        sessions.end_session(connection, ended)
        return begin_session(connection, at, person=person.name, agent=agent)


def _hashed(connection: Connection, name: str) -> str:
    """Of that account's password; empty where there is none to log in with."""
    return persons.password_of(connection, name) if name else password_hash(connection)


def log_out(database: Database, word: str) -> None:
    with database.write() as connection:
        sessions.end_session(connection, word)


def begin_session(
    connection: Connection, at: datetime, *, person: str = "", agent: str = ""
) -> str:
    """A word that nobody has had before; sessions that are over are forgotten."""
    word, begun, seen = token_urlsafe(32), at - LONGEST_SESSION, at - IDLE_SESSION
    sessions.add_session(connection, word, at, begun=begun, seen=seen, person=person, agent=agent)
    return word


def sessions_of(connection: Connection, at: datetime, person: str | None = None) -> list[Session]:
    """That have not run out, the last used first."""
    begun, idle = at - LONGEST_SESSION, at - IDLE_SESSION
    return sessions.read_sessions(connection, begun=begun, seen=idle, person=person)


def signed_in(app: Application, connection: Connection, word: str, at: datetime) -> Person | None:
    """Whose session it is, as their account is now; None for one that has run out."""
    session = session_in_use(app.database, connection, word, at)
    if session is None or (not session.person and _wants_accounts(app)):
        return None
    person = persons.read_person(connection, session.person) if session.person else secretariat(app)
    return person if person and not person.disabled else None


def _wants_accounts(app: Application) -> bool:
    """The one account has no telephone."""
    return app.settings.console.totp == "required"


def session_in_use(
    database: Database, connection: Connection, word: str, at: datetime
) -> Session | None:
    """None that has run out; that it was used is noted once a minute."""
    begun, idle = at - LONGEST_SESSION, at - IDLE_SESSION
    session = sessions.read_session(connection, word, begun=begun, seen=idle)
    if session and at - session.seen >= _NOTED_EVERY:
        with database.write() as writing:
            sessions.touch_session(writing, word, at)
    return session
