"""Every page of the site, found by its links: axe finds nothing in light and dark, and nothing is
wider than a phone's or a desk's window."""

import re
import socket
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from starlette.routing import Route

from reminder.clock import Clock
from reminder.documents.office import Office, load_office
from reminder.domain.edits import Edit
from reminder.domain.notices import Kind
from reminder.domain.persons import AccountRole, Person
from reminder.domain.preferences import Preference, QuietHours
from reminder.domain.registrations import Signature
from reminder.domain.versions import Tell
from reminder.ledger.access import PAGE, LinkView
from reminder.ledger.preferences import put_preference
from reminder.ledger.views import read_notices
from reminder.office import drafts, persons, registrations
from reminder.office.application import Application
from reminder.office.inbox import take_in
from reminder.office.list_uploads import take_list
from reminder.office.login import set_password
from reminder.office.readers import reader_address
from reminder.office.table_uploads import WantedTable, take_table
from reminder.web import console
from reminder.web.app import create_app
from reminder.words import CHINESE, ENGLISH
from tests.browser.conftest import Served, overflow, serving, violations

LEAD, UNITS = "deputies", "units.toml"
MARCH = datetime.fromisoformat("2026-03-02T09:00+08:00")
PASSWORD = "correct horse battery"
TABLE = """2027年度代表工作安排表
时间\t主要内容\t牵头单位\t相关单位
2月\t召开座谈会；组织代表视察\t代表工作委员会\t办公厅
某时\t组织代表培训\t代表工作委员会\t
"""
LIAISONS = """单位\t联络员\t邮箱
贺兰县人大常委\t王五\twang@example.org
某县新办\t赵六\tzhao@example.org
灵武市人大常委会\t孙八\t不是邮箱
"""
WIDTHS = (320, 390, 768, 1280)
NO_PAGE = re.compile(
    r"\.(\{kind\}|ics|css|js|xlsx|csv|docx)$|/(source|text|healthz|readyz|metrics|file|oidc|begin)$"
)
# A mail has no landmarks: it stands in the frame of another page, and lets no script of axe's run.
FRAMED = re.compile(r"/mail-body/|/html$|/ledger/mail$")
IN_FRAMES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
# Where a first page is, and what no page of this office leads to.
NOT_LINKED = (
    "/", "/console", "/console/login", "/console/turn", "/console/account/totp",
    "/console/approval",
    f"/console/approval/mail?key=npc-deputies/digest/2026-04/{LEAD}",
    "/console/ledger/resend?kind=digest&period=2026-03",
)  # fmt: skip
READER = Preference(
    LEAD,
    "chief@npc.example",
    "分管领导",
    frozenset({Kind.NUDGE}),
    QuietHours.parse("22:00-07:00"),
    extra=True,
    confirmed=MARCH,
)
LABELS = {CHINESE: ("密码", "登录"), ENGLISH: ("Password", "Log in")}
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
# Without the examples of what is typed into a plan.
SAID = """() => {
  document.querySelectorAll("[lang=zh-CN]").forEach(each => each.remove());
  const attributes = [...document.querySelectorAll("[aria-label], [title], [data-label]")].map(
    each => [each.ariaLabel, each.title, each.dataset.label].join(" "));
  return [document.title, document.body.innerText, ...attributes].join("\\n");
}"""
LINKS = "found => found.map(each => each.href || each.src)"


@pytest.fixture(params=[CHINESE, ENGLISH])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """March's mails have gone, April's wait for approval; units and console speak one language."""
    given = {"state_dir": tmp_path / "state", "language": request.param}
    before = Application(load_office(command_line=given), Clock(MARCH))
    before.tick()
    before.database.close()
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    more = {"mail": {"approval": True}, "inbox": {"maildir": tmp_path / "none", "trust": True}}
    with serving(tmp_path, listener, base, language=request.param, **more) as served:
        yield served


def secretary(browser: Browser, served: Served) -> Page:
    set_password(served.app, PASSWORD)
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(served.page("/console"))
    password, button = LABELS[served.app.settings.language]
    page.get_by_label(password).fill(PASSWORD)
    page.get_by_role("button", name=button).click()
    return page


def table_edits(office: Office) -> list[Edit]:
    """A row that is changed, a new one, one that is to go; a session."""
    new: dict[str, object] = {"id": "2026-05-9", "new": True, "title": "组织交流"}
    moved: dict[str, object] = {"id": "2026-01-1", "time": "2月", "lead": ["办公厅"]}
    kinds: list[tuple[str, dict[str, object]]] = [
        ("task", moved | {"title": "研究代表工作计划", "remark": "待商"}),
        ("task", new | {"time": "5月", "lead": ["办公厅"]}),
        ("task", {"id": "2026-10-3", "drop": True}),
        ("session", {"id": "sc-25", "date": "2026-05-27"}),
    ]
    return [Edit(office.document, kind, args) for kind, args in kinds]


def letters(app: Application) -> None:
    """One that nobody understands, one that answers nothing, and a mail that came back."""
    with app.database.read() as connection:
        mails = {view.unit: view for view in read_notices(connection, period="2026-03")}
    address, head = app.table.directory[LEAD].to[0], f"In-Reply-To: {mails[LEAD].message_id}\r\n"
    long = "联系电话见后" * 60 + "a" * 200
    for sender, more, said in (
        (f"张某 <{address}>", head, "有两个问题：一是附件打不开，二是人数没有确定。"),
        ("nobody@elsewhere.example", "", long),
        (f"张某 <{address}>", head, "已签收"),
    ):
        mail = f"From: {sender}\r\nSubject: Re: {long[:40]}\r\n{more}\r\n{said}\r\n"
        take_in(app, mail.encode())
    gone = next(view for view in mails.values() if view.unit != LEAD and view.recipients)
    address, head = gone.recipients[0].address, f"In-Reply-To: {gone.message_id}\r\n"
    kind = "Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n"
    report = (
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{address}>: Recipient address rejected\r\n\r\n--B--"
    )
    take_in(app, f"From: mailer-daemon@x.test\r\n{head}{kind}{report}".encode())


def lived_in(app: Application) -> str:
    """Something to confirm and something in hand, edits that are not published, and a person who
    has no password yet; returns the word that opens the page to choose one."""
    drafts.begin(app)
    letters(app)
    by, day = Signature("值班员", "page/deputies/1"), date(2026, 4, 1)
    unit, tasks = app.table.directory[LEAD], app.table.plan.by_id
    for task in ("2026-04-1", "2026-04-2"):
        registrations.report_progress(app, unit, tasks[task], by, words="顺利。", percent=60)
    registrations.finish(app, unit, tasks["2026-04-1"], by, done_on=day, words="已办。")
    wang = Person("wang", "王某", AccountRole.EDIT)
    word = persons.add_person(app, wang.name, wang.full_name, wang.role)
    text = app.office.contents[UNITS].decode().replace("贺兰县人大常委会", "贺兰县人大常务委员会")
    for person in (wang, persons.secretariat(app)):
        drafts.add(app, person, Edit(UNITS, "text", {"text": text}), *table_edits(app.office))
    office = persons.secretariat(app)
    take_table(app, office, "table.txt", TABLE.encode(), WantedTable(f"next:{app.office.document}"))
    take_list(app, office, "list.txt", LIAISONS.encode())
    drafts.submit(app, wang, "单位更名", Tell.DIGEST)
    with app.database.write() as connection:
        put_preference(connection, READER, "added", "page", app.clock.now())
    return word


def pages(app: Application) -> list[Route]:
    """Whatever can be read and is a page."""
    made = (route for route in create_app(app).routes if isinstance(route, Route))
    routes = [*made, *console.ROUTES]
    return [one for one in routes if "GET" in (one.methods or ()) and not NO_PAGE.search(one.path)]


@pytest.mark.long
def test_every_page_is_accessible_in_light_and_dark_and_fits_every_window(
    chromium: Browser, office: Served
) -> None:
    page, word = secretary(chromium, office), lived_in(office.app)
    unseen, found = {route.path: route for route in pages(office.app)}, []
    unit = LinkView(PAGE, LEAD).address("", office.app.key)
    reader = reader_address("", office.app.key, READER)
    ahead = [f"/console/ticket/{word}", unit, f"{unit}/mails", *NOT_LINKED]
    ahead += [reader, f"{reader}/leave"]
    for address in ahead:  # grows
        route = next(
            (r for r in unseen.values() if r.path_regex.match(urlsplit(address).path)), None
        )
        if route:
            del unseen[route.path]
            links = visit(page, office.base + address, framed=bool(FRAMED.search(route.path)))
            ahead += [link[len(office.base) :] for link in links if link.startswith(office.base)]
            found += faults(page, route.path)
            if office.app.settings.language == ENGLISH:
                found += [f"{route.path}: {words}" for words in chinese(page, office.app)]
    assert found == []
    assert unseen.keys() == set()


def visit(page: Page, url: str, *, framed: bool) -> list[str]:
    """Returns where it leads."""
    answer = page.request.get(url) if framed else page.goto(url)
    assert answer is not None
    assert answer.status == 200, url
    if framed:
        page.goto("about:blank")
        page.set_content(answer.text())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    links: list[str] = page.eval_on_selector_all("a[href], iframe[src]", LINKS)
    return links


def chinese(page: Page, app: Application) -> list[str]:
    """What a page says in Chinese but names and wordings of the office's own, or typed here."""
    plan, units = app.table.plan, app.table.directory.units.values()
    names = {plan.name, plan.tag, *(meeting.name for meeting in plan.meetings.values())}
    names |= {said for it in plan.tasks for said in (it.title, it.brief, it.when)}
    names |= {said for it in units for said in (it.name, it.label, *it.aliases)}
    names |= {app.settings.mail.contact, app.settings.mail.sender_name, "中文", "全年", "常态化"}
    names |= set(CJK.findall(Path(__file__).read_text(encoding="utf-8")))
    said = str(page.evaluate(SAID))
    for name in sorted(filter(None, names), key=len, reverse=True):
        said = said.replace(name, "")
    return [words for words in CJK.findall(said) if not any(words in name for name in names)]


def faults(page: Page, path: str) -> list[str]:
    found, rules = [], IN_FRAMES if FRAMED.search(path) else {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if overflow(page) > 0:
            found.append(f"{path}: {overflow(page)} pixels wider than {width}")
    for width, scheme in ((320, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        found += violations(page, scheme, rules)
    return found
