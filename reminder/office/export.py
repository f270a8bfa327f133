"""台账 to take away: its tables row by row, out of one state of the ledger."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, partial

from sqlalchemy import Connection

from reminder.documents.templates import WORDS, office_templates, phrase
from reminder.domain.notices import State
from reminder.domain.occasions import asked_months
from reminder.domain.plan import TaskKind
from reminder.domain.registrations import Registration
from reminder.domain.series import table_with
from reminder.domain.status import office_status
from reminder.domain.timetable import Role, Timetable
from reminder.domain.windows import Progress, Rule
from reminder.errors import UsageError
from reminder.ledger import registrations
from reminder.ledger.calls import read_all_calls
from reminder.ledger.history import last_actors
from reminder.ledger.views import read_notices
from reminder.office.application import Application
from reminder.office.reports import OPERATOR
from reminder.office.signatures import read_signing

Cell = str | int | date | None
Row = tuple[Cell, ...]
LONGEST = 32_000  # characters of a cell: spreadsheets take 32,767
# What XML 1.0 cannot carry, and no spreadsheet shows.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PERIOD = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Export:
    """One consistent state of the ledger; `period` is a month, empty for everything."""

    app: Application
    connection: Connection
    period: str
    at: datetime

    @property
    def table(self) -> Timetable:
        return self.app.table

    @property
    def month(self) -> int:
        """Of the plan; 0 for all, also for a month of another year."""
        return self.table.plan.month_of(self.period)

    @cached_property
    def progress(self) -> Progress:
        stream = self.app.settings.stream
        return registrations.read_progress(self.connection, self.table, stream)

    @cached_property
    def told(self) -> dict[tuple[str, str], Registration]:
        return registrations.latest_progress(self.connection, self.table.plan.id)

    @cached_property
    def say(self) -> Callable[..., str]:
        """A macro of the export's own; what the same facts come to is made once."""
        return self._said_by("documents/export.txt")

    @cached_property
    def word(self) -> Callable[..., str]:
        """A macro of the words that all texts share."""
        return self._said_by(WORDS)

    def _said_by(self, template: str) -> Callable[..., str]:
        return cache(partial(phrase, office_templates(self.app.settings), template))

    def is_of_year(self, period: str, task: str = "") -> bool:
        """Whether it is of this table, of the plan's years; what has left all of them counts as
        its last year's."""
        series = self.app.series
        own = table_with(series, period, [task]) or series[-1]
        return own is self.table

    def local(self, moment: datetime | None) -> str:
        """To the second, as a spreadsheet sorts it; spreadsheets know no time zones."""
        zone = self.table.plan.zone
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    def name(self, unit: str) -> str:
        return self.table.directory.name_of(unit)

    def period_cell(self, period: str) -> Cell:
        """`2026-04` would be taken for its first day, and a day is one."""
        if _PERIOD.fullmatch(period):
            return self.say("month", year=period[:4], number=int(period[5:]))
        return date.fromisoformat(period) if _DAY.fullmatch(period) else period

    def rows(self, table: str) -> Iterator[Row]:
        """Headings first; of texts what a spreadsheet's cell can hold."""
        yield tuple(self.say("headings", table=table).split("\n"))
        _, rows = TABLES[table]
        for row in rows(self):
            yield tuple(_fit(cell) if isinstance(cell, str) else cell for cell in row)


def checked_period(text: str) -> str:
    """A month such as 2026-04, or nothing. Raises `UsageError`."""
    if text and not _PERIOD.fullmatch(text):
        raise UsageError.because("no_month_typed", text=text)
    return text


def _fit(text: str) -> str:
    text = _UNFIT.sub("", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _task_rows(export: Export) -> Iterator[Row]:
    if export.period and not export.month:
        return
    table, progress = export.table, export.progress
    for task in table.plan.tasks:
        is_dated = task.kind is TaskKind.MONTH
        if export.month and is_dated and export.month not in table.months_of(task):
            continue
        window, done = table.windows.get(task.id), progress.done.get(task.id)
        if task.kind is TaskKind.YEAR and export.month:  # it has one in a month only
            window = table.window_in(task, export.month)
        status = None
        if window and not done:
            leads = [table.directory[unit] for unit in table.lead_units(task)]
            status = office_status(table, window, table.local_day(export.at), progress, leads)
        yield (
            task.id,
            export.word("short_timing", window=window, task=task)
            if window and window.rule is Rule.MONTHS
            else export.say("row_of", kind=task.kind, month=task.month),
            task.title,
            *(
                export.word("unit_names", units=tuple(table.directory[unit] for unit in units))
                for units in (task.lead, task.related)
            ),
            window.opens if window else None,
            window.due if window else None,
            export.word("timing", window=window, task=task) if window else "",
            export.say("rule", kind=task.kind, rule=window.rule if window else ""),
            export.say("state", status=status, done=bool(done), kind=task.kind),
            *_registered(export, task.id),
            *_told(export, task.id),
        )


def _registered(export: Export, task: str) -> Row:
    """By whom it was reported, when it was done, in which months it was checked in."""
    progress = export.progress
    reported = [
        (export.name(unit), day)
        for (of, unit, period), day in progress.reported.items()
        if of == task and not period
    ]
    checked_in = {period: day for (of, period), day in progress.checked_in.items() if of == task}
    return (
        export.say("days", named=tuple(reported)),
        progress.done.get(task) or checked_in.get(export.period if export.month else ""),
        export.say("days", named=tuple(sorted(checked_in.items()))),
    )


def _told(export: Export, task: str) -> Row:
    """What a unit has told last of its progress: how far, in which words, who and when."""
    period = export.period if export.month else ""
    of_task = [one for (of, month), one in export.told.items() if of == task]
    wanted = (one for one in of_task if not period or one.period in ("", period))
    last = max(wanted, key=lambda one: one.id, default=None)
    if last is None:
        return None, "", "", ""
    who = export.say("teller", unit=export.name(last.unit), who=last.by.who)
    return last.percent, last.message, who, export.local(last.at)


def _signature_rows(export: Export) -> Iterator[Row]:
    """Of the months whose digest was due here: who was asked, and who has signed."""
    table, say, progress = export.table, export.say, export.progress
    for month in asked_months(table, export.at, progress):
        period = table.plan.period(month)
        if export.period not in ("", period):
            continue
        signing = read_signing(export.connection, table, month, export.at, progress)
        for unit in dict.fromkeys((*signing.asked, *signing.signed)):
            signature = signing.signed.get(unit)
            leads = unit in table.directory.units and any(
                table.role(unit, task) is Role.LEAD for task in table.month_tasks(month)
            )
            yield (
                export.period_cell(period),
                export.name(unit),
                say("role", leads=leads),
                say("signed", is_signed=bool(signature)),
                export.local(signature.at) if signature else "",
                signature.by.who if signature else "",
                signature.by.link if signature else "",
                *_behalf(export, signature),
            )


def _registration_rows(export: Export) -> Iterator[Row]:
    by_id, word = export.table.plan.by_id, export.word
    for row in registrations.read_all(export.connection, export.table.plan.id):
        if not export.local(row.at).startswith(export.period):
            continue
        if not export.is_of_year(row.period, row.task):
            continue
        yield (
            row.id,
            export.local(row.at),
            word("act", value=row.act),
            export.name(row.unit),
            export.period_cell(row.period),
            row.task,
            by_id[row.task].title if row.task in by_id else "",
            row.done_on,
            row.percent,
            row.message,
            row.by.who or row.by.clerk or (export.say("secretariat") if row.by.link else ""),
            row.by.link,
            *_behalf(export, row),
        )


def _behalf(export: Export, said: Registration | None) -> Row:
    """How the secretariat was told what it has registered, and who has."""
    if said is None:
        return "", ""
    return export.word("told", channel=said.by.channel) if said.by.channel else "", said.by.clerk


def _call_rows(export: Export) -> Iterator[Row]:
    for note in read_all_calls(export.connection, export.table.plan.id):
        if not (note.period.startswith(export.period) and export.is_of_year(note.period)):
            continue
        yield (
            export.local(note.at),
            export.name(note.unit),
            export.period_cell(note.period),
            note.who,
            note.message,
            note.clerk,
        )


def _notice_rows(export: Export) -> Iterator[Row]:
    say, word = export.say, export.word
    actors = last_actors(export.connection)
    for view in read_notices(export.connection, plan=export.table.plan.id):
        if not (view.period.startswith(export.period) and export.is_of_year(view.period)):
            continue
        yield (
            view.key,
            word("kind", value=view.kind),
            say("operator") if view.unit == OPERATOR else export.name(view.unit),
            export.period_cell(view.period),
            export.local(view.due),
            word("notice_state", value=view.state),
            word("reason", value=view.reason),
            say("people", addressed=tuple((p.address, p.state) for p in view.recipients)),
            # When the last recipient was taken in: nothing changes a notice after that.
            export.local(view.updated) if view.state is State.SENT else "",
            say("rehearsal") if view.rehearsal else "",
            actors.get(view.key, ""),
        )


# By their names in addresses: the columns' widths, and the rows. Headings are templates'.
TABLES: dict[str, tuple[tuple[int, ...], Callable[[Export], Iterator[Row]]]] = {
    "tasks": ((16, 8, 56, 36, 36, 12, 12, 36, 18, 12, 36, 12, 28, 8, 48, 36, 20), _task_rows),
    "signatures": ((10, 36, 8, 10, 20, 16, 24, 12, 16), _signature_rows),
    "registrations": ((8, 20, 12, 36, 10, 16, 48, 12, 8, 48, 16, 24, 12, 16), _registration_rows),
    "calls": ((20, 36, 10, 16, 64, 16), _call_rows),
    "notices": ((44, 14, 36, 12, 20, 14, 36, 48, 20, 8, 16), _notice_rows),
}
