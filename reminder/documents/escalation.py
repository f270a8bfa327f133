"""Whom the steps of nudges and 待确认 mails name, and that it stays in the own house."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from reminder.documents.edited_file import EditedFile, is_file
from reminder.documents.settings import PREFIX, SECRETARIAT, UNIT, Settings
from reminder.documents.toml_lines import Location
from reminder.domain.notices import Kind
from reminder.domain.timetable import Addressees, together
from reminder.domain.units import Directory, Relation
from reminder.errors import Fault

Escalation = dict[tuple[Kind, int], Addressees]


def escalation(settings: Settings) -> Escalation:
    """What the steps' lists come to; steps of one day come together."""
    found: dict[tuple[Kind, int], list[Addressees]] = {}
    for kind, step, to in _steps(settings):
        found.setdefault((kind, step), []).append(_addressees(settings, to))
    return {step: together(several) for step, several in found.items()}


def escalation_faults(settings: Settings, directory: Directory, folder: Path) -> Iterator[Fault]:
    """Addresses of other bodies, and a secretariat that has none."""
    house = _House(directory)
    lists = {
        "nudge": [step.to for step in settings.nudge],
        "overdue": [step.to for step in settings.overdue],
    }
    for name, steps in lists.items():
        for index, to in enumerate(steps):
            for position, recipient in enumerate(to):
                if words := _mistake(settings, house, recipient):
                    yield _fault(folder, (name, index, "to", position), words)


def _steps(settings: Settings) -> Iterator[tuple[Kind, int, list[str]]]:
    for nudge in settings.nudge:
        if nudge.to:
            yield Kind.NUDGE, nudge.workdays_left, nudge.to
    for overdue in settings.overdue:
        for day in overdue.days if overdue.to else ():
            yield Kind.OVERDUE, day, overdue.to


def _addressees(settings: Settings, to: Iterable[str]) -> Addressees:
    names = list(to)
    return Addressees(
        lead=UNIT in names,
        secretariat=_secretariat(settings) if SECRETARIAT in names else (),
        named=tuple(name for name in names if name not in (UNIT, SECRETARIAT)),
    )


def _secretariat(settings: Settings) -> tuple[str, ...]:
    address = settings.mail.reply_to or settings.mail.operator
    return (address,) if address else ()


class _House:
    """Which addresses and domains units use: the own house's, and others'."""

    def __init__(self, directory: Directory) -> None:
        self._others: dict[str, str] = {}
        domains: set[str] = set()
        self._foreign: dict[str, str] = {}
        for unit in directory.single:
            for address in (*unit.to, *unit.cc):
                if unit.relation is Relation.OWN:
                    domains.add(_domain(address))
                else:
                    self._others.setdefault(address.lower(), unit.name)
                    self._foreign.setdefault(_domain(address), unit.name)
        for domain in domains:
            self._foreign.pop(domain, None)

    def owner(self, address: str) -> str | None:
        """The unit of another body whose address that is."""
        return self._others.get(address.lower())

    def neighbour(self, address: str) -> str | None:
        """A unit in its domain, which none of the own house uses."""
        return self._foreign.get(_domain(address))


def _mistake(settings: Settings, house: _House, recipient: str) -> str:
    wanted = "wanted one of the own house (relation own)"
    if recipient == UNIT:
        return ""
    if recipient != SECRETARIAT:
        if owner := house.owner(recipient):
            return f"{recipient} is the address of {owner}, {wanted}"
        if neighbour := house.neighbour(recipient):
            domain = _domain(recipient)
            return f"{recipient} lies in {domain} as {neighbour} and no unit of ours, {wanted}"
        return ""
    addresses = _secretariat(settings)
    if not addresses:
        return "the secretariat has no address, wanted mail.reply_to or mail.operator"
    if owner := house.owner(addresses[0]):
        return f"the secretariat's {addresses[0]} is the address of {owner}, {wanted}"
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _fault(folder: Path, place: Location, words: str) -> Fault:
    """At the source that the steps came from: the environment wins over the file."""
    variable, path = f"{PREFIX}{place[0]}".upper(), folder / "reminder.toml"
    if any(name.upper() == variable for name in os.environ) or not is_file(path):
        return Fault("environment", 0, variable, words)
    return EditedFile(path).fault(place, words)
