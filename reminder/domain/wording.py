"""How days, windows and units read in Chinese. A month is an arrangement, not a deadline."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum

from reminder.domain.plan import Part, Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Light, Progress, Rule, Window, light, workdays_left

PARTS = {Part.EARLY: "上旬", Part.MIDDLE: "中旬", Part.LATE: "下旬"}
SUBJECT_WIDTH = 24  # characters of short titles: with the rest, what a phone's two lines show


class Mood(StrEnum):
    """How a status is shown; the word stands beside it always."""

    PLAIN = "plain"
    ACTIVE = "active"
    SOON = "soon"
    OPEN = "open"
    DONE = "done"


def day(value: date) -> str:
    return f"{value.month}月{value.day}日"


def weekday(value: date) -> str:
    return f"{day(value)} 周{'一二三四五六日'[value.weekday()]}"


def full_day(value: date) -> str:
    return f"{value.year}年{day(value)}"


def numeral(number: int) -> str:
    """Of a section, 1 to 99."""
    tens, ones = divmod(number, 10)
    digits = " 一二三四五六七八九"
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}".replace(
        " ", ""
    )


def moment(value: datetime) -> str:
    """Of an aware moment, in its own zone."""
    return f"{full_day(value.date())} {value:%H:%M}"


def span(found: Window) -> str:
    return f"{day(found.opens)}—{day(found.due)}"


def short_timing(found: Window, task: Task) -> str:
    """What stands before a calendar title or in a heading: `4月内`, `4月15日前`, `会前`."""
    match found.rule:
        case Rule.EXPLICIT:
            return f"{day(found.due)}前"
        case Rule.MEETING:
            return "会前"
        case Rule.PART if task.timing.part:
            return f"{task.month}月{PARTS[task.timing.part]}"
        case _:
            return f"{found.due.month}月内"


def timing(found: Window, task: Task) -> str:
    """The window as a lead unit reads it."""
    match found.rule:
        case Rule.EXPLICIT:
            words = f"{weekday(found.due)}前"
        case Rule.MEETING if found.meeting and found.meeting.day:
            count = task.timing.before_workdays
            before = f"会前{count}个工作日" if count else "会议当日"
            words = f"{before}（{weekday(found.due)}；会议{day(found.meeting.day)}）"
        case Rule.MEETING_UNDATED:
            words = f"会期待定，暂按{found.due.month}月（{span(found)}）"
        case _:
            words = f"{short_timing(found, task)}（{span(found)}）"
    soft = " · 适时" if found.soft else ""
    guessed = "（工作日安排尚未公布，日期暂定）" if found.guessed else ""
    return words + soft + guessed


def status(
    table: Timetable, found: Window, on: date, progress: Progress, unit: Unit
) -> tuple[str, Mood]:
    """The light in words, for a unit that leads; nothing for a unit of another body."""
    if unit.tone is Relation.PARALLEL:
        return "", Mood.PLAIN
    if found.task not in progress.done and (found.task, unit.id) in progress.reported:
        return f"待复核（已登记{day(progress.reported[found.task, unit.id])}完成）", Mood.ACTIVE
    if progress.is_open(found) and found.is_waiting(on):
        return "安排月份已过，会期待定", Mood.PLAIN
    shown = light(found, on, table.days, progress)
    if shown is Light.GREY:
        done = progress.done.get(found.task)
        return (f"已完成（{day(done)}）", Mood.DONE) if done else ("已过", Mood.PLAIN)
    if shown is Light.RED:
        firm = found.rule is Rule.EXPLICIT and unit.tone is Relation.OWN
        return ("已逾期", Mood.OPEN) if firm else ("待确认", Mood.OPEN)
    if shown is Light.YELLOW and on <= found.due:
        left = workdays_left(found, on, table.days)
        return (f"剩{left}个工作日" if left else "今日为最后一个工作日"), Mood.SOON
    if shown is Light.BLUE:
        return "未开始", Mood.PLAIN
    return "进行中", Mood.ACTIVE


def label(task: Task, position: int, count: int) -> str:
    """The table's own number; a running one where the table has none and there are several."""
    number = task.number or (position if count > 1 else 0)
    return f"{number}." if number else ""


def unit_names(table: Timetable, unit_ids: Iterable[str]) -> str:
    """Full names as one list; a group says how many it is."""
    names = []
    for unit in (table.directory[unit_id] for unit_id in unit_ids):
        count = f"（{len(unit.members)}个）" if unit.is_group else ""
        names.append(unit.name + count)
    return ("，" if any("、" in name for name in names) else "、").join(names)


def unaddressed(table: Timetable, unit_ids: Iterable[str]) -> list[str]:
    return [unit.name for unit in table.directory.unaddressed(unit_ids)]


def briefs(tasks: Sequence[Task]) -> str:
    """Short titles for a subject, as many as fit."""
    shown: list[str] = []
    for task in tasks:
        if shown and len("、".join([*shown, task.brief])) > SUBJECT_WIDTH:
            break
        shown.append(task.brief)
    return "、".join(shown) + ("等" if len(shown) < len(tasks) else "")


def months_of(tasks: Iterable[Task]) -> str:
    """`3月`, or `前期` for tasks of several months."""
    months = {task.month for task in tasks}
    return f"{months.pop()}月" if len(months) == 1 else "前期"
