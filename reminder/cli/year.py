"""`reminder year`: what is open of a year that is over, or nearly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.completion import task_ids
from reminder.cli.context import AsJson, application, signature
from reminder.cli.output import announce, print_json, remark, show, words

if TYPE_CHECKING:
    from reminder.office.turn import LeftTask

cli = typer.Typer(
    help="The year's turn: open tasks are done, carried over or ended.", no_args_is_help=True
)
Task = Annotated[str, typer.Argument(autocompletion=task_ids, metavar="ID")]


@cli.command(epilog="Example: reminder year status --json")
def status(as_json: AsJson = False) -> None:
    """What is open of years that the next table follows, and what was closed of it."""
    from reminder.office.turn import read_turn

    app = application()
    with app.database.read() as connection:
        turn = read_turn(app, connection, app.clock.now())
    rows = [_row(one) for one in turn.left]
    if as_json:
        print_json({"next_missing": turn.next_missing or None, "tasks": rows})
        return
    show(rows, False, ["id", "title", "due", "lead", "state", "onto", "why"])
    if turn.open:
        announce("left_open", count=len(turn.open))
    if turn.next_missing:
        remark(words("done", "table_missing", year=turn.next_missing))


def _row(left: LeftTask) -> dict[str, Any]:
    closing = left.closing
    return {
        "id": left.task.id,
        "year": left.year,
        "title": left.task.title,
        "due": left.window.due,
        "lead": [unit.name for unit in left.leads],
        "state": left.status.state,
        "closed": closing and closing.on,
        "onto": closing.onto or None if closing else None,
        "why": closing.why or None if closing else None,
    }


@cli.command(epilog="Example: reminder year carry 2026-11-2 --to 2027-03-1")
def carry(
    task_id: Task,
    onto: Annotated[
        str, typer.Option("--to", metavar="ID", help="A task of a later year's table.")
    ],
) -> None:
    """It goes on as a task of the next table, and is asked for as that one alone."""
    from reminder.office import turn
    from reminder.office.lookup import about_owner

    turn.carry(about_owner(application(), task_id), task_id, onto, signature())
    announce("carried", task=task_id, onto=onto)


@cli.command(epilog='Example: reminder year end 2026-11-2 --why "dropped by the meeting of 8 Jan"')
def end(
    task_id: Task,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="A word for who asks later.")],
) -> None:
    """It was not done, and nobody is asked for it any more."""
    from reminder.office import turn
    from reminder.office.lookup import about_owner

    turn.end(about_owner(application(), task_id), task_id, why, signature())
    announce("ended", task=task_id)


@cli.command(epilog="Example: reminder year undo 2026-11-2")
def undo(task_id: Task) -> None:
    """What was carried over or ended is open again."""
    from reminder.office import turn
    from reminder.office.lookup import about_owner

    turn.undo(about_owner(application(), task_id), task_id, signature())
    announce("task_open", key=task_id)
