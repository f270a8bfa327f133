"""Files that are no tables, or would grow: refused at once and in little memory."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document

from reminder.documents.tables.grid import Refusal, RefusedFileError
from reminder.documents.tables.reading import read_tables

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
BINARY = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
XLS_HEAD = b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(12)
MEMORY, SECONDS = 200 << 20, 2.5
READ = (
    "import json, sys, time\n"
    "from pathlib import Path\n"
    "from reminder.documents.tables.grid import RefusedFileError\n"
    "from reminder.documents.tables.reading import read_tables\n"
    "refusal = ''\n"
    "try:\n"
    "    read_tables(Path(sys.argv[1]))\n"
    "except RefusedFileError as error:\n"
    "    refusal = error.refusal\n"
    "peak = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]\n"
    "print(json.dumps([refusal, int(peak) << 10, time.process_time()]))\n"
)


def word(path: Path, body: bytes, kind: str = f"{KIND}.main+xml", **parts: bytes) -> None:
    """A document of that body, however long; more parts by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Override PartName="/document.xml" ContentType="{kind}"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
            f'Type="{OFFICE}/officeDocument" Target="document.xml"/></Relationships>',
        )
        file.writestr("document.xml", body)
        for name, content in parts.items():
            file.writestr(name, content)


def body(content: bytes) -> bytes:
    return f'<w:document xmlns:w="{WORD}"><w:body>'.encode() + content + b"</w:body></w:document>"


def cells(span: int, rows: int) -> bytes:
    cell = f'<w:tc><w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr><w:p/></w:tc>'
    return b"<w:tbl>" + f"<w:tr>{cell}</w:tr>".encode() * rows + b"</w:tbl>"


def many_entries(path: Path) -> None:
    word(path, body(b""))
    with zipfile.ZipFile(path, "a") as file:
        for number in range(40_000):
            file.writestr(str(number), b"")


def entities(path: Path) -> None:
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    document = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>'.encode()
    word(path, document + body(b"<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>"))


BOMBS: dict[str, tuple[Callable[[Path], object], Refusal]] = {
    "zeros": (lambda path: word(path, body(bytes(300 << 20))), Refusal.DAMAGED),
    "blanks": (lambda path: word(path, body(b" " * (300 << 20))), Refusal.BOMB),
    "text": (
        lambda path: word(path, body(b"<w:p><w:r><w:t>" + b"x" * (60 << 20))),
        Refusal.BOMB,
    ),
    "entries": (many_entries, Refusal.BOMB),
    "entities": (entities, Refusal.BOMB),
    "elements": (lambda path: word(path, body(b"<w:p/>" * 3_000_000)), Refusal.BOMB),
    "depth": (lambda path: word(path, body(b"<w:tbl>" * 100_000)), Refusal.BOMB),
    "attributes": (
        lambda path: word(path, b"<a " + b" ".join(b'a%d=""' % n for n in range(2_000_000))),
        Refusal.BOMB,
    ),
    "span": (lambda path: word(path, body(cells(1_000_000, 1))), Refusal.BOMB),
    "spans": (lambda path: word(path, body(cells(500, 100_000))), Refusal.BOMB),
    "values": (lambda path: path.write_bytes(b"a\t" * (2 << 20)), Refusal.BOMB),
    "cells": (lambda path: path.write_bytes((b"\ta" * (1 << 19) + b"\n\n") * 2), Refusal.BOMB),
    "lines": (lambda path: path.write_bytes(b"a\n" * (2 << 20)), Refusal.TOO_LARGE),
    "size": (lambda path: path.touch() or os.truncate(path, 100 << 20), Refusal.TOO_LARGE),
}


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_what_would_grow_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "plan"
    make, wanted = BOMBS[name]
    make(path)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, check=True, text=True
    )
    refusal, peak, seconds = json.loads(done.stdout)
    assert refusal == wanted
    assert peak < MEMORY
    assert seconds < SECONDS


def folder(path: Path) -> None:
    path.mkdir()


def cut(path: Path) -> None:
    word(path, body(b"<w:p/>" * 1000))
    path.write_bytes(path.read_bytes()[:-100])


def spoiled(path: Path) -> None:
    """A byte in the middle of a compressed part."""
    word(path, body(os.urandom(20_000).hex().encode()))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def locked(path: Path) -> None:
    """The mark of an entry with a password."""
    word(path, body(b""))
    data = path.read_bytes()
    path.write_bytes(
        data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    )


def write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda path: None, Refusal.NOT_FOUND),
        (folder, Refusal.NOT_A_FILE),
        (os.mkfifo, Refusal.NOT_A_FILE),
        (lambda path: path.symlink_to(path), Refusal.NOT_A_FILE),
        (Path.touch, Refusal.EMPTY),
        (write(b"\n \n"), Refusal.EMPTY),
        (lambda path: word(path, body(b"<w:p/>")), Refusal.EMPTY),
        (cut, Refusal.DAMAGED),
        (spoiled, Refusal.DAMAGED),
        (lambda path: word(path, b"<w:document"), Refusal.DAMAGED),
        (lambda path: word(path, b"<document/>"), Refusal.DAMAGED),
        (write(b"PK\x03\x04 and no zip"), Refusal.DAMAGED),
        (locked, Refusal.PASSWORD),
        (write(OLE + "EncryptedPackage".encode("utf-16-le")), Refusal.PASSWORD),
        (write(OLE[:512] + b"\xec\xa5" + bytes(8) + b"\x10\x13" + bytes(500)), Refusal.PASSWORD),
        (write(OLE + XLS_HEAD + b"\x2f\x00\x36\x00" + bytes(54)), Refusal.PASSWORD),
        (write(OLE + "_VBA_PROJECT".encode("utf-16-le")), Refusal.MACRO),
        (write(OLE + "PowerPoint Document".encode("utf-16-le")), Refusal.OTHER_FORMAT),
        (lambda path: word(path, body(b""), **{"vbaProject.bin": b""}), Refusal.MACRO),
        (
            lambda path: word(
                path, body(b""), "application/vnd.ms-word.document.macroEnabled.main+xml"
            ),
            Refusal.MACRO,
        ),
        (lambda path: word(path, body(b""), "application/vnd.ms-powerpoint"), Refusal.OTHER_FORMAT),
        (lambda path: word(path, body(b""), BINARY), Refusal.OTHER_FORMAT),
        (write(b"%PDF-1.7\n"), Refusal.OTHER_FORMAT),
        (write(b"\xef\xbb\xbf <html><table><tr><td>4"), Refusal.OTHER_FORMAT),
        (write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Refusal.OTHER_FORMAT),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, make: Callable[[Path], object], wanted: Refusal
) -> None:
    path = tmp_path / "plan.docx"
    make(path)
    with pytest.raises(RefusedFileError) as caught:
        read_tables(path)
    assert caught.value.refusal is wanted


@pytest.mark.parametrize("name", ["\0", "x" * 300])
def test_a_name_that_no_file_has(name: str) -> None:
    with pytest.raises(RefusedFileError) as caught:
        read_tables(Path(name))
    assert caught.value.refusal is Refusal.NOT_A_FILE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.touch(mode=0)
    with pytest.raises(RefusedFileError) as caught:
        read_tables(path)
    assert caught.value.refusal is Refusal.NO_ACCESS


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("form", ["doc", "rtf"])
def test_old_formats_are_read_through_libreoffice(tmp_path: Path, form: str) -> None:
    written = Document()
    written.add_table(1, 2).cell(0, 1).text = "4"
    written.add_paragraph("5")
    written.save(str(tmp_path / "plan.docx"))
    folder = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", folder, "--headless", "--convert-to", form, "--outdir", str(tmp_path)]
    subprocess.run([*convert, str(tmp_path / "plan.docx")], check=True, capture_output=True)
    table, rest = read_tables(tmp_path / f"plan.{form}")
    assert [[cell and cell.text for cell in row] for row in table.rows] == [["", "4"]]
    assert rest.before == ("5",)


def test_old_formats_want_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "plan.doc"
    path.write_bytes(OLE)
    with pytest.raises(RefusedFileError) as caught:
        read_tables(path)
    assert caught.value.refusal is Refusal.OLD_FORMAT


def test_large_pictures_do_no_harm(tmp_path: Path) -> None:
    """Only what is read is inflated."""
    path = tmp_path / "plan.docx"
    word(path, body(b"<w:p><w:r><w:t>4</w:t></w:r></w:p>"), **{"image.bin": bytes(200 << 20)})
    (table,) = read_tables(path)
    assert table.before == ("4",)
