"""What the plan says: its mistakes, tasks, windows and occasions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.completion import unit_ids
from reminder.cli.context import AsJson, application, load, parse_day, parse_moment, say_hold
from reminder.cli.output import in_words, print_json, remark, say, show, words
from reminder.domain.occasions import forecast
from reminder.domain.status import task_light
from reminder.errors import ConfigurationError
from reminder.words import Sentence

if TYPE_CHECKING:
    from reminder.documents.office import Office
    from reminder.domain.plan import Task
    from reminder.domain.timetable import Timetable
    from reminder.domain.windows import Progress

cli = typer.Typer()
LISTED = 100
CHECK = "cli/check.txt"
Month = Annotated[int | None, typer.Option(min=1, max=12, help="Only this month.")]


@cli.command(epilog="Example: reminder check --smtp")
def check(
    smtp: Annotated[
        bool, typer.Option("--smtp", help="Ask the mail server too; nothing is sent.")
    ] = False,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Ask the mailbox for answers too; nothing is read.")
    ] = False,
    channels: Annotated[
        bool, typer.Option("--channels", help="Name the channels too; nothing is sent.")
    ] = False,
    send: Annotated[
        str | None, typer.Option(metavar="NAME[:WHOM]", help="Send a word by this channel.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Validate everything: plan, units, working days, settings."""
    from reminder.documents.office_warnings import advice
    from reminder.documents.templates import check_templates

    try:
        office = load(as_files=True)
    except ConfigurationError as error:
        if as_json:
            print_json({"ok": False, "errors": [str(fault) for fault in error.faults]})
        raise
    old_templates = check_templates(office.settings)
    findings, advised = _findings(office), list(advice(office.settings))
    for fault in () if as_json else advised:
        remark(words("check", "warning", words=in_words(fault)))
    findings["warnings"] += old_templates
    if smtp:
        findings["smtp"] = _asked(office)
    if inbox:
        from reminder.mail.inbox import count_unread
        from reminder.mail.oauth import token_source

        settings = office.settings
        facts = {"count": count_unread(settings.inbox, token_source(settings, "inbox"))}
        findings["inbox"] = Sentence(CHECK, "inbox", facts)
    if channels:
        findings["channels"] = _channels(office)
    if send:
        from reminder.office.ways import send_word

        findings["sent"] = Sentence(
            CHECK, "sent", {"address": send, "reply": send_word(office, send)}
        )
    if as_json:
        findings["warnings"] += advised
        print_json(findings)
    else:
        for line in _report(findings):
            say(line)


def _channels(office: Office) -> list[Sentence]:
    addresses = [one for unit in office.table.directory.single for one in unit.channels]
    names = [address.partition(":")[0] for address in addresses]
    return [
        Sentence(
            CHECK, "channel", {"name": name, "service": one.service, "count": names.count(name)}
        )
        for name, one in office.settings.channel.items()
    ]


def _asked(office: Office) -> Sentence:
    from reminder.mail.oauth import token_source
    from reminder.mail.transports.smtp import SmtpTransport

    settings, mail = office.settings, office.settings.mail
    way = SmtpTransport(settings.smtp, token_source(settings, "smtp"))
    zone = office.table.plan.zone
    return way.check(mail.sender_address, mail.redirect_to or mail.operator, zone)


def _findings(office: Office) -> dict[str, Any]:
    from reminder.documents.office_warnings import warnings
    from reminder.office.records import done_otherwise, ids_used_again

    tables, table = office.tables, office.table
    moved = [
        Sentence(CHECK, "done_otherwise", {"key": key, "now": now})
        for key, now in done_otherwise(office)
    ]
    moved += [
        Sentence(CHECK, "ids_used_again", {"plan": name, "ids": ids})
        for name, ids in ids_used_again(office)
    ]
    single = table.directory.single
    of_file = {(each.plan.id, task.table_id): task for each in tables for task in each.plan.tasks}
    kinds = [str(task.kind) for task in of_file.values()]
    return {
        "ok": True,
        "plan": table.plan.name,
        "plans": [each.plan.name for each in tables],
        "tasks": {kind: kinds.count(kind) for kind in ("month", "year", "standing")},
        "units": len(single),
        "groups": len(table.directory.groups),
        "addresses": len({address for unit in single for address in (*unit.to, *unit.cc)}),
        "without_address": [unit.name for unit in single if not unit.has_address],
        "provisional": [w.task for each in tables for w in each.windows.values() if w.provisional],
        "warnings": [*warnings(office), *moved],
        "errors": [],
    }


def _report(findings: dict[str, Any]) -> Iterator[str]:
    """What a person reads; `--json` has all of it."""
    yield from _few(findings["plans"])
    yield from words("check", "counts", it=findings).splitlines()
    for name in ("without_address", "provisional"):
        names = findings[name]
        more = len(names) - len(names[:LISTED])
        yield words("check", name, names=names[:LISTED], more=more)
    yield from _few([words("check", "warning", words=in_words(w)) for w in findings["warnings"]])
    if "smtp" in findings:
        yield in_words(findings["smtp"])
    if "inbox" in findings:
        yield in_words(findings["inbox"])
    for one in (*findings.get("channels", ()), *filter(None, [findings.get("sent")])):
        yield in_words(one)
    yield words("check", "no_mistakes")


def _few(lines: list[str]) -> list[str]:
    more = len(lines) - LISTED
    return [*lines[:LISTED], words("check", "more", count=more)] if more > 0 else lines


@cli.command("tasks", epilog="Example: reminder tasks --month 3 --unit deputies --json")
def list_tasks(
    month: Month = None,
    unit: Annotated[
        str | None, typer.Option(autocompletion=unit_ids, metavar="ID", help="Only this unit's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The plan's tasks, with full names and state."""
    from reminder.office.lookup import find_unit

    app = application()
    table, progress = app.table, app.progress()
    chosen = [
        task
        for task in table.plan.tasks
        if month is None or table.plan.term.month(month) in table.months_of(task)
    ]
    if unit:
        members = set(table.directory.expand([find_unit(app, unit).id]))
        chosen = [task for task in chosen if any(table.role(member, task) for member in members)]
    of_table: dict[str, list[Task]] = defaultdict(list)
    for task in chosen:
        of_table[task.table_id].append(task)
    rows = [_task_row(table, progress, times) for times in of_table.values()]
    show(rows, as_json, ["id", "title", "lead", "related", "state", "when"])


def _task_row(table: Timetable, progress: Progress, times: list[Task]) -> dict[str, Any]:
    """Of a task of the table, with all its times or those of one month."""

    def state(task: Task) -> str:
        window = table.windows.get(task.id)
        if task.id in progress.done:
            return "done"
        return "settled" if window and progress.is_settled(window) else "open"

    task, states = times[0], {task.id: state(task) for task in times}
    return {
        "id": task.table_id,
        "kind": task.kind,
        "month": (task.month or None) if len(times) == 1 else None,
        "title": task.title,
        "lead": [table.directory[unit].name for unit in task.lead],
        "related": [table.directory[unit].name for unit in task.related],
        "state": "open" if "open" in states.values() else states[task.id],
        "when": task.when or None,
        "section": task.section or None,
        "remark": task.remark or None,
        "source": task.source or None,
        "occurrences": [{"occurrence": key, "state": word} for key, word in states.items()],
    }


@cli.command(epilog="Example: reminder windows --month 4 --at 2026-04-28")
def windows(
    month: Month = None,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day whose lights are shown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """When each month's tasks open and are due; with --month the year-round ones too."""
    app = application()
    table, progress, on = app.table, app.progress(), app.table.local_day(app.clock.now())
    if at and len(at) > len("2026-04-28"):
        moment = parse_moment(at)
        on = table.local_day(moment) if moment.tzinfo else moment.date()
    elif at:
        on = parse_day(at)
    by_id = table.plan.by_id
    number = table.plan.term.month(month) if month else 0
    chosen = [
        window
        for window in table.windows.values()
        if not number or number in table.months_of(by_id[window.task])
    ]
    if number:
        chosen += [table.window_in(task, number) for task in table.plan.year_round]
    rows = [
        {
            "id": by_id[window.task].table_id,
            "occurrence": window.task,
            "opens": window.opens,
            "due": window.due,
            "rule": window.rule,
            "provisional": window.provisional,
            "soft": window.soft,
            "light": task_light(table, window, on, progress),
        }
        for window in chosen
    ]
    several = any(row["occurrence"] != row["id"] for row in rows)
    name = "occurrence" if several else "id"
    show(rows, as_json, [name, "opens", "due", "rule", "provisional", "light"])


@cli.command(epilog="Example: reminder occasions --from 2026-03-01 --to 2026-03-31")
def occasions(
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=parse_day, help="First day.")
    ],
    last: Annotated[date, typer.Option("--to", metavar="DATE", parser=parse_day, help="Last day.")],
    as_json: AsJson = False,
) -> None:
    """The moments at which notices are due, if nothing more is registered."""
    app = application()
    rows = [
        {"kind": o.kind, "period": o.period, "at": o.at, "units": list(o.units)}
        for o in forecast(app.table, first, last, app.clock.now(), app.progress())
    ]
    show(rows, as_json, ["kind", "period", "at", "units"])
    say_hold(app)
