"""Whoever holds a unit's link may open its page; everything else is one and the same 404."""

from dataclasses import dataclass
from typing import TypedDict

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.ledger.links import PAGE, USED, LinkView, check_link, page_url, read_link
from reminder.web.page import Page
from reminder.web.uses import note_use


@dataclass(frozen=True)
class UnitLink:
    unit: Unit
    token: str
    generation: int
    is_noted: bool  # that it was used today

    @property
    def path(self) -> str:
        return page_url("", self.token, self.unit.id)

    def signed(self, who: str) -> Signature:
        return Signature(who, f"{PAGE}/{self.unit.id}/{self.generation}")


class UnitValues(TypedDict):
    """What every page under a unit's link is given."""

    here: str
    unit: Unit
    contact: str


def opened(page: Page) -> UnitLink:
    """Every refusal costs the same: a link that is no longer good takes no shorter way."""
    name, token = page.part("unit"), page.part("token")
    signed = check_link(page.connection, page.app.key, PAGE, name, token)
    link = read_link(page.connection, PAGE, name) or LinkView(PAGE, name)
    unit = page.table.directory.units.get(name)
    if not signed or unit is None or unit.is_group:
        raise HTTPException(404)
    is_noted = link.last_use is not None and page.at - link.last_use < USED
    return UnitLink(unit, token, link.generation, is_noted)


def noting(page: Page, link: UnitLink, answer: Response) -> Response:
    """Notes the link's use after the answer, once a day."""
    if not link.is_noted:
        answer.background = BackgroundTask(note_use, page.site, PAGE, link.unit.id)
    return answer


def shared(page: Page, link: UnitLink) -> UnitValues:
    return {"here": link.path, "unit": link.unit, "contact": page.settings.mail.contact}
