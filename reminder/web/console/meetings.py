"""The sessions of the year: their days, and what a new day would move."""

from datetime import date, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain import wording
from reminder.domain.moves import NoticeMove
from reminder.domain.notices import Kind
from reminder.domain.timetable import Role, Timetable
from reminder.errors import UnknownError
from reminder.ledger.notified import NotifiedCount
from reminder.ledger.registrations import SET, read_changes
from reminder.office import meetings
from reminder.office.meetings import DateError, Preview, Sitting
from reminder.office.reports import NAMES
from reminder.web.console.guard import order, page
from reminder.web.forms import Form, parse_day, token
from reminder.web.said import said, told
from reminder.web.site import Site, site_of

HERE = "/console/meetings"
SAID = {
    "set": "会期已登记：事项的时间、后续提醒和各单位日历已随之更新。",
    "unset": "登记的会期已撤回：按安排表推算。",
}
_SOURCES = {"ledger": "在此登记", "plan": "安排表所列", "": ""}
_ROLES = {Role.LEAD: "承办", Role.RELATED: "相关"}
_LISTED = 3  # units by name; of more their number


def _list(request: Request) -> Response:
    site = site_of(request)
    rows = [_row(sitting) for sitting in meetings.sittings(site.app)]
    return site.page(
        "console/meetings.html",
        here=HERE,
        token=token(request),
        rows=rows,
        said=said(request, SAID),
    )


def _one(request: Request) -> Response:
    """With a date in the address: what it would move. Nothing is changed."""
    asked = request.query_params
    if "unset" in asked:
        return _answer(request, None, "")
    if "date" not in asked:
        return _page(request)
    day = parse_day(asked["date"])
    if day is None:
        return _page(request, typed=asked["date"], refused=_no_day(asked["date"]))
    return _answer(request, day, asked["date"])


def _save(request: Request, form: Form) -> Response:
    """Only what was shown: the form carries a mark of it."""
    site, name, typed = site_of(request), request.path_params["meeting"], form["date"]
    day = parse_day(typed)
    if day is None and not form["unset"]:
        return _page(request, typed=typed, refused=_no_day(typed))
    try:
        shown = meetings.preview(site.app, name, day)
        if shown.seen != form["seen"]:
            words = "预览之后情况有变化，以下是最新的影响，请核对后重新确认。"
            return _page(request, typed=typed, shown=shown, refused=words)
        meetings.save(site.app, shown)
    except DateError as error:
        return _page(request, typed=typed, refused=f"{error.words}。")
    except UnknownError:
        raise HTTPException(404) from None
    return told(request, HERE, "set" if day else "unset")


ROUTES = [
    page(HERE, _list),
    page(f"{HERE}/{{meeting}}", _one),
    order(f"{HERE}/{{meeting}}", _save),
]


def _no_day(typed: str) -> str:
    return f"“{typed[:40]}”不是日期，请按2026-05-27的样子填写。" if typed else "请填写日期。"


def _answer(request: Request, day: date | None, typed: str) -> Response:
    site, name = site_of(request), request.path_params["meeting"]
    try:
        shown = meetings.preview(site.app, name, day)
    except DateError as error:
        return _page(request, typed=typed, refused=f"{error.words}。")
    except UnknownError:
        raise HTTPException(404) from None
    return _page(request, typed=typed, shown=shown)


def _page(
    request: Request, *, typed: str = "", shown: Preview | None = None, refused: str = ""
) -> Response:
    site, name = site_of(request), request.path_params["meeting"]
    try:
        sitting = meetings.find_sitting(site.app, name)
    except UnknownError:
        raise HTTPException(404) from None
    return site.page(
        "console/meeting.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        sitting=_row(sitting),
        typed=typed or (sitting.meeting.day.isoformat() if sitting.meeting.day else ""),
        shown=_shown(site, shown) if shown else None,
        changes=_changes(site, name),
        refused=refused,
    )


def _row(sitting: Sitting) -> dict[str, object]:
    meeting = sitting.meeting
    return {
        "id": meeting.id,
        "name": meeting.name,
        "month": meeting.month,
        "day": _dated(meeting.day) if meeting.day else "",
        "source": _SOURCES[sitting.source],
        "is_set": sitting.known is not None,
        "clash": _dated(sitting.known) if sitting.known and sitting.clashes else "",
        "planned": _dated(sitting.planned) if sitting.planned else "待定",
        "tasks": [
            {"title": task.title, "decided": task.timing.meetings[-1] == meeting.id}
            for task in sitting.tasks
        ],
    }


def _changes(site: Site, name: str) -> list[dict[str, str]]:
    with site.database.read() as connection:
        rows = read_changes(connection, name)
    zone = site.table.plan.zone
    return [
        {
            "at": wording.moment(row["at"].astimezone(zone)),
            "day": row["detail"] if row["state"] == SET else "",
            "words": f"登记为{_dated(date.fromisoformat(row['detail']))}"
            if row["state"] == SET
            else "撤回登记，按安排表",
        }
        for row in rows
    ]


def _shown(site: Site, shown: Preview) -> dict[str, object]:
    table = site.table
    return {
        "seen": shown.seen,
        "day": shown.day.isoformat() if shown.day else "",
        "becomes": _dated(shown.becomes) if shown.becomes else "待定",
        "doubts": _doubts(site, shown),
        "windows": [
            {
                "title": move.task.title,
                "before": wording.timing(move.before, move.task),
                "after": wording.timing(move.after, move.task),
            }
            for move in shown.windows
        ],
        "notices": [_notice(table, move, site.clock.now()) for move in shown.notices],
        "entries": [
            {
                "role": f"{_ROLES[move.role]}单位的日历（{move.feeds}个）",
                "before": f"{_dated(move.before[0])} {move.before[1]}",
                "after": f"{_dated(move.after[0])} {move.after[1]}",
            }
            for move in shown.entries
        ],
        "told": [_told(table, told) for told in shown.told],
    }


def _doubts(site: Site, shown: Preview) -> str:
    """What is odd about the day; it may be right all the same."""
    day, meeting, table = shown.day, shown.sitting.meeting, site.table
    if day is None:
        return ""
    odd = [
        (day.year != table.plan.year, f"不在{table.plan.year}年"),
        (day.year == table.plan.year and day.month != meeting.month, f"不在{meeting.month}月"),
        (day < table.local_day(site.clock.now()), "已经过去"),
        (not table.days.is_working(day), "是休息日"),
    ]
    return "，".join(words for is_so, words in odd if is_so)


def _notice(table: Timetable, move: NoticeMove, now: datetime) -> dict[str, object]:
    names = [table.directory[unit].name for unit in move.units[:_LISTED]]
    more = len(move.units) - len(names)
    at_once = move.after == table.local_day(now)
    return {
        "kind": NAMES[move.kind],
        "task": table.plan.by_id[move.task].brief,
        "units": "、".join(names) + (f"等{len(move.units)}个单位" if more else ""),
        "before": wording.weekday(move.before) if move.before else "—",
        "after": wording.weekday(move.after) if move.after else "不再发",
        "at_once": at_once,
    }


def _told(table: Timetable, told: NotifiedCount) -> str:
    if told.kind is Kind.DIGEST:
        return f"{int(told.period[5:])}月的月度提示，{told.units}封"
    day = wording.day(date.fromisoformat(told.period))
    brief = table.plan.by_id[told.task].brief
    return f"{day}的{NAMES[told.kind]}“{brief}”，{told.units}封"


def _dated(day: date) -> str:
    return f"{day.year}年{wording.weekday(day)}"
