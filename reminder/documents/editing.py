"""Edits as they are applied to documents: one pure function for each kind, from text to text."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reminder.documents.plan_editing import PLAN_EDITORS
from reminder.documents.units_file import UNIT_EDITORS
from reminder.documents.workdays_file import DAY_EDITORS
from reminder.domain.edits import Edit
from reminder.errors import DeclinedError, ReminderError

Args = Mapping[str, Any]
# From what a document holds, None where there is none, to what it is to hold.
Editor = Callable[[bytes | None, Args], bytes | None]


def _replace(content: bytes | None, args: Args) -> bytes:
    """The whole document: an upload, or an earlier version."""
    return str(args["text"]).encode()


def _asked(content: bytes | None, args: Args) -> bytes | None:
    """What is to be asked of a list that was taken in; the document is as it was."""
    return content


def _remove(content: bytes | None, args: Args) -> None:
    if content is None:
        raise DeclinedError("no_such_document", "the document is gone already")


EDITORS: dict[str, Editor] = {
    "text": _replace,
    "remove": _remove,
    "asked": _asked,
    **PLAN_EDITORS,
    **DAY_EDITORS,
    **UNIT_EDITORS,
}
# Which of its arguments say what an edit is about: a later one of the same place replaces it.
# Of kinds that are not here it is "id".
PLACES: dict[str, tuple[str, ...]] = {"text": (), "remove": (), "asked": ()}
WHOLE = ("text", "remove")  # replace whatever was edited in that document before


def place_of_edit(edit: Edit) -> str:
    """Names it among the edits of a draft, in an address too."""
    named = PLACES.get(edit.kind, ("id",))
    kind = "" if edit.kind in WHOLE else edit.kind
    place = repr((edit.document, kind, [edit.args.get(name) for name in named]))
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def with_edits(edits: Iterable[Edit], more: Iterable[Edit]) -> tuple[Edit, ...]:
    """The later word on a place stands where the earlier one stood."""
    found = {place_of_edit(edit): edit for edit in edits}
    for edit in more:
        if edit.kind in WHOLE:
            found = {place: one for place, one in found.items() if one.document != edit.document}
        found[place_of_edit(edit)] = edit
    return tuple(found.values())


@dataclass(frozen=True)
class Edited:
    """`changes` are documents that differ, None for one that is taken away; `misfits` are the
    edits that fit no more, by their positions, and why."""

    contents: Mapping[str, bytes]
    changes: Mapping[str, bytes | None]
    misfits: Mapping[int, ReminderError]


@lru_cache(64)  # a draft is looked at again and again, and grows by one
def _edited(content: bytes | None, kind: str, args: str) -> bytes | None:
    return EDITORS[kind](content, json.loads(args))


def apply_each(contents: Mapping[str, bytes], edits: Iterable[Edit]) -> Edited:
    """In their order; those that do not fit are left out."""
    after: dict[str, bytes | None] = dict(contents)
    misfits = {}
    for position, edit in enumerate(edits):
        try:
            args = json.dumps(edit.args, sort_keys=True)
            after[edit.document] = _edited(after.get(edit.document), edit.kind, args)
        except ReminderError as error:
            misfits[position] = error
        except (ValueError, LookupError) as error:  # of another release, or by a mistake of ours
            misfits[position] = DeclinedError("edit_unknown", f"{edit.kind}: {error!r}")
    changes = {name: new for name, new in after.items() if new != contents.get(name)}
    there = {name: content for name, content in after.items() if content is not None}
    return Edited(there, changes, misfits)


def apply(contents: Mapping[str, bytes], edits: Iterable[Edit]) -> Mapping[str, bytes | None]:
    """What changes. Raises `DeclinedError` or `ConfigurationError` for the first that fits no
    more."""
    edited = apply_each(contents, edits)
    for misfit in edited.misfits.values():
        raise misfit
    return edited.changes
