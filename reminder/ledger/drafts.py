"""Drafts: what people have edited on the console and not published yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from reminder.domain.edits import (
    DocumentDraft,
    DraftState,
    Edit,
    edits_from_json,
    edits_to_json,
)
from reminder.domain.versions import Tell
from reminder.ledger.schema import draft


def open_draft(connection: Connection, person: str) -> DocumentDraft | None:
    """The one that goes on; None while nothing was edited."""
    found = _read(connection, person=person, state=DraftState.OPEN)
    return found[0] if found else None


def submitted_drafts(connection: Connection) -> list[DocumentDraft]:
    """The first one first."""
    return _read(connection, state=DraftState.SUBMITTED)


def all_drafts(connection: Connection) -> list[DocumentDraft]:
    return _read(connection)


def read_draft(connection: Connection, number: int) -> DocumentDraft | None:
    found = _read(connection, id=number)
    return found[0] if found else None


def add_draft(connection: Connection, new: DocumentDraft) -> None:
    row = asdict(new) | {"edits": edits_to_json(new.edits)}
    del row["id"]
    connection.execute(draft.insert().values(row))


def put_edits(connection: Connection, number: int, edits: Sequence[Edit], at: datetime) -> None:
    """In place of those that it has; without any it is gone."""
    if edits:
        change_draft(connection, number, at, edits=edits_to_json(edits))
    else:
        drop_draft(connection, number)


def change_draft(connection: Connection, number: int, at: datetime, **values: object) -> None:
    one = update(draft).where(draft.c.id == number)
    connection.execute(one.values(**values, updated=at))


def drop_draft(connection: Connection, number: int) -> bool:
    """False when it was gone already."""
    return bool(connection.execute(delete(draft).where(draft.c.id == number)).rowcount)


def _read(connection: Connection, **of: Any) -> list[DocumentDraft]:
    rows = connection.execute(select(draft).filter_by(**of).order_by(draft.c.id))
    return list(map(_draft, rows))


def _draft(row: Row[Any]) -> DocumentDraft:
    facts = dict(row._mapping)
    state, tell = DraftState(facts["state"]), Tell(facts["tell"])
    return DocumentDraft(
        **facts | {"state": state, "tell": tell, "edits": edits_from_json(row.edits)}
    )
