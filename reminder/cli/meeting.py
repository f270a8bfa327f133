"""`reminder meeting`: the days of sessions, which the ledger keeps and the plan's file need not."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.context import AsJson, command, informed_application, parse_day, say_hold
from reminder.cli.words import harmless, show
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.office.application import Application
    from reminder.office.meetings import Preview

cli = typer.Typer(help="Days of sessions: windows, notices, feeds follow.", no_args_is_help=True)


@command(cli, "list", example="reminder meeting list --json")
def list_(as_json: AsJson = False) -> None:
    """Every session of the plan, its date and where that was set."""
    from reminder.office.meetings import dated_meetings

    app = informed_application()
    with app.database.read() if app.has_ledger else nullcontext() as connection:
        known = dated_meetings(app, connection)
    rows: list[dict[str, Any]] = [
        {
            "id": dated.meeting.id,
            "name": dated.meeting.name,
            "month": dated.meeting.month,
            "date": dated.meeting.day,
            "source": dated.source or None,
            "tasks": [task.id for task in dated.tasks],
        }
        for dated in known
    ]
    show(rows, as_json, ["id", "name", "month", "date", "source", "tasks"])


@command(cli, "set", example="reminder meeting set sc-25 2026-05-27")
def set_(
    meeting: Annotated[str, typer.Argument(metavar="ID")],
    day: Annotated[str | None, typer.Argument(metavar="DATE")] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Take it back: the plan's own date counts again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
) -> None:
    """Set a session's date, say what moves, and bring feeds in step."""
    from reminder.office import meetings

    if (day is None) != unset:
        raise UsageError("wanted a DATE, or --unset")
    app = informed_application()
    with app.database.read() as connection:
        shown = meetings.preview(app, connection, meeting, parse_day(day) if day else None)
    for line in _lines(app, shown):
        print(harmless(line))
    if shown.notices:
        say_hold(app)
    if dry_run:
        print("nothing was changed")
        return
    meetings.save(app, shown)
    print(f"{meeting}: {shown.becomes or 'without a date'}")


def _lines(app: Application, shown: Preview) -> list[str]:
    lines = [
        f"{move.task.id}: {move.before.opens} to {move.before.due} ({move.before.rule})"
        f" becomes {move.after.opens} to {move.after.due} ({move.after.rule})"
        for move in shown.windows
    ]
    for notice in shown.notices:
        days = f"{notice.before or 'none'} becomes {notice.after or 'none'}"
        lines.append(f"{notice.kind} of {notice.task}, {days}: {', '.join(notice.units)}")
    return lines or ["no window moves"]
