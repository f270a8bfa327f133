"""`reminder simulate`: a year in seconds."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.context import AsJson, application, command, parse_day
from reminder.cli.words import harmless, print_json, table
from reminder.domain.changes import held_on
from reminder.errors import ReminderError, UsageError
from reminder.output_files import make_folder, write_file

if TYPE_CHECKING:
    from reminder.domain.timetable import Timetable
    from reminder.office.simulation import Outcome

cli = typer.Typer()
WIDE = 240  # columns of the report's file
LEGEND = (
    "D digest, N nudge, C to confirm, then the day it was accepted; * late; "
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
    from reminder.office.records import session_dates
    from reminder.office.simulation import simulate as run

    app = application()
    app.office = replace(app.office, table=held_on(app.table, session_dates(app.office)))
    plan = app.table.plan
    first = parse_day(start) if start else date(plan.year, 1, 1)
    last = parse_day(end) if end else date(plan.year, 12, 31)
    for day in (first, last):
        if abs(day.year - plan.year) > 1:
            raise UsageError(f"{day} lies far from the plan's year {plan.year}")
    if last < first:
        raise UsageError(f"--to {last} lies before --from {first}")
    begin, until = (
        datetime.combine(day, time(), plan.zone) for day in (first, last + timedelta(days=1))
    )
    with _folder(output) as folder, _quiet(), _progress() as progress:
        outbox = folder / "outbox" if output else None
        outcome = run(app.office, begin, until, folder, outbox=outbox, progress=progress)
        if output:
            report = "\n".join(_lines(outcome, app.table, WIDE))
            write_file(folder / "report.txt", [f"{report}\n".encode()])
    if as_json:
        print_json(_figures(outcome, app.table))
    else:
        room = get_terminal_size().columns if sys.stdout.isatty() else WIDE
        print("\n".join(_lines(outcome, app.table, room)))
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
        make_folder(output)
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
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=1000, label="simulating", file=sys.stderr) as bar:
        yield lambda part: bar.update(round(1000 * part) - bar.pos)


def _figures(outcome: Outcome, timetable: Timetable) -> dict[str, Any]:
    from reminder.office.simulation import grid

    return {
        "seed": None,
        "passes": outcome.passes,
        "kills": 0,
        "faults": 0,
        "accepted": len(outcome.accepted),
        "copies": outcome.copies,
        "breaches": [{"notice": key, "words": words} for key, words in outcome.breaches],
        "units": {name: months for name, *months in grid(outcome, timetable)},
    }


def _lines(outcome: Outcome, timetable: Timetable, room: int) -> Iterator[str]:
    from reminder.office.simulation import grid

    head = ["unit", *(str(month) for month in range(1, 13))]
    cells = [[harmless(cell) for cell in row] for row in grid(outcome, timetable)]
    yield from table([head, *cells], room)
    yield LEGEND
    yield f"{outcome.passes} passes, {len(outcome.accepted)} mails accepted"
    yield f"{outcome.copies} copies, each after an answer that was lost or a kill before its record"
    yield f"{len(outcome.breaches)} notices broke the promise"
    for key, words in outcome.breaches:
        yield harmless(f"  {key}: {words}")
