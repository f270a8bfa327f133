"""Commands that compose and send: preview, tick, run, status, and simulate, a year in seconds."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from shutil import get_terminal_size
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from reminder.cli.completion import unit_ids
from reminder.cli.context import (
    AsJson,
    application,
    parse_day,
    parse_moment,
    publish_edits,
    say_hold,
)
from reminder.cli.output import announce, print_json, remark, say, table, words
from reminder.domain.characters import harmless
from reminder.domain.plan import calendar_month
from reminder.domain.workdays import first_day, last_day
from reminder.errors import ReminderError, UsageError
from reminder.output_files import make_folder, write_file

if TYPE_CHECKING:
    from reminder.domain.plan import Plan
    from reminder.office.simulation import Outcome

cli = typer.Typer()
WIDE = 240  # columns of a simulation's report in a file


@cli.command(epilog="Example: reminder preview --unit helan --period 2026-04")
def preview(
    period: Annotated[str, typer.Option(metavar="2026-03")],
    unit: Annotated[str | None, typer.Option(autocompletion=unit_ids, metavar="ID")] = None,
    form: Annotated[Literal["html", "text", "eml"], typer.Option("--format")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="A file; without --unit a folder for all, with an index.")
    ] = None,
    send_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send this one, outside the ledger.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="The short text that this channel gets.")
    ] = None,
) -> None:
    """A digest as it went, or as it would go."""
    from reminder.office import lookup, previews

    app = application()
    if unit is None:
        if output is None or send_to or channel:
            raise UsageError.because("unit_or_output")
        count = previews.write_all(app, period, output)
        index = str(output / "index.html")
        announce("mails_written", count=count, folder=str(output), index=index)
        return
    receiver = lookup.find_unit(app, unit)
    if send_to:
        print(previews.send_trial(app, receiver, period, send_to))
        return
    if channel:
        data = previews.preview_short(app, receiver, period, channel)
    else:
        data = previews.part(previews.preview(app, receiver, period).content, form)
    if output:
        write_file(output, [data])
    else:
        sys.stdout.buffer.write(data)


@cli.command(epilog="Example: reminder tick --at 2026-03-02T09:00+08:00 --json")
def tick(
    at: Annotated[
        datetime | None,
        typer.Option(
            metavar="ISO", parser=parse_moment, help="On a clock that starts at that moment."
        ),
    ] = None,
    really: Annotated[
        bool, typer.Option("--really", help="With --at: on a real mail server too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One idempotent pass: plan what is due, deliver what is ready."""
    from reminder.clock import Clock
    from reminder.office import inbox
    from reminder.office.holds import refuse_far_moment
    from reminder.office.signals import stopping
    from reminder.office.ways import stop_sending

    app = application(or_last_good=True)
    if at is not None:
        at = at if at.tzinfo else at.replace(tzinfo=app.table.plan.zone)
        refuse_far_moment(app.office, at, really=really)
        app.clock = Clock(at)
    publish_edits(app)
    stop = app.sender.stop
    with stopping(lambda: stop_sending(app.senders)):
        done = inbox.tick(app)
    result = asdict(done)
    del result["delivers"]
    if as_json:
        print_json(result)
    else:
        announce("passed", it=result)
    if stop.is_set():
        remark(words("done", "pass_stopped"))
    if not done.delivers:
        remark(words("done", "only_planned"))
    say_hold(app)


@cli.command(epilog="Example: reminder run")
def run() -> None:
    """The daemon: plans, sends, serves feeds. Ctrl-C, SIGTERM or SIGHUP ends it."""
    from reminder.cli.screens import welcome
    from reminder.daemon import Daemon

    app = application(or_last_good=True)
    Daemon(app).run(lambda started: welcome(app, started))
    print(words("started", "stopped"))


@cli.command(epilog="Example: reminder status --json")
def status(as_json: AsJson = False) -> None:
    """One screen: the plan in force, what comes next, what went, what waits and why."""
    from reminder.cli.screens import status_lines
    from reminder.office.status import read_status

    facts = read_status(application(or_last_good=True))
    if as_json:
        print_json(facts)
        return
    for line in status_lines(facts):
        say(line)


@cli.command(epilog="Example: reminder simulate --from 2026-01-01 --to 2026-12-31")
def simulate(
    first: Annotated[
        date | None,
        typer.Option("--from", metavar="DATE", parser=parse_day, help="First day."),
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", metavar="DATE", parser=parse_day, help="Last day.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep ledger, report and every mail (a Maildir)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A year on a virtual clock: what each unit would get, and whether all of it goes."""
    from reminder.office.simulation import grid, others_beside
    from reminder.office.simulation import simulate as run

    office = application(informed=False).office
    timetable = office.table
    plan = timetable.plan
    first = first or first_day(plan.year, plan.months[0])
    last = last or last_day(plan.year, plan.months[-1])
    for day in (first, last):
        if abs(day.year - plan.year) > 1:
            raise UsageError.because("far_from_plan", day=day, year=plan.year)
    if last < first:
        raise UsageError.because("ends_before_it_begins", first=first, last=last)
    if output and output.is_dir() and any(output.iterdir()):
        raise UsageError.because("folder_in_use", folder=str(output))
    begin, end = (datetime.combine(d, time(), plan.zone) for d in (first, last + timedelta(days=1)))
    if output:
        make_folder(output)
    is_hidden = not sys.stderr.isatty()
    logging.disable()  # hundreds of passes tell nobody anything; the report says what matters
    with (
        TemporaryDirectory(prefix="reminder-") as scratch,
        typer.progressbar(
            length=1000, label="simulating", file=sys.stderr, hidden=is_hidden
        ) as bar,
    ):
        outcome = run(
            office,
            begin,
            end,
            output or Path(scratch),
            outbox=output / "outbox" if output else None,
            progress=lambda part: bar.update(round(1000 * part) - bar.pos),
        )
    # Of the other plans those of the same time.
    tables = [timetable, *others_beside(office, timetable)]
    grids = [(table.plan, grid(outcome, table)) for table in tables]
    if output:
        write_file(output / "report.txt", [f"{_report(outcome, grids, WIDE)}\n".encode()])
    if as_json:
        print_json(_figures(outcome, grids))
    else:
        room = get_terminal_size().columns if sys.stdout.isatty() else WIDE
        print(_report(outcome, grids, room))
    if outcome.breaches:
        raise ReminderError("the promise was broken", hint="The same year breaks it again.")


Grid = list[list[str]]


def _figures(outcome: Outcome, grids: list[tuple[Plan, Grid]]) -> dict[str, Any]:
    """For scripts. Nothing is drawn, killed or at fault here: such years are `make seeds`."""
    return {
        "seed": None,
        "passes": outcome.passes,
        "kills": 0,
        "faults": 0,
        "accepted": len(outcome.accepted),
        "copies": outcome.copies,
        "breaches": [{"notice": key, "words": broken} for key, broken in outcome.breaches],
        "units": {name: months for name, *months in grids[0][1]},
        "plans": {plan.id: {name: months for name, *months in grid} for plan, grid in grids},
    }


def _report(outcome: Outcome, grids: list[tuple[Plan, Grid]], room: int) -> str:
    lines = []
    for plan, units in grids:
        if len(grids) > 1:
            lines.append(harmless(plan.name))
        head = [words("done", "grid_head"), *(str(calendar_month(month)) for month in plan.months)]
        lines += table([head, *([harmless(cell) for cell in row] for row in units)], room)
    counts = {"passes": outcome.passes, "copies": outcome.copies}
    counts |= {"accepted": len(outcome.accepted), "breaches": len(outcome.breaches)}
    lines += [
        words("done", "simulated", **counts),
        *(harmless(f"  {key}: {broken}") for key, broken in outcome.breaches),
    ]
    return "\n".join(lines)
