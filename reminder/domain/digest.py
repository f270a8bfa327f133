"""A month's digest for one unit: its headline, its one sentence, its sections."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reminder.domain import sections, wording
from reminder.domain.content import Content, Reader, Section
from reminder.domain.plan import Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress, Rule


def digest(
    table: Timetable,
    unit_id: str,
    month: int,
    at: datetime,
    progress: Progress,
    *,
    late: bool = False,
    first_of_year: bool = False,
    linked: bool = False,
) -> Content:
    """The month's digest for one unit as it is known at `at`."""
    reader = Reader(table, table.directory[unit_id], table.local_day(at), progress, linked)
    tasks = table.plan.month(month)
    led, related = table.leads(unit_id, tasks), table.related(unit_id, tasks)
    open_ = table.unconfirmed(unit_id, month, reader.on, progress)
    parts = [
        *sections.led(reader, month, led),
        *sections.related(reader, month, related),
        *sections.unconfirmed(reader, month, open_),
        *sections.next_month(reader, month + 1),
        *sections.year_round(reader, month),
        *sections.standing(reader),
    ]
    return Content(
        tag=f"{table.plan.tag}·{month}月",
        headline=_headline(reader, led, related, open_),
        unit=reader.unit.name,
        summary=_summary(reader, month, led, related, open_),
        sections=numbered(parts),
        office=table.directory[table.plan.office].name,
        plan=table.plan.name,
        as_of=at.astimezone(table.plan.zone),
        parallel=reader.tone is Relation.PARALLEL,
        dates_explained=bool(led) and reader.tone is not Relation.PARALLEL,
        late=late,
        first_of_year=first_of_year,
        to_sign=reader.tone is not Relation.PARALLEL,
    )


def _headline(
    reader: Reader, led: Sequence[Task], related: Sequence[Task], open_: Sequence[Task]
) -> str:
    roles = []
    if led:
        roles.append(f"承办{len(led)}项：{wording.briefs(led)}")
    if related:
        # After what it leads a unit only reads how many more there are.
        roles.append(f"相关{len(related)}项" + ("" if led else f"：{wording.briefs(related)}"))
    if open_:
        roles.append(f"{wording.months_of(open_)}{len(open_)}项待确认")
    if not roles:
        tasks, role = _year_tasks(reader)
        roles.append(f"全年{role}{len(tasks)}项：{wording.briefs(tasks)}")
    return "；".join(roles)


def _year_tasks(reader: Reader) -> tuple[tuple[Task, ...], str]:
    """Of a unit that stands in no month's row: its tasks, and whether it leads any."""
    table, unit = reader.table, reader.unit.id
    if led := table.leads(unit, table.plan.year_round):
        return led, "承办"
    return table.related(unit, table.plan.year_round), "相关"


def _summary(
    reader: Reader,
    month: int,
    led: Sequence[Task],
    related: Sequence[Task],
    open_: Sequence[Task],
) -> str:
    parallel = reader.tone is Relation.PARALLEL
    year = reader.table.plan.year
    source = "年度代表工作安排中" if parallel else ""
    purpose = "，供工作衔接参考" if parallel else ""
    parts = []
    if led:
        parts.append(f"{month}月{source}承办{len(led)}项，{_when(reader, month, led)}")
        if related:
            parts.append(f"另有{len(related)}项列为相关部门")
    elif related:
        listed = f"{month}月{source}列为相关部门，涉及{len(related)}项"
        parts.append(listed + purpose)
    elif not open_:
        tasks, role = _year_tasks(reader)
        listed = "相关部门" if role == "相关" else "承办单位"
        parts.append(f"{year}年度代表工作安排中列为全年事项{listed}，涉及{len(tasks)}项{purpose}")
    else:
        parts.append(f"{month}月无承办事项")
    if parallel and not led:
        parts.append("具体事宜由承办单位另行商请")
    elif parallel:
        parts.append("敬请统筹安排，具体事宜另行商请")
    elif related and not led:
        parts.append(_related_advice(reader, open_))
    if open_:
        parts.append(f"{wording.months_of(open_)}有{len(open_)}项尚未登记完成，请核对")
    return "；".join(parts) + "。"


def _related_advice(reader: Reader, open_: Sequence[Task]) -> str:
    if reader.tone is Relation.LOCAL:
        nothing_asked = "" if open_ else "，本月无需报送办结"
        return f"会议、培训的时间和参加范围以正式通知为准{nothing_asked}"
    return "具体安排由承办单位联系，请予配合"


def _when(reader: Reader, month: int, led: Sequence[Task]) -> str:
    """One clause on when: the month, and what is more exact than that."""
    windows = [reader.table.windows[task.id] for task in led]
    firm = sorted(
        (found for found in windows if found.rule in (Rule.EXPLICIT, Rule.MEETING, Rule.PART)),
        key=lambda found: found.due,
    )
    monthly = [found for found in windows if found not in firm]
    undated = sum(found.undated for found in windows)
    exact = reader.tone is not Relation.PARALLEL
    words = ""
    if monthly:
        every = "均" if len(led) > 1 and not firm else ""
        last = max(found.due for found in monthly)
        words = f"{every}安排在月内" + (f"（至{wording.weekday(last)}）" if exact else "")
    if firm and (exact or not monthly):
        first = firm[0]
        kind = wording.short_timing(first, reader.table.plan.by_id[first.task])
        dated = (
            f"（{wording.weekday(first.due)}）" if exact and first.rule is not Rule.EXPLICIT else ""
        )
        one = "最早1项" if len(firm) > 1 else "1项"
        which = f"，其中{one}" if monthly else one if len(led) > 1 else ""
        words += f"{which}{kind}{dated}"
    if undated:
        words += "，会期待定" if undated == len(led) else f"，其中{undated}项会期待定"
    if exact and (done := sum(task.id in reader.progress.done for task in led)):
        words += f"，已登记完成{done}项"
    return words


def numbered(parts: Sequence[Section]) -> tuple[Section, ...]:
    return tuple(
        replace(section, numeral=wording.numeral(index)) for index, section in enumerate(parts, 1)
    )
