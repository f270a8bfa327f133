"""Everything that an office edits, read together so that all its mistakes are said at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import EditedFile, is_folder, shown
from reminder.documents.plan_file import read_plan
from reminder.documents.settings import SHIPPED, NudgeStep, OverdueStep, Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.units_file import read_units
from reminder.documents.values import SECRETARIAT, UNIT
from reminder.documents.workdays_file import read_workdays, year_files
from reminder.domain.notices import Kind
from reminder.domain.timetable import Addressees, Schedule, Timetable, together
from reminder.domain.units import Directory, Relation
from reminder.errors import ConfigurationError, Fault


@dataclass(frozen=True)
class Office:
    """One consistent reading of plan, units, working days and settings."""

    settings: Settings
    table: Timetable
    # What it was read with, to read it again.
    config: Path | None = None
    command_line: Mapping[str, Any] | None = None

    def mailed(self) -> Iterator[str]:
        """Every address that may get mail; in a rehearsal the only one."""
        mail = self.settings.mail
        if mail.redirect_to:
            yield mail.redirect_to
            return
        for unit in self.table.directory.units.values():
            yield from (*unit.to, *unit.cc)
        for step in self.table.schedule.escalation.values():
            yield from step.others
        if mail.operator:
            yield mail.operator

    def files(self) -> list[Path]:
        """Those that people edit, whether they are there or not."""
        folder = config_dir(self.config)
        named = [folder / name for name in ("reminder.toml", "units.toml")]
        return [self.settings.plan, *named, *year_files(folder / "workdays")]


def load_office(
    config: Path | None = None, command_line: Mapping[str, Any] | None = None
) -> Office:
    """Raises `ConfigurationError` with every mistake of every file."""
    folder = config_dir(config)
    faults: list[Fault] = []
    settings = None
    try:
        sources = SettingsSources(config, command_line)
        settings = sources.load()
        faults += _missing_files(settings)
    except ConfigurationError as error:
        faults += error.faults
    days, wrong = read_workdays(folder / "workdays", settings)
    units = EditedFile(folder / "units.toml")
    directory = read_units(units)
    if settings:
        faults += escalation_faults(settings, directory, sources)
    file = EditedFile(settings.plan if settings else _plan_path(command_line, folder))
    plan = read_plan(file, directory, days)
    faults += [*wrong, *units.faults, *file.faults]
    if faults or settings is None or plan is None:
        raise ConfigurationError(faults)
    table = Timetable(plan, directory, days, _schedule(settings))
    return Office(settings, table, config, command_line)


def _missing_files(settings: Settings) -> Iterator[Fault]:
    folder, certificates = settings.templates, settings.smtp.ca_file
    if folder and not is_folder(folder):
        yield Fault(shown(folder), 0, "templates", "no such folder, wanted one with templates")
    if certificates and not os.path.isfile(certificates):  # noqa: PTH113 (no error, ever)
        words = "no such file, wanted certificates in PEM"
        yield Fault(shown(certificates), 0, "smtp.ca_file", words)


def _schedule(settings: Settings) -> Schedule:
    return Schedule(
        at=settings.digest.at,
        workdays_before=settings.digest.workdays_before,
        nudges=tuple(step.workdays_left for step in settings.nudge if step.to),
        overdue=tuple(day for step in settings.overdue if step.to for day in step.days),
        tracking=settings.digest.tracking,
        preflight=settings.preflight_workdays,
        escalation=escalation(settings),
    )


def _plan_path(command_line: Mapping[str, Any] | None, folder: Path) -> Path:
    """Where the plan is, as far as settings with mistakes can tell."""
    if given := (command_line or {}).get("plan") or os.environ.get("REMINDER_PLAN"):
        return Path(given)
    named = EditedFile(folder / "reminder.toml").data.get("plan")
    return folder / named if isinstance(named, str) else SHIPPED / "plan" / "plan_2026.toml"


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
    steps: dict[str, Sequence[NudgeStep | OverdueStep]] = {
        "nudge": settings.nudge,
        "overdue": settings.overdue,
    }
    for name, several in steps.items():
        for index, step in enumerate(several):
            for position, recipient in enumerate(step.to):
                if words := _mistake(recipient, secretariat, other_bodies):
                    yield sources.fault((name, index, "to", position), words)


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


def _mistake(recipient: str, secretariat: str, other_bodies: dict[str, str]) -> str:
    wanted = "wanted one of the own house (relation own)"
    if recipient == UNIT:
        return ""
    if recipient == SECRETARIAT:
        if not secretariat:
            return "the secretariat has no address, wanted mail.reply_to or mail.operator"
        owner = other_bodies.get(secretariat.lower())
        words = f"the secretariat's {secretariat} is the address of {owner}, {wanted}"
        return words if owner else ""
    if owner := other_bodies.get(recipient.lower()):
        return f"{recipient} is the address of {owner}, {wanted}"
    domain = _domain(recipient)
    if neighbour := other_bodies.get(domain):
        return f"{recipient} lies in {domain} as {neighbour} and no unit of ours, {wanted}"
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
