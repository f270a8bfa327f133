"""Every page as a browser shows it: axe finds nothing, and nothing is wider than a phone."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Served, faults, overflow


@pytest.mark.parametrize("path", ["/", "/outbox"])
def test_a_public_page_is_accessible_and_fits_a_phone(
    page: Page, served: Served, path: str
) -> None:
    page.goto(served.base + path)
    assert faults(page) == []
    assert overflow(page) <= 0
