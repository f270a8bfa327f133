"""Every page that the site has, whatever its address: axe finds nothing in light and dark, and
nothing is wider than a phone's or a desk's window."""

import re
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page
from starlette.routing import BaseRoute

from reminder.domain.edits import Edit
from reminder.domain.persons import AccountRole, Person
from reminder.domain.registrations import Signature
from reminder.domain.versions import Tell
from reminder.ledger.access import PAGE, LinkView
from reminder.office import drafts, persons, registrations
from reminder.office.login import set_password
from reminder.web.app import create_app
from tests.browser.conftest import Served, overflow, serving, violations
from tests.daemon.trials import messages

LEAD, UNITS = "deputies", "units.toml"
PASSWORD = "correct horse battery"
WIDTHS = (320, 390, 768, 1280)
# A mail has no landmarks: it stands in the frame of another page, and lets no script of axe's run.
IN_FRAMES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
NO_PAGE = re.compile(r"\.(ics|css|js|xlsx|csv|docx)$|/(source|text|healthz|readyz)$")
FRAMED = {
    "/units/{token}/{unit}/mail-body/{key:path}", "/console/ledger/mail",
    "/console/approval/mail/html", "/outbox/{name}/html",
}  # fmt: skip


def lived_in(served: Served) -> dict[str, str]:
    """Something to confirm and something in hand, a person who has no password yet, edits that
    are not published; returns the addresses that belong to them."""
    app, by = served.app, Signature("值班员", "page/deputies/1")
    unit, tasks = app.table.directory[LEAD], app.table.plan.by_id
    for task in ("2026-04-1", "2026-04-2"):
        words, day = "进展顺利。", date(2026, 4, 1)
        registrations.report_progress(app, unit, tasks[task], by, words=words, percent=60)
        if task.endswith("1"):
            registrations.finish(app, unit, tasks[task], by, done_on=day, words=words)
    wang = Person("wang", "王敏", AccountRole.EDIT)
    word = persons.add_person(app, wang.name, wang.full_name, wang.role)
    text = app.office.contents[UNITS].decode().replace("贺兰县人大常委会", "贺兰县人大常务委员会")
    for person in (wang, persons.secretariat(app)):
        drafts.add(app, person, Edit(UNITS, "text", {"text": text}))
    drafts.submit(app, wang, "单位更名", Tell.DIGEST)
    return {
        "/console/ticket/{word}": f"/console/ticket/{word}",
        "/console/people/person": "/console/people/person?name=wang",
        "/console/drafts/{number}": "/console/drafts/1",
    }


def secretary(browser: Browser, served: Served) -> Page:
    set_password(served.app, PASSWORD)
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(served.page("/console"))
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Served]:
    yield from _office(tmp_path)


@pytest.fixture
def approving(tmp_path: Path) -> Iterator[Served]:
    yield from _office(tmp_path, mail={"approval": True})


def _office(folder: Path, **settings: object) -> Iterator[Served]:
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with serving(folder, listener, base, **settings) as served:
        yield served


def examples(served: Served) -> dict[str, str]:
    """An address of each page whose route alone is none."""
    key = f"npc-deputies/digest/2026-04/{LEAD}"
    own = LinkView(PAGE, LEAD).address("", served.app.key)
    asked = urlencode({"key": key})
    change = urlencode({"act": "rotate", "purpose": "page", "link": LEAD})
    found = {
        "/units/{token}/{unit}": own,
        "/units/{token}/{unit}/mails": f"{own}/mails",
        "/units/{token}/{unit}/mails/{key:path}": f"{own}/mails/{key}",
        "/units/{token}/{unit}/mail-body/{key:path}": f"{own}/mail-body/{key}",
        "/console/month/{period}": "/console/month/2026-03",
        "/console/units/{unit}": f"/console/units/{LEAD}",
        "/console/ledger/notice": f"/console/ledger/notice?{asked}",
        "/console/ledger/mail": f"/console/ledger/mail?{asked}",
        "/console/ledger/resend": "/console/ledger/resend?kind=digest&period=2026-04",
        "/console/versions/{number}": "/console/versions/1",
        "/console/versions/{number}/file": "/console/versions/1/file?document=units.toml",
        "/console/approval/mail": f"/console/approval/mail?{asked}",
        "/console/meetings/{meeting}": "/console/meetings/sc-25?date=2026-05-27",
        "/console/links/{name}": f"/console/links/{LEAD}",
        "/console/links/{name}/change": f"/console/links/{LEAD}/change?{change}",
    }
    sent = messages(served.outbox)
    if sent:
        found |= {
            f"/outbox/{{name}}{part}": f"/outbox/{sent[0].name}{part}" for part in ("", "/html")
        }
    return found


def pages(routes: list[BaseRoute]) -> list[str]:
    """Of all that can be read."""
    readable = (route for route in routes if "GET" in getattr(route, "methods", None) or ())
    found = (route.path for route in readable)  # type: ignore[attr-defined]
    return [path for path in found if not NO_PAGE.search(path)]


def faults(page: Page, url: str, route: str) -> list[str]:
    found, rules = [], IN_FRAMES if route in FRAMED else {}
    if rules:
        answer = page.request.get(url)
        page.goto("about:blank")
        page.set_content(answer.text())
    else:
        answer = page.goto(url)
    assert answer.status == 200, url
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if overflow(page) > 0:
            found.append(f"{route}: {overflow(page)} pixels wider than {width}")
    for width, scheme in ((320, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        found += violations(page, scheme, rules)
    return found


def test_every_page_is_accessible_in_light_and_dark_and_fits_every_window(
    chromium: Browser, office: Served
) -> None:
    page, found = secretary(chromium, office), []
    where = examples(office) | lived_in(office)
    for route in pages(create_app(office.app).routes):
        if "/approval/mail" in route:
            continue
        address = where.get(route, route)
        assert "{" not in address, f"no example of {route}"
        found += faults(page, office.base + address, route)
    assert found == []


def test_so_is_what_an_office_sees_that_approves(chromium: Browser, approving: Served) -> None:
    page, found = secretary(chromium, approving), []
    where = examples(approving) | lived_in(approving)
    for route in (
        "/console",
        "/console/approval",
        "/console/approval/mail",
    ):
        found += faults(page, approving.base + where.get(route, route), route)
    assert found == []
