"""What a command prints: tables on a terminal, tab-separated lines or JSON otherwise."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from reminder.domain.characters import UNSEEN
from reminder.domain.characters import harmless as harmless
from reminder.errors import ConfigurationError, ReminderError


def explain(error: ReminderError) -> None:
    """What failed, and what to type next; on standard error."""
    if isinstance(error, ConfigurationError):
        for fault in error.faults:
            print(harmless(str(fault)), file=sys.stderr)
        mistakes = counted(len(error.faults), "mistake")
        print(f"reminder: {mistakes}, nothing was started", file=sys.stderr)
        return
    print(harmless(f"reminder: {error}"), file=sys.stderr)
    for line in filter(None, error.hint.split("\n")):
        print(harmless(f"  {line}"), file=sys.stderr)


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


def show(
    rows: Sequence[Mapping[str, Any]],
    as_json: bool,
    columns: Sequence[str],
    only_in_words: Sequence[str] = (),
) -> None:
    """As JSON all but `only_in_words`: its shape is a contract. Else `columns`, in order."""
    if as_json:
        print_json([{k: v for k, v in row.items() if k not in only_in_words} for row in rows])
    elif sys.stdout.isatty():
        _table(rows, columns)
    else:
        print("\t".join(columns))
        for row in rows:
            print("\t".join(harmless(_cell(row[column])) for column in columns))


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(_cell(row[column]))) for column in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "、".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return " ".join(_cell(item) for item in value.values())
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value))
