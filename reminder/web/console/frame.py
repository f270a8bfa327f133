"""What the console's pages have in common: their names and words, and a form that was refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from reminder.domain import wording
from reminder.domain.outcomes import REASONS, STATES
from reminder.web.forms import token
from reminder.web.said import said
from reminder.web.site import site_of

# Fixed sentences: never words of the address.
_SAID = {
    "confirmed": "已确认办结，各承办单位不再收到本项提醒。",
    "returned": "已退回，退回原因发至该单位邮箱，并列在其页面上。",
    "undone": "已撤销。",
    "done": "已登记办结。",
    "reopened": "已撤回办结，本项恢复为未办结。",
}
RELATIONS = {"own": "本机关", "local": "市县人大", "parallel": "其他机关"}


@dataclass(frozen=True)
class Refusal:
    """Why a form was not accepted, and what it carried: nobody types it twice."""

    reason: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


ACCEPTED = Refusal()


def shown(
    request: Request,
    template: str,
    *,
    here: str,
    back: str = "",
    refusal: Refusal = ACCEPTED,
    **values: object,
) -> Response:
    """A page; `here` is its entry in the navigation, `back` where its forms return to."""
    site = site_of(request)
    at = site.clock.now()
    return site.page(
        f"console/{template}",
        status=422 if refusal.reason else 200,
        here=here,
        back=back,
        token=token(request),
        said=said(request, _SAID),
        refused=refusal.reason,
        typed=refusal.typed,
        table=site.table,
        at=at,
        today=site.table.local_day(at),
        timing=wording.timing,
        unit_names=wording.unit_names,
        states=STATES,
        reasons=REASONS,
        relations=RELATIONS,
        **values,
    )
