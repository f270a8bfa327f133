"""Who takes part: units, groups made of units, and what each is to the plan's office."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Relation(StrEnum):
    """Of a unit to the plan's office: it decides tone and nagging."""

    OWN = "own"
    LOCAL = "local"
    PARALLEL = "parallel"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, or a group when `members` is not empty. A group itself gets no mail."""

    id: str
    name: str
    short: str = ""
    aliases: tuple[str, ...] = ()
    relation: Relation | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    contact: str = ""
    phone: str = ""
    members: tuple[str, ...] = ()

    @property
    def is_group(self) -> bool:
        return bool(self.members)

    @property
    def has_address(self) -> bool:
        return bool(self.to)

    @property
    def tone(self) -> Relation:
        """A unit without relation is spoken to as one of the own house."""
        return self.relation or Relation.OWN

    @property
    def label(self) -> str:
        return self.short or self.name


@dataclass(frozen=True)
class Directory:
    """All units by id, in the order of their file."""

    units: Mapping[str, Unit]
    _by_name: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {name: u.id for u in self.units.values() for name in (u.name, *u.aliases)}
        object.__setattr__(self, "_by_name", names)

    def __getitem__(self, unit_id: str) -> Unit:
        return self.units[unit_id]

    def receiver(self, unit_id: str) -> Unit | None:
        """The unit of a stored id; None for one that has left or is a group now."""
        unit = self.units.get(unit_id)
        return None if unit is None or unit.is_group else unit

    def name_of(self, unit_id: str) -> str:
        """The id itself for a unit that has left since, or for the operator."""
        unit = self.units.get(unit_id)
        return unit.name if unit else unit_id

    def find(self, name: str) -> Unit | None:
        """By canonical full name or alias, as it is written in a plan."""
        unit_id = self._by_name.get(name)
        return self.units[unit_id] if unit_id else None

    def named(self, name_or_id: str) -> Unit | None:
        return self.units.get(name_or_id) or self.find(name_or_id)

    def names(self) -> list[str]:
        return list(self._by_name)

    def expand(self, unit_ids: Iterable[str]) -> list[str]:
        """Groups replaced by their members, which are units, each unit once, in order."""
        members = (one for name in unit_ids for one in self.units[name].members or (name,))
        return list(dict.fromkeys(members))

    @cached_property
    def _unaddressed(self) -> dict[str, tuple[str, ...]]:
        units = self.units.values()
        missing = {unit.id for unit in units if not (unit.is_group or unit.has_address)}
        return {
            unit.id: members
            for unit in units
            if (members := tuple(one for one in unit.members or (unit.id,) if one in missing))
        }

    def unaddressed(self, unit_ids: Iterable[str]) -> list[Unit]:
        """Those of the units and the groups' members that have no address, each once."""
        missing = (one for name in unit_ids for one in self._unaddressed.get(name, ()))
        return [self.units[unit_id] for unit_id in dict.fromkeys(missing)]

    @property
    def groups(self) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.is_group]

    @property
    def single(self) -> list[Unit]:
        """Units that are no groups: those that can get a mail."""
        return [unit for unit in self.units.values() if not unit.is_group]
