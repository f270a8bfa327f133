"""`reminder brief`: the half page for whoever leads the office."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import application
from reminder.cli.output import announce, remark, words
from reminder.errors import UsageError
from reminder.output_files import write_file

cli = typer.Typer()


@cli.command(epilog="Example: reminder brief --period 2026-04")
def brief(
    period: Annotated[
        str,
        typer.Option(metavar="2026-04", help="A month, or a year: 2026; else the one that runs."),
    ] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.docx", help="Else a name that says the period.")
    ] = None,
) -> None:
    """Half a page in Word: done, in hand, to confirm, not signed, what comes next."""
    from reminder.office.brief import about_brief, offered_periods, read_brief
    from reminder.office.brief_document import brief_file, brief_name

    if output and output.suffix.lower() != ".docx":
        raise UsageError.because("no_word_file", name=output.name)
    whole = application()
    at = whole.clock.now()
    app, month = about_brief(whole, period, at)
    with app.database.read() as connection:
        found = read_brief(app, connection, at, month)
    file = output or Path(brief_name(app, found.period))
    write_file(file, [brief_file(app, found)])
    announce("written", file=str(file))
    others = [other for other in offered_periods(whole, at) if other != found.period]
    if not period and others:
        remark(words("done", "other_briefs", periods=others))
