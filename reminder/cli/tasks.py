"""`reminder task`: what is registered of the tasks."""

from typing import Annotated

import typer

from reminder.cli.context import application, command, parse_day

cli = typer.Typer(help="Register tasks as done, or open them again.", no_args_is_help=True)


@command(cli, example="reminder task done 2026-03-4 2026-03-5 --on 2026-03-20")
def done(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    month: Annotated[
        str | None,
        typer.Option(metavar="2026-03", help="Of a year-round task: this month's check-in only."),
    ] = None,
    on: Annotated[str | None, typer.Option(metavar="DATE", help="By default today.")] = None,
    note: Annotated[str, typer.Option(help="For the ledger's history.")] = "",
) -> None:
    """Set tasks as done: digests, lights and feeds follow."""
    from reminder.office import completion

    app = application()
    completion.register(app, ids, month, parse_day(on) if on else None, note)
    for task_id in ids:
        print(f"{task_id} is done")


@command(cli, example="reminder task reopen 2026-03-4")
def reopen(task_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Take a registration back."""
    from reminder.office import completion

    completion.reopen(application(), task_id)
    print(f"{task_id} is open again")
