"""config/units.toml: who takes part, under which names, at which addresses."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reminder.documents.long_files import LongFile
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


def open_units(path: Path) -> LongFile:
    return LongFile(path, "unit")


def read_units(file: LongFile) -> tuple[Directory, list[Fault]]:
    """The directory, and the file's mistakes; empty when its form is past mending."""
    units: dict[str, Unit] = {}
    groups: list[_Group] = []
    faults: list[Fault] = []
    past_mending = False
    for piece in file.pieces():
        tables, found = piece.validate(_File)
        faults += found
        if tables is None:
            past_mending = True
            continue
        for table in tables.unit:
            _put(units, _unit(table))
        groups += tables.group
    if past_mending:
        return Directory({}), faults
    singles = len(units)
    _add_groups(units, groups)
    directory = Directory(units)
    return directory, [
        *faults,
        *_reserved(file, directory, singles),
        *_duplicates(file, directory, singles),
        *_wrong_members(file, directory, groups),
    ]


def _put(units: dict[str, Unit], unit: Unit) -> None:
    """Of two with one id both stay, so that the plan's names are found all the same."""
    units[unit.id if unit.id not in units else f"{unit.id} {len(units)}"] = unit


def _unit(table: _Unit | _Group, members: Iterable[str] = ()) -> Unit:
    return Unit(
        id=table.id,
        name=table.name,
        short=table.short,
        aliases=tuple(table.aliases),
        relation=table.relation,
        to=tuple(table.to),
        cc=tuple(table.cc),
        contact=table.contact,
        phone=table.phone,
        members=tuple(members),
    )


def _add_groups(units: dict[str, Unit], groups: list[_Group]) -> None:
    """A unit that several groups name has what it lacks from the last of them."""
    made = []
    for table in groups:
        # The units' own ids, not as many copies.
        members = (units[one].id if one in units else one for one in table.members)
        made.append(_unit(table, dict.fromkeys(members)))
    if any(map(_gives, made)):
        last = {member: group for group in made for member in group.members}
        for member, group in last.items():
            if member in units:
                units[member] = _with(units[member], group)
    for group in made:
        _put(units, group)


def _gives(group: Unit) -> bool:
    return bool(group.relation or group.to or group.cc or group.contact or group.phone)


def _with(unit: Unit, group: Unit) -> Unit:
    addressed = unit if unit.to else group
    return replace(
        unit,
        relation=unit.relation or group.relation,
        to=addressed.to,
        cc=addressed.cc,
        contact=unit.contact or group.contact,
        phone=unit.phone or group.phone,
    )


def _places(directory: Directory, singles: int) -> Iterator[tuple[Location, Unit]]:
    for index, unit in enumerate(directory.units.values()):
        here = ("unit", index) if index < singles else ("group", index - singles)
        yield here, unit


def _reserved(file: LongFile, directory: Directory, singles: int) -> Iterator[Fault]:
    if directory.units.keys().isdisjoint(RESERVED_IDS):
        return
    for here, unit in _places(directory, singles):
        if unit.id in RESERVED_IDS:
            yield file.fault((*here, "id"), f"{unit.id!r} is taken by the program, wanted another")


def _duplicates(file: LongFile, directory: Directory, singles: int) -> Iterator[Fault]:
    if directory.is_unique:
        return
    ids: dict[str, Location] = {}
    names: dict[str, tuple[str, Location]] = {}
    for here, unit in _places(directory, singles):
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


def _wrong_members(
    file: LongFile, directory: Directory, groups: Sequence[_Group]
) -> Iterator[Fault]:
    ids = {group.id for group in groups}
    for index, group in enumerate(groups):
        for position, member in enumerate(group.members):
            place = ("group", index, "members", position)
            if member in ids:
                yield file.fault(place, f"{member!r} is a group, wanted units")
            elif member not in directory.units:
                yield file.fault(
                    place, f"no unit has the id {quoted(member)}, wanted one of this file"
                )
