"""台账, row by row: out of one state of the ledger, in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from reminder.domain import registrations as acts
from reminder.domain import wording
from reminder.domain.notices import Kind, State
from reminder.domain.outcomes import REASONS, STATES
from reminder.domain.plan import Task, TaskKind
from reminder.domain.timetable import MONTHS, Role, Timetable
from reminder.domain.windows import Progress, Rule, Window
from reminder.domain.workdays import last_day
from reminder.ledger import registrations
from reminder.ledger.registrations import read_progress
from reminder.ledger.schema import notice
from reminder.ledger.views import NoticeView, RecipientView, each_notice
from reminder.office.application import Application
from reminder.office.lights import Known, lamp, read_known
from reminder.office.reports import NAMES, OPERATOR
from reminder.office.signing import read_signing

Cell = str | int | date | None
Row = tuple[Cell, ...]
PERIOD = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_RULES = {
    Rule.EXPLICIT: "明确日期",
    Rule.MEETING: "按会期推算",
    Rule.PART: "按旬",
    Rule.MONTH: "按月（首末工作日）",
    Rule.MEETING_UNDATED: "会期待定，暂按月",
    Rule.YEAR_ROUND: "全年，按月跟进",
}
_KINDS = {**NAMES, Kind.RECEIPT: "登记回执", Kind.REPORT: "运行报告"}


@dataclass(frozen=True)
class Reading:
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

    def local(self, moment: datetime | None) -> str:
        """To the second, as a spreadsheet sorts it; spreadsheets know no time zones."""
        zone = self.table.plan.zone
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    def name(self, unit: str) -> str:
        return self.table.directory.name_of(unit)


def task_rows(reading: Reading) -> Iterator[Row]:
    table = reading.table
    known = read_known(reading.connection, table, reading.app.settings.stream, reading.period)
    if reading.period and not reading.month:
        return
    for task in table.plan.tasks:
        if not reading.month or task.kind is not TaskKind.MONTH or task.month == reading.month:
            yield _task_row(reading, task, known)


def _task_row(reading: Reading, task: Task, known: Known) -> Row:
    table, progress = reading.table, known.progress
    found = _window(reading, table, task)
    reported = [
        f"{reading.name(unit)} {day}"
        for (of, unit), day in progress.reported.items()
        if of == task.id
    ]
    done = progress.done.get(task.id)
    if reading.month and not done:
        done = progress.checked_in.get((task.id, reading.period))
    return (
        task.id,
        f"{task.month}月" if task.month else ("全年" if task.kind is TaskKind.YEAR else "常态化"),
        task.title,
        wording.unit_names(table, task.lead),
        wording.unit_names(table, task.related),
        found.opens if found else None,
        found.due if found else None,
        wording.timing(found, task) if found else "",
        _RULES[found.rule] if found else ("全年" if task.kind is TaskKind.YEAR else "根据工作需要"),
        _state(reading, task, found, known),
        "；".join(reported),
        done,
        _check_ins(task, progress),
    )


def _window(reading: Reading, table: Timetable, task: Task) -> Window | None:
    """A year-round task has one in a month only."""
    if task.kind is TaskKind.YEAR and reading.month:
        return table.window_in(task, reading.month)
    return table.windows.get(task.id)


def _state(reading: Reading, task: Task, found: Window | None, known: Known) -> str:
    if task.id in known.progress.done:
        return "已办结"
    if found is None:
        return "进行中" if task.kind is TaskKind.YEAR else ""
    table = reading.table
    period = f"{found.due:%Y-%m}" if task.kind is TaskKind.YEAR else ""
    leads = [table.directory[unit] for unit in table.lead_units(task)]
    return lamp(table, found, table.local_day(reading.at), known, leads, period).short


def _check_ins(task: Task, progress: Progress) -> str:
    days = [(period, day) for (of, period), day in progress.checked_in.items() if of == task.id]
    return "；".join(f"{period} {day}" for period, day in sorted(days))


def signature_rows(reading: Reading) -> Iterator[Row]:
    """Of the months whose digest was due here: who was asked, and who has signed."""
    table = reading.table
    progress = read_progress(reading.connection, table, reading.app.settings.stream)
    for month in MONTHS:
        period = table.plan.period(month)
        if reading.period not in ("", period) or table.digest_due(month) > reading.at:
            continue
        if progress.started and last_day(table.plan.year, month) < progress.started:
            continue  # before the first start nobody was asked
        signing = read_signing(reading.connection, table, month, reading.at, progress)
        for unit in dict.fromkeys((*signing.asked, *signing.signed)):
            said = signing.signed.get(unit)
            leads = unit in table.directory.units and any(
                table.role(unit, task) is Role.LEAD for task in table.plan.month(month)
            )
            yield (
                _month(period),
                reading.name(unit),
                "承办" if leads else "相关",
                "已签收" if said else "未签收",
                reading.local(said.at) if said else "",
                said.by.who if said else "",
                said.by.link if said else "",
            )


def registration_rows(reading: Reading) -> Iterator[Row]:
    by_id = reading.table.plan.by_id
    for said in registrations.each(reading.connection):
        if not reading.local(said.at).startswith(reading.period):
            continue
        yield (
            said.id,
            reading.local(said.at),
            acts.NAMES[said.act],
            reading.name(said.unit),
            _month(said.period),
            said.task,
            by_id[said.task].title if said.task in by_id else "",
            said.done_on,
            said.percent,
            said.words,
            said.by.who or ("秘书处" if said.by.link else ""),
            said.by.link,
        )


def notice_rows(reading: Reading) -> Iterator[Row]:
    keys = None
    if reading.period:
        query = select(notice.c.key).where(notice.c.period.startswith(reading.period))
        keys = list(reading.connection.scalars(query))
    for view in each_notice(reading.connection, keys=keys):
        yield (
            view.key,
            _KINDS.get(view.kind, view.kind),
            "运行人员" if view.unit == OPERATOR else reading.name(view.unit),
            _month(view.period),
            reading.local(view.due),
            STATES[view.state],
            REASONS.get(view.reason, ""),
            "；".join(map(_person, view.recipients)),
            _accepted(reading, view),
            "演练" if view.rehearsal else "",
        )


def _month(period: str) -> Cell:
    """`2026-04` would be taken for its first day, and a day is one."""
    if PERIOD.fullmatch(period):
        return f"{period[:4]}年{int(period[5:])}月"
    return date.fromisoformat(period) if _DAY.fullmatch(period) else period


def _person(person: RecipientView) -> str:
    return f"{person.address}（{STATES[person.state]}）"


def _accepted(reading: Reading, view: NoticeView) -> str:
    """When the last recipient was taken in; nothing changes a notice after that."""
    return reading.local(view.updated) if view.state is State.SENT else ""
