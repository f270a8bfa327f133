"""Persons: accounts of the console, the links by which they choose a password."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from reminder.domain.persons import AccountRole, Person
from reminder.ledger.history import note_act
from reminder.ledger.rows import put_new
from reminder.ledger.schema import person, ticket


def read_person(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(person).where(person.c.name == name)).first()
    return _person(row) if row else None


def person_of_subject(connection: Connection, subject: str) -> Person | None:
    """By what the identity provider calls them."""
    row = connection.execute(select(person).where(person.c.subject == subject)).first()
    return _person(row) if row and subject else None


def read_persons(connection: Connection) -> list[Person]:
    """In the order in which they were made."""
    return list(map(_person, connection.execute(select(person).order_by(person.c.created))))


def _person(row: Row[Any]) -> Person:
    return Person(
        row.name,
        row.full_name,
        AccountRole(row.role),
        row.disabled,
        bool(row.password),
        bool(row.totp),
        row.subject,
        row.created,
    )


def add_person(connection: Connection, new: Person, at: datetime) -> bool:
    """False when there is one of that name."""
    row = {"name": new.name, "full_name": new.full_name, "role": new.role, "disabled": False}
    secrets = {"password": "", "totp": "", "totp_used": 0, "subject": new.subject}
    if not put_new(connection, person, row | secrets | {"created": at}):
        return False
    note_person(connection, new.name, "made", at, f"{new.full_name} {new.role}")
    return True


def change_person(connection: Connection, name: str, **values: object) -> None:
    connection.execute(update(person).where(person.c.name == name).values(values))


def note_person(
    connection: Connection, name: str, act: str, at: datetime, detail: str = ""
) -> None:
    note_act(connection, at, f"person/{name}", act, detail)


def password_of(connection: Connection, name: str) -> str:
    """Its hash; empty until one is chosen, for nobody and for who is disabled."""
    mine = (person.c.name == name) & ~person.c.disabled
    return connection.scalar(select(person.c.password).where(mine)) or ""


def totp_of(connection: Connection, name: str) -> str:
    return connection.scalar(select(person.c.totp).where(person.c.name == name)) or ""


def use_totp(connection: Connection, name: str, step: int) -> bool:
    """False when that code, or a later one, was used before (RFC 6238, 5.2)."""
    mine = (person.c.name == name) & (person.c.totp_used < step)
    return bool(connection.execute(update(person).where(mine).values(totp_used=step)).rowcount)


# Links for a password, each once


def put_ticket(connection: Connection, word: str, name: str, until: datetime) -> None:
    """Kept is a hash of the link's word; what that person had before is dead."""
    drop_tickets(connection, name)
    connection.execute(ticket.insert().values(name=_ticket_name(word), person=name, until=until))


def ticket_holder(connection: Connection, word: str, at: datetime) -> Person | None:
    mine = (ticket.c.name == _ticket_name(word)) & (ticket.c.until > at)
    name = connection.scalar(select(ticket.c.person).where(mine))
    holder = read_person(connection, name) if name else None
    return holder if holder and not holder.disabled else None


def drop_tickets(connection: Connection, name: str) -> None:
    connection.execute(delete(ticket).where(ticket.c.person == name))


def _ticket_name(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
