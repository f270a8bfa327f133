"""Draws the README's pictures anew: real mails and pages, in headless Chromium (Debian: chromium).

The pages are those of 27 April 2026, in an office where some have signed and one has reported.
"""

import email
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from email.policy import default
from pathlib import Path
from types import MappingProxyType

from playwright.sync_api import Browser, sync_playwright

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.domain.occasions import digest_draft
from reminder.domain.registrations import Signature
from reminder.domain.windows import Progress
from reminder.ledger.access import PAGE, InstallationKey, LinkView
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.render_context import RenderContext
from reminder.office import completion, registrations
from reminder.office.application import Application
from reminder.office.links import door_word
from reminder.office.login import begin_session
from reminder.web.app import create_app
from reminder.web.page import cookie_name
from reminder.web.server import web_server

DOCS = Path(__file__).resolve().parents[1] / "docs"
SITE = "https://reminder.example"
STARTS = ("2026-02-02", "2026-03-02", "2026-04-01", "2026-04-27")
SIGNED = ("deputies", "helan", "yinchuan", "zhongwei", "wuzhong", "general-office")
SECRETARIAT = Signature("", "console")


def mail(browser: Browser, composer: Composer, unit: str, progress: Progress, name: str) -> None:
    draft = digest_draft(composer.office.table, 4, unit)
    page, feed = f"{SITE}/units/q2m7…/{unit}", f"{SITE}/feeds/h4kd…/{unit}.ics"
    facts = UnitFacts(calendar_link=feed, page_link=page)
    composed = RenderContext(composer, draft.due, progress).compose(draft, facts)
    message = email.message_from_bytes(composed.content, policy=default)
    body = message.get_body(("html",))
    assert body is not None
    width = 375 if "phone" in name else 680
    view = browser.new_page(viewport={"width": width, "height": 600})
    view.set_content(str(body.get_content()))
    view.screenshot(path=DOCS / name, full_page=True)
    view.close()


@contextmanager
def office(folder: Path, **settings: object) -> Iterator[tuple[Application, str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    given = {"state_dir": folder, "web": {"base_url": base}, **settings}
    for day in STARTS:
        app = Application(
            load_office(None, given), Clock(datetime.fromisoformat(f"{day}T09:30+08:00"))
        )
        app.tick()
    server = web_server(create_app(app))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield app, base
    server.stop()
    thread.join()


def live(app: Application) -> None:
    """What people have registered by then."""
    table = app.table
    for unit in SIGNED:
        by = Signature("值班员", f"page/{unit}/1")
        registrations.sign(app, table.directory[unit], "2026-04", by)
    lead, by = table.directory["deputies"], Signature("值班员", "page/deputies/1")
    for task in ("2026-03-3", "2026-03-5"):
        found = table.plan.by_id[task]
        registrations.finish(
            app, lead, found, by, done_on=date(2026, 3, 30), words="已提请主任会议审议。"
        )
    completion.confirm(app, "deputies", "2026-03-3", "", SECRETARIAT)
    found = table.plan.by_id["2026-04-1"]
    words = "部署会议方案已报，拟于月底前召开。"
    registrations.report_progress(app, lead, found, by, words=words, percent=60)


def pages(browser: Browser, folder: Path) -> None:
    with office(folder / "state") as (app, base):
        live(app)
        unit = LinkView(PAGE, "deputies").address(base, app.key)
        shot(browser, unit, "page-phone.png", (375, 1500))
        shot(browser, unit, "page-year.png", (1000, 900), part="#year")
        shot(browser, f"{base}/console", "console-year.png", (1120, 1240), logged_in(app))
    with office(folder / "approval", mail={"approval": True}) as (app, base):
        cookies = logged_in(app)
        shot(browser, f"{base}/console/outgoing", "console-outgoing.png", (1120, 760), cookies)


def logged_in(app: Application) -> dict[str, str]:
    """The cookies of the secretariat's browser."""
    key = app.key
    with app.database.write() as connection:
        found = {
            "door": door_word(connection, key),
            "console": begin_session(connection, app.clock.now()),
        }
    return {cookie_name(app, name): value for name, value in found.items()}


def shot(
    browser: Browser,
    url: str,
    name: str,
    size: tuple[int, int],
    cookies: Mapping[str, str] = MappingProxyType({}),
    part: str = "",
) -> None:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    for cookie, value in cookies.items():
        context.add_cookies([{"name": cookie, "value": value, "url": url}])
    page = context.new_page()
    page.goto(url)
    (page.locator(part) if part else page).screenshot(path=DOCS / name)
    context.close()


def main() -> None:
    composer = Composer(load_office(), InstallationKey(b"only for pictures"))
    partly_done = Progress(done={"2026-03-3": date(2026, 3, 20)}, started=date(2026, 3, 1))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        mail(browser, composer, "deputies", partly_done, "mail-lead.png")
        mail(browser, composer, "helan", Progress(), "mail-phone.png")
        pages(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
