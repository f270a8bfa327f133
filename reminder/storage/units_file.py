"""config/units.toml: who takes part, under which names, at which addresses."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reminder.characters import one_line, quoted
from reminder.domain.units import Directory, Relation, Unit
from reminder.errors import Fault
from reminder.files import EditedFile
from reminder.settings import mailbox
from reminder.toml_lines import Location

RESERVED_IDS = ("plan", "operator")


Line = Annotated[str, AfterValidator(one_line)]
OptionalLine = Annotated[str, AfterValidator(lambda value: one_line(value) if value else value)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=64)]
Mailbox = Annotated[str, AfterValidator(mailbox)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Id
    name: Line
    short: OptionalLine = ""
    aliases: list[Line] = []
    relation: Relation | None = None
    to: list[Mailbox] = []
    cc: list[Mailbox] = []
    contact: OptionalLine = ""
    phone: OptionalLine = ""


class _Unit(_Table):
    pass


class _Group(_Table):
    """What it says of relation, addresses and contact holds for members that say nothing."""

    members: list[str] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: list[_Unit] = Field(min_length=1)
    group: list[_Group] = []


def read_units(file: EditedFile) -> tuple[Directory, list[Fault]]:
    """The directory, and the file's mistakes; empty when its form is past mending."""
    tables, faults = file.validate(_File)
    if tables is None:
        return Directory({}), faults
    faults += [*_duplicates(file, tables), *_wrong_members(file, tables)]
    groups = {member: group for group in tables.group for member in group.members}
    units: dict[str, Unit] = {}
    for _, table in _tables(tables):
        unit = _unit(table, groups.get(table.id) if isinstance(table, _Unit) else None)
        # Of two with one id both stay, so that the plan's names are found all the same.
        units[unit.id if unit.id not in units else f"{unit.id} {len(units)}"] = unit
    return Directory(units), faults


def _unit(table: _Unit | _Group, group: _Group | None) -> Unit:
    of_its_own = bool(table.to)
    return Unit(
        id=table.id,
        name=table.name,
        short=table.short,
        aliases=tuple(table.aliases),
        relation=table.relation or (group.relation if group else None),
        to=tuple(table.to if of_its_own or not group else group.to),
        cc=tuple(table.cc if of_its_own or not group else group.cc),
        contact=table.contact or (group.contact if group else ""),
        phone=table.phone or (group.phone if group else ""),
        members=tuple(dict.fromkeys(table.members)) if isinstance(table, _Group) else (),
    )


def _tables(tables: _File) -> Iterator[tuple[Location, _Unit | _Group]]:
    yield from ((("unit", index), table) for index, table in enumerate(tables.unit))
    yield from ((("group", index), table) for index, table in enumerate(tables.group))


def _duplicates(file: EditedFile, tables: _File) -> Iterator[Fault]:
    ids: dict[str, Location] = {}
    names: dict[str, tuple[str, Location]] = {}
    for here, table in _tables(tables):
        if table.id in RESERVED_IDS:
            yield file.fault((*here, "id"), f"{table.id!r} is taken by the program, wanted another")
        if first := ids.get(table.id):
            line = file.line_of(first)
            yield file.fault(
                (*here, "id"), f"{table.id!r} is the id at line {line} too, wanted one unit an id"
            )
        ids.setdefault(table.id, here)
        spellings = [("name", table.name)]
        spellings += [("aliases", alias) for alias in table.aliases]
        for position, (key, name) in enumerate(spellings):
            place = (*here, key) if key == "name" else (*here, key, position - 1)
            other, first_place = names.setdefault(name, (table.id, place))
            if other != table.id:
                line = file.line_of(first_place)
                yield file.fault(
                    place,
                    f"{quoted(name)} means {other!r} at line {line} and {table.id!r} here, "
                    "wanted one unit a name",
                )


def _wrong_members(file: EditedFile, tables: _File) -> Iterator[Fault]:
    units = {table.id for table in tables.unit}
    groups = {table.id for table in tables.group}
    for index, group in enumerate(tables.group):
        for position, member in enumerate(group.members):
            place = ("group", index, "members", position)
            if member in groups:
                yield file.fault(place, f"{member!r} is a group, wanted units")
            elif member not in units:
                yield file.fault(
                    place, f"no unit has the id {quoted(member)}, wanted one of this file"
                )
