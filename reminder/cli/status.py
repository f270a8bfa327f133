"""`reminder status`: one screen on what is in force, what went and what waits."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from reminder.cli.words import counted, harmless
from reminder.domain.notices import Kind
from reminder.domain.occasions import forecast
from reminder.domain.sessions import undated_by_now
from reminder.ledger import leases
from reminder.ledger.counts import count_waiting, first_waiting, read_unsettled, tally
from reminder.ledger.holds import read_hold, unapproved
from reminder.ledger.location import DatabaseServer
from reminder.ledger.occasions import last_occasion, last_tick
from reminder.ledger.registrations import read_start
from reminder.ledger.troubles import read_alarms, read_details
from reminder.office.application import Application
from reminder.office.holds import hold_hint, hold_words
from reminder.office.readiness import why_not_ready

AHEAD = timedelta(days=62)
SHOWN = 3
LISTED = 20  # lines of one screen


def read_status(app: Application) -> dict[str, Any]:
    plan = app.table.plan
    found: dict[str, Any] = {
        "plan": {"id": plan.id, "year": plan.year, "name": plan.name,
                 "file": str(app.settings.plan)},
        "transport": app.settings.transport,
        "rehearsal": bool(app.settings.mail.redirect_to),
        "started": None,
        "held": False,
        "hold": None,
        "approval": 0,
        "last_tick": None,
        "sessions": [],
        "next": next_occasions(app),
        "last": None,
        "unsettled": [],
        "waiting_count": 0,
        "waiting": [],
        "replicas": [],
        "troubles": {},
        "alarms": [],
        "ready": False,
        "not_ready": app.waits_for_clock(app.clock.now()) or "nobody has ticked yet",
    }  # fmt: skip
    if app.has_ledger:
        _read_ledger(app, found)
    return found


def _read_ledger(app: Application, found: dict[str, Any]) -> None:
    zone = app.table.plan.zone
    with app.database.read() as connection:
        started = read_start(connection, app.settings.stream)
        ticked = last_tick(connection)
        found["troubles"] = read_details(connection)
        if isinstance(app.settings.ledger, DatabaseServer):
            found["replicas"] = sorted(set(leases.present(connection).values()))
        waiting, count = first_waiting(connection), count_waiting(connection)
        last = last_occasion(connection, app.clock.now())
        counted = tally(connection, Kind(last["kind"]), last["period"]) if last else None
        hold = read_hold(connection, app.settings.stream)
        alarms = read_alarms(connection).values()
        unsettled = read_unsettled(connection, app.settings.stream, app.table.directory)
        found["approval"] = sum(w.count for w in unapproved(connection, app.settings.stream))
    found["held"] = hold is not None
    if hold:
        since = hold.since.astimezone(zone)
        found["hold"] = {
            "reason": hold.reason,
            "since": since,
            "why": hold_words(hold),
            "next": hold_hint(hold),
        }
    found["unsettled"] = [
        {"period": month.period, "refused": month.refused, "expired": month.expired}
        | ({"unknown": month.unknown} if month.unknown else {})
        for month in unsettled
    ]
    now = app.clock.now()
    found["sessions"] = [
        {"id": each.meeting.id, "name": each.meeting.name, "month": each.meeting.month,
         "tasks": [task.id for task in each.tasks]}
        for each in undated_by_now(app.table, now, app.progress())
    ]  # fmt: skip
    found["not_ready"] = app.waits_for_clock(now) or why_not_ready(app.database, now)
    found["ready"] = not found["not_ready"]
    found["alarms"] = [
        {"name": alarm.name, "since": alarm.since.astimezone(zone), "detail": alarm.detail}
        for alarm in alarms
    ]
    found["started"] = started.astimezone(zone) if started else None
    found["last_tick"] = ticked.astimezone(zone) if ticked else None
    found["waiting_count"] = count
    found["waiting"] = [
        {"key": view.key, "state": view.state, "reason": view.reason,
         "reply": next((p.reply for p in view.recipients if p.reply), "")}
        for view in waiting
    ]  # fmt: skip
    if last and counted:
        found["last"] = {
            "kind": last["kind"],
            "period": last["period"],
            "expected": counted.expected,
            "accepted": counted.accepted,
            "others": [
                {"unit": view.unit, "state": view.state, "reason": view.reason}
                for view in counted.others
            ],
        }


def next_occasions(app: Application) -> list[dict[str, Any]]:
    now, progress = app.clock.now(), app.progress()
    today = app.table.local_day(now)
    ahead = forecast(app.table, today, today + AHEAD, now, progress)
    return [
        {"kind": o.kind, "period": o.period, "at": o.at, "units": len(o.units)}
        for o in islice((o for o in ahead if o.at > now), SHOWN)
    ]


def print_status(found: dict[str, Any]) -> None:
    plan = found["plan"]
    lines = [("plan", f"{plan['name']} ({plan['file']})"), ("transport", found["transport"])]
    if found["rehearsal"]:
        lines.append(("rehearsal", "every mail goes to mail.redirect_to, marked 【演练】"))
    lines.append(("started", _moment(found["started"]) or "not yet: reminder run, reminder tick"))
    if hold := found["hold"]:
        lines.append(("held", f"{hold['why']}, since {_moment(hold['since'])}"))
        lines.append(("", hold["next"]))
    if found["approval"]:
        lines.append(
            ("approval", f"{counted(found['approval'], 'mail')} to read: /console/approval")
        )
    for each in found["sessions"]:
        words = f"no date yet, {counted(len(each['tasks']), 'task')} wait"
        lines.append(
            ("session", f"{each['name']}: {words}: reminder meeting set {each['id']} DATE")
        )
    lines.append(("last tick", _moment(found["last_tick"]) or "never"))
    lines.append(("ready", "yes" if found["ready"] else f"no: {found['not_ready']}"))
    for occasion in found["next"]:
        text = f"{occasion['kind']} {occasion['period']}, {counted(occasion['units'], 'unit')}"
        lines.append(("next", f"{_moment(occasion['at'])}  {text}"))
    if last := found["last"]:
        lines.append(("last", f"{last['kind']} {last['period']}: expected {last['expected']}, "
                              f"accepted {last['accepted']}"))  # fmt: skip
        others = [f"{o['unit']}: {o['state']} ({o['reason']})" for o in last["others"]]
        lines += [("", text) for text in _few(others, last["expected"] - last["accepted"])]
    for month in found["unsettled"]:
        for state in (name for name in ("refused", "expired") if month[name]):
            of = f"--period {month['period']} --state {state}"
            unknown = state == "expired" and len(month.get("unknown", ()))
            may = f", {unknown} of them may have gone before this copy was put in place"
            lines.append(
                ("unsettled", f"digest {month['period']}: {len(month[state])} {state}"
                              f"{may if unknown else ''}: "
                              f"reminder ledger resend {of}, or: reminder ledger drop {of}")
            )  # fmt: skip
    lines += [("replica", name) for name in found["replicas"]]
    for replica, detail in found["troubles"].items():
        lines.append(("trouble", f"{detail} (on {replica})" if replica else detail))
    lines += [
        ("alarm", f"{alarm['detail']}, since {_moment(alarm['since'])}")
        for alarm in found["alarms"]
        if alarm["detail"] not in found["troubles"].values()
    ]
    lines.append(("waiting", str(found["waiting_count"])))
    waiting = [
        f"{w['key']}: {w['state']} ({w['reason']}) {w['reply']}".rstrip() for w in found["waiting"]
    ]
    lines += [("", text) for text in _few(waiting, found["waiting_count"])]
    for name, text in lines:
        print(harmless(f"{name:<10} {text}"))


def _few(lines: list[str], count: int) -> list[str]:
    more = count - len(lines[:LISTED])
    return [*lines[:LISTED], *([f"and {more} more: reminder ledger list"] if more else [])]


def _moment(value: datetime | None) -> str:
    return value.isoformat(" ", "minutes") if value else ""
