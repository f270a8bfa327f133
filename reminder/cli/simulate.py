"""`reminder simulate`: a year in seconds, with faults if wanted."""

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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.context import AsJson, application, command, days_set, parse_day
from reminder.cli.words import harmless, print_json
from reminder.errors import ReminderError, UsageError
from reminder.output_files import output_folder, write_file

if TYPE_CHECKING:
    from rich.console import Console

    from reminder.domain.timetable import Timetable
    from reminder.simulation import Outcome

cli = typer.Typer()
WIDE = 240  # columns of the report's file


@command(cli, example="reminder simulate --from 2026-01-01 --to 2026-12-31 --faults 7")
def simulate(
    start: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    faults: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="With crashes, sick servers, wrong clocks, full disks."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep ledger, report and every mail (a Maildir)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A year on a virtual clock: what each unit would get, and whether the promise holds."""
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
        from reminder.simulation import simulate as run
        from reminder.simulation.report import mail_writer

        mails = mail_writer(folder / "outbox") if output else None
        outcome = run(app.office, begin, until, folder, seed=faults, mails=mails, progress=told)
        if output:
            _write(outcome, table, folder)
    _show(outcome, table, as_json)
    if outcome.breaches:
        raise ReminderError("the promise was broken", hint="The same seed breaks it again.")


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


def _write(outcome: Outcome, table: Timetable, folder: Path) -> None:
    from rich.console import Console

    from reminder.simulation.report import chronicle

    report = StringIO()
    console = Console(file=report, width=WIDE)
    _print(outcome, table, console)
    console.print("\n".join(chronicle(outcome, table.plan.zone)), markup=False)
    write_file(folder / "report.txt", report.getvalue().encode())


def _show(outcome: Outcome, table: Timetable, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        print_json(_figures(outcome, table))
    else:
        _print(outcome, table, Console(width=None if sys.stdout.isatty() else WIDE))


def _figures(outcome: Outcome, table: Timetable) -> dict[str, Any]:
    from reminder.simulation.report import grid

    return {
        "seed": outcome.seed,
        "passes": outcome.passes,
        "kills": outcome.kills,
        "faults": len(outcome.faults.spells),
        "accepted": len(outcome.deliveries),
        "copies": outcome.copies,
        "breaches": [{"notice": b.notice, "words": b.words} for b in outcome.breaches],
        "units": {name: months for name, *months in grid(outcome, table)},
    }


def _print(outcome: Outcome, table: Timetable, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from reminder.simulation.report import LEGEND, grid, summary

    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("unit", no_wrap=True)
    for month in range(1, 13):
        shown.add_column(str(month))
    for row in grid(outcome, table):
        shown.add_row(*(Text(harmless(cell)) for cell in row))
    console.print(shown)
    console.print(LEGEND, markup=False, highlight=False)
    for line in summary(outcome):
        console.print(harmless(line), markup=False, highlight=False)
