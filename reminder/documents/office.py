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
    of_room,
)
from reminder.documents.edited_file import EditedFile, is_folder, shown
from reminder.documents.plan_folder import read_plans
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.units_file import read_units
from reminder.documents.values import SECRETARIAT, UNIT
from reminder.documents.workdays_file import read_workdays
from reminder.domain.notices import Kind
from reminder.domain.schedule import Addressees, Schedule, together
from reminder.domain.series import by_series, linked, main_plan, running
from reminder.domain.timetable import Timetable
from reminder.domain.units import Directory, Relation, Unit
from reminder.errors import ConfigurationError, Fault, Mistake, UnknownError
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
        return next(n for n in self.contents if self.document_files.path_of(n) == path)

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
) -> Office:
    """As the files are; documents and settings as they are given. Raises `ConfigurationError` with
    every mistake of every file."""
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
    files = DocumentFiles(path, folder).opened(contents)
    days, wrong = read_workdays(folder / WORKDAYS, settings, of_room(files, WORKDAYS))
    known = languages(settings.templates if settings else None)
    directory = read_units(units := files[UNITS], known)
    if settings and settings.language not in known:
        facts = {"language": settings.language, "names": known}
        faults.append(sources.fault(("language",), "unknown_language", **facts))
    if settings:
        faults += escalation_faults(settings, directory, sources)
    plans, mistakes = read_plans(path, of_room(files, PLAN), directory, days)
    faults += [*wrong, *units.faults, *mistakes]
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
    tables = linked([Timetable(one.plan, directory, days, schedule) for one in plans])
    paths = tuple(one.file.path for one in plans)
    texts = {name: file.content for name, file in files.items()}
    return Office(settings, tables, config, command_line, contents=texts, paths=paths)


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
