"""config/units.toml: who takes part, under which names, at which addresses."""

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from reminder.documents.channel_section import ChannelSettings
from reminder.documents.edited_file import EditedFile, Location
from reminder.documents.values import ChannelAddress, Id, Line, Mailbox, OptionalLine
from reminder.domain.units import Directory, Relation, Unit
from reminder.errors import DeclinedError, UsageError

if TYPE_CHECKING:
    from tomlkit.items import Table

RESERVED_IDS = ("plan", "operator")
Value = str | list[str]
Values = Mapping[str, Any]


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
    retired: bool = False
    language: OptionalLine = ""
    channels: list[ChannelAddress] = []
    mail: bool | None = None


class _Group(_Unit):
    """What it says of relation, addresses, channels, contact and language holds for members that
    say nothing."""

    members: list[str] = Field(min_length=1)


class _File(BaseModel, extra="forbid"):
    unit: list[_Unit] = Field(min_length=1)
    group: list[_Group] = []


def read_units(
    file: EditedFile,
    languages: Collection[str] = (),
    channels: Mapping[str, ChannelSettings] | None = None,
) -> Directory:
    """Empty when the file's form is past mending. Other languages and channels than these, if any
    are given, are mistakes."""
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
                language=unit.language or group.language,
                channels=unit.channels or group.channels,
                mail=group.mail if unit.mail is None else unit.mail,
            )
    units |= {key: replace(unit, channels=()) for key, unit in units.items() if unit.retired}
    unmailed = {key: unit for key, unit in units.items() if unit.retired or unit.mail is False}
    units |= {key: replace(unit, to=(), cc=()) for key, unit in unmailed.items()}
    _refuse_names(file, tables)
    _refuse_languages(file, tables, languages)
    if channels is not None:
        _refuse_channels(file, tables, channels)
    groups = {group.id for group in tables.group}
    for index, table in enumerate(tables.group):
        for position, member in enumerate(table.members):
            place = ("group", index, "members", position)
            if member in groups:
                file.refuse(place, "member_is_group", id=member)
            elif member not in units:
                file.refuse(place, "no_such_member", id=member)
    return Directory(units)


def _unit(table: _Unit) -> Unit:
    """Its fields are the table's keys."""
    fields: dict[str, Any] = table.model_dump()
    lists = {key: tuple(dict.fromkeys(v)) for key, v in fields.items() if isinstance(v, list)}
    return Unit(**{**fields, **lists})


def _refuse_languages(file: EditedFile, tables: _File, known: Collection[str]) -> None:
    for key, of_key in (("unit", tables.unit), ("group", tables.group)):
        for index, table in enumerate(of_key):
            if table.language and known and table.language not in known:
                facts = {"language": table.language, "names": list(known)}
                file.refuse((key, index, "language"), "unknown_language", **facts)


def _refuse_channels(file: EditedFile, tables: _File, known: Mapping[str, ChannelSettings]) -> None:
    for key, of_key in (("unit", tables.unit), ("group", tables.group)):
        for index, table in enumerate(of_key):
            for position, address in enumerate(table.channels):
                name, _, target = address.partition(":")
                place = (key, index, "channels", position)
                if name not in known:
                    file.refuse(place, "unknown_channel", name=name, names=list(known))
                elif known[name].wants_target and not target:
                    file.refuse(place, "channel_without_target", name=name)
                elif target and not known[name].wants_target:
                    file.refuse(place, "channel_with_target", name=name)


def _refuse_names(file: EditedFile, tables: _File) -> None:
    """Ids and names that two units have, or the program itself."""
    ids: dict[str, Location] = {}
    names: dict[str, tuple[str, Location]] = {}
    units = [(("unit", index), unit) for index, unit in enumerate(tables.unit)]
    groups = [(("group", index), group) for index, group in enumerate(tables.group)]
    for here, unit in (*units, *groups):
        if unit.id in RESERVED_IDS:
            file.refuse((*here, "id"), "reserved_id", id=unit.id)
        if first := ids.get(unit.id):
            file.refuse((*here, "id"), "unit_id_twice", id=unit.id, line=file.line_of(first))
        ids.setdefault(unit.id, here)
        spellings: list[tuple[Location, str]] = [((*here, "name"), unit.name)]
        spellings += [((*here, "aliases", n), alias) for n, alias in enumerate(unit.aliases)]
        for place, name in spellings:
            other, first_place = names.setdefault(name, (unit.id, place))
            if other != unit.id:
                line = file.line_of(first_place)
                file.refuse(place, "name_of_two", name=name, id=unit.id, other=other, line=line)


def with_units(
    file: EditedFile, text: str, changes: Mapping[str, Values], added: Sequence[Values]
) -> str:
    """The file's text with these keys of these units, by id, and more units at its end.

    All else stays character for character: each table is edited by itself, because tomlkit brings
    tables of one name together.
    """
    import tomlkit  # only where a file is edited

    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    places = [(key, n) for key in ("unit", "group") for n in range(len(file.data.get(key, [])))]
    # A file may have them in a list, without heads.
    heads = {
        line for line in map(file.line_of, places) if lines[line - 1].lstrip().startswith("[[")
    }
    if added and not heads:
        raise UsageError.because("units_in_a_list", file=file.shown)
    begins = sorted({0, *(line - 1 for line in heads)})
    changed = [place for place in places if file.data[place[0]][place[1]]["id"] in changes]
    blocks = {bisect_right(begins, file.line_of(place) - 1) for place in changed}
    for block in sorted(blocks, reverse=True):
        begin, end = begins[block - 1], (*begins, len(lines))[block]
        lines[begin:end] = [_edited("".join(lines[begin:end]), changes)]
    text = "".join(lines)
    if added:
        more = tomlkit.dumps({"unit": [dict(unit) for unit in added]})
        text = text.rstrip() + _ends_as(text, f"\n\n{more}")
    return text


def _edited(block: str, changes: Mapping[str, Values]) -> str:
    import tomlkit

    document = tomlkit.parse(block)
    for unit in (unit for key in ("unit", "group") for unit in document.get(key, ())):
        for key, value in changes.get(unit["id"], {}).items():
            if _is_said(key, value):
                _put(unit, key, value)
            else:
                unit.pop(key, None)
    return _ends_as(block, tomlkit.dumps(document))


def _is_said(key: str, value: object) -> bool:
    """An empty value is none; that there is to be no mail is one."""
    return bool(value) or (key == "mail" and value is False)


def _ends_as(text: str, new: str) -> str:
    """With the line ends of that text."""
    return re.sub(r"\r?\n", "\r\n", new) if "\r\n" in text else new


def _put(unit: "Table", key: str, value: Value) -> None:
    """A new key stands behind the last one: comments below may be about the next table."""
    if key in unit or not hasattr(unit.value, "body"):
        unit[key] = value
        return
    body, below = unit.value.body, []
    while body and body[-1][0] is None:
        below.append(body.pop())
    unit[key] = value
    body.extend(reversed(below))


def _edit_unit(content: bytes | None, args: Mapping[str, Any]) -> bytes:
    """`id`, and what becomes otherwise of that unit or group: keys with their values, empty ones
    taken out. `new` adds one, `drop` takes it away. Wrong values are for its readers to refuse."""
    content = content or b""
    file, text = EditedFile(Path("units.toml"), content), content.decode("utf-8-sig")
    tables = [(key, n) for key in ("unit", "group") for n in range(len(file.data.get(key, [])))]
    places = {file.data[key][n].get("id"): (key, n) for key, n in tables}
    values = {key: value for key, value in args.items() if key not in ("new", "drop")}
    if args.get("new"):
        if args["id"] in places:
            raise DeclinedError("unit_is_there", "a unit has that id", id=args["id"])
        given = {key: value for key, value in values.items() if _is_said(key, value)}
        return with_units(file, text, {}, [given]).encode()
    if args["id"] not in places:
        raise DeclinedError("unit_is_gone", "the unit is gone", id=args["id"])
    if args.get("drop"):
        return _without(file, text, places[args["id"]]).encode()
    del values["id"]
    return with_units(file, text, {args["id"]: values}, []).encode()


def _without(file: EditedFile, text: str, place: Location) -> str:
    """Less that table; comments below it are about the next one."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    begin = file.line_of(place) - 1
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    while end > begin + 1 and lines[end - 1].lstrip().startswith(("#", "\n", "\r")):
        end -= 1
    return "".join(lines[:begin] + lines[end:])


UNIT_EDITORS = {"unit": _edit_unit}
