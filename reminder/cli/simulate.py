"""`reminder simulate`: a year in seconds."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.context import AsJson, application, command, days_set, parse_day
from reminder.cli.words import harmless, print_json
from reminder.errors import ReminderError, UsageError
from reminder.output_files import output_folder, write_file

if TYPE_CHECKING:
    from rich.console import Console

    from reminder.domain.timetable import Timetable
    from reminder.office.simulation import Outcome

cli = typer.Typer()
WIDE = 240  # columns of the report's file
LEGEND = (
    "D digest, N nudge, C 待确认, then the day it was accepted; * late; "
    "(refused), (expired), (retry): what became of it instead"
)


@command(cli, example="reminder simulate --from 2026-01-01 --to 2026-12-31")
def simulate(
    start: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep ledger, report and every mail (a Maildir)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A year on a virtual clock: what each unit would get, and whether all of it goes."""
    from reminder.domain.moves import held_on

    app = application()
    app.office = replace(app.office, table=held_on(app.table, days_set(app.office)))
    table = app.table
    first = parse_day(start) if start else date(table.plan.year, 1, 1)
    last = parse_day(end) if end else date(table.plan.year, 12, 31)
    for day in (first, last):
        if abs(day.year - table.plan.year) > 1:
            raise UsageError(f"{day} lies far from the plan's year {table.plan.year}")
    if last < first:
        raise UsageError(f"--to {last} lies before --from {first}")
    begin, until = (
        datetime.combine(day, time(), table.plan.zone) for day in (first, last + timedelta(days=1))
    )
    with _folder(output) as folder, _quiet(), _progress() as told:
        from reminder.office.simulation import simulate as run

        outbox = folder / "outbox" if output else None
        outcome = run(app.office, begin, until, folder, outbox=outbox, progress=told)
        if output:
            report = StringIO()
            _print(outcome, table, _console(report))
            write_file(folder / "report.txt", report.getvalue().encode())
    if as_json:
        print_json(_figures(outcome, table))
    else:
        _print(outcome, table, _console())
    if outcome.breaches:
        raise ReminderError("the promise was broken", hint="The same year breaks it again.")


@contextmanager
def _folder(output: Path | None) -> Iterator[Path]:
    if output is None:
        with tempfile.TemporaryDirectory(prefix="reminder-") as name:
            yield Path(name)
    elif output.is_dir() and any(output.iterdir()):
        raise UsageError(f"{output} is not empty", hint="Wanted a new folder, or an empty one.")
    else:
        with output_folder(output, make=True):
            yield output


@contextmanager
def _quiet() -> Iterator[None]:
    """The log of hundreds of passes tells nobody anything; the report says what matters."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("simulating", total=1.0)
        yield lambda part: bar.update(task, completed=part)


def _console(file: IO[str] | None = None) -> Console:
    from rich.console import Console

    wide = file is not None or not sys.stdout.isatty()
    return Console(file=file, width=WIDE if wide else None)


def _figures(outcome: Outcome, table: Timetable) -> dict[str, Any]:
    from reminder.office.simulation import grid

    return {
        "seed": None,
        "passes": outcome.passes,
        "kills": 0,
        "faults": 0,
        "accepted": len(outcome.accepted),
        "copies": outcome.copies,
        "breaches": [{"notice": key, "words": words} for key, words in outcome.breaches],
        "units": {name: months for name, *months in grid(outcome, table)},
    }


def _print(outcome: Outcome, table: Timetable, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from reminder.office.simulation import grid

    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("unit", no_wrap=True)
    for month in range(1, 13):
        shown.add_column(str(month))
    for row in grid(outcome, table):
        shown.add_row(*(Text(harmless(cell)) for cell in row))
    console.print(shown)
    lines = [
        LEGEND,
        f"{outcome.passes} passes, {len(outcome.accepted)} mails accepted",
        f"{outcome.copies} copies, each after an answer that was lost or a kill before its record",
        f"{len(outcome.breaches)} notices broke the promise",
        *(f"  {key}: {words}" for key, words in outcome.breaches),
    ]
    for line in lines:
        console.print(harmless(line), markup=False, highlight=False)
