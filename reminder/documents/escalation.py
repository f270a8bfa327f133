"""Whom the steps of nudges and 待确认 mails go to, beside their unit."""

from collections.abc import Iterator

from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources
from reminder.documents.values import SECRETARIAT, UNIT
from reminder.domain.notices import Kind
from reminder.domain.schedule import Addressees, together
from reminder.domain.units import Directory, Relation
from reminder.errors import Fault, Mistake


def escalation(settings: Settings) -> dict[tuple[Kind, int], Addressees]:
    """What the steps' lists come to; steps of one day come together."""
    secretariat = (settings.mail.secretariat,) if settings.mail.secretariat else ()
    steps = [(Kind.NUDGE, step.workdays_left, step.to) for step in settings.nudge]
    steps += [(Kind.OVERDUE, day, step.to) for step in settings.overdue for day in step.days]
    lists: dict[tuple[Kind, int], list[Addressees]] = {}
    for kind, days, names in steps:
        addressees = Addressees(
            lead=UNIT in names,
            secretariat=secretariat if SECRETARIAT in names else (),
            named=tuple(name for name in names if name not in (UNIT, SECRETARIAT)),
        )
        if names:
            lists.setdefault((kind, days), []).append(addressees)
    return {step: together(addressees) for step, addressees in lists.items()}


def escalation_faults(
    settings: Settings, directory: Directory, sources: SettingsSources
) -> Iterator[Fault]:
    """Addresses of other bodies, and a secretariat that has none."""
    other_bodies, secretariat = _other_bodies(directory), settings.mail.secretariat
    nudge = [("nudge", index, step.to) for index, step in enumerate(settings.nudge)]
    overdue = [("overdue", index, step.to) for index, step in enumerate(settings.overdue)]
    for name, index, recipients in (*nudge, *overdue):
        for position, recipient in enumerate(recipients):
            if wrong := _mistake(recipient, secretariat, other_bodies):
                place = (name, index, "to", position)
                yield sources.fault(place, wrong.reason, **wrong.facts)


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


def _mistake(recipient: str, secretariat: str, other_bodies: dict[str, str]) -> Mistake | None:
    if recipient == UNIT:
        return None
    if recipient == SECRETARIAT:
        if not secretariat:
            return Mistake("secretariat_without_address")
        if owner := other_bodies.get(secretariat.lower()):
            return Mistake("secretariat_elsewhere", address=secretariat, owner=owner)
        return None
    if owner := other_bodies.get(recipient.lower()):
        return Mistake("address_elsewhere", address=recipient, owner=owner)
    domain = _domain(recipient)
    if neighbour := other_bodies.get(domain):
        return Mistake("domain_elsewhere", address=recipient, domain=domain, owner=neighbour)
    return None


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
