"""Lists that offices keep: `reminder units` and their liaisons, `reminder workdays` of a year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, chosen, load
from reminder.cli.output import announce, print_json, remark, say, show

units = typer.Typer(help="Units and groups: names, members, addresses; a list of liaisons.")
workdays = typer.Typer(help="Working days: the yearly notice, a year.", no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]


@units.callback(invoke_without_command=True, epilog="Example: reminder units --json")
def list_units(context: typer.Context, as_json: AsJson = False) -> None:
    """Units and groups, with names, members and addresses; commands for a list of liaisons."""
    if context.invoked_subcommand:
        return
    keys = ["id", "name", "short", "aliases", "members", "to", "cc", "channels", "language"]
    columns = ["id", "name", "relation", "to", "members"]
    directory = load().table.directory
    rows = [
        {key: getattr(unit, key) for key in (keys if as_json else columns)}
        for unit in directory.units.values()
    ]
    show(rows, as_json, columns)


@units.command("import", epilog="Example: reminder units import liaisons.xlsx --dry-run")
def import_units(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    dry_run: DryRun = False,
    add: Annotated[bool, typer.Option("--add", help="Names like nobody's become units.")] = False,
    shared: Annotated[
        list[str] | None,
        typer.Option("--shared", metavar="ADDRESS", help="That several units may have."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take liaisons, telephones and addresses from a list into units.toml. Empty cells leave what
    is there. Exit status 1 when something is asked; that is not written, the rest is."""
    from reminder.office.unit_lists import read_list

    taken = read_list(chosen.config, file, add=add, shared=shared or ())
    if not dry_run:
        taken.write()
    if as_json:
        print_json(taken.facts(written=not dry_run))
    else:
        for line in taken.units.words("report", it=taken, written=not dry_run).splitlines():
            say(line)
        for question in taken.questions:
            remark(f"{file}: {taken.units.words('question', it=question)}")
    raise typer.Exit(bool(taken.questions))


@units.command(epilog="Example: reminder units template liaisons.xlsx")
def template(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """A workbook to fill in: a row a unit, with what is known of it."""
    from reminder.office.unit_lists import write_template

    count = write_template(chosen.config, file)
    announce("units_written", count=count, file=str(file))


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

    found = read_holidays(chosen.config, file, year)
    taken = found.taken
    questions = taken.questions(replace=replace)
    written = not (questions or dry_run)
    if written:
        found.write()
    if as_json:
        print_json(taken.facts(found.shown, written=written, questions=questions))
    else:
        for line in taken.report(found.shown, written=written).splitlines():
            say(line)
        for question in questions:
            place = f"{file}:{question['line']}" if question["line"] else str(file)
            remark(f"{place}: {question['text']}")
    raise typer.Exit(bool(questions))


@workdays.command("show", epilog="Example: reminder workdays show 2027")
def show_workdays(
    year: Annotated[int, typer.Argument(metavar="YEAR", min=2000, max=2200)],
    as_json: AsJson = False,
) -> None:
    """A year's days off and make-up days, and which layer says so."""
    from reminder.office.holidays import read_work_year

    days = read_work_year(chosen.config, year)
    if as_json:
        print_json(days.facts())
        return
    for line in days.words().splitlines():
        say(line)
