"""What a command prints: tables on a terminal, tab-separated lines or JSON otherwise."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from itertools import zip_longest
from shutil import get_terminal_size
from typing import Any
from unicodedata import combining, east_asian_width

from reminder.domain.characters import UNSEEN, harmless
from reminder.errors import Fault
from reminder.words import CHINESE, ENGLISH, Sentence

NARROW = 10  # places of a column that is not made narrower


def say(text: str) -> None:
    print(harmless(text))


def remark(text: str) -> None:
    """Beside what a script reads."""
    print(harmless(text), file=sys.stderr)


def language() -> str:
    """The reader's, as POSIX has it: the first of these that is set decides."""
    chosen = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return CHINESE if next(filter(None, chosen), "").lower().startswith("zh") else ENGLISH


def words(template: str, reason: str, /, **facts: object) -> str:
    """What that template of the command line says, in the reader's language."""
    return in_words(Sentence(f"cli/{template}.txt", reason, facts))


def announce(reason: str, /, **facts: object) -> None:
    """What a command has done."""
    for line in words("done", reason, **facts).splitlines():
        say(line)


def in_words(it: Sentence | Fault) -> str:
    return it.line_in(language()) if isinstance(it, Fault) else it.words(language())


def padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def print_json(value: object) -> None:
    """In UTF-8 whatever the terminal speaks (RFC 8259, 8.1)."""
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{json_of(value, indent=2)}\n".encode())
    sys.stdout.buffer.flush()


def json_of(value: object, indent: int | None = None) -> str:
    """Every character as it is but those that nobody sees: JSON lets them be written out."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    lines = text.split("\n")  # of the indent: those of a text are written out already
    return "\n".join(UNSEEN.sub(lambda c: json.dumps(c[0])[1:-1], line) for line in lines)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, columns: Sequence[str]) -> None:
    """As JSON whole, for its shape is a contract; else `columns`, in order."""
    if as_json:
        print_json(rows)
        return
    cells = [[harmless(_cell(row[column])) for column in columns] for row in rows]
    if sys.stdout.isatty():
        print("\n".join(table(_for_people(columns, cells), get_terminal_size().columns)))
    else:
        print("\n".join("\t".join(row) for row in (columns, *cells)))


def _for_people(columns: Sequence[str], rows: list[list[str]]) -> list[list[str]]:
    """With the reader's words for columns, states and the like."""
    heads = [words("table", "head", column=column) for column in columns]
    said = [
        [words("table", "cell", column=c, text=text) for c, text in zip(columns, row, strict=True)]
        for row in rows
    ]
    return [heads, *said]


def table(rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """Lines of columns that fit in so many places; what is too long for its column is folded."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + 2 * len(widths) > room and max(widths) > NARROW:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        folded = [list(_folded(cell, width)) for cell, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*folded, fillvalue=""):
            pairs = zip(parts, widths, strict=True)
            yield "  ".join(padded(part, width) for part, width in pairs).rstrip()


def _folded(text: str, width: int) -> Iterator[str]:
    line = ""
    for character in text:
        if line and _width(line + character) > width:
            yield line
            line = ""
        line += character
    yield line


def _width(text: str) -> int:
    """Places on a terminal: Chinese characters take two (UAX 11), marks none."""
    return sum(
        2 if east_asian_width(character) in "WF" else not combining(character) for character in text
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return value.isoformat() if isinstance(value, date) else str(value)
