"""`reminder plan`: plans as files, read, compared and written."""

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, chosen
from reminder.cli.output import print_json, say

cli = typer.Typer(help="Plans as files: compare, take in, print.", no_args_is_help=True)


@cli.command(epilog="Example: reminder plan diff plan/plan_2026.toml new.toml")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD")],
    new: Annotated[Path, typer.Argument(metavar="NEW")],
    as_json: AsJson = False,
) -> None:
    """What differs between two plan files, and for whom. Exit status 1 when anything does."""
    from reminder.office.plan_files import compare_files

    comparison = compare_files(chosen.get("config"), old, new)
    if as_json:
        print_json(comparison.facts())
    else:
        for line in comparison.words().splitlines():
            say(line)
    raise typer.Exit(1 if comparison.changes else 0)
