"""What a view is given: one state of the ledger, and the sentences of one file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.web.console.conftest import logged_in
from tests.web.test_units import address

MESSAGES = Path("templates/zh-CN/web/messages.html").read_text(encoding="utf-8")
NAMED = {"DeclinedError", "Refused"}


PAGES = (
    "/",
    "/outbox",
    "page",
    "page/mails",
    "/console",
    "/console/month",
    "/console/units",
    "/console/units/deputies",
    "/console/ledger?kind=digest&period=2026-04",
    "/console/ledger/notice?key=npc-deputies/digest/2026-04/deputies",
    "/console/approval",
    "/console/meetings",
    "/console/meetings/sc-25?date=2026-05-27",
    "/console/links",
    "/console/links/deputies",
    "/console/export.csv",
)


def test_a_page_is_read_in_one_transaction(house: Any) -> None:
    house.application.tick()
    client, begun = logged_in(house), []
    for engine in (house.database.writer, house.database.reader):
        event.listen(engine, "begin", begun.append)
    for path in PAGES:
        address_of = path.replace("page", address(house, "deputies"), 1)
        client.get(address_of)  # the link's use is noted once a day
        begun.clear()
        assert client.get(address_of).status_code == 200, path
        assert len(begun) == 1, path


def _reasons() -> Iterator[tuple[str, set[str]]]:
    """Every reason that the code gives, with the names of its facts."""
    for path in Path("reminder").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                if call.func.id in NAMED and (named := [w for w in words if isinstance(w, str)]):
                    yield named[0], {keyword.arg or "" for keyword in call.keywords}


def test_every_reason_has_its_sentence() -> None:
    macros = dict(re.findall(r"{% macro (\w+)\((.*?)\) %}", MESSAGES))
    reasons = dict(_reasons())
    assert len(reasons) > 20
    for reason, facts in reasons.items():
        assert facts == set(filter(None, macros[reason].split(", "))), reason


def test_no_sentence_stands_twice() -> None:
    names = re.findall(r"{% macro (\w+)", MESSAGES)
    assert len(names) == len(set(names))
