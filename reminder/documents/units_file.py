"""config/units.toml: who takes part, under which names, at which addresses."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from reminder.documents.edited_file import EditedFile, Location
from reminder.documents.values import Id, Line, Mailbox, OptionalLine
from reminder.domain.characters import quoted
from reminder.domain.units import Directory, Relation, Unit

RESERVED_IDS = ("plan", "operator")


class _Unit(BaseModel, extra="forbid"):
    id: Id
    name: Line
    short: OptionalLine = ""
    aliases: list[Line] = []
    relation: Relation | None = None
    to: list[Mailbox] = []
    cc: list[Mailbox] = []
    contact: OptionalLine = ""
    phone: OptionalLine = ""


class _Group(_Unit):
    """What it says of relation, addresses and contact holds for members that say nothing."""

    members: list[str] = Field(min_length=1)


class _File(BaseModel, extra="forbid"):
    unit: list[_Unit] = Field(min_length=1)
    group: list[_Group] = []


def read_units(file: EditedFile) -> Directory:
    """Empty when the file's form is past mending."""
    tables = file.validated(_File)
    if tables is None:
        return Directory({})
    units: dict[str, Unit] = {}
    for table in (*tables.unit, *tables.group):
        # Of two with one id both stay, so that the plan's names are found all the same.
        units[table.id if table.id not in units else f"{table.id} {len(units)}"] = _unit(table)
    for group in [unit for unit in reversed(units.values()) if unit.is_group]:
        for unit in [units[member] for member in group.members if member in units]:
            addressed = unit if unit.to else group  # what the unit lacks is the group's
            units[unit.id] = replace(
                unit,
                relation=unit.relation or group.relation,
                to=addressed.to,
                cc=addressed.cc,
                contact=unit.contact or group.contact,
                phone=unit.phone or group.phone,
            )
    _refuse_names(file, tables)
    groups = {group.id for group in tables.group}
    for index, table in enumerate(tables.group):
        for position, member in enumerate(table.members):
            place = ("group", index, "members", position)
            if member in groups:
                file.refuse(place, f"{member!r} is a group, wanted units")
            elif member not in units:
                words = f"no unit has the id {quoted(member)}, wanted one of this file"
                file.refuse(place, words)
    return Directory(units)


def _unit(table: _Unit) -> Unit:
    """Its fields are the table's keys."""
    fields: dict[str, Any] = table.model_dump()
    lists = {key: tuple(dict.fromkeys(v)) for key, v in fields.items() if isinstance(v, list)}
    return Unit(**{**fields, **lists})


def _refuse_names(file: EditedFile, tables: _File) -> None:
    """Ids and names that two units have, or the program itself."""
    ids: dict[str, Location] = {}
    names: dict[str, tuple[str, Location]] = {}
    units = [(("unit", index), unit) for index, unit in enumerate(tables.unit)]
    groups = [(("group", index), group) for index, group in enumerate(tables.group)]
    for here, unit in (*units, *groups):
        if unit.id in RESERVED_IDS:
            file.refuse((*here, "id"), f"{unit.id!r} is taken by the program, wanted another")
        if first := ids.get(unit.id):
            words = f"is the id at line {file.line_of(first)} too, wanted one unit an id"
            file.refuse((*here, "id"), f"{unit.id!r} {words}")
        ids.setdefault(unit.id, here)
        spellings: list[tuple[Location, str]] = [((*here, "name"), unit.name)]
        spellings += [((*here, "aliases", n), alias) for n, alias in enumerate(unit.aliases)]
        for place, name in spellings:
            other, first_place = names.setdefault(name, (unit.id, place))
            if other != unit.id:
                line = file.line_of(first_place)
                words = f"{quoted(name)} means {other!r} at line {line} and {unit.id!r} here"
                file.refuse(place, f"{words}, wanted one unit a name")
