"""What a person does with their own account: another password, two-step log-in, their sessions.

Each asks for the password: a browser that was left open changes nothing for good.
"""

from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.persons import Person
from reminder.errors import DeclinedError
from reminder.ledger import persons, sessions
from reminder.office import guessing, one_time_codes, passwords
from reminder.office.application import Application
from reminder.office.persons import new_hash


def change_password(app: Application, person: Person, old: str, new: str, session: str) -> None:
    """Their other sessions end; this one, of that word, goes on."""
    _prove(app, person, old)
    hashed, at = new_hash(app, person, new), app.clock.now()
    with app.database.write(person.full_name) as connection:
        persons.change_person(connection, person.name, password=hashed)
        persons.drop_tickets(connection, person.name)
        persons.note_person(connection, person.name, "password", at)
        sessions.end_sessions(connection, person.name, but=session)


def begin_totp(app: Application, person: Person, password: str, secret: str, code: str) -> None:
    """From now on their log-in asks for a code; `code` shows that the telephone has the secret."""
    at = app.clock.now()
    step = one_time_codes.step_of(secret, code, at)
    if step is None:
        raise DeclinedError("wrong_code")
    _prove(app, person, password)
    with app.database.write(person.full_name) as connection:
        if persons.totp_of(connection, person.name):
            raise DeclinedError("totp_is_on")
        persons.change_person(connection, person.name, totp=secret, totp_used=step)
        persons.note_person(connection, person.name, "totp-on", at)


def end_totp(app: Application, person: Person, password: str) -> None:
    _prove(app, person, password)
    with app.database.write(person.full_name) as connection:
        persons.change_person(connection, person.name, totp="")
        persons.note_person(connection, person.name, "totp-off", app.clock.now())


def end_own_sessions(app: Application, person: Person, name: str, session: str) -> int:
    """The one of that name, or all but the one of this word. How many there were."""
    with app.database.write(person.full_name) as connection:
        but = "" if name else session
        return sessions.end_sessions(connection, person.name, name=name, but=but)


def _prove(app: Application, person: Person, password: str) -> None:
    """That it is they: raises `DeclinedError`. A wrong password counts as at the log-in."""
    at, sources = app.clock.now(), guessing.own_source(app.key, person.name)
    with app.database.write() as connection:
        guessing.count_attempt(connection, sources, at)
        hashed = persons.password_of(connection, person.name)
    if not passwords.fits(hashed, password):
        raise DeclinedError("wrong_old_password")
    with app.database.write() as connection:
        sessions.forget_attempts(connection, sources)


def uses_code(connection: Connection, person: str, code: str, at: datetime) -> bool:
    """Whether who logs in may go on: by a code that was not used before, or with no need of one."""
    secret = persons.totp_of(connection, person)
    if not secret:
        return True
    step = one_time_codes.step_of(secret, code, at)
    return step is not None and persons.use_totp(connection, person, step)
