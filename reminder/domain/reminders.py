"""Between two digests: 临近提醒 before a window closes, 待确认 after it."""

from datetime import datetime

from reminder.domain import sections, wording
from reminder.domain.content import Content, Reader, Section
from reminder.domain.notices import Kind
from reminder.domain.plan import Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress, Rule, workdays_left


def reminder(
    table: Timetable,
    kind: Kind,
    unit_id: str,
    task_ids: list[str],
    at: datetime,
    progress: Progress,
    *,
    late: bool = False,
    first_of_year: bool = False,
    linked: bool = False,
    for_lead: bool = True,
) -> Content:
    """A nudge or a 待确认 mail on those tasks, as they stand at `at`.

    Not for the lead, it tells its office's secretariat of the unit.
    """
    unit = table.directory[unit_id]
    reader = Reader(table, unit, table.local_day(at), progress, linked)
    tasks = [table.plan.by_id[task_id] for task_id in task_ids]
    write = _nudge if kind is Kind.NUDGE else _overdue
    headline, fact, wish, section = write(reader, tasks)
    office = table.directory[table.plan.office].name
    months = sorted({task.month for task in tasks})
    return Content(
        tag=f"{table.plan.tag}·{months[-1]}月",
        headline=headline if for_lead else f"{unit.label}·{headline}",
        unit=unit.name if for_lead else office,
        summary=f"{fact}，{wish}；{sections.ask_to_register(reader)}。"
        if for_lead
        else f"{unit.name}{fact}，供了解。",
        sections=(section,),
        office=office,
        plan=table.plan.name,
        as_of=at.astimezone(table.plan.zone),
        parallel=unit.tone is Relation.PARALLEL,
        dates_explained=kind is Kind.NUDGE
        and any(table.windows[task.id].rule is not Rule.EXPLICIT for task in tasks),
        late=late,
        first_of_year=first_of_year,
    )


def _nudge(reader: Reader, tasks: list[Task]) -> tuple[str, str, str, Section]:
    """Headline, what is so, what the lead is asked for, and which tasks."""
    table, count = reader.table, len(tasks)
    windows = [table.windows[task.id] for task in tasks]
    first = min(windows, key=lambda found: found.due)
    left = workdays_left(first, reader.on, table.days)
    until = f"{wording.weekday(first.due)}，" + (f"剩{left}个工作日" if left else "即今日")
    lines = tuple(
        reader.line(task, position, count, found, lead=True)
        for position, (task, found) in enumerate(zip(tasks, windows, strict=True), 1)
    )
    names = wording.briefs(tasks)
    months = wording.months_of(tasks)
    return (
        f"临近提醒{count}项：{names}（至{wording.day(first.due)}）",
        f"{months}承办事项中有{count}项时间临近（{until}）",
        "请关注",
        Section("lead", f"临近事项（{count}项）", lines, numeral="一"),
    )


def _overdue(reader: Reader, tasks: list[Task]) -> tuple[str, str, str, Section]:
    count, months = len(tasks), wording.months_of(tasks)
    one_month = len({task.month for task in tasks}) == 1  # it stands in the tag then
    return (
        f"{'' if one_month else months}{count}项待确认：{wording.briefs(tasks)}",
        f"{months}有{count}项尚未登记完成",
        "请核对",
        Section(
            "confirm", f"待确认（{count}项）", sections.confirm_lines(reader, tasks), numeral="一"
        ),
    )
