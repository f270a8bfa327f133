"""Who takes part: units, groups made of units, and what each is to the plan's office."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Relation(StrEnum):
    """Of a unit to the plan's office: it decides tone and nagging."""

    OWN = "own"
    LOCAL = "local"
    PARALLEL = "parallel"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, or a group when `members` is not empty. A group itself gets no mail, nor does a unit
    that is `retired`: it stays for the years in which it took part."""

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
    retired: bool = False
    language: str = ""  # in which it is written to; empty for the office's
    channels: tuple[str, ...] = ()  # other ways to it: NAME, or NAME:WHOM
    mail: bool | None = None  # False where it is told by those ways alone

    @property
    def is_group(self) -> bool:
        return bool(self.members)

    @property
    def has_address(self) -> bool:
        return bool(self.to or self.channels)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that something may go to, its channels last."""
        return (*self.to, *self.cc, *self.channels)

    @property
    def tone(self) -> Relation:
        """A unit without relation is spoken to as one of the own house."""
        return self.relation or Relation.OWN

    @property
    def label(self) -> str:
        return self.short or self.name


def plain_name(name: str) -> str:
    """As names are compared: NFKC, without blanks."""
    return "".join(unicodedata.normalize("NFKC", name).split())


@dataclass(frozen=True)
class Directory:
    """All units by id, in the order of their file."""

    units: Mapping[str, Unit]

    @cached_property
    def by_name(self) -> dict[str, Unit]:
        """By canonical full name or alias, as it is written in a plan."""
        return {name: unit for unit in self.units.values() for name in (unit.name, *unit.aliases)}

    @cached_property
    def input_hash(self) -> str:
        """Made once for all plans that share these units."""
        return hashlib.sha256(repr(self.units).encode()).hexdigest()

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

    def named(self, name_or_id: str) -> Unit | None:
        return self.units.get(name_or_id) or self.by_name.get(name_or_id)

    def expand(self, unit_ids: Iterable[str]) -> list[str]:
        """Groups replaced by their members, which are units, each unit once, in order."""
        members = (one for name in unit_ids for one in self.units[name].members or (name,))
        return list(dict.fromkeys(members))

    def unaddressed(self, unit_ids: Iterable[str]) -> list[Unit]:
        """Those of the units and the groups' members that have no address, each once."""
        units = (self.units[unit_id] for unit_id in self.expand(unit_ids))
        return [unit for unit in units if not unit.has_address]

    @property
    def groups(self) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.is_group]

    @property
    def single(self) -> list[Unit]:
        """Units that are no groups: those that can get a mail."""
        return [unit for unit in self.units.values() if not unit.is_group]


def newly_shared(
    before: Mapping[str, Set[str]],
    after: Mapping[str, Set[str]],
    groups: Mapping[str, Collection[str]],
) -> dict[tuple[str, str], str]:
    """Addresses by unit id, before and after a change: whoever gets one that another unit has
    afterwards, and that other one. Members may have their group's."""
    owners = defaultdict[str, list[str]](list)
    for unit_id, addresses in after.items():
        for address in addresses:
            owners[address].append(unit_id)
    return {
        (unit_id, address): other
        for unit_id, addresses in after.items()
        for address in addresses - before.get(unit_id, frozenset())
        for other in owners[address]
        if other != unit_id and unit_id not in groups.get(other, ())
    }
