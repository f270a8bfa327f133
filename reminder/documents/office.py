"""Everything that an office edits, read together so that all its mistakes are said at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import EditedFile, is_file, is_folder, shown
from reminder.documents.escalation import escalation, escalation_faults
from reminder.documents.long_files import LongFile
from reminder.documents.plan_file import read_plan
from reminder.documents.settings import (
    SHIPPED,
    Settings,
    config_dir,
    load_settings,
    source_warnings,
)
from reminder.documents.units_file import open_units, read_units
from reminder.documents.workdays_file import read_workdays, year_files
from reminder.domain.addresses import is_reserved
from reminder.domain.timetable import MONTHS, Schedule, Timetable
from reminder.domain.units import Directory
from reminder.errors import ConfigurationError, Fault


@dataclass(frozen=True)
class Office:
    """One consistent reading of plan, units, working days and settings."""

    settings: Settings
    table: Timetable
    # What it was read with, to read it again.
    config: Path | None = None
    command_line: Mapping[str, Any] | None = None
    units_file: LongFile | None = field(default=None, repr=False, compare=False)

    @cached_property
    def warnings(self) -> tuple[Fault, ...]:
        """What may be meant, but is better known."""
        if self.units_file is None:
            return ()
        folder = config_dir(self.config)
        found = _warnings(self.settings, self.table, self.units_file, folder)
        return (*source_warnings(self.config), *found)

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
    config: Path | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Office:
    """Raises `ConfigurationError` with every mistake of every file."""
    folder = config_dir(config)
    faults: list[Fault] = []
    settings = None
    try:
        settings = load_settings(config, command_line)
    except ConfigurationError as error:
        faults += error.faults
    if settings and settings.templates and not is_folder(settings.templates):
        words = "no such folder, wanted one with templates"
        faults.append(Fault(shown(settings.templates), 0, "templates", words))
    if settings and settings.smtp.ca_file and not is_file(settings.smtp.ca_file):
        words = "no such file, wanted certificates in PEM"
        faults.append(Fault(shown(settings.smtp.ca_file), 0, "smtp.ca_file", words))
    days, found = read_workdays(folder / "workdays", settings)
    faults += found
    directory, units_file = Directory({}), None
    try:
        units_file = open_units(folder / "units.toml")
        directory, found = read_units(units_file)
        faults += found
        if settings:
            faults += escalation_faults(settings, directory, folder)
    except ConfigurationError as error:
        faults += error.faults
    plan, plan_file = None, None
    try:
        plan_file = EditedFile(settings.plan if settings else _plan_path(command_line, folder))
        plan, found = read_plan(plan_file, directory, days)
        faults += found
    except ConfigurationError as error:
        faults += error.faults
    if faults or settings is None or plan is None or units_file is None:
        raise ConfigurationError(faults)
    table = Timetable(plan, directory, days, _schedule(settings))
    return Office(settings, table, config, command_line, units_file)


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
    try:
        named = EditedFile(folder / "reminder.toml").data.get("plan")
    except ConfigurationError:
        named = None
    return folder / named if isinstance(named, str) else SHIPPED / "plan" / "plan_2026.toml"


def _warnings(
    settings: Settings, table: Timetable, file: LongFile, folder: Path
) -> Iterator[Fault]:
    reached = {unit for month in MONTHS for unit in table.reached(month)}
    directory = table.directory
    owners: dict[str, str] = {}
    for index, unit in enumerate(directory.single):
        here = ("unit", index)
        if not unit.has_address:
            yield file.fault(
                (*here, "to"), f"{unit.name} has no address: it is told by nobody but the lead"
            )
        elif unit.relation is None:
            yield file.fault(
                (*here, "relation"),
                f"{unit.name} has no relation, wanted own, local or parallel; it is taken as own",
            )
        if unit.id not in reached or not unit.has_address:
            yield file.fault((*here, "id"), f"{unit.name} is reached by no digest of the year")
        for address in (*unit.to, *unit.cc):
            other = owners.setdefault(address.lower(), unit.id)
            if other != unit.id:
                yield file.fault(
                    (*here, "to"), f"{address} is the address of {directory[other].name} too"
                )
    if settings.transport == "maildir" and "host" in settings.smtp.model_fields_set:
        words = "is maildir though [smtp] names a host: no mail leaves, wanted smtp"
        yield Fault("settings", 0, "transport", words)
    if settings.transport == "smtp" and not settings.smtp_is_local:
        mine = [address for address in owners if is_reserved(address)]
        if is_reserved(settings.mail.sender_address):
            mine.append(settings.mail.sender_address)
        if mine:
            yield Fault(
                file.shown,
                0,
                "",
                f"{len(mine)} addresses lie in reserved domains, e.g. {mine[0]}: "
                f"nothing goes to them by {settings.smtp.host}",
            )
    if settings.transport == "smtp" and not settings.web.reachable:
        path = folder / "reminder.toml"
        state = "is a loopback address" if settings.web.base_url else "is not set"
        words = f"{state}: mails by SMTP go without links, wanted an address that readers can open"
        place = ("web", "base_url")
        yield (
            EditedFile(path).fault(place, words)
            if path.exists()
            else Fault("settings", 0, ".".join(place), words)
        )
