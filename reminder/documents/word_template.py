"""A Word document with places for facts, which an office lays out in Word itself."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from reminder.documents.edited_file import read_file, shown
from reminder.errors import ConfigurationError, Fault, Mistake

BRIEF = "documents/brief.docx"  # of the 情况简报
# The facts of the 情况简报: `text` stands behind a section's heading, or `lines` below it.
SAMPLE: Mapping[str, object] = {
    "title": "title",
    "subtitle": "subtitle",
    "summary": "summary",
    "sections": [
        {"heading": "heading", "text": "text", "lines": []},
        {"heading": "heading", "text": "", "lines": ["line"]},
    ],
    "counts": {
        **{"planned": 0, "done": 0, "in_hand": 0, "reported": 0, "to_confirm": 0, "waiting": 0},
        **{"not_open": 0, "closed": 0, "settled": 0, "earlier": 0, "asked": 0, "signed": 0},
    },
}
LARGEST = 64 << 20  # bytes, inflated: with a picture or two
NEAR = 60  # characters of the paragraph that a mistake stands in


def fill(path: Path, facts: Mapping[str, object], at: datetime | None = None) -> bytes:
    """Facts are texts, numbers and lists of these; a name that is not among them is a mistake. `at`
    is when it was made, as the document's properties say.

    Raises `ConfigurationError` with what is wrong in the document.
    """
    # It takes a third of a second to import: only where it is used.
    from docxtpl import DocxTemplate

    # The document comes from an office's own folder, by mail or from elsewhere: it sees its facts
    # and nothing of the program.
    jinja = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    with _mistakes(path):
        content = read_file(path)
        _refuse_bomb(content)
        document = DocxTemplate(io.BytesIO(content))
        document.render(dict(facts), jinja, autoescape=True)
        if at:
            properties = document.docx.core_properties  # get_docx() would read it anew
            properties.created = properties.modified = at.astimezone(UTC).replace(tzinfo=None)
        file = io.BytesIO()
        document.save(file)
    return file.getvalue()


def _refuse_bomb(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST:
            raise Mistake("unpacks_too_large", most=LARGEST)


@contextmanager
def _mistakes(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # an operator's document and its expressions may raise anything
        mistake = _mistake(error)
        fault = Fault(shown(path), 0, "", mistake.reason, mistake.facts)
        raise ConfigurationError([fault]) from error


def _mistake(error: Exception) -> Mistake:
    """What may be wrong inside a document, or comes of an expression in it, has no one class."""
    if isinstance(error, Mistake):
        return error
    if isinstance(error, zipfile.BadZipFile):
        return Mistake("no_document")
    if isinstance(error, OSError):
        return Mistake("unreadable", why=error.strerror or str(error), errno=error.errno)
    why = " ".join(str(error).split()) or type(error).__name__
    return Mistake("wrong_document", why=why, near=_near(error))


def _near(error: Exception) -> str:
    """Pages have no lines: the paragraph is repeated, to be searched for in Word."""
    lines = [line.strip() for line in getattr(error, "docx_context", ())]
    return " ".join(line for line in lines if "{" in line)[:NEAR]
