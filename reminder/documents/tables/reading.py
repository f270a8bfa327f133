"""The one door: tables of a file, whose kind is known by what is in it."""

import re
import stat
from codecs import BOM_UTF8
from pathlib import Path

from reminder.documents.tables.grid import Refusal, RefusedFileError, Table
from reminder.documents.tables.old_formats import OLE, RTF, converted
from reminder.documents.tables.ooxml import Package
from reminder.documents.tables.text import decoded, text_tables
from reminder.documents.tables.word import word_tables

LARGEST = 32 << 20  # bytes
# PDF, web pages, and the XML and MHTML that are saved under other names.
_OTHER = re.compile(rb"\s*(%PDF|<|MIME-Version:)", re.IGNORECASE)


def read_tables(path: Path) -> list[Table]:
    """Raises RefusedFileError. Text around and without tables comes as `before`."""
    tables = _read(path, _beginning(path))
    if not any(table.rows or table.before for table in tables):
        raise RefusedFileError(Refusal.EMPTY)
    return tables


def read_text(path: Path) -> str:
    """Of a text its own lines, else what stands in and around tables, line by line; a merged
    place once. Raises RefusedFileError."""
    tables = read_tables(path)
    if _is_text(_beginning(path)):
        return decoded(path.read_bytes())
    lines: list[str] = []
    for table in tables:
        lines += table.before
        cells = dict.fromkeys(cell for row in table.rows for cell in row if cell)
        lines += [line for cell in cells for line in cell.lines]
    return "\n".join(lines)


def _is_text(beginning: bytes) -> bool:
    return not beginning.startswith((b"PK", OLE, RTF))


def _beginning(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RefusedFileError(Refusal.NOT_A_FILE)
        if status.st_size > LARGEST:
            raise RefusedFileError(Refusal.TOO_LARGE, f"larger than {LARGEST} bytes")
        with path.open("rb") as file:
            beginning = file.read(4096)
    except FileNotFoundError:
        raise RefusedFileError(Refusal.NOT_FOUND) from None
    except PermissionError:
        raise RefusedFileError(Refusal.NO_ACCESS) from None
    except (OSError, ValueError) as error:
        raise RefusedFileError(Refusal.NOT_A_FILE, str(error)) from None
    if not beginning:
        raise RefusedFileError(Refusal.EMPTY)
    return beginning


def _read(path: Path, beginning: bytes) -> list[Table]:
    if beginning.startswith(b"PK"):
        return _office_tables(path)
    if beginning.startswith((OLE, RTF)):
        with converted(path, beginning) as document:
            return _office_tables(document)
    if _OTHER.match(beginning.removeprefix(BOM_UTF8)):
        raise RefusedFileError(Refusal.OTHER_FORMAT)
    return text_tables(path)


def _office_tables(path: Path) -> list[Table]:
    with Package(path) as package:
        main = next(
            (r.target for r in package.related("").values() if r.kind == "officeDocument"), ""
        )
        kind = package.content_type(main) if main else ""
        if package.has_macros or "macroEnabled" in kind:
            raise RefusedFileError(Refusal.MACRO)
        if "wordprocessingml" in kind:
            return word_tables(package, main)
    raise RefusedFileError(Refusal.OTHER_FORMAT, kind)
