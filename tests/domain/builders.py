"""Small plans by hand: one unit leads, one is related, one must see nothing.

The working days are those of the State Council's notice for 2026; no other year is announced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reminder.domain import occasions
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import PastDigest
from reminder.domain.occurrences import Said, occurrences, read_row
from reminder.domain.plan import Meeting, Plan, Task, TaskKind, Timing
from reminder.domain.schedule import Schedule
from reminder.domain.status import Reader
from reminder.domain.timetable import Timetable
from reminder.domain.units import Directory, Relation, Unit
from reminder.domain.when import Term, parse_when
from reminder.domain.windows import Progress
from reminder.domain.workdays import WorkingDays

ZONE = ZoneInfo("Asia/Shanghai")

HOLIDAYS = [(1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7)]
REST = {date(2026, m, day) for m, first, last in HOLIDAYS for day in range(first, last + 1)}
MAKE_UP = {date(2026, *day) for day in [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]}


def announced(day: date) -> bool | None:
    """Whether the notice makes it a working day; None for a year without notice."""
    if day.year != 2026:
        return None
    return day in MAKE_UP or (day.weekday() < 5 and day not in REST)


DAYS = WorkingDays(announced, named={})

LEADER, RELATED, OUTSIDER = "deputies", "helan", "zhongwei"
UNITS = (
    Unit(LEADER, "自治区人大常委会代表工作委员会", relation=Relation.OWN, to=("a@npc.example",)),
    Unit(RELATED, "贺兰县人大常委会", relation=Relation.LOCAL, to=("b@local.example",)),
    Unit(OUTSIDER, "中卫市人大常委会", relation=Relation.LOCAL, to=("c@local.example",)),
)


def task(
    month: int = 4,
    number: int = 1,
    *,
    title: str = "",
    short: str = "",
    lead: Sequence[str] = (LEADER,),
    related: Sequence[str] = (RELATED,),
    **timing: Any,
) -> Task:
    return Task(
        id=f"2026-{month:02}-{number}",
        kind=TaskKind.MONTH,
        title=title or f"{month}月表列第{number}项工作",
        short=short,
        months=range(month, month + 1) if month else range(0),
        number=number,
        lead=tuple(lead),
        related=tuple(related),
        timing=Timing(**timing),
    )


def at_times(words: str, number: int = 1, *, month: int = 0, **fields: Any) -> list[Task]:
    """Its occurrences, by the office's own words, in a row of that month or of none."""
    common = replace(task(0, number, **{"title": f"{words}的工作", **fields}), id=f"w-{number}")
    said = read_row(words, parse_when(words, Term(2026)), Term(2026))
    if month:
        said = said.within(Said("", None, range(month, month + 1)))
    return list(occurrences(common, said, Term(2026)))


def year_round(number: int = 1, **fields: Any) -> Task:
    title = f"全年表列第{number}项工作"
    fields = {"title": title, **fields}
    return replace(task(0, number, **fields), id=f"2026-year-{number}", kind=TaskKind.YEAR)


def standing(number: int = 1, **fields: Any) -> Task:
    fields = {"title": f"备注第{number}项工作", "related": (), **fields}
    return replace(task(0, number, **fields), id=f"2026-standing-{number}", kind=TaskKind.STANDING)


def meeting(day: date | None = None, month: int = 4, name: str = "sc-25") -> Meeting:
    return Meeting(name, "自治区十三届人大常委会第二十五次会议", month, day)


def plan(*tasks: Task, meetings: Sequence[Meeting] = (), year: int = 2026) -> Plan:
    return Plan(
        id="npc-deputies",
        year=year,
        name=f"自治区人大常委会{year}年度代表工作安排表",
        tag="代表工作",
        office=LEADER,
        zone=ZONE,
        tasks=tasks,
        meetings={found.id: found for found in meetings},
    )


def timetable(
    *tasks: Task,
    meetings: Sequence[Meeting] = (),
    relations: Mapping[str, Relation | None] | None = None,
    units: Sequence[Unit] = UNITS,
    **schedule: Any,
) -> Timetable:
    """`relations` replaces what a unit is to the office."""
    changed = relations or {}
    directory = Directory(
        {unit.id: replace(unit, relation=changed.get(unit.id, unit.relation)) for unit in units}
    )
    return Timetable(plan(*tasks, meetings=meetings), directory, DAYS, Schedule(**schedule))


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


# That a unit was reminded of a task for this due date, at this step.
Reminded = tuple[Kind, str, str, str, int]
Drafts = tuple[list[NoticeDraft], list[NoticeDraft]]


def due_reminders(
    table: Timetable,
    moment: datetime,
    progress: Progress,
    reminded: set[Reminded],
    *,
    after_digests: bool = False,
) -> Drafts:
    """Mails and calls that are due at that moment, less what was read in a digest: as if there
    were none, or everybody had all until then."""
    told = {
        step: {
            unit
            for kind, unit, *rest in reminded
            if (kind, *rest) == (step.kind, step.task, step.due, step.step)
        }
        for step in occasions.steps_in_reach(table, moment, progress)
    }
    past = [
        PastDigest(month, table.digest_day(month)) for month in table.plan.months if after_digests
    ]
    past = [digest for digest in past if digest.day <= moment.date()]
    digests = {unit.id: past for unit in table.directory.single}
    found = occasions.reminders(table, moment, told, progress, digests)
    drafts: Drafts = [], []
    for draft in (draft for draft in found if not draft.by_digest):
        drafts[table.directory[draft.unit].tone is Relation.PARALLEL].append(draft)
    return drafts


def reminders(
    table: Timetable,
    first: date,
    last: date,
    progress: Progress | None = None,
    reminded: set[Reminded] | None = None,
    *,
    after_digests: bool = False,
) -> Drafts:
    """Mails and calls of every day at ten, each noted as the ledger notes it."""
    noted, progress = set() if reminded is None else reminded, progress or Progress()
    mails, calls = list[NoticeDraft](), list[NoticeDraft]()
    for offset in range((last - first).days + 1):
        moment = datetime.combine(first + timedelta(days=offset), time(10), ZONE)
        found = due_reminders(table, moment, progress, noted, after_digests=after_digests)
        mails += found[0]
        calls += found[1]
        for draft in (*found[0], *found[1]):
            noted |= {(draft.kind, draft.unit, *entry) for entry in draft.tasks}
    return mails, calls


def reader(
    table: Timetable,
    unit: str = LEADER,
    moment: datetime | date = datetime(2026, 4, 1, 9, tzinfo=ZONE),
    progress: Progress | None = None,
) -> Reader:
    on = table.local_day(moment) if isinstance(moment, datetime) else moment
    return Reader(table, table.directory[unit], on, progress or Progress())
