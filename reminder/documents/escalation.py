"""Whom the steps of nudges and 待确认 mails name, and that it stays in the own house."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reminder.documents.edited_file import EditedFile, is_file
from reminder.documents.settings import SECRETARIAT, UNIT, Settings
from reminder.documents.toml_lines import Location
from reminder.domain.notices import Kind
from reminder.domain.timetable import Addressees, together
from reminder.domain.units import Directory, Relation
from reminder.errors import Fault

Escalation = dict[tuple[Kind, int], Addressees]


def escalation(settings: Settings) -> Escalation:
    """What the steps' lists come to; steps of one day come together."""
    steps = [(Kind.NUDGE, step.workdays_left, step.to) for step in settings.nudge]
    steps += [(Kind.OVERDUE, day, step.to) for step in settings.overdue for day in step.days]
    lists: dict[tuple[Kind, int], list[Addressees]] = {}
    for kind, days, names in steps:
        if names:
            lists.setdefault((kind, days), []).append(_addressees(settings, names))
    return {step: together(addressees) for step, addressees in lists.items()}


def escalation_faults(settings: Settings, directory: Directory, folder: Path) -> Iterator[Fault]:
    """Addresses of other bodies, and a secretariat that has none."""
    other_bodies = _other_bodies(directory)
    nudge = [step.to for step in settings.nudge]
    overdue = [step.to for step in settings.overdue]
    for name, lists in (("nudge", nudge), ("overdue", overdue)):
        for index, recipients in enumerate(lists):
            for position, recipient in enumerate(recipients):
                if words := _mistake(settings, other_bodies, recipient):
                    yield _fault(folder, (name, index, "to", position), words)


def _addressees(settings: Settings, names: Sequence[str]) -> Addressees:
    return Addressees(
        lead=UNIT in names,
        secretariat=_secretariat(settings) if SECRETARIAT in names else (),
        named=tuple(name for name in names if name not in (UNIT, SECRETARIAT)),
    )


def _secretariat(settings: Settings) -> tuple[str, ...]:
    address = settings.mail.reply_to or settings.mail.operator
    return (address,) if address else ()


def _other_bodies(directory: Directory) -> dict[str, str]:
    """Addresses, and domains that none of the own house uses, with a unit that has them."""
    owners: dict[str, str] = {}
    own_domains = set()
    for unit in directory.single:
        for address in (*unit.to, *unit.cc):
            if unit.relation is Relation.OWN:
                own_domains.add(_domain(address))
            else:
                owners.setdefault(address.lower(), unit.name)
                owners.setdefault(_domain(address), unit.name)
    return {name: unit for name, unit in owners.items() if name not in own_domains}


def _mistake(settings: Settings, other_bodies: dict[str, str], recipient: str) -> str:
    wanted = "wanted one of the own house (relation own)"
    if recipient == UNIT:
        return ""
    if recipient == SECRETARIAT:
        if not (addresses := _secretariat(settings)):
            return "the secretariat has no address, wanted mail.reply_to or mail.operator"
        owner = other_bodies.get(addresses[0].lower())
        return (
            f"the secretariat's {addresses[0]} is the address of {owner}, {wanted}" if owner else ""
        )
    if owner := other_bodies.get(recipient.lower()):
        return f"{recipient} is the address of {owner}, {wanted}"
    domain = _domain(recipient)
    if neighbour := other_bodies.get(domain):
        return f"{recipient} lies in {domain} as {neighbour} and no unit of ours, {wanted}"
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _fault(folder: Path, place: Location, words: str) -> Fault:
    """At the source that the steps came from: the environment wins over the file."""
    variable, path = f"REMINDER_{place[0]}".upper(), folder / "reminder.toml"
    if any(name.upper() == variable for name in os.environ) or not is_file(path):
        return Fault("environment", 0, variable, words)
    return EditedFile(path).fault(place, words)
