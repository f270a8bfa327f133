"""Lists that offices keep: `reminder workdays`, the working days of a year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, chosen
from reminder.cli.output import print_json, remark, say

workdays = typer.Typer(help="Working days: the yearly notice, a year.", no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]


@workdays.command("import", epilog="Example: reminder workdays import notice.txt --dry-run")
def import_workdays(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    year: Annotated[
        int | None, typer.Option(min=2000, max=2200, help="When the notice does not say.")
    ] = None,
    dry_run: DryRun = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Over what the year's file says otherwise.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the yearly notice of holidays into config/workdays/YEAR.toml. Exit status 1 when
    something in it contradicts itself or the file: then nothing is written."""
    from reminder.office.holidays import read_holidays

    taken = read_holidays(chosen.get("config"), file, year)
    questions = taken.questions(replace=replace)
    written = not (questions or dry_run)
    if written:
        taken.write()
    if as_json:
        print_json(taken.facts(written=written, questions=questions))
    else:
        for line in taken.report(written=written).splitlines():
            say(line)
        for question in questions:
            place = f"{file}:{question['line']}" if question["line"] else str(file)
            remark(f"{place}: {question['text']}")
    raise typer.Exit(bool(questions))


@workdays.command(epilog="Example: reminder workdays show 2027")
def show(
    year: Annotated[int, typer.Argument(metavar="YEAR", min=2000, max=2200)],
    as_json: AsJson = False,
) -> None:
    """A year's days off and make-up days, and which layer says so."""
    from reminder.office.holidays import WorkYear

    days = WorkYear(chosen.get("config"), year)
    if as_json:
        print_json(days.facts())
        return
    for line in days.words().splitlines():
        say(line)
