"""`reminder task`, `reminder meeting`: what is registered of tasks, and days of sessions."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.context import (
    AsJson,
    application,
    command,
    informed_application,
    parse_day,
    say_hold,
)
from reminder.cli.words import harmless, show
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.office.meetings import Preview

tasks = typer.Typer(help="Register tasks as done, or open them again.", no_args_is_help=True)
meetings = typer.Typer(
    help="Days of sessions: windows, notices, feeds follow.", no_args_is_help=True
)


@command(tasks, example="reminder task done 2026-03-4 2026-03-5 --on 2026-03-20")
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
    from reminder.office import registrations

    registrations.register(application(), ids, month, parse_day(on) if on else None, note)
    for task_id in ids:
        print(f"{task_id} is done")


@command(tasks, example="reminder task reopen 2026-03-4")
def reopen(task_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Take a registration back."""
    from reminder.office import registrations

    registrations.reopen(application(), task_id)
    print(f"{task_id} is open again")


@command(meetings, "list", example="reminder meeting list --json")
def list_(as_json: AsJson = False) -> None:
    """Every session of the plan, its date and where that was set."""
    from reminder.office.meetings import dated_meetings

    app = informed_application()
    with app.database.read() if app.has_ledger else nullcontext() as connection:
        rows = [
            {
                "id": dated.meeting.id,
                "name": dated.meeting.name,
                "month": dated.meeting.month,
                "date": dated.meeting.day,
                "source": dated.source or None,
                "tasks": [task.id for task in dated.tasks],
            }
            for dated in dated_meetings(app, connection)
        ]
    show(rows, as_json, ["id", "name", "month", "date", "source", "tasks"])


@command(meetings, "set", example="reminder meeting set sc-25 2026-05-27")
def set_(
    meeting: Annotated[str, typer.Argument(metavar="ID")],
    day: Annotated[str | None, typer.Argument(metavar="DATE")] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Take it back: the plan's own date counts again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
) -> None:
    """Set a session's date, say what moves, and bring feeds in step."""
    from reminder.office.meetings import preview, save

    if (day is None) != unset:
        raise UsageError("wanted a DATE, or --unset")
    app = informed_application()
    with app.database.read() as connection:
        moves = preview(app, connection, meeting, parse_day(day) if day else None)
    for line in _lines(moves) or ["no window moves"]:
        print(harmless(line))
    if moves.notices:
        say_hold(app)
    if dry_run:
        print("nothing was changed")
        return
    save(app, moves)
    print(f"{meeting}: {moves.becomes or 'without a date'}")


def _lines(moves: Preview) -> list[str]:
    lines = [
        f"{move.task.id}: {move.before.opens} to {move.before.due} ({move.before.rule})"
        f" becomes {move.after.opens} to {move.after.due} ({move.after.rule})"
        for move in moves.windows
    ]
    for notice in moves.notices:
        days = f"{notice.before or 'none'} becomes {notice.after or 'none'}"
        lines.append(f"{notice.kind} of {notice.task}, {days}: {', '.join(notice.units)}")
    return lines
