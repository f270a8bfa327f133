"""The console's log-in and its sessions: a person's, or that of the office's one account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from threading import BoundedSemaphore

from sqlalchemy import Connection

from reminder.documents.templates import WORDS, environment, phrase
from reminder.domain.persons import AccountRole, Person
from reminder.errors import DeclinedError
from reminder.ledger import persons, sessions
from reminder.ledger.database import Database
from reminder.ledger.schema import put_setting, read_setting
from reminder.ledger.sessions import Session
from reminder.office import guessing, passwords
from reminder.office.application import Application
from reminder.office.links import change_lock
from reminder.office.persons import NAME as NAME  # for pages too
from reminder.office.persons import account_name

IDLE_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)
_PASSWORD = "console-password"
# How many of the threads that make pages may wait for it; strangers keep nobody out who was in.
_strangers, _others = BoundedSemaphore(1), BoundedSemaphore(2)


def set_password(app: Application, password: str) -> None:
    """Of the one account. Everybody is logged out; attempts at the old one count no more."""
    hashed = passwords.hash_of(password)
    with app.database.write() as connection:
        keep_password(connection, hashed)
        sessions.forget_attempts(connection)
        sessions.end_sessions(connection)


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


def ways_in(connection: Connection) -> tuple[bool, bool]:
    """Whether there are persons, who log in by name, and whether the one account has a password."""
    return persons.has_persons(connection), bool(password_hash(connection))


def secretariat(app: Application) -> Person:
    """The one account of an office with a password alone."""
    words = environment(app.settings.templates, autoescape=False)
    return Person("", phrase(words, WORDS, "secretariat"), AccountRole.ADMIN)


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


def log_in(app: Application, given: LogIn, at: datetime) -> tuple[str, str]:
    """The new session's word, and what that browser is known by from now on. Raises
    `DeclinedError`, also when the password was changed meanwhile: with the same words, whether
    there is such an account or not.

    The session that the request came with ends: its word may be one that somebody gave it.
    """
    name = account_name(given.name)
    with app.database.read() as connection:
        if not password_hash(connection) and not persons.has_persons(connection):
            raise DeclinedError("no_password_yet")
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
        raise DeclinedError("wrong_password")
    with app.database.write() as connection:
        if _hashed(connection, name) != hashed:
            raise DeclinedError("wrong_password")
        sessions.forget_attempts(connection, who.sources)
        sessions.end_session(connection, given.ended)
        word = begin_session(connection, at, person=name, agent=given.agent)
        return word, guessing.known_by(app.key, who, hashed)


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
    if session is None:
        return None
    person = persons.read_person(connection, session.person) if session.person else secretariat(app)
    return person if person and not person.disabled else None


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
