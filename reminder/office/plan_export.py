"""A plan as the table that its office prints, in a file for Word or Excel."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from reminder.documents.edited_file import EditedFile
from reminder.documents.office import Office
from reminder.documents.plan_tables import PlanTables
from reminder.documents.printed_plan import printed_table
from reminder.documents.tables.grid import Table
from reminder.documents.tables.look import Look
from reminder.documents.templates import environment, phrase
from reminder.errors import UsageError

WANTED = "wanted a name that ends in .docx or .xlsx"


def export_plan(office: Office, path: Path) -> bytes:
    """Raises `UsageError` for a name that ends otherwise."""
    write = _writer(path)
    templates = environment(office.settings.templates, autoescape=False)
    say = partial(phrase, templates, "documents/table.txt")
    tables = EditedFile(office.settings.plan).validated(PlanTables)
    assert tables is not None  # it was read already
    table, columns = printed_table(tables, say)
    return write(table, _look(columns, say))


def _writer(path: Path) -> Callable[[Table, Look], bytes]:
    """Both take a third of a second to import: only where they are used."""
    if path.suffix.lower() == ".docx":
        from reminder.documents.tables.word_printing import word_file

        return word_file
    if path.suffix.lower() == ".xlsx":
        from reminder.documents.tables.excel_printing import excel_file

        return excel_file
    raise UsageError(f"{path.name!r} is neither for Word nor for Excel, {WANTED}")


def _look(columns: tuple[str, ...], say: Callable[..., str]) -> Look:
    return Look(
        beside=tuple(float(say("width", column=name)) for name in columns),
        font=say("font", of="text"),
        head_font=say("font", of="head"),
        title_font=say("font", of="title"),
    )
