"""Whoever holds a unit's link may open its page; everything else is one and the same 404."""

from dataclasses import dataclass
from typing import TypedDict

from starlette.exceptions import HTTPException
from starlette.requests import Request

from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.ledger.links import PAGE, check_link, generation_of, page_url
from reminder.web.site import Site, site_of


@dataclass(frozen=True)
class UnitLink:
    unit: Unit
    token: str
    generation: int

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


def opened(request: Request) -> UnitLink:
    """Every refusal costs the same: a link that is no longer good takes no shorter way."""
    site = site_of(request)
    name, token = request.path_params["unit"], request.path_params["token"]
    with site.database.read() as connection:
        signed = check_link(connection, site.key, PAGE, name, token)
        generation = generation_of(connection, PAGE, name)
    unit = site.table.directory.units.get(name)
    if not signed or unit is None or unit.is_group:
        raise HTTPException(404)
    return UnitLink(unit, token, generation)


def shared(site: Site, link: UnitLink) -> UnitValues:
    return {"here": link.path, "unit": link.unit, "contact": site.settings.mail.contact}
