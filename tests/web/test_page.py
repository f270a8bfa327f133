"""What all pages share: one state, the sentences of one file, who may, and what is none."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.web.console.conftest import logged_in
from tests.web.test_units import address, counts

MESSAGES = Path("templates/zh-CN/web/messages.html").read_text(encoding="utf-8")
NAMED = {"DeclinedError", "Refused"}


CONSOLE = (
    *("", "/month", "/units", "/units/deputies", "/outgoing", "/links", "/links/deputies"),
    *("/meetings", "/meetings/sc-25?date=2026-05-27", "/export.csv"),
    "/ledger?kind=digest&period=2026-04",
    "/ledger/notice?key=npc-deputies/digest/2026-04/deputies",
)


def test_a_page_is_read_in_one_transaction(house: Any) -> None:
    house.application.tick()
    client, begun = logged_in(house), []
    for engine in (house.database.writer, house.database.reader):
        event.listen(engine, "begin", begun.append)
    unit = address(house, "deputies")
    for path in ("/", "/outbox", unit, f"{unit}/mails", *(f"/console{path}" for path in CONSOLE)):
        client.get(path)  # the link's use is noted once a day
        begun.clear()
        assert client.get(path).status_code == 200, path
        assert len(begun) == 1, path


# Before anybody is logged in.
OPEN = {"/console/login", "/console/ticket/{word}", "/console/oidc", "/console/oidc/begin"}


def test_nobody_enters_or_orders_without_a_session_or_by_a_form_of_elsewhere(house: Any) -> None:
    house.application.tick()
    stranger, secretary, before = house.client(), logged_in(house), counts(house)
    routes = [each for each in house.routes if each.path.startswith("/console")]
    orders = {route.path for route in routes if "POST" in route.methods} - OPEN
    pages = {route.path for route in routes if "GET" in route.methods} - OPEN
    assert min(len(pages), len(orders)) >= 15
    for path in pages:
        assert stranger.get(path).status_code == 303, path
    form, evil = {"unit": "deputies", "task": "2026-04-1"}, {"Origin": "https://evil.example"}
    for path in orders:
        assert secretary.post(path, data=form, headers=evil).status_code == 403, path
        assert path in pages or secretary.get(path).status_code == 405, path
        if path != "/console/logout":
            assert stranger.post(path, data=form).status_code == 403, path
    assert counts(house) == before


@pytest.mark.parametrize(
    ("page", "none"),
    [
        ("/console/meetings", ("/sc-99", "/sc-99?date=2026-05-27")),
        (
            "/console/month",
            ("/2026-13", "/2025-04", "/4", "/x", "/2026-04?page=2"),
        ),
        ("/console/units", ("/nobody", "/local-congresses", "/%3Cb%3E", "?page=0", "?page=2")),
        ("/outbox", [f"?page={number}" for number in ("0", "-1", "2", "x", "%ff")]),
        ("mails", [f"?page={number}" for number in ("0", "x", "2", "１", "99999999", "-1")]),
    ],
)
def test_what_is_no_page_is_not_found(house: Any, page: str, none: Iterable[str]) -> None:
    client, page = logged_in(house), page.replace("mails", f"{address(house, 'deputies')}/mails")
    assert client.get(page).status_code == 200
    assert {client.get(page + each).status_code for each in none} == {404}
    assert client.post("/console/meetings/sc-99", data={"date": "2026-05-27"}).status_code == 404


def _reasons() -> Iterator[tuple[str, set[str]]]:
    """Every reason that the code gives, with the names of its facts."""
    for path in Path("reminder").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                if call.func.id in NAMED and (named := [w for w in words if isinstance(w, str)]):
                    yield named[0], {word.arg or "" for word in call.keywords if word.arg != "hint"}


def test_every_reason_has_its_sentence() -> None:
    macros = dict(re.findall(r"{% macro (\w+)\((.*?)\) %}", MESSAGES))
    reasons = dict(_reasons())
    assert len(reasons) > 20
    for reason, facts in reasons.items():
        assert facts == set(filter(None, macros[reason].split(", "))), reason


def test_no_sentence_stands_twice() -> None:
    names = re.findall(r"{% macro (\w+)", MESSAGES)
    assert len(names) == len(set(names))
