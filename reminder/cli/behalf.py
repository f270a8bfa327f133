"""`reminder register`: what a unit has said by telephone, at the desk or in a letter, and calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.completion import task_ids, unit_ids
from reminder.cli.context import application, parse_day, signature
from reminder.cli.output import announce
from reminder.domain.characters import one_line
from reminder.domain.registrations import Channel, Signature
from reminder.errors import Mistake, UsageError

if TYPE_CHECKING:
    from reminder.domain.plan import Task
    from reminder.domain.units import Unit
    from reminder.office.application import Application

cli = typer.Typer(
    help="Note for a unit what it has said by telephone, at the desk or by mail.",
    no_args_is_help=True,
)

UnitName = Annotated[
    str, typer.Argument(autocompletion=unit_ids, metavar="UNIT", help="Its id, full name or alias.")
]
TaskId = Annotated[str, typer.Argument(autocompletion=task_ids, metavar="ID")]
Who = Annotated[str, typer.Option(metavar="NAME", help="Whose word it is, of the unit.")]
By = Annotated[Channel, typer.Option(help="How it came.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="What was said.")]
Month = Annotated[str, typer.Option(metavar="2026-04")]


@cli.command(epilog="Example: reminder register sign helan --channel phone --who NAME")
def sign(unit: UnitName, who: Who, channel: By = Channel.PHONE, month: Month = "") -> None:
    """Sign a month's digest, by default the one in force. No receipt goes."""
    from reminder.office import registrations

    app, found = _about(unit)
    period = month or app.table.plan.period(app.table.shown_month(app.clock.now()))
    is_new = registrations.sign(app, found, period, _told(who, channel))
    announce("signed", unit=found.name, period=period, is_new=is_new)


@cli.command(
    epilog='Example: reminder register progress deputies 2026-04-1 --who NAME --words "..."'
)
def progress(
    unit: UnitName,
    task: TaskId,
    who: Who,
    channel: By = Channel.PHONE,
    words: Words = "",
    percent: Annotated[int | None, typer.Option(min=0, max=100)] = None,
) -> None:
    """Note how far a task is that the unit leads."""
    from reminder.office import registrations

    app, found = _about(unit)
    meant, by = _task(app, task), _told(who, channel)
    said = _line("--words", words)
    registrations.report_progress(app, found, meant, by, words=said, percent=percent)
    announce("progress_noted", unit=found.name, task=meant.id)


@cli.command(epilog="Example: reminder register done deputies 2026-04-1 --who NAME --on 2026-04-20")
def done(
    unit: UnitName,
    task: TaskId,
    who: Who,
    channel: By = Channel.PHONE,
    on: Annotated[
        date | None, typer.Option(metavar="DATE", parser=parse_day, help="By default today.")
    ] = None,
    words: Words = "",
    month: Annotated[
        str, typer.Option(metavar="2026-04", help="Of a year-round task this month's check-in.")
    ] = "",
    close: Annotated[
        bool, typer.Option("--close", help="Confirm it at once, for all that lead it.")
    ] = False,
) -> None:
    """Note that the unit has done a task that it leads; it is confirmed on the console."""
    from reminder.office import registrations

    app, found = _about(unit)
    meant, by = _task(app, task), _told(who, channel)
    day = on or app.table.local_day(app.clock.now())
    said = _line("--words", words)
    is_new = registrations.finish(
        app, found, meant, by, done_on=day, words=said, period=month, closes=close
    )
    if not is_new:
        announce("noted_before", unit=found.name, task=meant.id)
    else:
        announce("noted_as_done", unit=found.name, task=meant.id, is_closed=close)


@cli.command(epilog='Example: reminder register call helan --words "..."')
def call(
    unit: UnitName,
    words: Words,
    who: Annotated[str, typer.Option(metavar="NAME", help="Who has answered.")] = "",
) -> None:
    """Note a call: it stands beside the unit wherever it is to be phoned."""
    from reminder.office.calls import note_call

    app, found = _about(unit)
    note_call(app, found, replace(signature(), who=_name(who)), _line("--words", words))
    announce("call_noted", unit=found.name)


def _about(name: str) -> tuple[Application, Unit]:
    """The plan that names the unit, unless another one was asked for."""
    from reminder.office.lookup import about_unit, find_unit

    app = application()
    unit = find_unit(app, name)
    return (app if app.is_chosen else about_unit(app, unit.id)), unit


def _task(app: Application, name: str) -> Task:
    from reminder.office.lookup import find_task

    return find_task(app, name)


def _told(who: str, channel: Channel) -> Signature:
    return replace(signature(), who=_name(who), channel=channel)


def _name(who: str) -> str:
    from reminder.office.registrations import WHO

    if len(who) > WHO:
        raise UsageError.because("too_many_characters", option="--who", most=WHO)
    return _line("--who", who)


def _line(option: str, text: str) -> str:
    try:
        return one_line(text.strip()) if text.strip() else ""
    except Mistake as error:
        raise UsageError.because("wrong_value", option=option, wrong=error.sentence) from None
