"""Accounts of the console: who has one, what they may do, how they get and lose it."""

import re
from datetime import timedelta
from secrets import token_hex
from unicodedata import normalize

from sqlalchemy import Connection

from reminder.documents.templates import WORDS, office_templates, phrase
from reminder.domain.characters import one_line
from reminder.domain.persons import AccountRole, Person
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import persons, sessions
from reminder.ledger.history import read_history
from reminder.office import guessing, passwords
from reminder.office.application import Application

NAME = 40  # characters of a name
SUBJECT = 200  # of what an identity provider calls somebody
TICKET = timedelta(hours=24)
# Letters and digits of any script: people log in with 王某 where their keyboards write that.
_NAME = re.compile(rf"[\w.@-]{{1,{NAME}}}")


def account_name(text: str) -> str:
    """As it is kept and compared: however a keyboard has written it."""
    return normalize("NFKC", text).strip().casefold()[: NAME + 1]


def secretariat(app: Application) -> Person:
    """The one account of an office with a password alone."""
    words = office_templates(app.settings)
    return Person("", phrase(words, WORDS, "secretariat"), AccountRole.ADMIN)


def find_person(connection: Connection, name: str) -> Person:
    """Raises `UnknownError`."""
    if found := persons.read_person(connection, account_name(name)):
        return found
    raise UnknownError.because("no_person", name=name)


def everybody(connection: Connection) -> list[Person]:
    return persons.read_persons(connection)


def acts_on(connection: Connection, name: str) -> list[dict[str, object]]:
    """What was done with that account, and by whom; the last first."""
    return [dict(row) for row in read_history(connection, f"person/{name}")][::-1]


# What an admin does


def add_person(
    app: Application, name: str, full_name: str, role: AccountRole, who: str = ""
) -> str:
    """The word of a link by which they choose a password."""
    person = Person(_checked_name(name), _checked_full_name(full_name), role)
    at = app.clock.now()
    with app.database.write(who) as connection:
        others = [*persons.read_persons(connection), secretariat(app)]
        if any(_alike(person.full_name) == _alike(other.full_name) for other in others):
            message = f"there is a {person.full_name} already: acts bear the full name"
            raise DeclinedError("full_name_taken", message, full_name=person.full_name)
        if not persons.add_person(connection, person, at):
            message = f"there is a person {person.name} already"
            raise DeclinedError("account_taken", message, name=person.name)
        return _new_ticket(app, connection, person.name)


def _checked_name(text: str) -> str:
    name = account_name(text)
    if not (_NAME.fullmatch(name) and any(map(str.isalnum, name))):
        message = f"no name to log in with, wanted letters, digits, . - _ @, at most {NAME}"
        raise DeclinedError("no_account_name", message, most=NAME)
    return name


def _checked_full_name(text: str) -> str:
    try:
        full_name = one_line(" ".join(normalize("NFC", text).split()))
    except ValueError as error:
        raise DeclinedError("no_full_name", f"the full name {error}", most=NAME) from None
    if len(full_name) > NAME:
        message = f"the full name has more than {NAME} characters"
        raise DeclinedError("no_full_name", message, most=NAME)
    return full_name


def _alike(full_name: str) -> str:
    return "".join(normalize("NFKC", full_name).casefold().split())


def set_role(app: Application, name: str, role: AccountRole, who: str = "") -> None:
    """Their sessions end: what they see begins anew with what they may."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        if role is not AccountRole.ADMIN:
            _refuse_last_admin(connection, person)
        _change(app, connection, person, "role", role, role=role)


def set_subject(app: Application, name: str, subject: str, who: str = "") -> None:
    """What the identity provider calls them; without one they are found by their name."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        other = persons.person_of_subject(connection, subject)
        if other and other.name != person.name:
            message = f"{subject!r} is {other.name} already"
            raise DeclinedError("subject_taken", message, name=other.name)
        _change(app, connection, person, "subject", subject, subject=subject)


def disable(app: Application, name: str, who: str = "") -> None:
    """At once; their links are dead. Nothing that they did is touched."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        _refuse_last_admin(connection, person)
        persons.drop_tickets(connection, person.name)
        _change(app, connection, person, "disabled", disabled=True)


def enable(app: Application, name: str, who: str = "") -> None:
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        _change(app, connection, person, "enabled", disabled=False)


def reset_totp(app: Application, name: str, who: str = "") -> None:
    """For who has lost the telephone: the password alone opens, until they set it up anew."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        _change(app, connection, person, "totp-off", totp="")


def end_sessions(app: Application, name: str, who: str = "") -> int:
    """How many there were."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        persons.note_person(connection, person.name, "sessions-ended", app.clock.now())
        return sessions.end_sessions(connection, person.name)


def make_link(app: Application, name: str, who: str = "") -> str:
    """The word of a link for a password; what they had before is dead, their password is not."""
    with app.database.write(who) as connection:
        person = find_person(connection, name)
        if person.disabled:
            raise DeclinedError("account_disabled", f"{person.name} is disabled")
        persons.note_person(connection, person.name, "link", app.clock.now())
        return _new_ticket(app, connection, person.name)


def _new_ticket(app: Application, connection: Connection, name: str) -> str:
    word = token_hex(16)
    persons.put_ticket(connection, word, name, app.clock.now() + TICKET)
    return word


def _refuse_last_admin(connection: Connection, person: Person) -> None:
    """Nobody could undo it."""
    admins = {
        one.name
        for one in persons.read_persons(connection)
        if one.role is AccountRole.ADMIN and not one.disabled
    }
    if admins == {person.name}:
        raise DeclinedError("last_admin", f"{person.name} is the last admin: first make another")


def _change(
    app: Application,
    connection: Connection,
    person: Person,
    act: str,
    detail: str = "",
    **values: object,
) -> None:
    """Their sessions end with it."""
    persons.change_person(connection, person.name, **values)
    persons.note_person(connection, person.name, act, app.clock.now(), detail)
    sessions.end_sessions(connection, person.name)


# What they do themselves


def open_ticket(app: Application, connection: Connection, word: str) -> Person | None:
    """Whose link it is; None for one that was used, or is too old. It can be looked at as often
    as one likes, by mail scanners too."""
    return persons.ticket_holder(connection, word, app.clock.now())


def choose_password(app: Application, word: str, password: str) -> Person:
    """By a link, which is used up; sessions that they had are over."""
    with app.database.read() as connection:
        person = _holder(app, connection, word)
    hashed = new_hash(app, person, password)
    counted = guessing.counted_of(app.key, person.name)
    with app.database.write(person.full_name) as connection:
        person = _holder(app, connection, word)
        persons.drop_tickets(connection, person.name)
        _change(app, connection, person, "password", password=hashed)
        sessions.forget_attempts(connection, counted)
    return person


def _holder(app: Application, connection: Connection, word: str) -> Person:
    if person := open_ticket(app, connection, word):
        return person
    raise DeclinedError("ticket_used")


def new_hash(app: Application, person: Person, password: str) -> str:
    """Raises `DeclinedError` for a password that is weak."""
    own = [person.name, person.full_name]
    passwords.refuse_weak(password, [*passwords.office_words(app), *own])
    return passwords.hash_of(password)
