"""Everything that an office edits, read together so that all its mistakes are said at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import EditedFile, is_file, is_folder, shown
from reminder.documents.escalation import escalation, escalation_faults
from reminder.documents.plan_file import read_plan
from reminder.documents.settings import SHIPPED, Settings, config_dir, load_settings
from reminder.documents.units_file import read_units
from reminder.documents.workdays_file import read_workdays, year_files
from reminder.domain.timetable import Schedule, Timetable
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

    @property
    def folder(self) -> Path:
        return config_dir(self.config)

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
        named = [self.folder / name for name in ("reminder.toml", "units.toml")]
        return [self.settings.plan, *named, *year_files(self.folder / "workdays")]


def load_office(
    config: Path | None = None, command_line: Mapping[str, Any] | None = None
) -> Office:
    """Raises `ConfigurationError` with every mistake of every file."""
    folder = config_dir(config)
    faults: list[Fault] = []
    settings = plan = None
    try:
        settings = load_settings(config, command_line)
        faults += _missing_files(settings)
    except ConfigurationError as error:
        faults += error.faults
    days, wrong = read_workdays(folder / "workdays", settings)
    faults += wrong
    directory = Directory({})
    try:
        directory, wrong = read_units(EditedFile(folder / "units.toml"))
        faults += wrong
        if settings:
            faults += escalation_faults(settings, directory, folder)
    except ConfigurationError as error:
        faults += error.faults
    try:
        file = EditedFile(settings.plan if settings else _plan_path(command_line, folder))
        plan, wrong = read_plan(file, directory, days)
        faults += wrong
    except ConfigurationError as error:
        faults += error.faults
    if faults or settings is None or plan is None:
        raise ConfigurationError(faults)
    table = Timetable(plan, directory, days, _schedule(settings))
    return Office(settings, table, config, command_line)


def _missing_files(settings: Settings) -> Iterator[Fault]:
    folder, certificates = settings.templates, settings.smtp.ca_file
    if folder and not is_folder(folder):
        words = "no such folder, wanted one with templates"
        yield Fault(shown(folder), 0, "templates", words)
    if certificates and not is_file(certificates):
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
    try:
        named = EditedFile(folder / "reminder.toml").data.get("plan")
    except ConfigurationError:
        named = None
    return folder / named if isinstance(named, str) else SHIPPED / "plan" / "plan_2026.toml"
