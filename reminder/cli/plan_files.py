"""`reminder plan`: plans as files, read, compared and written."""

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, application, chosen
from reminder.cli.output import print_json, remark, say
from reminder.output_files import write_file

cli = typer.Typer(help="Plans as files: compare, take in, print.", no_args_is_help=True)


@cli.command(epilog="Example: reminder plan diff plan/plan_2026.toml new.toml")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD")],
    new: Annotated[Path, typer.Argument(metavar="NEW")],
    as_json: AsJson = False,
) -> None:
    """What differs between two plan files, and for whom. Exit status 1 when anything does."""
    from reminder.office.plan_files import compare_files

    comparison = compare_files(chosen.config, old, new)
    if as_json:
        print_json(comparison.facts())
    else:
        for line in comparison.words().splitlines():
            say(line)
    raise typer.Exit(1 if comparison.changes else 0)


@cli.command("import", epilog="Example: reminder plan import table.docx --output plan_2027.toml")
def import_table(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    year: Annotated[
        int | None, typer.Option(min=2000, max=2100, help="When the table does not say.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; else standard output.")
    ] = None,
    units: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In place of the folder's units.toml.")
    ] = None,
    revise: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="Of this plan a later version: ids stay."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take in a table of Word, Excel or text. Exit status 1 when something is asked."""
    from reminder.clock import Clock
    from reminder.office.plan_import import import_plan

    taken = import_plan(chosen.config, file, year or 0, units, Clock().now().year, revise)
    next_step = taken.write(output) if output else ""
    if as_json:
        print_json(taken.facts())
    elif not output:
        print(taken.text, end="")
    for question in () if as_json else taken.questions:
        remark(question["text"])
    remark(taken.summary)
    if next_step:
        remark(next_step)
    raise typer.Exit(1 if taken.questions else 0)


@cli.command(epilog="Example: reminder plan export table.docx")
def export(file: Annotated[Path, typer.Argument(metavar="FILE.docx|.xlsx")]) -> None:
    """Write the table as the office prints it; a file that is there already is left alone."""
    from reminder.office.plan_files import export_plan

    office = application().as_edited
    write_file(file, [export_plan(office, file)], new=True)
    say(f"written: {file} ({office.table.plan.name})")
