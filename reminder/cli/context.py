"""What commands have in common: the options of all, the office that they lead to, days as typed."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import date, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.output import remark, words
from reminder.domain.registrations import Signature
from reminder.errors import ConfigurationError, Fault, LedgerError, UsageError
from reminder.events import Event

if TYPE_CHECKING:
    from reminder.documents.office import Office
    from reminder.documents.settings import Settings
    from reminder.office.application import Application

log = logging.getLogger(__name__)
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@dataclass
class Chosen:
    """By options that every command takes; the last word wins."""

    config: Path | None = None
    plan: Path | None = None
    plan_id: str | None = None
    year: int | None = None

    def clear(self) -> None:
        vars(self).update(vars(Chosen()))


chosen = Chosen()


def choose(option: typer.CallbackParam, value: object) -> None:
    if value is not None and option.name:
        setattr(chosen, option.name, value)


def settings() -> Settings:
    """Whatever plans, units and ledger are like. Raises `ConfigurationError`."""
    from reminder.documents.settings_sources import SettingsSources

    return SettingsSources(chosen.config, _command_line()).load()


def load(*, as_files: bool = False) -> Office:
    """Plans, units, working days and settings, about the plan that was asked for. Raises
    `ConfigurationError`, and `UnknownError` for a plan or a year that is not there."""
    from reminder.clock import Clock

    office = _read(as_files=as_files)
    today = office.table.local_day(Clock().now())
    return office.choosing(office.position_of(chosen.plan_id or "", chosen.year, today))


def _read(*, as_files: bool = False) -> Office:
    if as_files:
        from reminder.documents.office import load_office

        return load_office(chosen.config, _command_line())
    from reminder.office.versions import open_office

    return open_office(chosen.config, _command_line())


def _command_line() -> dict[str, Path] | None:
    return {"plan": chosen.plan} if chosen.plan else None


def application(*, informed: bool = True, or_last_good: bool = False) -> Application:
    """`informed`: with the days of sessions as the ledger has them. `or_last_good`: by what is in
    force where files have mistakes, which are logged. Raises `LedgerError` and
    `ConfigurationError`.
    """
    from reminder.cli.logs import log_to_stderr
    from reminder.clock import Clock
    from reminder.documents.settings_sources import SettingsSources
    from reminder.office.application import Application

    faults: list[Fault] = []
    try:
        office = _read()
    except ConfigurationError as error:
        good = _last_good() if or_last_good else None
        if good is None:
            raise
        office, faults = good, error.faults
    log_to_stderr(office.settings.log.format, office.settings.log.level)
    for warning in SettingsSources(chosen.config).warnings:
        log.warning("%s", warning, extra=Event.FILES_DOUBTFUL.of())
    for fault in faults:
        words = "%s; the last good version stays in force"
        log.error(words, fault, extra=Event.FILES_BROKEN.of())
    app = Application(office, Clock())
    if informed:
        app.refresh()
    if chosen.plan_id or chosen.year:
        return app.about(chosen.plan_id or app.office.main_plan, chosen.year)
    return app


def publish_edits(app: Application) -> None:
    """What was edited in files comes into force, by the application's clock."""
    from reminder.office.publishing import publish_files

    for name in publish_files(app, author="").conflicts:
        words = "%s: was edited in file and elsewhere: reminder reload --take-files"
        log.error(words, name, extra=Event.FILES_BROKEN.of())


def _last_good() -> Office | None:
    from reminder.office.versions import last_good

    try:
        return last_good(chosen.config, _command_line())
    except (ConfigurationError, LedgerError):
        return None


def user() -> str:
    """Of this machine: whose act a command is."""
    try:
        return getuser()
    except (OSError, KeyError):  # one without a name
        return f"uid {os.getuid()}"


def signature() -> Signature:
    return Signature("", "command", clerk=user())


def say_hold(app: Application) -> None:
    """Beside whatever speaks of mails to come: that none goes."""
    from reminder.office.holds import hold_hint, hold_words
    from reminder.office.status import why_held

    if hold := why_held(app):
        remark(words("state", "nothing_goes", held=hold_words(hold), hint=hold_hint(hold)))


def parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime(1, 1, 1)  # noqa: DTZ001 - refused below
    if not 2000 <= moment.year <= 2200:
        raise UsageError.because("no_moment_typed", text=text)
    return moment


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError.because("no_day_typed", text=text) from None
