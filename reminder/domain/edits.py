"""What a person changes before it is published: edits of documents, gathered in a draft."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reminder.domain.versions import Origin, Tell

_DOCUMENT = re.compile(r"units\.toml|(plan|workdays)/(?!\.)[^/\\\0]+")


@dataclass(frozen=True)
class Edit:
    """One thing that becomes otherwise in a document; `args` are what JSON can say. How it is done
    is known by its kind (`documents/editing`)."""

    document: str
    kind: str
    args: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not _DOCUMENT.fullmatch(self.document):  # it becomes a file's name
            raise ValueError(f"{self.document!r} is no document")

    @property
    def origin(self) -> Origin:
        """Where the words come from, if not from the console's own forms."""
        return Origin(self.args.get("origin", Origin.CONSOLE))


def edits_to_json(edits: Iterable[Edit]) -> str:
    return json.dumps([vars(edit) for edit in edits], ensure_ascii=False, sort_keys=True)


def edits_from_json(text: str) -> tuple[Edit, ...]:
    return tuple(Edit(**edit) for edit in json.loads(text))


class DraftState(StrEnum):
    OPEN = "open"
    SUBMITTED = "submitted"  # waits for somebody who may publish it


@dataclass(frozen=True)
class DocumentDraft:
    """Edits of a person, who is known by the name of the account and by `author`, the name that
    is shown. `base` is the newest publication when it was begun; `answer` is why it came back, and
    `answered_by` who said so.
    """

    person: str
    author: str
    state: DraftState
    base: int
    edits: tuple[Edit, ...]
    created: datetime
    updated: datetime
    note: str = ""
    tell: Tell = Tell.NOW
    answer: str = ""
    answered_by: str = ""
    id: int = 0

    @property
    def origin(self) -> Origin:
        origins = {edit.origin for edit in self.edits}
        return origins.pop() if len(origins) == 1 else Origin.CONSOLE

    @property
    def mark(self) -> str:
        """The same as long as it has the same edits."""
        return hashlib.sha256(edits_to_json(self.edits).encode()).hexdigest()[:32]
