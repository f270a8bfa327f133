"""`reminder reader`: who reads a unit's mails beside it, and what it and they have chosen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.completion import unit_ids
from reminder.cli.context import AsJson, application, parse_day, user
from reminder.cli.output import announce, show
from reminder.domain.notices import Kind

if TYPE_CHECKING:
    from reminder.domain.preferences import Preference

cli = typer.Typer(
    help="Who reads a unit's mails beside it; kinds, quiet hours and pauses.", no_args_is_help=True
)
_BY = "command"

UnitName = Annotated[
    str,
    typer.Option("--unit", autocompletion=unit_ids, metavar="UNIT", help="Id, full name or alias."),
]
Address = Annotated[str, typer.Argument(metavar="ADDRESS")]
Day = Annotated[str, typer.Option(metavar="DATE")]


@cli.command("list", epilog="Example: reminder reader list --unit helan --json")
def list_(unit: UnitName = "", as_json: AsJson = False) -> None:
    """Units and readers that have chosen anything, and all readers of a unit that is named."""
    from reminder.office.lookup import find_unit
    from reminder.office.preferences import all_choices

    app = application()
    units = [find_unit(app, unit)] if unit else app.table.directory.single
    with app.database.read() as connection:
        chosen = all_choices(connection, units)
    rows = [
        _row(one)
        for choices in chosen
        for one in (choices.own, *choices.everybody)
        if one.changed or (unit and not one.is_of_unit)
    ]
    show(rows, as_json, ["unit", "address", "label", "state", "declined", "quiet", "pause"])


def _row(one: Preference) -> dict[str, Any]:
    asked = one.extra and not one.confirmed
    return {
        "unit": one.unit,
        "address": one.address,
        "label": one.label,
        "state": "left" if one.left else "asked" if asked else "" if one.is_of_unit else "reads",
        "declined": sorted(one.declined),
        "quiet": str(one.quiet or ""),
        "pause": f"{one.pause.first}/{one.pause.last}" if one.pause else "",
    }


@cli.command(epilog="Example: reminder reader add chief@npc.example --unit helan --label Chief")
def add(
    address: Address,
    unit: UnitName,
    label: Annotated[str, typer.Option(metavar="TEXT", help="Who that is.")] = "",
) -> None:
    """Ask an address, by a mail to it, whether it wants copies of a unit's mails."""
    from reminder.office.lookup import find_unit
    from reminder.office.preferences import add_reader

    app = application()
    found = find_unit(app, unit)
    reader = add_reader(app, found, address, label, _BY, user(), any_=True)
    announce("reader_asked", unit=found.name, address=reader.address)


@cli.command(epilog="Example: reminder reader remove chief@npc.example --unit helan")
def remove(address: Address, unit: UnitName) -> None:
    """No more copies there, for a reader that was added."""
    from reminder.office.lookup import find_unit
    from reminder.office.preferences import remove_reader

    app = application()
    found = find_unit(app, unit)
    remove_reader(app, found, address, _BY, user())
    announce("reader_removed", unit=found.name, address=address)


@cli.command("set", epilog="Example: reminder reader set --unit helan --quiet 22:00-07:00")
def set_(
    unit: UnitName,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="One of its readers; without it the unit.")
    ] = "",
    decline: Annotated[
        list[Kind] | None, typer.Option(help="A kind of mail that is not wanted; repeatable.")
    ] = None,
    quiet: Annotated[str, typer.Option(metavar="22:00-07:00", help="No mail then.")] = "",
    pause_from: Day = "",
    pause_until: Day = "",
) -> None:
    """All that a unit, or a reader of it, has chosen: what is not said is chosen no more."""
    from reminder.office.lookup import find_unit
    from reminder.office.preferences import Wishes, choose

    app = application()
    found = find_unit(app, unit)
    begin, _, end = quiet.partition("-")
    wishes = Wishes(decline or (), begin, end, _day(pause_from), _day(pause_until))
    choose(app, found, address, wishes, _BY, user())
    announce("chosen", unit=found.name, address=address)


def _day(text: str) -> date | None:
    return parse_day(text) if text else None
