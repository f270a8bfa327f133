"""The sections of a digest, in the order in which a unit reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from reminder.domain import wording
from reminder.domain.content import Line, Reader, Section
from reminder.domain.plan import Task
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Rule
from reminder.domain.wording import Mood


def ask_to_register(reader: Reader) -> str:
    """By the page where the mail has a link to it."""
    how = "请登记" if reader.linked else "请告知联系人登记"
    return f"已完成的{how}，登记后不再提示"


def _rows(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks that share their units stand together: a row of the table, in its order."""
    for _, row in groupby(tasks, key=lambda task: (task.lead, task.related)):
        yield list(row)


def _lines(reader: Reader, tasks: Sequence[Task], *, lead: bool) -> tuple[Line, ...]:
    return tuple(
        reader.line(task, position, len(tasks), reader.table.windows[task.id], lead=lead)
        for position, task in enumerate(tasks, 1)
    )


def led(reader: Reader, month: int, tasks: Sequence[Task]) -> Iterator[Section]:
    for row in _rows(tasks):
        table, task = reader.table, row[0]
        notes = [f"承办单位（按表列顺序）：{wording.unit_names(table, task.lead)}"]
        if task.related:
            names = wording.unit_names(table, task.related)
            notes.append(f"相关部门：{names}。")
        missing = wording.unaddressed(table, [*task.lead, *task.related])
        others = "其他单位" if missing else "以上单位"
        told = f"本月提示同时发送{others}。" if task.related else ""
        if missing:
            told = f"{'、'.join(missing)}未登记邮箱，需另行告知；{told}".rstrip("；")
        if told:
            notes.append(told)
        title = f"{month}月承办（{len(row)}项）"
        yield Section("lead", title, _lines(reader, row, lead=True), tuple(notes))


def related(reader: Reader, month: int, tasks: Sequence[Task]) -> Iterator[Section]:
    for row in _rows(tasks):
        table, task = reader.table, row[0]
        notes = [f"承办单位：{wording.unit_names(table, task.lead)}"]
        group = _listed_as(reader, task)
        if group is not None:
            notes.append(f"（表列相关部门“{group.name}”，按月列示，未逐项划分）")
        else:
            notes.append(f"相关部门（按表）：{wording.unit_names(table, task.related)}")
            notes.append("（相关部门按月列示，未逐项划分）")
        sessions = any(table.windows[t.id].meeting for t in row)
        remark = "；会议日期以正式通知为准" if sessions else ""
        title = f"{month}月相关事项（{len(row)}项，{month}月内{remark}）"
        yield Section("related", title, _lines(reader, row, lead=False), tuple(notes))


def _listed_as(reader: Reader, task: Task) -> Unit | None:
    """The group under whose name the unit stands in the row, if it stands there as a member."""
    named = reader.table.named_as(reader.unit.id)
    units = (reader.table.directory[unit_id] for unit_id in task.related if unit_id in named)
    return next((unit for unit in units if unit.is_group), None)


def unconfirmed(reader: Reader, month: int, tasks: Sequence[Task]) -> Iterator[Section]:
    """The last two months one by one, older ones as a count: the list stays bounded."""
    recent = [task for task in tasks if task.month >= month - 2]
    older = len(tasks) - len(recent)
    months = [list(row) for _, row in groupby(recent, key=lambda task: task.month)]
    for index, row in enumerate(months):
        notes: tuple[str, ...] = ()
        if older and index == len(months) - 1:
            notes = (f"更早月份另有{older}项待确认。",)
        title = f"{row[0].month}月待确认（{len(row)}项；{ask_to_register(reader)}）"
        yield Section("confirm", title, confirm_lines(reader, row), notes)
    if older and not months:
        yield Section(
            "confirm", f"更早月份待确认（{older}项）", (), (f"{ask_to_register(reader)}。",)
        )


def confirm_lines(reader: Reader, tasks: Sequence[Task]) -> tuple[Line, ...]:
    lines = []
    for position, task in enumerate(tasks, 1):
        found = reader.table.windows[task.id]
        words, mood = wording.status(reader.table, found, reader.on, reader.progress, reader.unit)
        line = Line(wording.label(task, position, len(tasks)), task.title)
        # 待确认 stands in the heading already; only what says more is said again.
        if found.rule is Rule.EXPLICIT:
            line = replace(line, timing=wording.timing(found, task), status=words, mood=mood)
        lines.append(line)
    return tuple(lines)


def next_month(reader: Reader, month: int) -> Iterator[Section]:
    table = reader.table
    tasks = table.plan.month(month)
    leading, involved = table.leads(reader.unit.id, tasks), table.related(reader.unit.id, tasks)
    if leading:
        windows = [table.windows[task.id] for task in leading]
        opens, due = min(w.opens for w in windows), max(w.due for w in windows)
        dates = f"，{wording.day(opens)}—{wording.day(due)}"
        exact = reader.tone is not Relation.PARALLEL
        title = f"{month}月预告（承办{len(leading)}项{dates if exact else ''}）"
        yield Section("next", title, _preview(reader, leading))
    if involved:
        title = f"{month}月预告（相关{len(involved)}项）"
        yield Section("next", title, _preview(reader, involved))


def _preview(reader: Reader, tasks: Sequence[Task]) -> tuple[Line, ...]:
    lines = []
    for position, task in enumerate(tasks, 1):
        found = reader.table.windows[task.id]
        remark = f"会期待定，暂按{task.month}月" if found.undated else ""
        if found.rule in (Rule.EXPLICIT, Rule.PART) and reader.tone is not Relation.PARALLEL:
            remark = wording.short_timing(found, task)
        lines.append(Line(wording.label(task, position, len(tasks)), task.title, remark))
    return tuple(lines)


def year_round(reader: Reader, month: int) -> Iterator[Section]:
    table, progress = reader.table, reader.progress
    tasks = table.plan.year_round
    led = [task for task in table.leads(reader.unit.id, tasks) if task.id not in progress.done]
    related = table.related(reader.unit.id, tasks)
    if led:
        period = table.plan.period(month)
        lines = tuple(
            replace(line, status="本月已登记", mood=Mood.DONE)
            if (task.id, period) in progress.checked_in and reader.tone is not Relation.PARALLEL
            else line
            for task, line in zip(led, _plain(led), strict=True)
        )
        missing = wording.unaddressed(table, [unit for task in led for unit in task.related])
        notes = (f"{'、'.join(missing)}未登记邮箱，需另行告知。",) if missing else ()
        title = f"全年事项（承办{len(led)}项，不设完成日期）"
        yield Section("year", title, lines, notes)
    if related:
        yield Section("year", f"全年相关事项（{len(related)}项）", _plain(related))


def standing(reader: Reader) -> Iterator[Section]:
    tasks = reader.table.leads(reader.unit.id, reader.table.plan.standing)
    if tasks:
        yield Section("standing", "常态化工作（根据工作需要开展）", _plain(tasks))


def _plain(tasks: Sequence[Task]) -> tuple[Line, ...]:
    count = len(tasks)
    return tuple(Line(wording.label(t, i, count), t.title) for i, t in enumerate(tasks, 1))
