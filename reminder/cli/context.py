"""The options that every command has, and the application that they lead to."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.domain.characters import harmless
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.documents.office import Office
    from reminder.office.application import Application

log = logging.getLogger(__name__)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


Config = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder with reminder.toml and units.toml.")
]
PlanFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The year's plan.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@dataclass
class Options:
    config: Path | None = None
    plan: Path | None = None


options = Options()


def keep(config: Path | None, plan: Path | None) -> None:
    options.config = config or options.config
    options.plan = plan or options.plan


def command(
    group: typer.Typer, name: str | None = None, *, example: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Puts a function among the commands, with --config, --plan and --debug beside its own."""

    def put(function: Callable[..., None]) -> Callable[..., None]:
        def run(*, config: Path | None, plan: Path | None, debug: bool, **values: object) -> None:
            keep(config, plan)
            function(**values)

        signature = inspect.signature(function, eval_str=True)
        shared = (("config", None, Config), ("plan", None, PlanFile), ("debug", False, Debug))
        parameters = [
            *signature.parameters.values(),
            *(
                inspect.Parameter(
                    key, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind
                )
                for key, value, kind in shared
            ),
        ]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__name__, run.__doc__ = function.__name__, function.__doc__
        group.command(name, epilog=f"Example: {example}")(run)
        return function

    return put


def office() -> Office:
    """Plan, units, working days and settings. Raises `ConfigurationError`."""
    from reminder.documents.office import load_office

    return load_office(options.config, {"plan": options.plan} if options.plan else None)


def application() -> Application:
    from reminder.clock import Clock
    from reminder.documents.settings_sources import SettingsSources
    from reminder.office.application import Application

    loaded = office()
    _log(loaded.settings.log.format, loaded.settings.log.level)
    for warning in SettingsSources(options.config).warnings():
        log.warning("%s", warning)
    return Application(loaded, Clock())


def site_address(app: Application) -> str:
    """Where the pages are, as far as the settings say."""
    web = app.settings.web
    if not web.base_url and not web.port:
        words = "web.port is 0: instead of 0 take the port on the first screen of `reminder run`"
        typer.echo(words, err=True)
    return web.public_url


def informed_application() -> Application:
    """As the ledger has the days of sessions. Raises `LedgerError`."""
    app = application()
    app.refresh()
    return app


def say_hold(app: Application) -> None:
    """Beside whatever speaks of mails to come: that none goes."""
    from reminder.office.holds import hold_hint, hold_words
    from reminder.office.status import why_held

    if hold := why_held(app):
        typer.echo(harmless(f"Held: {hold_words(hold)}; {hold_hint(hold)}"), err=True)


def trial_application(at: str | None, really: bool = False) -> Application:
    """`at` as given on the command line, in the plan's zone when it has no offset."""
    from reminder.clock import Clock
    from reminder.office.holds import refuse_far_moment

    app = application()
    if at is not None:
        moment = parse_moment(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=app.table.plan.zone)
        refuse_far_moment(app.office, moment, really=really)
        app.clock = Clock(moment)
    return app


def parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime(1, 1, 1)  # noqa: DTZ001 - refused below
    if not 2000 <= moment.year <= 2200:
        raise UsageError(f"{text!r} is no moment", hint="Wanted e.g. 2026-03-02T09:00+08:00.")
    return moment


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date", hint="Wanted e.g. 2026-03-02.") from None


def day_of(text: str, app: Application) -> date:
    """A day, or a moment as the plan's zone dates it."""
    if len(text) <= 10:
        return parse_day(text)
    moment = parse_moment(text)
    return app.table.local_day(moment) if moment.tzinfo else moment.date()


def _log(form: str, level: str) -> None:
    from reminder.cli.logs import Bounded, JsonFormatter, TextFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(Bounded())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("apscheduler", "uvicorn", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
