""".doc, .xls, .wps and .et as the formats of today, through LibreOffice where it is installed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from reminder.documents.tables.grid import Refusal, RefusedFileError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RTF = b"{\\rtf"
SECONDS = 60.0  # a conversion takes three


def program() -> str | None:
    return shutil.which("soffice") or shutil.which("libreoffice")


@contextmanager
def converted(path: Path, beginning: bytes) -> Iterator[Path]:
    """The same document as .docx or .xlsx, for as long as it is open."""
    data = path.read_bytes()
    _refuse_locked(data)
    office = program()
    if office is None:
        raise RefusedFileError(Refusal.OLD_FORMAT, "LibreOffice is not installed")
    wanted = "xlsx" if not beginning.startswith(RTF) and _is_workbook(data) else "docx"
    with TemporaryDirectory(prefix="reminder-") as folder:
        # Under a plain name: what the file is called is nobody's option.
        source = Path(folder, "source")
        source.write_bytes(data)
        _run(office, Path(folder), wanted)
        result = Path(folder, "out", f"source.{wanted}")
        if not result.is_file():
            raise RefusedFileError(Refusal.DAMAGED, "LibreOffice cannot read it")
        yield result


def _name(text: str) -> bytes:
    return text.encode("utf-16-le")


def _refuse_locked(data: bytes) -> None:
    """By the streams that such a file names."""
    if _name("EncryptedPackage") in data or _name("EncryptionInfo") in data:
        raise RefusedFileError(Refusal.PASSWORD)
    if _name("_VBA_PROJECT") in data:
        raise RefusedFileError(Refusal.MACRO)
    if _name("PowerPoint Document") in data:
        raise RefusedFileError(Refusal.OTHER_FORMAT)


def _is_workbook(data: bytes) -> bool:
    return _name("WordDocument") not in data and (
        _name("Workbook\0") in data or _name("Book\0") in data
    )


def _run(office: str, folder: Path, wanted: str) -> None:
    """In a session of its own, so that all that it started can be ended with it."""
    profile = Path(folder, "profile").as_uri()
    process = subprocess.Popen(
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
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
