"""What a unit reads on its page: its tasks as they stand, and what it registered itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from reminder.domain.digest import Item, SectionKind, digest, items, other_year
from reminder.domain.plan import Task, TaskKind, calendar_month
from reminder.domain.registrations import OF_UNITS, Act, Registration
from reminder.domain.status import Light, Reader, unit_status
from reminder.domain.units import Unit
from reminder.ledger import registrations
from reminder.ledger.views import SentMail as SentMail  # for pages
from reminder.ledger.views import mailed_to as mailed_to  # for pages
from reminder.office.application import Application
from reminder.office.registrations import to_sign

_LATEST = 5  # registrations of one task that its page repeats
_RECENT = 2  # months before this one whose tasks stand one by one


@dataclass(frozen=True)
class LedTask(Item):
    """One that the unit leads, with what was registered for it, the last first. `number` is 0 for
    none, `year` but for another year's. `period` is the month of a year-round task's check-in,
    which has no window."""

    history: Sequence[Registration] = ()
    is_open: bool = True
    period: str = ""
    year: int = 0

    @property
    def returned(self) -> Registration | None:
        """Sent back, if that was the last word on it."""
        last = next((one for one in self.history if one.act is not Act.PROGRESS), None)
        return last if last and last.act is Act.RETURN else None


def unit_page(connection: Connection, app: Application, unit: Unit, at: datetime) -> dict[str, Any]:
    """The facts of its page. `month` is 1 to 12, `content` that month's digest, none for a unit
    that no row of the month names and that nothing is asked of; `to_sign` the month's period,
    empty when nothing is to be signed; of the `earlier` tasks so many are `answered`: they wait
    for the secretariat, or are not asked for.

    Of what was registered it has the unit's own, never anybody else's.
    """
    table, month = app.table, app.table.shown_month(at)
    plan = table.plan.id
    progress = registrations.read_progress(connection, table, app.settings.stream)
    reader = Reader(table, unit, table.local_day(at), progress, linked=True)
    led = partial(_led, reader, registrations.of_unit(connection, plan, unit.id))
    tasks, period = table.leads(unit.id, table.plan.tasks), table.plan.period(month)
    signed = registrations.in_force(connection, plan, Act.SIGN, unit=unit.id, period=period)
    content = digest(reader, month, at)
    sections = {kind: [s for s in content.sections if s.kind is kind] for kind in SectionKind}
    reported = [table.find(task) for task, of, _ in progress.reported if of == unit.id]
    answered = {
        task
        for task in reported
        if task and task.kind is TaskKind.MONTH and table.has_begun(task, month)
    }
    asked = {item.task for item in content.open} | answered
    ends = {task: table.months_of(task)[-1] for task in asked}
    earlier = [led(task) for task in sorted(asked, key=lambda task: (ends[task], task.number))]
    older = [entry for entry in earlier if ends[entry.task] < month - _RECENT]
    year_round = items(reader, [task for task in tasks if task.kind is TaskKind.YEAR])
    office = content.office.label
    return {
        "reader": reader,
        "parallel": reader.parallel,
        "month": calendar_month(month),
        "year": int(period[:4]),
        "content": content if content.led or content.related or content.open else None,
        "to_sign": to_sign(connection, app, unit, progress, at),
        "signed": signed[-1] if signed else None,
        "leads": any(task.kind is not TaskKind.STANDING for task in tasks),
        "led": [
            (row, [replace(led(item.task, item.number), nth=item.nth) for item in row.items])
            for row in sections[SectionKind.LEAD]
        ],
        "related": sections[SectionKind.RELATED],
        "earlier": earlier,
        "answered": sum(
            entry.status.light in (Light.REVIEW, Light.WAIT, Light.NONE) for entry in earlier
        ),
        "recent": earlier[len(older) :],
        "older": older,
        "is_older": lambda task_id: any(entry.task.id == task_id for entry in older),
        "ahead": sections[SectionKind.NEXT_LEAD] + sections[SectionKind.NEXT_RELATED],
        "year_round": [led(item.task, item.number) for item in year_round],
        "year_related": [item for s in sections[SectionKind.YEAR_RELATED] for item in s.items],
        "standing": sections[SectionKind.STANDING],
        "office": office,
        # The secretariat speaks for the office.
        "author": lambda entry: entry.by.who if entry.act in OF_UNITS else office,
    }


def _led(reader: Reader, said: Sequence[Registration], task: Task, number: int = 0) -> LedTask:
    """A year-round one as of the running month, whatever digest is in force already."""
    window = reader.table.window_in(task, reader.table.running_month(reader.on))
    history = [
        entry for entry in said if entry.task == task.id and entry.period in ("", window.period)
    ]
    months = reader.table.months_of(task)
    return LedTask(
        task,
        number,
        None if window.period else window,
        unit_status(reader, window),
        [entry for entry in history if entry.by.link != "direct"][:_LATEST],
        task.id not in reader.progress.done,
        window.period,
        month=calendar_month(months[-1]) if months else 0,
        year=other_year(reader.table, months[-1]) if months else 0,
    )
