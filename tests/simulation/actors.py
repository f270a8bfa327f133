"""Who acts in a simulated year: units that register, the secretariat that answers and approves."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random

from reminder.documents.editing import apply_each
from reminder.domain.edits import Edit
from reminder.domain.registrations import Signature
from reminder.domain.timetable import Timetable
from reminder.domain.versions import Origin
from reminder.errors import DeclinedError, LedgerError
from reminder.ledger import publications
from reminder.office.application import Application
from reminder.office.completion import confirm, register, send_back
from reminder.office.lookup import find_task
from reminder.office.publishing import follow, publish
from reminder.office.registrations import finish
from reminder.office.releasing import let_go
from tests.office.approving import Shown, unread
from tests.simulation.faults import HOUR, Action, PlannedAction

_UNIT, _OFFICE = Signature("联络员", "page"), Signature("", "console")


class Approver:
    """Comes to a month's digests once it `begins`, in true time, and then to whatever waits anew.

    With a seed it comes some days before they are due, or up to one day too late. `approved` are
    the hashes of the messages that it let pass, by the notice's key.
    """

    def __init__(self, table: Timetable, seed: int | None) -> None:
        self._dice = Random(f"reader {seed}")
        self.approved: dict[str, set[str]] = defaultdict(set)
        self.begins: dict[str, datetime] = {}
        for month in table.plan.months:
            begin = table.preflight(month)
            if seed is not None:
                begin = table.digest_due(month) + HOUR * self._dice.uniform(-72, 24)
            self.begins[table.plan.period(month)] = begin

    def read(self, app: Application, now: datetime) -> None:
        """All that it has come to by now; the rest, and what changes meanwhile, another time."""
        with suppress(LedgerError):
            for shown in unread(app):
                if self.begins[shown.period] <= now:
                    self._approve(app, shown)

    def _approve(self, app: Application, shown: Shown) -> None:
        hashes = {key: one.composed().sha256 for key, one in shown.mails.items()}
        at_once = self._dice.random() < 0.5
        with suppress(DeclinedError):
            if at_once:
                let_go(app, shown.whole())
            for key, sha256 in hashes.items():
                if not at_once:
                    let_go(app, shown.one(key))
                self.approved[key].add(sha256)


@dataclass(frozen=True)
class Published:
    """A row's wording from that true moment on."""

    number: int
    at: datetime
    row: str
    title: str


def reword(app: Application, row: str, now: datetime) -> Published:
    """The first publication is what there was in the beginning."""
    with app.database.read() as connection:
        base = publications.newest(connection)
    if not base:
        base = publish(app, app.office.contents, origin=Origin.START, author="", base=0)
        follow(app)
    title = next(t.title for t in app.table.plan.tasks if t.table_id == row)
    fresh = f"{title.partition('（')[0]}（第{base + 1}稿）"
    changed = Edit(app.office.document, "task", {"id": row, "title": fresh})
    edited = apply_each(app.office.contents, [changed])
    number = publish(app, edited.changes, origin=Origin.CONSOLE, author="甲", base=base)
    return Published(number, now, row, fresh)


def act(app: Application, planned: PlannedAction) -> None:
    """Raises `DeclinedError` where it is not accepted."""
    task = find_task(app, planned.task)
    unit = app.table.directory[app.table.lead_units(task)[0]]
    match planned.action:
        case Action.DONE:
            register(app, [task.id], None, None, "")
        case Action.FINISH:
            today = app.table.local_day(app.clock.now())
            finish(app, unit, task, _UNIT, done_on=today)
        case Action.CONFIRM:
            confirm(app, unit.id, task.id, "", _OFFICE)
        case Action.RETURN:
            send_back(app, unit.id, task.id, "", "请补充", _OFFICE)
