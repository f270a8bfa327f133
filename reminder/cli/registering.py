"""`reminder task` and `reminder meeting`: what is done, and the days of sessions."""

from datetime import date
from typing import Annotated

import typer

from reminder.cli.completion import task_ids
from reminder.cli.context import (
    AsJson,
    application,
    parse_day,
    publish_edits,
    say_hold,
    signature,
    user,
)
from reminder.cli.output import announce, show
from reminder.domain.versions import Tell
from reminder.errors import UsageError

tasks = typer.Typer(help="Register tasks as done, or open them again.", no_args_is_help=True)
meetings = typer.Typer(
    help="Days of sessions: windows, notices, feeds follow.", no_args_is_help=True
)


@tasks.command(epilog="Example: reminder task done 2026-03-4 2026-03-5 --on 2026-03-20")
def done(
    ids: Annotated[list[str], typer.Argument(autocompletion=task_ids, metavar="ID…")],
    month: Annotated[
        str | None,
        typer.Option(
            metavar="2026-03",
            help="Of a year-round task this month's check-in only; of several times this month's.",
        ),
    ] = None,
    on: Annotated[
        date | None, typer.Option(metavar="DATE", parser=parse_day, help="By default today.")
    ] = None,
    note: Annotated[str, typer.Option(help="For the ledger's history.")] = "",
) -> None:
    """Set tasks as done: digests, lights and feeds follow."""
    from reminder.office import completion
    from reminder.office.lookup import about_owner

    app = about_owner(application(), ids[0])
    for key in completion.register(app, ids, month, on, note, signature()):
        announce("task_done", key=key)


@tasks.command(epilog="Example: reminder task reopen 2026-03-4")
def reopen(task_id: Annotated[str, typer.Argument(autocompletion=task_ids, metavar="ID")]) -> None:
    """Take a registration back."""
    from reminder.office import completion
    from reminder.office.lookup import about_owner

    completion.reopen(about_owner(application(), task_id), task_id, by=signature())
    announce("task_open", key=task_id)


@meetings.command("list", epilog="Example: reminder meeting list --json")
def list_meetings(as_json: AsJson = False) -> None:
    """Every session of the plan, and its date."""
    from reminder.office.meetings import dated_meetings

    rows = [
        {
            "id": dated.meeting.id,
            "name": dated.meeting.name,
            "month": dated.meeting.month,
            "date": dated.meeting.day,
            "until": dated.meeting.until,
            "source": "plan" if dated.meeting.day else None,
            "tasks": [task.id for task in dated.tasks],
        }
        for dated in dated_meetings(application())
    ]
    show(rows, as_json, ["id", "name", "month", "date", "source", "tasks"])


@meetings.command("set", epilog="Example: reminder meeting set sc-25 2026-05-27")
def set_meeting(
    meeting: Annotated[str, typer.Argument(metavar="ID")],
    day: Annotated[str | None, typer.Argument(metavar="DATE")] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Take it away: the session has no date again.")
    ] = False,
    until: Annotated[
        date | None,
        typer.Option(
            metavar="DATE", parser=parse_day, help="Its last day; by default as long as before."
        ),
    ] = None,
    tell: Annotated[Tell, typer.Option(help="When those are told whom it concerns.")] = Tell.NOW,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
) -> None:
    """Set a session's date, say what moves, and publish it: the plan's file and feeds follow."""
    from reminder.office.lookup import about_owner
    from reminder.office.meetings import preview, save

    if (day is None) != unset:
        raise UsageError.because("date_or_unset")
    app = about_owner(application(), meeting)
    if not dry_run:
        publish_edits(app)
    with app.database.read() as connection:
        first = parse_day(day) if day else None
        moves = preview(app, connection, meeting, first, until, user())
    for move in moves.windows:
        announce("window_moved", task=move.task.id, before=move.before, after=move.after)
    for notice in moves.notices:
        announce("notice_moved", it=notice)
    if not (moves.windows or moves.notices):
        announce("no_window_moved")
    if moves.notices:
        say_hold(app)
    if dry_run:
        announce("nothing_changed")
        return
    save(app, moves, tell)
    announce("meeting_set", meeting=meeting, day=moves.day)
