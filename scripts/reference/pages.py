"""Which pages are made from the code, and what each should say now."""

from pathlib import Path

from scripts import watching
from scripts.reference import commands, files, manual, settings

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[Path, str]:
    return {
        DOCS / "reference" / "settings.md": settings.page(),
        DOCS / "reference" / "files.md": files.page(),
        DOCS / "reference" / "commands.md": commands.page(),
        DOCS / "reference" / "reminder.1": manual.page(),
        watching.PAGE: watching.written(watching.PAGE.read_text("utf-8")),
    }
