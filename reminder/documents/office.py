"""Everything that an office edits, read together so that all its mistakes are said at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from reminder.documents.document_files import (
    PLAN,
    UNITS,
    WORKDAYS,
    Contents,
    DocumentFiles,
    of_plans,
    of_room,
)
from reminder.documents.edited_file import EditedFile, is_folder, shown
from reminder.documents.escalation import escalation, escalation_faults
from reminder.documents.plan_folder import KnownPlan, read_plans
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.units_file import read_units
from reminder.documents.workdays_file import read_workdays
from reminder.domain.schedule import Schedule
from reminder.domain.series import by_series, linked, main_plan, running
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.errors import ConfigurationError, Fault, UnknownError
from reminder.words import SHIPPED, languages


@dataclass(frozen=True)
class Office:
    """One consistent reading of plans, units, working days and settings. `tables` are in the order
    of their series, `paths` their files; `chosen` is the position of the one that is asked about,
    `begun` when plans first started, as far as a ledger was asked.
    """

    settings: Settings
    tables: tuple[Timetable, ...]
    # What it was read with, to read it again.
    config: Path | None = None
    command_line: Mapping[str, Any] | None = None
    contents: Contents = field(default_factory=dict, repr=False)  # of its documents, by name
    # The newest one when it was read; None for who goes by the files whatever is in force.
    publication: int | None = None
    paths: tuple[Path, ...] = ()
    chosen: int = 0
    begun: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def table(self) -> Timetable:
        return self.tables[self.chosen]

    @property
    def path(self) -> Path:
        """The file of its plan."""
        return self.paths[self.chosen]

    def language_of(self, unit: Unit) -> str:
        """In which it is written to."""
        return unit.language or self.settings.language

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """That readers of its mails and pages speak, its own first."""
        units = map(self.language_of, self.table.directory.single)
        return tuple(dict.fromkeys((self.settings.language, *units)))

    @property
    def document(self) -> str:
        """The name under which that file is published."""
        return self.document_at(self.path)

    def document_at(self, path: Path) -> str:
        return self._names[path]

    @cached_property
    def _names(self) -> Mapping[Path, str]:
        """Of its files the documents."""
        files = self.document_files
        return {files.path_of(name): name for name in self.contents}

    @property
    def plan_file(self) -> EditedFile:
        return self.file_at(self.path)

    def file_at(self, path: Path) -> EditedFile:
        """Read again: one of its documents by its file."""
        return EditedFile(path, self.contents[self.document_at(path)])

    @cached_property
    def positions(self) -> Mapping[tuple[str, int], int]:
        """By plan and year."""
        keys = [(table.plan.id, table.plan.year) for table in self.tables]
        return {key: position for position, key in enumerate(keys)}

    @cached_property
    def series(self) -> Mapping[str, tuple[Timetable, ...]]:
        return by_series(self.tables)

    @cached_property
    def main_plan(self) -> str:
        """Its id; who names no plan means this one."""
        return main_plan(self.tables, self.begun)

    @cached_property
    def settings_hash(self) -> str:
        """Of those by which notices are planned: the same on all machines."""
        return sha256(repr(self.tables[0].schedule).encode()).hexdigest()

    @cached_property
    def input_hash(self) -> str:
        """Of all its tables: the same means that nothing was edited."""
        hashes = [table.input_hash for table in self.tables]
        return hashes[0] if len(hashes) == 1 else sha256(" ".join(hashes).encode()).hexdigest()

    def position_of(self, plan: str, year: int | None, on: date) -> int:
        """Of that plan's table of that year, or of the one whose term runs on that day; of the
        main plan without an id. Raises `UnknownError`."""
        plan = plan or self.main_plan
        if plan not in self.series:
            raise UnknownError.because("no_plan", name=plan, names=list(self.series))
        year = running(self.series[plan], on).plan.year if year is None else year
        if (plan, year) not in self.positions:
            years = [table.plan.year for table in self.series[plan]]
            raise UnknownError.because("no_table", year=year, plan=plan, years=years)
        return self.positions[plan, year]

    def choosing(self, position: int) -> "Office":
        return self if position == self.chosen else replace(self, chosen=position)

    def mailed(self) -> Iterator[str]:
        """Every address that may get mail; in a rehearsal the only one."""
        mail = self.settings.mail
        if mail.redirect_to:
            yield mail.redirect_to
            return
        for unit in self.table.directory.units.values():
            yield from (*unit.to, *unit.cc)
        for step in self.tables[0].schedule.escalation.values():
            yield from step.others
        if mail.operator:
            yield mail.operator

    @property
    def document_files(self) -> DocumentFiles:
        return DocumentFiles(self.settings.plan, config_dir(self.config))

    def with_documents(self, contents: Contents, settings: Settings | None = None) -> "Office":
        """With these in place of its own: what is the same in both is not read again. Raises
        `ConfigurationError`."""
        return load_office(
            self.config, self.command_line, contents, settings or self.settings, self
        )

    def is_read_alike(self, contents: Contents, settings: Settings) -> bool:
        """Whether a plan there is read with the same units and days as here."""
        mine, theirs = (_around_plans(each) for each in (self.contents, contents))
        alike = (settings.plan, settings.workdays) == (self.settings.plan, self.settings.workdays)
        return alike and mine == theirs

    def known(self, contents: Contents) -> dict[str, KnownPlan]:
        """Its plans by their names, of which the same text is among those documents."""
        tables = zip(self.paths, self.tables, strict=True)
        named = [(self.document_at(path), path, table.plan) for path, table in tables]
        return {
            name: KnownPlan(path, contents[name], plan)
            for name, path, plan in named
            if contents.get(name) == self.contents[name]
        }

    def files(self) -> list[Path]:
        """Those that people edit, whether they are there or not."""
        folder = config_dir(self.config)
        known = map(self.document_files.path_of, self.contents)
        there = (*self.document_files.documents().values(), *known)
        return [folder / "reminder.toml", *dict.fromkeys(there)]


def load_office(
    config: Path | None = None,
    command_line: Mapping[str, Any] | None = None,
    contents: Contents | None = None,
    settings: Settings | None = None,
    before: Office | None = None,
) -> Office:
    """As the files are; documents and settings as they are given. What is as it was `before` is not
    read again. Raises `ConfigurationError` with every mistake of every file."""
    folder = config_dir(config)
    faults: list[Fault] = []
    try:
        sources = SettingsSources(config, command_line)
        settings = settings or sources.load()
        folders = settings.templates
        if folders and not is_folder(folders):
            faults.append(Fault(shown(folders), 0, "templates", "no_templates_folder"))
        for name, path in settings.smtp.certificates.items():
            if not os.path.isfile(path):  # noqa: PTH113 (no error, ever)
                faults.append(Fault(shown(path), 0, f"smtp.{name}", "no_certificates"))
    except ConfigurationError as error:
        faults += error.faults
    path = settings.plan if settings else _plan_path(command_line, folder)
    documents = DocumentFiles(path, folder)
    known: dict[str, KnownPlan] = {}
    spoken = languages(settings.templates if settings else None)
    if settings and settings.language not in spoken:
        facts = {"language": settings.language, "names": spoken}
        faults.append(sources.fault(("language",), "unknown_language", **facts))
    texts = contents or {}
    if before and contents and settings and before.is_read_alike(contents, settings):
        directory, days, known = before.table.directory, before.table.days, before.known(contents)
        changed = {name: contents[name] for name in of_plans(contents) if name not in known}
        files = {name: EditedFile(documents.path_of(name), changed[name]) for name in changed}
    else:
        files = documents.opened(contents)
        texts = {name: file.content for name, file in files.items()}
        days, wrong = read_workdays(folder / WORKDAYS, settings, of_room(files, WORKDAYS))
        directory = read_units(
            units := files[UNITS], spoken, settings.channel if settings else None
        )
        faults += [*wrong, *units.faults]
    if settings and not (
        before and settings is before.settings and directory is before.table.directory
    ):
        faults += escalation_faults(settings, directory, sources)
    fresh = of_room(files, PLAN)
    plans, mistakes = read_plans(path, fresh, directory, days, list(known.values()))
    faults += mistakes
    if faults or settings is None:
        raise ConfigurationError(faults)
    schedule = Schedule(
        at=settings.digest.at,
        workdays_before=settings.digest.workdays_before,
        nudges=tuple(step.workdays_left for step in settings.nudge if step.to),
        overdue=tuple(day for step in settings.overdue if step.to for day in step.days),
        tracking=settings.digest.tracking,
        preflight=settings.preflight_workdays,
        escalation=escalation(settings),
    )
    tables = [Timetable(one.plan, directory, days, schedule) for one in plans]
    return Office(
        settings, linked(tables, before.series if before else {}), config, command_line,
        contents=texts, paths=tuple(one.path for one in plans),
    )  # fmt: skip


def _around_plans(contents: Contents) -> Contents:
    plans = set(of_plans(contents))
    return {name: text for name, text in contents.items() if name not in plans}


def _plan_path(command_line: Mapping[str, Any] | None, folder: Path) -> Path:
    """Where the plan is, as far as settings with mistakes can tell."""
    if given := (command_line or {}).get("plan") or os.environ.get("REMINDER_PLAN"):
        return Path(given)
    named = EditedFile(folder / "reminder.toml").data.get("plan")
    return folder / named if isinstance(named, str) else SHIPPED / "plan" / "plan_2026.toml"
