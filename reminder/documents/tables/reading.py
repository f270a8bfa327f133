"""The one door: tables of a file, whose kind is known by what is in it.

Old formats are read through LibreOffice where it is installed.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
from codecs import BOM_UTF8
from pathlib import Path
from tempfile import TemporaryDirectory

from reminder.documents.tables.excel import excel_tables
from reminder.documents.tables.grid import Refusal, RefusedFileError, Table
from reminder.documents.tables.ooxml import Package
from reminder.documents.tables.text import decoded, text_tables
from reminder.documents.tables.word import word_tables

LARGEST = 32 << 20  # bytes
SECONDS = 60.0  # for LibreOffice; it takes three
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc, .xls, .wps, .et
RTF = b"{\\rtf"
# A workbook's first record and behind it the one of a password ([MS-XLS] 2.4.21, 2.4.117).
_XLS_PASSWORD = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}\x2f\x00", re.DOTALL)
# PDF, web pages, and the XML and MHTML that are saved under other names.
_OTHER = re.compile(rb"\s*(%PDF|<|MIME-Version:)", re.IGNORECASE)


def read_tables(path: Path) -> list[Table]:
    """Raises RefusedFileError. Text around and without tables comes as `before`."""
    return tables_in(path.name, _content(path))


def tables_in(name: str, content: bytes) -> list[Table]:
    """Of a file that is no file here. Raises RefusedFileError."""
    if not content:
        raise RefusedFileError(Refusal.EMPTY)
    tables = _read(name, content)
    if not any(table.rows or table.before for table in tables):
        raise RefusedFileError(Refusal.EMPTY)
    return tables


def read_text(path: Path) -> str:
    """Of a text its own lines, else what stands in and around tables, line by line; a merged
    place once. Raises RefusedFileError."""
    return text_in(path.name, _content(path))


def text_in(name: str, content: bytes) -> str:
    tables = tables_in(name, content)
    if not content.startswith((b"PK", OLE, RTF)):
        return decoded(content)
    lines: list[str] = []
    for table in tables:
        lines += table.before
        cells = dict.fromkeys(cell for row in table.rows for cell in row if cell)
        lines += [line for cell in cells for line in cell.lines]
    return "\n".join(lines)


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RefusedFileError(Refusal.NOT_A_FILE)
        if status.st_size > LARGEST:
            raise RefusedFileError(Refusal.TOO_LARGE, f"larger than {LARGEST} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise RefusedFileError(Refusal.NOT_FOUND) from None
    except PermissionError:
        raise RefusedFileError(Refusal.NO_ACCESS) from None
    except (OSError, ValueError) as error:
        raise RefusedFileError(Refusal.NOT_A_FILE, str(error)) from None


def _read(name: str, content: bytes) -> list[Table]:
    if content.startswith(b"PK"):
        return _office_tables(content)
    if content.startswith((OLE, RTF)):
        return _office_tables(_converted(content))
    if _OTHER.match(content[:4096].removeprefix(BOM_UTF8)):
        raise RefusedFileError(Refusal.OTHER_FORMAT)
    return text_tables(name, content)


def _office_tables(content: bytes) -> list[Table]:
    with Package(content) as package:
        main = next(
            (r.target for r in package.related("").values() if r.kind == "officeDocument"), ""
        )
        kind = package.content_type(main) if main else ""
        if "binary" in kind:  # .xlsb, of which all say that they may have macros
            raise RefusedFileError(Refusal.OTHER_FORMAT, kind)
        if package.has_macros or "macroEnabled" in kind:
            raise RefusedFileError(Refusal.MACRO)
        if "wordprocessingml" in kind:
            return word_tables(package, main)
        if "spreadsheetml" in kind:
            return excel_tables(package, main)
    raise RefusedFileError(Refusal.OTHER_FORMAT, kind)


def _converted(data: bytes) -> bytes:
    """The same document as .docx or .xlsx."""
    _refuse_locked(data)
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise RefusedFileError(Refusal.OLD_FORMAT, "LibreOffice is not installed")
    wanted = "xlsx" if not data.startswith(RTF) and _is_workbook(data) else "docx"
    with TemporaryDirectory(prefix="reminder-") as folder:
        # Under a plain name: what the file is called is nobody's option.
        source = Path(folder, "source")
        source.write_bytes(data)
        _run(office, Path(folder), wanted)
        result = Path(folder, "out", f"source.{wanted}")
        if not result.is_file():
            raise RefusedFileError(Refusal.DAMAGED, "LibreOffice cannot read it")
        return result.read_bytes()


def _name(text: str) -> bytes:
    return text.encode("utf-16-le")


def _refuse_locked(data: bytes) -> None:
    """By the streams that such a file names."""
    names = (_name("EncryptedPackage"), _name("EncryptionInfo"))
    if any(name in data for name in names) or _XLS_PASSWORD.search(data) or _is_locked_doc(data):
        raise RefusedFileError(Refusal.PASSWORD)
    if _name("_VBA_PROJECT") in data:
        raise RefusedFileError(Refusal.MACRO)
    if _name("PowerPoint Document") in data:
        raise RefusedFileError(Refusal.OTHER_FORMAT)


def _is_locked_doc(data: bytes) -> bool:
    """By a flag in the head of Word's stream, which begins a sector ([MS-DOC] 2.5.2)."""
    heads = (data[at : at + 12] for at in range(512, len(data), 512))
    return any(head.startswith(b"\xec\xa5") and len(head) > 11 and head[11] & 1 for head in heads)


def _is_workbook(data: bytes) -> bool:
    return _name("WordDocument") not in data and (
        _name("Workbook\0") in data or _name("Book\0") in data
    )


def _run(office: str, folder: Path, wanted: str) -> None:
    """In a session of its own, so that all that it started can be ended with it."""
    profile = Path(folder, "profile").as_uri()
    process = subprocess.Popen(  # noqa: S603 - LibreOffice, by full path; the file is an argument
        [
            office,
            f"-env:UserInstallation={profile}",
            *("--headless", "--norestore", "--nolockcheck", "--nodefault"),
            *("--convert-to", wanted, "--outdir", str(folder / "out"), str(folder / "source")),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        raise RefusedFileError(Refusal.DAMAGED, f"not read in {SECONDS:.0f} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
