"""Commands that read plan, units and working days: check, tasks, windows, occasions, units."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.context import (
    AsJson,
    command,
    day_of,
    informed_application,
    office,
    parse_day,
    say_hold,
)
from reminder.cli.words import counted, print_json, show
from reminder.domain.changes import clashing, held_on
from reminder.domain.occasions import forecast
from reminder.domain.status import task_light
from reminder.errors import ConfigurationError

if TYPE_CHECKING:
    from reminder.documents.office import Office
    from reminder.domain.plan import Task
    from reminder.office.application import Application

cli = typer.Typer()
LISTED = 100
Month = Annotated[int | None, typer.Option(min=1, max=12, help="Only this month.")]


@command(cli, example="reminder check --smtp")
def check(
    smtp: Annotated[
        bool, typer.Option("--smtp", help="Ask the mail server too; nothing is sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Validate everything: plan, units, working days, settings."""
    from reminder.documents.advice import advice
    from reminder.documents.templates import check_templates

    try:
        loaded = office()
    except ConfigurationError as error:
        if as_json:
            print_json({"ok": False, "errors": [str(fault) for fault in error.faults]})
        raise
    check_templates(loaded.settings)
    findings, advised = _findings(loaded), list(advice(loaded.settings))
    for words in () if as_json else advised:
        print(f"warning: {words}", file=sys.stderr)
    if smtp:
        from reminder.mail.transports.smtp import SmtpTransport

        mail = loaded.settings.mail
        recipient = mail.redirect_to or mail.operator
        answer = SmtpTransport(loaded.settings.smtp).check(mail.sender_address, recipient)
        findings["smtp"] = answer
    if as_json:
        findings["warnings"] += advised
        print_json(findings)
    else:
        print("\n".join(_found(findings)))


def _found(findings: dict[str, Any]) -> Iterator[str]:
    tasks, groups = findings["tasks"], counted(findings["groups"], "group")
    yield findings["plan"]
    month, year, standing = (tasks[kind] for kind in ("month", "year", "standing"))
    yield f"{month} monthly tasks, {year} year-round, {standing} standing"
    yield f"{findings['units']} units, {groups}, {findings['addresses']} addresses"
    yield f"without address: {', '.join(_few(findings['without_address'])) or 'none'}"
    yield f"provisional dates: {', '.join(findings['provisional']) or 'none'}"
    yield from _few([f"warning: {words}" for words in findings["warnings"]])
    if "smtp" in findings:
        yield findings["smtp"]
    yield "no mistakes"


def _few(words: list[str]) -> list[str]:
    """What a person reads; `--json` has them all."""
    more = len(words) - LISTED
    return [*words[:LISTED], f"{more} more: reminder check --json"] if more > 0 else words


def _findings(loaded: Office) -> dict[str, Any]:
    from reminder.documents.advice import warnings
    from reminder.office.records import session_dates

    days = session_dates(loaded)
    table = held_on(loaded.table, days)
    clashes = [
        f"{name} is set on {day}, which is not in force: a task would be due before it opens"
        for name, day in clashing(table, days).items()
    ]
    single = table.directory.single
    kinds = [str(task.kind) for task in table.plan.tasks]
    return {
        "ok": True,
        "plan": table.plan.name,
        "tasks": {kind: kinds.count(kind) for kind in ("month", "year", "standing")},
        "units": len(single),
        "groups": len(table.directory.groups),
        "addresses": len({address for unit in single for address in (*unit.to, *unit.cc)}),
        "without_address": [unit.name for unit in single if not unit.has_address],
        "provisional": [window.task for window in table.windows.values() if window.provisional],
        "warnings": [*map(str, warnings(loaded)), *clashes],
        "errors": [],
    }


@command(cli, example="reminder tasks --month 3 --unit deputies --json")
def tasks(
    month: Month = None,
    unit: Annotated[str | None, typer.Option(metavar="ID", help="Only this unit's.")] = None,
    as_json: AsJson = False,
) -> None:
    """The plan's tasks, with full names and state."""
    from reminder.office.lookup import find_unit

    app = informed_application()
    chosen = [task for task in app.table.plan.tasks if month in (None, task.month)]
    if unit:
        members = set(app.table.directory.expand([find_unit(app, unit).id]))
        chosen = [t for t in chosen if any(app.table.role(member, t) for member in members)]
    rows = _task_rows(app, chosen)
    show(rows, as_json, ["id", "title", "lead", "related", "state"])


def _task_rows(app: Application, tasks: list[Task]) -> list[dict[str, Any]]:
    directory, progress = app.table.directory, app.progress()
    rows = []
    for task in tasks:
        window = app.table.windows.get(task.id)
        state = "done" if task.id in progress.done else "open"
        if state == "open" and window and progress.is_settled(window):
            state = "settled"
        rows.append(
            {
                "id": task.id,
                "kind": task.kind,
                "month": task.month or None,
                "title": task.title,
                "lead": [directory[unit].name for unit in task.lead],
                "related": [directory[unit].name for unit in task.related],
                "state": state,
            }
        )
    return rows


@command(cli, example="reminder windows --month 4 --at 2026-04-28")
def windows(
    month: Month = None,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day whose lights are shown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """When each month's tasks open and are due; with --month the year-round ones too."""
    app = informed_application()
    table, progress = app.table, app.progress()
    day = day_of(at, app) if at else table.local_day(app.clock.now())
    by_id = table.plan.by_id
    chosen = [w for w in table.windows.values() if month in (None, by_id[w.task].month)]
    if month:
        chosen += [table.window_in(task, month) for task in table.plan.year_round]
    rows = [
        {
            "id": window.task,
            "opens": window.opens,
            "due": window.due,
            "rule": window.rule,
            "provisional": window.provisional,
            "light": task_light(window, day, table.days, progress),
        }
        for window in chosen
    ]
    show(rows, as_json, list(rows[0]) if rows else ["id"])


@command(cli, example="reminder occasions --from 2026-03-01 --to 2026-03-31")
def occasions(
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")],
    end: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
    as_json: AsJson = False,
) -> None:
    """The moments at which notices are due, if nothing more is registered."""
    app = informed_application()
    first, last, at = parse_day(start), parse_day(end), app.clock.now()
    rows = [
        {"kind": o.kind, "period": o.period, "at": o.at, "units": list(o.units)}
        for o in forecast(app.table, first, last, at, app.progress())
    ]
    show(rows, as_json, ["kind", "period", "at", "units"])
    say_hold(app)


@command(cli, example="reminder units --json")
def units(as_json: AsJson = False) -> None:
    """Units and groups, with names, members and addresses."""
    keys = ("id", "name", "short", "aliases", "relation", "members", "to", "cc")
    directory = office().table.directory
    rows = [{key: getattr(unit, key) for key in keys} for unit in directory.units.values()]
    show(rows, as_json, ["id", "name", "relation", "to", "members"], ["relation"])
