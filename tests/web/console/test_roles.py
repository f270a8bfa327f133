"""What each role may see and do, and whose name stands in what was done."""

import re
from typing import Any

import pytest
from starlette.routing import Route

from reminder.domain.notices import Reason, State
from reminder.ledger.persons import change_person
from reminder.ledger.schema import history
from reminder.web.console import ROUTES
from tests.web.console.conftest import LEADER, TASK, as_person, finish, put

OPEN = {
    "/console/login",
    "/console/logout",
    "/console/ticket/{word}",
    "/console/oidc",
    "/console/oidc/begin",
}
KEY = f"npc-deputies/digest/2026-04/{LEADER}"
# What the least role that may do it is; what is not here anybody may who is logged in.
FORMS = {
    "edit": {
        "confirm", "return", "undo", "done", "reopen", "meetings/{meeting}", "links/{name}",
        "links/{name}/change", "turn/done", "turn/carry", "turn/end", "turn/undo",
        "letters/settle", "letters/sign", "letters/progress", "letters/finish", "address",
        "readers", "sign-for", "progress-for", "finish-for", "call",
        "draft/drop", "draft/discard", "draft/submit", "drafts/{number}/back",
        "plan/new", "plan/task/{task}", "plan/task/{task}/move", "plan/task/{task}/drop",
        "plan/undo", "plan/session/new", "plan/session/{session}", "plan/session/{session}/drop",
        "plan/head", "workdays/day", "workdays/notice", "unit/new",
        "unit/{unit}", "unit/{unit}/drop", "unit/{unit}/undo", "versions/{number}/restore",
        "plan/upload", "upload/answers", "workdays/upload",
        "liaisons/upload", "liaisons/answers",
    },
    "approve": {
        "outgoing/look", "outgoing/do", "outgoing/hold", "ledger/notice/resend",
        "ledger/notice/drop", "ledger/resend/all",
        "draft/publish", "drafts/{number}/publish", "drafts/{number}/return",
    },
    "admin": {
        "people", "people/link", "people/role", "people/disable",
        "people/enable", "people/totp", "people/sessions", "people/subject",
    },
}  # fmt: skip
PAGES = {
    "edit": {
        "ledger/source",
        "links",
        "links/{name}",
        "links/{name}/change",
        "plan/new",
        "plan/task/{task}",
        "plan/session/new",
        "plan/session/{session}",
        "plan/head",
        "unit/new",
        "unit/{unit}",
        "upload",
        "liaisons",
        "liaisons/sheet.xlsx",
    },
    "approve": {"ledger/resend"},
    "admin": {"people", "people/person"},
}
ORDER = ("read", "edit", "approve", "admin")


def routes(method: str) -> list[str]:
    found = (route for route in ROUTES if isinstance(route, Route) and method in route.methods)
    return sorted({route.path for route in found} - OPEN)


def refused(house: Any, role: str, table: dict[str, set[str]]) -> set[str]:
    over = ORDER[ORDER.index(role) + 1 :]
    return {f"/console/{path}" for wanted in over for path in table.get(wanted, ())}


def where(path: str) -> str:
    return re.sub(r"{(name|unit)}", LEADER, path).format(
        meeting="sc-25", session="sc-25", task=TASK, period="2026-04", number=1, kind="xlsx"
    )


@pytest.mark.parametrize("role", ORDER)
def test_the_server_refuses_with_words_what_a_role_may_not_do(house: Any, role: str) -> None:
    person = as_person(house, role)
    forms = {path: person.post(where(path), {"words": "typed"}) for path in routes("POST")}
    with house.database.read() as connection:
        assert not connection.execute(history.select().where(history.c.who != "")).all()
    denied = {path for path, answer in forms.items() if answer.status_code == 403}
    assert denied == refused(house, role, FORMS)
    assert all("您的权限不能做这一步" in forms[path].text for path in denied)
    # To be copied; a file is not even read.
    assert all("typed" in forms[path].text for path in denied if not path.endswith("/upload"))
    person.client.headers["Accept"] = "text/html"
    pages = {path: person.get(where(path)) for path in routes("GET")}
    denied = {path for path, answer in pages.items() if answer.status_code == 403}
    assert denied == refused(house, role, PAGES)
    assert all("您的权限不能做这一步" in pages[path].text for path in denied)


@pytest.mark.parametrize(("role", "may"), [("read", False), ("edit", True)])
def test_pages_hide_what_a_role_may_not_do(house: Any, role: str, may: bool) -> None:
    finish(house)
    person = as_person(house, role)
    for path in ("/console", "/console/month/2026-04", f"/console/units/{LEADER}"):
        page = person.get(path).text
        assert "王某" in page
        assert ("登记办结" in page or "确认办结</button>" in page) == may
        assert ("/console/links" in page) == may
        # A unit's link is its signature.
        assert "/units/" not in page.replace("/console/units/", "") or may


@pytest.mark.parametrize(("role", "may"), [("read", False), ("edit", True)])
def test_a_mail_opens_a_units_page_only_for_who_may_act_for_it(
    house: Any, role: str, may: bool
) -> None:
    web = {"base_url": "https://reminder.example"}
    house.set(web=house.settings.web.model_copy(update=web))
    house.application.tick()
    house.set(web=house.settings.web.model_copy(update={"base_url": ""}))
    person = as_person(house, role)
    pages = ("/console/ledger/notice", "/console/ledger/mail")
    for page in (person.get(path, key=KEY).text for path in pages):
        assert "reminder.example/units/" in page
        assert (house.url(LEADER, "page") in page) == may
        assert (house.url(LEADER) in page) == may


def test_every_act_bears_the_name_of_who_did_it(house: Any) -> None:
    finish(house)
    put(house, LEADER, Reason.HOLD, State.HELD)
    person = as_person(house, "admin")
    acts = {
        "confirm": {"unit": LEADER, "task": TASK, "period": ""},
        "ledger/notice/drop": {"key": KEY},
        f"links/{LEADER}": {"label": "值班室"},
    }
    for path, form in acts.items():
        assert person.post(f"/console/{path}", form).status_code == 303
    day = {"date": "2026-05-27"}
    shown = person.get("/console/meetings/sc-25", **day).text
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    assert person.post("/console/meetings/sc-25", {"seen": seen, **day}).status_code == 303
    with house.database.read() as connection:
        rows = connection.execute(history.select().where(history.c.who == "王某")).all()
    assert {(row.subject, row.state) for row in rows} >= {
        (f"npc-deputies/{TASK}", "done"),
        (KEY, "expired"),
        (f"link/feed/{LEADER}~1", "made"),
        ("npc-deputies/meeting/sc-25", "set"),
    }
    assert "王某" in person.get(f"/console/units/{LEADER}").text
    assert "王某" in person.get("/console/ledger/notice", key=KEY).text
    sheet = person.get("/console/export.csv", table="notices").content.decode("utf-8-sig")
    assert sheet.splitlines()[0].endswith("经办人")
    assert any(line.startswith(KEY) and line.endswith("王某") for line in sheet.splitlines())


def test_a_role_that_changes_counts_at_once(house: Any) -> None:
    person = as_person(house, "edit")
    for role, disabled, status in (("read", False, 403), ("edit", False, 200), ("edit", True, 303)):
        with house.database.write() as connection:
            change_person(connection, "wang", role=role, disabled=disabled)
        assert person.get("/console/links").status_code == status
