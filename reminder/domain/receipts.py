"""What a unit is told of its registrations: receipts, and a word of one sent back."""

from collections.abc import Sequence
from datetime import datetime

from reminder.domain import wording
from reminder.domain.content import Content, Line, Section
from reminder.domain.registrations import NAMES, Act, Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation


def receipt(table: Timetable, said: Sequence[Registration], at: datetime, contact: str) -> Content:
    """Task, act and time, no word of who registered: who has the link must not write mails in the
    office's name. What was written stands on the unit's page."""
    last, several = said[-1], len(said) > 1
    what = f"{len(said)}次登记" if several else f"{NAMES[last.act]}：{_about(table, last)}"
    when = _span(table, said) if several else _moment(table, last)
    ask = f"如非本单位操作，请联系{contact}" if contact else "如非本单位操作，请告知联系人"
    did = f"登记{len(said)}次" if several else what
    summary = f"{when}，通过本单位链接{did}。登记人和说明见本单位页面。{ask}。"
    lines = tuple(line for each in said for line in _lines(table, each, several=several))
    section = Section("lead", "登记内容", lines, numeral="一")
    headline = f"登记回执：{what.replace('：', ' ')}"
    return _content(table, last, at, headline, summary, section)


def _about(table: Timetable, said: Registration) -> str:
    task = table.plan.by_id.get(said.task)
    return task.brief if task else f"{_month(table, said)}月提示"


def _moment(table: Timetable, said: Registration) -> str:
    moment = said.at.astimezone(table.plan.zone)
    return f"{wording.day(moment.date())}{moment:%H:%M}"


def _span(table: Timetable, said: Sequence[Registration]) -> str:
    first, last = (each.at.astimezone(table.plan.zone) for each in (said[0], said[-1]))
    end = f"{last:%H:%M}" if first.date() == last.date() else _moment(table, said[-1])
    return f"{_moment(table, said[0])}至{end}"


def returned(table: Timetable, said: Registration, at: datetime, contact: str) -> Content:
    """Nobody is pressed: what is to be done next is done on the unit's page."""
    task = table.plan.by_id.get(said.task)
    brief = task.brief if task else said.task
    parallel = table.directory[said.unit].tone is Relation.PARALLEL
    ask = "可在本单位页面更新后再次登记" if parallel else "请核对后在本单位页面重新登记"
    more = f"；有疑问请联系{contact}" if contact else ""
    lines = (
        Line("", task.title if task else said.task),
        Line("", f"退回原因：{' '.join(said.words.split())}"),
    )
    section = Section("lead", "退回内容", lines, numeral="一")
    summary = f"本单位登记的“{brief}”完成情况已退回，{ask}{more}。"
    return _content(table, said, at, f"登记退回：{brief}", summary, section)


def _content(
    table: Timetable,
    said: Registration,
    at: datetime,
    headline: str,
    summary: str,
    section: Section,
) -> Content:
    moment = said.at.astimezone(table.plan.zone)
    return Content(
        tag=f"{table.plan.tag}·{_month(table, said) or moment.month}月",
        headline=headline,
        unit=table.directory[said.unit].name,
        summary=summary,
        sections=(section,),
        office=table.directory[table.plan.office].name,
        plan=table.plan.name,
        as_of=at.astimezone(table.plan.zone),
        parallel=False,
        dates_explained=False,
    )


def _month(table: Timetable, said: Registration) -> int:
    """That is signed or checked in, or the task's own; 0 for a year-round task as a whole."""
    if said.period:
        return int(said.period[5:])
    task = table.plan.by_id.get(said.task)
    return task.month if task else said.at.astimezone(table.plan.zone).month


def _lines(table: Timetable, said: Registration, *, several: bool) -> tuple[Line, ...]:
    begin = f"{_moment(table, said)}　{NAMES[said.act]}：" if several else ""
    task = table.plan.by_id.get(said.task)
    month = _month(table, said)
    if not said.task:
        return (Line("", f"{month}月提示已签收" if not several else f"{begin}{month}月提示"),)
    lines = [Line("", f"{begin}{task.title if task else said.task}")]
    if said.act is Act.FINISH and said.done_on:
        of_month = f"（{month}月）" if said.period else ""
        lines.append(Line("", f"完成日期{of_month}：{wording.full_day(said.done_on)}"))
    if said.percent is not None:
        lines.append(Line("", f"进度：{said.percent}%"))
    return tuple(lines)
