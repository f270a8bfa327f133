"""Commands that compose and send: preview, tick, run, status."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from reminder.cli.context import (
    AsJson,
    application,
    command,
    informed_application,
    say_hold,
    trial_application,
)
from reminder.cli.words import harmless, print_json
from reminder.errors import UsageError

cli = typer.Typer()


@command(cli, example="reminder preview --unit helan --period 2026-04")
def preview(
    period: Annotated[str, typer.Option(metavar="2026-03")],
    unit: Annotated[str | None, typer.Option(metavar="ID")] = None,
    form: Annotated[Literal["html", "text", "eml"], typer.Option("--format")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="A file; without --unit a folder for all, with an index.")
    ] = None,
    send_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send this one, outside the ledger.")
    ] = None,
) -> None:
    """A digest as it went, or as it would go."""
    from reminder.domain.addresses import mailbox
    from reminder.office import lookup, previews

    app = informed_application()
    if unit is None:
        if output is None or send_to:
            raise UsageError("wanted --unit ID, or --output DIR for all of the period")
        count = previews.write_all(app, period, output)
        words = f"{count} mails in {output}, to read and print: {output / 'index.html'}"
        print(harmless(words))
        return
    receiver = lookup.find_unit(app, unit)
    if not send_to:
        previews.write_one(previews.preview(app, receiver, period).content, form, output)
        return
    try:
        address = mailbox(send_to)
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(previews.send_to(app, previews.trial(app, receiver, period, address), address))


@command(cli, example="reminder tick --at 2026-03-02T09:00+08:00 --json")
def tick(
    at: Annotated[
        str | None, typer.Option(metavar="ISO", help="On a clock that starts at that moment.")
    ] = None,
    really: Annotated[
        bool, typer.Option("--really", help="With --at: on a real mail server too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One idempotent pass: plan what is due, deliver what is ready."""
    from reminder.office.application import stopping

    app = trial_application(at, really)
    stop = app.sender.stop
    with stopping(stop.set):
        done = app.tick()
    result = asdict(done)
    del result["delivers"]
    if as_json:
        print_json(result)
    else:
        print(", ".join(f"{name} {count}" for name, count in result.items()))
    if stop.is_set():
        typer.echo(
            "Stopped; what was sent is recorded, the rest goes with the next pass.", err=True
        )
    if not done.delivers:
        typer.echo("Another process delivers; this pass only planned.", err=True)
    say_hold(app)


@command(cli, example="reminder run")
def run() -> None:
    """The daemon: plans, sends, serves feeds. Ctrl-C, SIGTERM or SIGHUP ends it."""
    from reminder.cli.screens import welcome
    from reminder.daemon import Daemon

    app = application()
    Daemon(app).run(lambda started: welcome(app, started))
    print("reminder has stopped; what was sent is recorded")


@command(cli, example="reminder status --json")
def status(as_json: AsJson = False) -> None:
    """One screen: the plan in force, what comes next, what went, what waits and why."""
    from reminder.cli.screens import print_status, status_facts
    from reminder.office.status import read_status

    app = informed_application()
    facts = status_facts(app, read_status(app))
    if as_json:
        print_json(facts)
    else:
        print_status(facts)
