"""`reminder plan`: plans as files, read, compared and written."""

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, application, chosen, user
from reminder.cli.output import announce, print_json, remark, say, show, words
from reminder.domain.versions import Tell
from reminder.errors import ConfigurationError, ReminderError
from reminder.output_files import write_file

cli = typer.Typer(
    help="Plans as files and as versions: compare, take in, print, restore.", no_args_is_help=True
)
reloading = typer.Typer()
Document = Annotated[
    str | None,
    typer.Option("--document", metavar="NAME", help="E.g. units.toml, workdays/2026.toml."),
]
Number = Annotated[int, typer.Argument(metavar="N", min=1, help="Of `reminder plan history`.")]


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

    office = application().office
    write_file(file, [export_plan(office, file)], new=True)
    announce("plan_written", file=str(file), plan=office.table.plan.name)


@cli.command(epilog="Example: reminder plan history --json")
def history(document: Document = None, as_json: AsJson = False) -> None:
    """What came into force, when and by whom; the plan's, or another document's."""
    from reminder.office.history import read_history

    app = application(or_last_good=True)
    rows = [
        {
            "number": one.number,
            "at": one.at.astimezone(app.table.plan.zone),
            "origin": one.origin,
            "author": one.author,
            "approver": one.approver,
            "tell": one.tell,
            "note": one.note,
            "documents": list(one.documents),
        }
        for one in read_history(app, document or app.office.document)
    ]
    show(rows, as_json, ["number", "at", "origin", "author", "tell", "documents"])


@cli.command("show", epilog="Example: reminder plan show 3 > plan_3.toml")
def show_version(number: Number, document: Document = None) -> None:
    """The text that was in force after that publication."""
    from reminder.office.history import content_at

    app = application(or_last_good=True)
    content = content_at(app, document or app.office.document, number)
    print(content.decode("utf-8-sig"), end="")


@cli.command(epilog="Example: reminder plan restore 3")
def restore(
    number: Number,
    document: Document = None,
    tell: Annotated[Tell, typer.Option(help="When those are told whom it concerns.")] = Tell.NOW,
) -> None:
    """Put that version in force again, and into its file."""
    from reminder.office.history import restore as restored

    app = application(or_last_good=True)
    name = document or app.office.document
    made, left = restored(app, name, number, user(), tell)
    announce("restored", number=made, document=name, as_of=number)
    _remark_left(left)


def _remark_left(names: list[str]) -> None:
    for name in names:
        remark(words("done", "file_left", document=name))


@reloading.command(epilog="Example: reminder reload")
def reload(
    take_files: Annotated[
        bool, typer.Option("--take-files", help="Also where something else is in force by now.")
    ] = False,
) -> None:
    """Put edited files in force now: whole or not at all. A daemon does so by itself."""
    from reminder.office.publishing import publish_files

    app = application(or_last_good=True)
    look = publish_files(app, author=user(), forced=take_files)
    if look.faults:
        raise ConfigurationError(list(look.faults))
    if look.number or not look.conflicts:
        announce("published", number=look.number)
    if look.conflicts:
        raise ReminderError.because("edited_on_both_sides", documents=look.conflicts)
