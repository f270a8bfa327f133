"""What is in force of the documents that people edit, and what a changed file means for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """Where a publication came from."""

    START = "start"
    FILE = "file"
    CONSOLE = "console"
    IMPORT = "import"
    RESTORE = "restore"


OF_FILES = (Origin.START, Origin.FILE)


class Tell(StrEnum):
    """When those are told whom a publication concerns."""

    NOW = "now"
    DIGEST = "digest"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Version:
    """A document from that publication on; without a hash it was taken away."""

    document: str
    number: int
    sha256: str
    origin: Origin


@dataclass(frozen=True)
class Publication:
    """Documents that changed together. `author` and `approver` are names, empty for the program;
    `told` is when it was decided whom to tell."""

    number: int
    at: datetime
    origin: Origin
    author: str
    approver: str
    note: str
    tell: Tell
    told: datetime | None
    documents: tuple[str, ...]


class Verdict(StrEnum):
    SAME = "same"
    STALE = "stale"  # as it has been for long, while another version came into force
    EDITED = "edited"  # from what is in force: it is to come into force
    CONFLICT = "conflict"  # something else came into force since it was like that


def judge(file: str, seen: str | None, version: Version | None, known: Collection[str]) -> Verdict:
    """Of a file by its hash, empty where there is none. `seen` is its hash when it was last the
    same as what was in force, as far as this place has noted one; `known` are the hashes of all
    versions that there were.
    """
    current = version.sha256 if version else ""
    if file == current:
        return Verdict.SAME
    if seen is not None and file == seen:
        return Verdict.STALE
    if version is None or seen == current:
        return Verdict.EDITED
    if seen is not None:
        return Verdict.CONFLICT
    # A place that was never in step: another machine, or a new one.
    if not file or file in known:
        return Verdict.STALE
    return Verdict.EDITED if version.origin in OF_FILES else Verdict.CONFLICT
