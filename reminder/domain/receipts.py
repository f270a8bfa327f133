"""The receipt for what somebody registered by a unit's link: to the unit's own address."""

from datetime import datetime

from reminder.domain import wording
from reminder.domain.content import Content, Line, Section
from reminder.domain.registrations import NAMES, Act, Registration
from reminder.domain.timetable import Timetable


def receipt(table: Timetable, said: Registration, at: datetime, contact: str) -> Content:
    unit, moment = table.directory[said.unit], said.at.astimezone(table.plan.zone)
    task = table.plan.by_id.get(said.task)
    months = int(said.period[5:]) if said.period else task.month if task else moment.month
    what = f"{NAMES[said.act]}{f'：{task.brief}' if task else f'：{months}月提示'}"
    ask = f"如非本单位操作，请联系{contact}" if contact else "如非本单位操作，请告知联系人"
    return Content(
        tag=f"{table.plan.tag}·{months or moment.month}月",
        headline=f"登记回执：{what.replace('：', ' ')}",
        unit=unit.name,
        summary=f"{wording.day(moment.date())}{moment:%H:%M}，通过本单位链接{what}"
        f"（登记人：{said.by.who}）。{ask}。",
        sections=(Section("lead", "登记内容", _lines(table, said, months), numeral="一"),),
        office=table.directory[table.plan.office].name,
        plan=table.plan.name,
        as_of=at.astimezone(table.plan.zone),
        parallel=False,
        dates_explained=False,
    )


def _lines(table: Timetable, said: Registration, month: int) -> tuple[Line, ...]:
    if not said.task:
        return (Line("", f"{month}月提示已签收"),)
    task = table.plan.by_id.get(said.task)
    lines = [Line("", task.title if task else said.task)]
    if said.act is Act.FINISH and said.done_on:
        of_month = f"（{month}月）" if said.period else ""
        lines.append(Line("", f"完成日期{of_month}：{wording.full_day(said.done_on)}"))
    if said.percent is not None:
        lines.append(Line("", f"进度：{said.percent}%"))
    if said.words:
        lines.append(Line("", f"说明：{' '.join(said.words.split())}"))
    return tuple(lines)
