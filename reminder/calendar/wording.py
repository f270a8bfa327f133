"""How an entry reads: its title in a month view, its title in full, its description.

A month in the table is an arrangement, not a deadline: 4月内. Only an explicit due date is
said as one: 4月15日前.
"""

from collections.abc import Iterator
from datetime import date

from reminder.calendar.entries import Entry, Item
from reminder.domain.plan import Part
from reminder.domain.timetable import Role
from reminder.domain.windows import Rule
from reminder.domain.wording import PARTS

DONE = "✓ "
CANCELLED = "〔已取消〕"
_ROLES = {Role.LEAD: "承办", Role.RELATED: "相关"}
COMPUTED = "安排表只列月份，起止日期按工作日计算，仅用于提示。"
GUESSED = "工作日安排尚未公布，日期为推算。"
DROPPED = "本项已从安排表移出，以最新安排为准。"


def full_title(entry: Entry) -> str:
    """The wording of the table to the letter; what it lacks comes after it."""
    return _title(entry, entry.items[0].title)


def short_title(entry: Entry) -> str:
    """The time stands first: it survives a narrow screen, and keeps an entry on 30 April
    from being read as a meeting on that day."""
    return _title(entry, f"{within(entry)}·{entry.items[0].brief}")


def category(entry: Entry) -> str:
    if entry.year_round:
        return "全年"
    return _ROLES[entry.role] if entry.role else "月度"


def within(entry: Entry) -> str:
    match entry.rule, entry.part:
        case Rule.EXPLICIT, _:
            return f"{_day(entry, entry.due)}前"
        case Rule.MEETING, _:
            return "会前"
        case Rule.PART, Part() as part:
            return f"{entry.month}月{PARTS[part]}"
        case _:
            return f"{entry.month}月内"


def description(entry: Entry, *, cancelled: bool) -> str:
    lines = _year_lines(entry) if entry.year_round else _task_lines(entry)
    return "\n".join([*([DROPPED] if cancelled else []), *lines])


def _title(entry: Entry, words: str) -> str:
    mark = DONE if entry.done else ""
    if entry.year_round:
        return f"{mark}{entry.month}月·全年事项（{len(entry.items)}项）"
    undated = "（会期待定）" if entry.undated else ""
    soft = "（适时）" if entry.soft else ""
    related = "（相关）" if entry.role is Role.RELATED else ""
    return f"{mark}{words}{undated}{soft}{related}"


def _task_lines(entry: Entry) -> Iterator[str]:
    item = entry.items[0]
    yield item.title
    yield f"时间安排：{_timing(entry)}"
    if entry.meeting and not entry.undated:
        held = _day(entry, entry.meeting_day) if entry.meeting_day else "会期待定"
        yield f"会议：{entry.meeting}（{held}）"
    yield f"承办单位：{_names(item.leads)}"
    if item.related:
        yield f"相关部门：{_names(item.related)}（按月列示，未逐项划分）"
    if item.done:
        yield f"已登记完成：{_day(entry, item.done)}"
    if entry.guessed:
        yield GUESSED
    if entry.rule is not Rule.EXPLICIT:
        yield COMPUTED


def _year_lines(entry: Entry) -> Iterator[str]:
    yield "全年事项，不设完成日期："
    for number, item in enumerate(entry.items, 1):
        yield f"{number}. {DONE if item.done else ''}{item.title}（{_part_in(item)}）"
    if entry.guessed:
        yield GUESSED
    yield "每月最后一个工作日列示一次，仅用于提示。"


def _part_in(item: Item) -> str:
    if item.role is Role.LEAD:
        return _ROLES[item.role]
    leads = f"承办单位：{_names(item.leads)}"
    return f"{_ROLES[item.role]}；{leads}" if item.role else leads


def _timing(entry: Entry) -> str:
    opens, due = _day(entry, entry.opens), _day(entry, entry.due)
    soft = "，适时" if entry.soft else ""
    if entry.rule is Rule.EXPLICIT:
        return f"{within(entry)}{soft}"
    if entry.rule is Rule.MEETING:
        ahead = f"会前{entry.before}个工作日" if entry.before else "会议当日"
        return f"{ahead}（{due}）{soft}"
    days = opens if opens == due else f"{opens}—{due}"
    undated = "，会期待定" if entry.undated else ""
    return f"{within(entry)}（{days}）{undated}{soft}"


def _day(entry: Entry, day: date) -> str:
    """With its year where that is not the plan's."""
    year = "" if day.year == entry.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def _names(names: tuple[str, ...]) -> str:
    return "、".join(names)
