"""The parts of an Office file: a zip of XML that is not trusted to be of the size it says."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from reminder.documents.tables.grid import Refusal, RefusedFileError

LARGEST_PART = 32 << 20  # bytes, inflated; of all parts that are read twice as much
LARGEST_DIRECTORY = 1 << 20  # bytes; some ten thousand entries
MOST_ELEMENTS = 1_000_000
MOST_KEPT = 400_000  # elements and attributes in memory at once, 100 MB
MOST_NAMES = 2_000
DEEPEST = 200
LONGEST_TAG = 2 << 20  # bytes; pictures of old Word stand in an attribute
_CHUNK = 1 << 16

# Word and Excel write either of two names for a namespace; here it is one prefix. Attributes of
# other namespaces are of no use and left out.
_OFFICE = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_PREFIXES = {
    _OFFICE + "wordprocessingml/2006/main": "w_",
    _STRICT + "wordprocessingml/main": "w_",
    _OFFICE + "spreadsheetml/2006/main": "",
    _STRICT + "spreadsheetml/main": "",
    _OFFICE + "officeDocument/2006/relationships": "r_",
    _STRICT + "officeDocument/relationships": "r_",
    _OFFICE + "officeDocument/2006/math": "m_",
    _STRICT + "officeDocument/math": "m_",
    _OFFICE + "markup-compatibility/2006": "mc_",
    _OFFICE + "package/2006/relationships": "",
    _OFFICE + "package/2006/content-types": "",
    "http://www.w3.org/XML/1998/namespace": "xml_",
}
_OTHER = "other_"

Take = Callable[[Element], None]


@dataclass(frozen=True)
class Reference:
    """`kind` is the last word of its type; `target` a part's name, or an address outside."""

    kind: str
    target: str


class Package:
    """Parts by name, in any case, as both kinds of slashes are met. Raises RefusedFileError."""

    def __init__(self, content: bytes) -> None:
        _refuse_long_directory(content)
        with _refusals():
            self._zip = zipfile.ZipFile(BytesIO(content))
        self._names = {_part_name(info.filename): info for info in self._zip.infolist()}
        self._inflated = 0
        self._elements = 0

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _part_name(name) in self._names

    @property
    def has_macros(self) -> bool:
        return any(name.endswith("vbaproject.bin") for name in self._names)

    def related(self, name: str) -> dict[str, Reference]:
        """What that part refers to, by its ids; the package's own for an empty name."""
        folder, base = posixpath.split(name)
        source = posixpath.join(folder, "_rels", f"{base}.rels")
        if source not in self:
            return {}
        found = {}
        for element in self.xml(source):
            target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = Reference(kind, target.lstrip("/"))
        return found

    def content_type(self, name: str) -> str:
        default = ""
        for element in self.xml("[Content_Types].xml"):
            if _part_name(element.get("PartName", "")) == _part_name(name):
                return element.get("ContentType", "")
            if element.get("Extension", "").lower() == name.rpartition(".")[2].lower():
                default = element.get("ContentType", "")
        return default

    def xml(self, name: str, **take: Take) -> Element:
        """The part's tree. Elements named in `take` are handed over whole and then forgotten."""
        if name not in self:
            raise RefusedFileError(Refusal.DAMAGED, f"{name} is missing")
        parser = _Parser(take, MOST_ELEMENTS - self._elements)
        with _refusals(), self._zip.open(self._names[_part_name(name)]) as file:
            root = parser.parse(self._chunks(file))
        self._elements += parser.elements
        if root is None:
            raise RefusedFileError(Refusal.DAMAGED, f"{name} is not what it should be")
        return root

    def _chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        size = 0
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            self._inflated += len(chunk)
            if size > LARGEST_PART or self._inflated > 2 * LARGEST_PART:
                raise RefusedFileError(Refusal.BOMB, "parts inflate beyond what a table holds")
            yield chunk


class _Parser:
    """A tree with short names, within bounds; entities are not even declared."""

    def __init__(self, take: dict[str, Take], most: int) -> None:
        self.elements = 0
        self._take = take
        self._most = most
        self._builder = TreeBuilder()
        self._outer: list[TreeBuilder] = []  # around an element that is handed over
        self._open: list[int] = []  # for each open element, how many were in memory before
        self._count = 0
        self._seen = 0  # bytes up to the last tag or text
        self._names: dict[str, str] = {}

    def parse(self, chunks: Iterator[bytes]) -> Element | None:
        """None when the whole of it was handed over."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_document_type
        fed = 0
        for chunk in chunks:
            before, fed = self.elements, fed + len(chunk)
            parser.Parse(chunk, False)
            if self.elements > before:
                self._seen = fed
            if fed - self._seen > LONGEST_TAG:
                raise RefusedFileError(Refusal.BOMB, "a tag or text without end")
        parser.Parse(b"", True)
        return self._builder.close()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(self._count)
        kept = {}
        for key, value in attributes.items():
            short = self._names.get(key) or self._short(key)
            if not short.startswith((_OTHER, "w_rsid")):
                kept[short] = value
        self.elements += 1
        self._count += 1 + len(kept)
        if self._count > MOST_KEPT or self.elements > self._most or len(self._open) > DEEPEST:
            raise RefusedFileError(Refusal.BOMB, "more or deeper elements than a table has")
        short = self._names.get(name) or self._short(name)
        if short in self._take:
            self._outer.append(self._builder)
            self._builder = TreeBuilder()
        self._builder.start(short, kept)

    def _text(self, text: str) -> None:
        self._builder.data(text)

    def _end(self, name: str) -> None:
        short = self._names[name]
        element = self._builder.end(short)
        before = self._open.pop()
        if short in self._take:
            self._builder = self._outer.pop()
            self._count = before
            self._take[short](element)

    def _short(self, name: str) -> str:
        if len(self._names) > MOST_NAMES:
            raise RefusedFileError(Refusal.BOMB, "more names than there are")
        space, _, local = name.rpartition(" ")
        short = (_PREFIXES.get(space, _OTHER) if space else "") + local
        self._names[name] = short
        return short


def _refuse_document_type(*_: object) -> None:
    raise RefusedFileError(Refusal.BOMB, "declares entities")


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # zipfile, of an entry with a password
        raise RefusedFileError(Refusal.PASSWORD, str(error)) from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        NotImplementedError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise RefusedFileError(Refusal.DAMAGED, str(error)) from None


def _refuse_long_directory(content: bytes) -> None:
    """zipfile makes an object of each entry before anybody can count them."""
    end = content[-(1 << 16) - 98 :]
    at, size = end.rfind(b"PK\x05\x06"), 0
    if 0 <= at <= len(end) - 22:
        size = struct.unpack_from("<L", end, at + 12)[0]
    at = end.rfind(b"PK\x06\x06")  # the same of zip64
    if size == 0xFFFFFFFF and 0 <= at <= len(end) - 56:
        size = struct.unpack_from("<Q", end, at + 40)[0]
    if size > LARGEST_DIRECTORY:
        raise RefusedFileError(Refusal.BOMB, "more entries than a document has")
