"""config/units.toml: who takes part, under which names, at which addresses."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reminder.documents.edited_file import EditedFile
from reminder.documents.toml_lines import Location
from reminder.domain.addresses import mailbox
from reminder.domain.characters import one_line, quoted
from reminder.domain.units import Directory, Relation, Unit
from reminder.errors import Fault

RESERVED_IDS = ("plan", "operator")

Line = Annotated[str, AfterValidator(one_line)]
OptionalLine = Annotated[str, AfterValidator(lambda value: one_line(value) if value else value)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=64)]
Mailbox = Annotated[str, AfterValidator(mailbox)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Unit(_Table):
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


class _File(_Table):
    unit: list[_Unit] = Field(min_length=1)
    group: list[_Group] = []


def read_units(file: EditedFile) -> tuple[Directory, list[Fault]]:
    """The directory, and the file's mistakes; empty when its form is past mending."""
    tables, faults = file.validate(_File)
    if tables is None:
        return Directory({}), faults
    units: dict[str, Unit] = {}
    for table in (*tables.unit, *tables.group):
        # Of two with one id both stay, so that the plan's names are found all the same.
        units[table.id if table.id not in units else f"{table.id} {len(units)}"] = _unit(table)
    for group in [unit for unit in reversed(units.values()) if unit.is_group]:
        for member in group.members:
            if member in units:
                units[member] = _completed(units[member], group)
    return Directory(units), [
        *faults,
        *_wrong_names(file, tables),
        *_wrong_members(file, tables.group, units),
    ]


def _unit(table: _Unit) -> Unit:
    """Its fields are the table's keys."""
    fields: dict[str, Any] = table.model_dump()
    lists = {key: tuple(dict.fromkeys(v)) for key, v in fields.items() if isinstance(v, list)}
    return Unit(**{**fields, **lists})


def _completed(unit: Unit, group: Unit) -> Unit:
    """What the unit lacks is the group's."""
    addressed = unit if unit.to else group
    return replace(
        unit,
        relation=unit.relation or group.relation,
        to=addressed.to,
        cc=addressed.cc,
        contact=unit.contact or group.contact,
        phone=unit.phone or group.phone,
    )


def _wrong_names(file: EditedFile, tables: _File) -> Iterator[Fault]:
    """Ids and names that two units have, or the program itself."""
    ids: dict[str, Location] = {}
    names: dict[str, tuple[str, Location]] = {}
    for here, unit in _places(tables):
        if unit.id in RESERVED_IDS:
            yield file.fault((*here, "id"), f"{unit.id!r} is taken by the program, wanted another")
        if first := ids.get(unit.id):
            line = file.line_of(first)
            yield file.fault(
                (*here, "id"), f"{unit.id!r} is the id at line {line} too, wanted one unit an id"
            )
        ids.setdefault(unit.id, here)
        spellings: list[tuple[Location, str]] = [((*here, "name"), unit.name)]
        spellings += [((*here, "aliases", n), alias) for n, alias in enumerate(unit.aliases)]
        for place, name in spellings:
            other, first_place = names.setdefault(name, (unit.id, place))
            if other != unit.id:
                line = file.line_of(first_place)
                yield file.fault(
                    place,
                    f"{quoted(name)} means {other!r} at line {line} and {unit.id!r} here, "
                    "wanted one unit a name",
                )


def _places(tables: _File) -> Iterator[tuple[Location, _Unit]]:
    for index, unit in enumerate(tables.unit):
        yield ("unit", index), unit
    for index, group in enumerate(tables.group):
        yield ("group", index), group


def _wrong_members(file: EditedFile, groups: list[_Group], units: Iterable[str]) -> Iterator[Fault]:
    ids = {group.id for group in groups}
    for index, group in enumerate(groups):
        for position, member in enumerate(group.members):
            place = ("group", index, "members", position)
            if member in ids:
                yield file.fault(place, f"{member!r} is a group, wanted units")
            elif member not in units:
                yield file.fault(
                    place, f"no unit has the id {quoted(member)}, wanted one of this file"
                )
