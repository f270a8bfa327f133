"""An office whose ledger has some of everything, and files that anything can be taken out of."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import unescape

import time_machine
from starlette.testclient import TestClient

from reminder.cli import context, main
from reminder.domain.notices import Reason, State
from reminder.domain.registrations import Channel, Signature
from reminder.ledger.notices import NewNotice
from reminder.ledger.views import read_notices
from reminder.office import completion, links, meetings, registrations
from reminder.office.application import Application
from reminder.office.calls import note_call
from reminder.office.login import begin_session
from reminder.office.stored_drafts import draft_of
from reminder.web.app import create_app
from reminder.web.page import cookie_name
from tests.daemon.trials import Trial
from tests.office.test_meetings import preview

NOW = "2026-04-28T10:00+08:00"
BY = Signature("值班员", "page/a/1")
ONLY = {"mail": {"operator": "operator@npc.test"}}
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<(?:input|textarea|button)\b([^>]*)>")
_LINK = re.compile(r'(?:href|action)="(/[^"]*)"')
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Files:
    """What stands in the files, in short; a unit with members is a group."""

    units: tuple[str, ...] = ("office", "a", "b", "c", "d")
    groups: tuple[str, ...] = ()
    meetings: tuple[str, ...] = ("dated", "open")
    tasks: tuple[tuple[str, int, str, str, str], ...] = (
        # id, month, lead, related, meeting
        ("1", 3, "a", "b", ""),
        ("2", 3, "a", "c", "open"),
        ("3", 3, "b", "a", ""),
        ("4", 4, "a", "b", ""),
        ("5", 4, "a", "c", "dated"),
        ("6", 4, "c", "d", ""),
        ("7", 4, "b", "", ""),
    )
    year_round: tuple[tuple[str, str], ...] = (("8", "a"), ("9", "d"))
    standing: tuple[tuple[str, str], ...] = (("10", "a"),)
    plan_id: str = "small"
    year: int = 2026

    def without_unit(self, name: str, *, as_group: bool = False) -> "Files":
        """With all that it leads; or it is a group of one unit from now on, which leads it."""
        units = tuple(unit for unit in self.units if unit != name)
        if as_group:
            return replace(self, units=units, groups=(name,))
        left = replace(self, units=units)._without(1, name)
        tasks = [row for row in self.tasks if row[2] != name]
        return replace(
            left, tasks=tuple((*t[:3], "" if t[3] == name else t[3], t[4]) for t in tasks)
        )

    def without_task(self, number: str) -> "Files":
        left = self._without(0, number)
        return replace(left, tasks=tuple(task for task in self.tasks if task[0] != number))

    def _without(self, place: int, word: str) -> "Files":
        """Rows of the whole year that have that word there."""
        year_round, standing = (
            tuple(row for row in rows if row[place] != word)
            for rows in (self.year_round, self.standing)
        )
        return replace(self, year_round=year_round, standing=standing)

    def without_meeting(self, name: str) -> "Files":
        return replace(
            self,
            meetings=tuple(meeting for meeting in self.meetings if meeting != name),
            tasks=tuple((*task[:4], "" if task[4] == name else task[4]) for task in self.tasks),
        )

    def units_toml(self) -> str:
        relations = {"c": "local", "d": "parallel"}
        lines = [
            f'[[unit]]\nid = "{name}"\nname = "{name}委员会"\nto = ["{name}@unit.test"]\n'
            f'relation = "{relations.get(name, "own")}"\n'
            for name in self.units
        ]
        lines += [
            f'[[group]]\nid = "{name}"\nname = "{name}委员会"\nmembers = ["{name}-1"]\n'
            f'to = ["{name}@unit.test"]\n'
            f'[[unit]]\nid = "{name}-1"\nname = "{name}一委员会"\nrelation = "own"\n'
            for name in self.groups
        ]
        return "\n".join(lines)

    def plan_toml(self) -> str:
        parts = [
            f'[plan]\nid = "{self.plan_id}"\nyear = {self.year}\nname = "年度安排表"\ntag = "试"\n'
            'office = "office委员会"\ntimezone = "Asia/Shanghai"\n'
        ]
        parts += [
            f'[[meeting]]\nid = "{m}"\nname = "{m}次会议"\nmonth = 4\n' for m in self.meetings
        ]
        for number, month, lead, related, meeting in self.tasks:
            others = f'["{related}委员会"]' if related else "[]"
            on = f'meetings = ["{meeting}"]\n' if meeting else ""
            parts.append(
                f'[[month]]\nmonth = {month}\nlead = ["{lead}委员会"]\nrelated = {others}\n'
                f'[[month.task]]\nid = "{self.year}-{number}"\ntitle = "第{number}项"\n{on}'
            )
        for kind, rows in (("year-round", self.year_round), ("standing", self.standing)):
            parts += [
                f'[[{kind}]]\nid = "{self.year}-{n}"\ntitle = "第{n}项"\nlead = ["{u}委员会"]\n'
                for n, u in rows
            ]
        return "\n".join(parts)

    def write(self, office: Trial) -> None:
        assert office.config is not None
        (office.config / "units.toml").write_text(self.units_toml(), encoding="utf-8")
        (office.state.parent / "plan.toml").write_text(self.plan_toml(), encoding="utf-8")
        (office.config / "reminder.toml").write_text('plan = "../plan.toml"\n', encoding="utf-8")


def _link(app: Application, purpose: str, subject: str) -> links.LinkView:
    with app.database.read() as connection:
        return links.find_link(app, connection, purpose, subject)


def fill(office: Trial) -> None:
    """Mails in every state, registrations of every kind, links, a session's day, approvals."""
    Files().write(office)
    office.tick("2026-03-02T09:00+08:00", **ONLY)
    app = office.app("2026-03-20T09:00+08:00", **ONLY)
    unit, task = app.table.directory.__getitem__, app.table.plan.by_id.__getitem__
    registrations.sign(app, unit("a"), "2026-03", BY)
    registrations.report_progress(app, unit("a"), task("2026-1"), BY, words="进展", percent=50)
    for number, period in (("1", ""), ("2", ""), ("3", ""), ("8", "2026-03"), ("9", "")):
        lead = app.table.lead_units(task(f"2026-{number}"))[0]
        day = date(2026, 3, 19)
        registrations.finish(
            app, unit(lead), task(f"2026-{number}"), BY, done_on=day, period=period
        )
    completion.confirm(app, "a", "2026-1", "", BY)
    completion.confirm(app, "a", "2026-8", "2026-03", BY)
    completion.send_back(app, "b", "2026-3", "", "请补充", BY)
    told = replace(BY, channel=Channel.PHONE, clerk="经办员")
    registrations.report_progress(app, unit("b"), task("2026-3"), told, words="已报", percent=None)
    for name in ("a", "b"):
        note_call(app, unit(name), told, "下周再报")
    meetings.save(app, preview(app, "dated", date(2026, 4, 29)))
    for name in ("a", "b", "plan"):
        links.rotate(app, links.add_reader(app, name, "值班员"))
    links.revoke(app, _link(app, "page", "b"))
    for moment in ("2026-03-26", "2026-04-01", "2026-04-02", "2026-04-10", "2026-04-27"):
        office.tick(f"{moment}T09:00+08:00", **ONLY)
    approving = {"mail": ONLY["mail"] | {"approval": True}}
    office.tick("2026-04-28T09:00+08:00", **approving)
    app = office.app(NOW, **ONLY)
    registrations.sign(app, unit("b"), "2026-04", BY)
    _in_every_state(app)


def _in_every_state(app: Application) -> None:
    """Of each kind one that is held, one that waits to be tried again, and one refused."""
    at, writer = app.clock.now(), app.container.notice_writer
    until = datetime.fromisoformat("2026-06-30T00:00+08:00")
    ended = {
        State.HELD: Reason.HOLD,
        State.REFUSED: Reason.NO_ADDRESS,
        State.EXPIRED: Reason.TOO_LATE,
    }
    with app.database.write() as connection:
        one_of_each = {(view.kind, view.unit): view for view in read_notices(connection)}
        for view in one_of_each.values():
            draft = replace(draft_of(connection, view), useful_until=until)
            if not draft.tasks and view.kind != "digest":
                continue
            new = [
                NewNotice(replace(draft, key=f"{view.key}-{state}"), reason, state=state)
                for state, reason in ended.items()
            ]
            queued = replace(draft, key=f"{view.key}-queued")
            new.append(NewNotice(queued, composed=writer.compose(connection, queued, at)))
            writer.put(connection, new, at)


def read_all(app: Application, *paths: str) -> dict[str, int]:
    """Opens every page that leads on from these, and sends every form that stands on them."""
    client = TestClient(
        create_app(app),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
        follow_redirects=False,
    )
    with app.database.write() as connection:
        session = begin_session(connection, app.clock.now())
        client.cookies.set(cookie_name(app, "console"), session)
        client.cookies.set(cookie_name(app, "door"), links.door_word(connection, app.key))
    seen: dict[str, int] = {}
    forms: dict[str, dict[str, str]] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 600:
            continue
        answer = client.get(path)
        seen[path] = answer.status_code
        text = answer.text if "html" in answer.headers.get("content-type", "") else ""
        for action, fields in _forms(text):
            forms.setdefault(f"{action} {sorted(fields.items())}", {"": action, **fields})
        found = (unescape(link) for link in _LINK.findall(text))
        waiting += [link for link in found if "logout" not in link]
    for name, fields in forms.items():
        action = fields.pop("")
        if "logout" not in action:
            seen[f"POST {name}"] = client.post(action, data=fields).status_code
    return seen


def _forms(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    for head, body in _FORM.findall(html):
        attributes = dict(_ATTRIBUTE.findall(head))
        if attributes.get("method") != "post":
            continue
        fields = {}
        for field in _FIELD.findall(body):
            found = dict(_ATTRIBUTE.findall(field))
            if name := found.get("name"):
                fields[name] = unescape(found.get("value", "")) or "2026-04-20"
        yield unescape(attributes["action"]), fields


def command(office: Trial, *words: str) -> tuple[int, str]:
    """Its exit status and what it said, on a clock that stands."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    before, sys.argv = sys.argv, ["reminder", *words, "--config", str(office.config)]
    context.chosen.clear()
    try:
        with time_machine.travel(NOW), redirect_stdout(out), redirect_stderr(err):
            try:
                main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
    finally:
        sys.argv = before
        context.chosen.clear()
    out.flush()
    err.flush()
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return status, "".join(said)


def notice_keys(office: Trial) -> list[str]:
    with office.reading() as connection:
        return [view.key for view in read_notices(connection)]


def pages_of(office: Trial) -> list[str]:
    """Where a reader begins: what no other page leads to as well."""
    tables = ("tasks", "signatures", "registrations", "calls", "notices")
    found = ["/", "/console", "/console/export.xlsx", "/console/ledger?unit=a"]
    found += [f"/console/export.csv?table={name}" for name in tables]
    return found + [f"/console/ledger/notice?key={key}" for key in notice_keys(office)]
