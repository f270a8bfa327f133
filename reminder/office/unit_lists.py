"""Lists of units' liaisons: one that is taken into units.toml, and one to be filled in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment

from reminder.documents.edited_file import EditedFile, read_file
from reminder.documents.liaison_cells import ListDoubt, UnitColumn, joined
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.tables.grid import Table
from reminder.documents.tables.reading import read_tables
from reminder.documents.templates import office_templates, phrase, refusals
from reminder.documents.units_file import Value, read_units, with_units
from reminder.documents.units_list import ListedUnit, ListQuestion, UnitsList, units_sheet
from reminder.domain.units import Directory, Unit, newly_shared, plain_name
from reminder.errors import ConfigurationError
from reminder.output_files import write_edited, write_file
from reminder.words import languages

TEMPLATE = "documents/units.txt"
NEAR = 0.75  # of a known name, as difflib measures
LOOKED_UP = 100
BOM = b"\xef\xbb\xbf"
ADDRESSES = (UnitColumn.TO, UnitColumn.CC)
KEYS = (*ADDRESSES, UnitColumn.CONTACT, UnitColumn.PHONE, UnitColumn.LANGUAGE)


@dataclass(frozen=True)
class UnitsFile:
    """units.toml as it stands there: what a unit has of its group is not its own."""

    settings: Settings
    file: EditedFile
    directory: Directory

    @classmethod
    def read(cls, config: Path | None) -> "UnitsFile":
        """Raises `ConfigurationError`."""
        settings = SettingsSources(config).load()
        file = EditedFile(config_dir(config) / "units.toml")
        directory = read_units(file)
        if file.faults:
            raise ConfigurationError(file.faults)
        return cls(settings, file, directory)

    @cached_property
    def own(self) -> dict[str, dict[str, Any]]:
        return {unit["id"]: unit for unit in self.file.data["unit"]}

    @cached_property
    def by_name(self) -> dict[str, Unit]:
        """By every way in which it is written and no other one is; names are before short ones."""
        units = self.directory.units.values()
        short = _unique((unit.short, unit) for unit in units if unit.short)
        names = ((name, unit) for unit in units for name in (unit.name, *unit.aliases))
        return short | _unique(names)

    def near(self, name: str) -> str:
        plain = plain_name(name)
        found = get_close_matches(plain, self.by_name, n=1, cutoff=NEAR)
        found += [one for one in self.by_name if one.startswith(plain) or one.endswith(plain)]
        return self.by_name[found[0]].name if found else ""

    def addresses(self) -> dict[str, set[str]]:
        """Of units and groups, in small letters."""
        tables = (*self.own.values(), *self.file.data.get("group", ()))
        return {table["id"]: _lower(table.get(key, ()) for key in ADDRESSES) for table in tables}

    @property
    def templates(self) -> Environment:
        return office_templates(self.settings)

    def words(self, macro: str, **facts: Any) -> str:
        return phrase(self.templates, TEMPLATE, macro, **facts)


@dataclass(frozen=True)
class UnitChange:
    unit: str
    name: str
    row: int
    key: str
    before: Value
    after: Value


@dataclass
class UnitsImport:
    """What a list would change; `added` are units that are not in the file, with all they have."""

    units: UnitsFile
    questions: list[ListQuestion]
    rows: dict[str, ListedUnit] = field(default_factory=dict)  # by the unit's id
    changes: list[UnitChange] = field(default_factory=list)
    added: list[dict[str, Value]] = field(default_factory=list)

    @property
    def changed_units(self) -> dict[str, list[UnitChange]]:
        by_unit = defaultdict[str, list[UnitChange]](list)
        for change in self.changes:
            by_unit[change.unit].append(change)
        return by_unit

    @property
    def unlisted(self) -> list[Unit]:
        return [unit for unit in self.units.directory.single if unit.id not in self.rows]

    def write(self) -> None:
        """Whole or not at all; nothing where nothing changes."""
        if not (self.changes or self.added):
            return
        path = self.units.file.path
        data = read_file(path)
        changes = {
            unit: {change.key: change.after for change in changes}
            for unit, changes in self.changed_units.items()
        }
        text = with_units(self.units.file, data.decode("utf-8-sig"), changes, self.added)
        write_edited(path, (BOM if data.startswith(BOM) else b"") + text.encode())

    def facts(self, *, written: bool) -> dict[str, Any]:
        return {
            "changes": [vars(change) for change in self.changes],
            "added": self.added,
            "unlisted": [unit.id for unit in self.unlisted],
            "questions": [
                {
                    "row": question.row,
                    "cell": question.cell,
                    "kind": question.doubt,
                    "text": self.units.words("question", it=question),
                }
                for question in self.questions
            ],
            "written": written,
        }


def read_list(
    config: Path | None, path: Path, *, add: bool = False, shared: Iterable[str] = ()
) -> UnitsImport:
    """Writes nothing. `add`: names that are like nobody's become units; `shared` are addresses that
    several units may have. Raises `ConfigurationError`."""
    units = UnitsFile.read(config)
    with refusals(units.templates, path):
        tables = read_tables(path)
    return take_rows(units, listed_in(units, tables), add=add, shared=shared)


def listed_in(units: UnitsFile, tables: Sequence[Table]) -> UnitsList:
    return UnitsList(tables, lambda name: plain_name(name) in units.by_name)


def take_rows(
    units: UnitsFile, listed: UnitsList, *, add: bool = False, shared: Iterable[str] = ()
) -> UnitsImport:
    taken = UnitsImport(units, listed.questions)
    for row in listed.units:
        _take(taken, row, add=add)
    _settle(taken, {address.lower() for address in shared})
    taken.questions.sort(key=lambda question: question.row)
    for unit_id, row in taken.rows.items():
        if unit_id in units.own:
            taken.changes += _changes(units, unit_id, row)
        else:
            values: dict[str, Value] = {key: value for key in KEYS if (value := _value(row, key))}
            taken.added.append({"id": unit_id, "name": row.name, **values})
    return taken


def _unique(pairs: Iterable[tuple[str, Unit]]) -> dict[str, Unit]:
    by_name = defaultdict[str, dict[str, Unit]](dict)
    for name, unit in pairs:
        by_name[plain_name(name)][unit.id] = unit
    return {
        name: unit for name, same in by_name.items() for unit in same.values() if len(same) == 1
    }


def _take(taken: UnitsImport, row: ListedUnit, *, add: bool) -> None:
    """What two rows say differently of a unit is asked, and neither counts."""
    unit_id = _unit_id(taken, row, add=add)
    if not unit_id:
        return
    _check_language(taken, row)
    first = taken.rows.setdefault(unit_id, row)
    for column, value in row.values.items():
        there = first.values.setdefault(column, value)
        first.cells.setdefault(column, row.cells[column])
        if there != value:
            texts = joined(value), joined(there)
            question = ListQuestion(ListDoubt.REPEATED, row.row, row.cells[column], column, *texts)
            taken.questions.append(question)
            first.values[column] = ()


def _check_language(taken: UnitsImport, row: ListedUnit) -> None:
    for value in row.values.get(UnitColumn.LANGUAGE, ()):
        if value not in languages(taken.units.settings.templates):
            here = (row.row, row.cells[UnitColumn.LANGUAGE], UnitColumn.LANGUAGE)
            taken.questions.append(ListQuestion(ListDoubt.LANGUAGE, *here, value))
            row.values[UnitColumn.LANGUAGE] = ()


def _unit_id(taken: UnitsImport, row: ListedUnit, *, add: bool) -> str:
    """Empty for one that is asked, and for a name alone: a title among rows, a remark below."""
    units, name = taken.units, plain_name(row.name)
    unit = units.by_name.get(name)
    if unit and not unit.is_group:
        return unit.id
    if not row.values:
        return ""
    # Looking takes long: a list of which hardly a name is known is another office's.
    looks = unit is None and (add or len(taken.questions) < LOOKED_UP)
    near = units.near(row.name) if looks else ""
    if add and not (unit or near):
        new = (id for id, one in taken.rows.items() if plain_name(one.name) == name)
        return next(new, "") or _free_id(units.directory.units.keys() | taken.rows.keys())
    doubt = ListDoubt.GROUP if unit else ListDoubt.UNKNOWN_UNIT
    question = ListQuestion(doubt, row.row, row.cell, UnitColumn.NAME, row.name, near)
    taken.questions.append(question)
    return ""


def _free_id(ids: Collection[str]) -> str:
    return next(id for number in count(1) if (id := f"unit-{number}") not in ids)


def _settle(taken: UnitsImport, shared: set[str]) -> None:
    """Asks about addresses that another unit has. A unit then keeps what it has, which may be what
    another one was to get: until nothing is in doubt."""
    units, before = taken.units, taken.units.addresses()
    groups = {group.id: group.members for group in units.directory.groups}
    while True:
        after = {**before, **{unit: _lower(_final(taken, unit)) for unit in taken.rows}}
        claims = newly_shared(before, {id: had - shared for id, had in after.items()}, groups)
        for (unit_id, address), other in claims.items():
            name = units.directory.name_of(other)
            row = taken.rows.get(other)
            _ask_shared(taken, unit_id, address, row.name if row and name == other else name)
        for unit_id, address in claims:
            values = taken.rows[unit_id].values
            for column in ADDRESSES:
                if address in _lower([values.get(column, ())]):
                    del values[column]
        if not claims:
            return


def _ask_shared(taken: UnitsImport, unit_id: str, address: str, other: str) -> None:
    row = taken.rows[unit_id]
    for column in ADDRESSES:
        for written in row.values.get(column, ()):
            if written.lower() == address:
                here = (row.row, row.cells[column], column)
                taken.questions.append(ListQuestion(ListDoubt.SHARED, *here, written, other))


def _final(taken: UnitsImport, unit_id: str) -> Iterator[Iterable[str]]:
    own, row = taken.units.own.get(unit_id, {}), taken.rows[unit_id]
    for column in ADDRESSES:
        yield row.values.get(column) or own.get(column, ())


def _lower(lists: Iterable[Iterable[str]]) -> set[str]:
    return {address.lower() for addresses in lists for address in addresses}


def _changes(units: UnitsFile, unit_id: str, row: ListedUnit) -> Iterator[UnitChange]:
    own = units.own[unit_id]
    for key in KEYS:
        if after := _value(row, key):
            before = own.get(key, [] if key in ADDRESSES else "")
            if _compared(before) != _compared(after):
                name = units.directory[unit_id].name
                yield UnitChange(unit_id, name, row.row, key, before, after)


def _value(row: ListedUnit, key: UnitColumn) -> Value:
    values = row.values.get(key, ())
    if key is UnitColumn.CC:
        to = _lower([row.values.get(UnitColumn.TO, ())])
        values = tuple(address for address in values if address.lower() not in to)
    return list(values) if key in ADDRESSES else joined(values)


def _compared(value: Value) -> Value:
    return value if isinstance(value, str) else sorted(address.lower() for address in value)


def write_template(config: Path | None, path: Path) -> int:
    """A workbook to fill in, with what is known of each unit, and how many there are.

    Raises `FileExistsError`."""
    units = UnitsFile.read(config)
    write_file(path, [template_of(units)], new=True)
    return len(units.own)


def template_of(units: UnitsFile) -> bytes:
    """With a column of languages where a unit has one of its own."""
    last = 5 + any(unit.get(UnitColumn.LANGUAGE) for unit in units.own.values())
    rows = [
        [
            unit["name"],
            *(unit.get(key, "") for key in (UnitColumn.CONTACT, UnitColumn.PHONE)),
            *("\n".join(unit.get(key, ())) for key in ADDRESSES),
            unit.get(UnitColumn.LANGUAGE, ""),
        ][:last]
        for unit in units.own.values()
    ]
    words = {macro: units.words(macro).split("\n") for macro in ("titles", "headings", "note")}
    return units_sheet(words["titles"], words["headings"][:last], rows, words["note"])
