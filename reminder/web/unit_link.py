"""Whoever holds a unit's link may open its page; everything else is one and the same 404."""

from dataclasses import dataclass
from typing import TypedDict

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.office.access import PAGE, OpenLink, note_use, open_link
from reminder.web.page import Page


@dataclass(frozen=True)
class UnitLink:
    unit: Unit
    path: str
    link: OpenLink

    def signed(self, who: str) -> Signature:
        return Signature(who, f"{PAGE}/{self.unit.id}/{self.link.generation}")


class UnitValues(TypedDict):
    """What every page under a unit's link is given."""

    here: str
    unit: Unit
    contact: str


def opened(page: Page) -> UnitLink:
    """Every refusal costs the same: a link that is no longer good takes no shorter way."""
    name, token = page.part("unit"), page.part("token")
    link = open_link(page.connection, page.app, PAGE, name, token, page.at)
    unit = page.table.directory.units.get(name)
    if link is None or unit is None or unit.is_group:
        raise HTTPException(404)
    return UnitLink(unit, f"/units/{token}/{name}", link)


def noting(page: Page, opened: UnitLink, answer: Response) -> Response:
    """Notes the link's use after the answer, once a day."""
    if not opened.link.is_noted:
        answer.background = BackgroundTask(note_use, page.app, PAGE, opened.unit.id)
    return answer


def shared(page: Page, opened: UnitLink) -> UnitValues:
    return {"here": opened.path, "unit": opened.unit, "contact": page.settings.mail.contact}
