"""A table as it is read from any kind of file: a grid in which a merged place holds one cell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reminder.domain.characters import UNSEEN
from reminder.errors import ReminderError

SAMPLE = 200  # characters of what is hidden
_LINE_END = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """`lines` are its paragraphs and line breaks. A merged cell is the same object in each place.

    `struck` are those parts of the text that are crossed out. A cell has `no_value` where a formula
    stands whose result is not in the file.
    """

    lines: tuple[str, ...]
    struck: tuple[str, ...] = ()
    no_value: bool = False

    @property
    def text(self) -> str:
        return "\n".join(line for line in self.lines if line)


class HiddenPart(StrEnum):
    """What nobody sees who opens the file. COVERED is text below a merged cell."""

    ROW = "row"
    COLUMN = "column"
    SHEET = "sheet"
    COVERED = "covered"


@dataclass(frozen=True)
class Hidden:
    """Text that was left out; `place` is the row's number, the column's letter, `B4`, or a name."""

    part: HiddenPart
    place: str
    text: str


@dataclass(frozen=True)
class Table:
    """`before` are the lines between it and the table above; text without a table has no rows.

    `numbers` are the rows' own: of the sheet, of the line in a text, in Word from 1; of text
    without a table they are those of the lines, where these have any.
    All rows are equally long; None is a place that no cell covers. `name` is the sheet's. Text
    does not show merges: there an empty cell may be one that goes on.
    """

    rows: tuple[tuple[Cell | None, ...], ...]
    before: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    name: str = ""
    shows_merges: bool = True


class Refusal(StrEnum):
    """Why a file is not read."""

    NOT_FOUND = "not-found"
    NO_ACCESS = "no-access"
    NOT_A_FILE = "not-a-file"
    EMPTY = "empty"
    TOO_LARGE = "too-large"
    BOMB = "bomb"  # small, and would grow beyond all measure
    PASSWORD = "password"  # noqa: S105 - a reason
    MACRO = "macro"
    OLD_FORMAT = "old-format"  # .doc, .xls, .wps, .et, and no LibreOffice here
    OTHER_FORMAT = "other-format"  # PDF, a picture, a web page
    DAMAGED = "damaged"


class RefusedFileError(ReminderError):
    """The file's `refusal`; the message is for a log, words for people are the caller's."""

    exit_status = 2

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(message or refusal.value.replace("-", " "))
        self.refusal = refusal


def clean_lines(text: str) -> list[str]:
    """As they are seen: no blanks at the ends, no soft hyphens or other unseen characters."""
    return [
        UNSEEN.sub(lambda sign: sign[0] if sign[0] == "\t" else "", line).strip()
        for line in _LINE_END.split(text)
    ]


def shown_lines(texts: Iterable[str]) -> tuple[str, ...]:
    """Their lines that show something."""
    return tuple(line for text in texts for line in clean_lines(text) if line)


def sample(texts: Iterable[str]) -> str:
    return " ".join(" ".join(text.split()) for text in texts if text)[:SAMPLE]
