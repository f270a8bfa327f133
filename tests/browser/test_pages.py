"""Every page as a browser shows it: axe finds nothing, and nothing is wider than a phone."""

from datetime import date

from playwright.sync_api import BrowserContext, Page, expect

from reminder.domain.registrations import Signature
from reminder.office.lookup import find_task, find_unit
from reminder.office.registrations import finish
from tests.browser.conftest import Served, faults, overflow


def test_local_pages_and_what_a_stranger_reads_are_accessible_and_fit_a_phone(
    context: BrowserContext, page: Page, served: Served
) -> None:
    stranger = context.new_page()  # the browser itself logs a 403 as an error
    for path in ("/", "/outbox"):
        stranger.goto(served.base + path)
        expect(stranger.get_by_text("reminder console url")).to_be_visible()
        assert faults(stranger) == []
        assert overflow(stranger) <= 0
    for path in ("/", "/outbox"):
        page.goto(served.page(path))
        assert page.url == served.base + path
        assert faults(page) == []
        assert overflow(page) <= 0


def test_a_mail_fits_a_phone_whatever_somebody_typed(page: Page, served: Served) -> None:
    app = served.app
    unit, task = find_unit(app, "deputies"), find_task(app, "2026-04-1")
    finish(app, unit, task, Signature("值班员", "page"), done_on=date(2026, 4, 1), words="W" * 200)
    served.tick()
    html = served.mail("deputies@", "登记回执").get_body(("html",))
    assert html is not None
    page.set_content(html.get_content())
    assert overflow(page) <= 0
