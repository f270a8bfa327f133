"""Whatever is asked: a proper status, all headers, no feed but one's own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message

from reminder.ledger.schema import link
from reminder.office import links
from reminder.web.feeds import accepts_gzip, is_fresh
from reminder.web.page import HEADERS

ONE_HOUSE = (HealthCheck.function_scoped_fixture,)
NAMES = ("helan", "deputies", "plan", "yinchuan", "local-congresses", "nobody")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(app: Starlette, target: str, method: str = "GET", **headers: str) -> Answer:
    """As the server hands it over: a target that no client library has tidied up."""
    path, _, query = target.partition("?")
    fields = {"host": "127.0.0.1"} | headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(part["body"] for part in sent[1:]))


PRINTED = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
PARTS = st.sampled_from(
    ["", "feeds", "outbox", "html", "source", "static", "..", "%2e%2e", "%00", "%0a", "plan.ics"]
) | st.text(max_size=8).map(quote)
PATHS = st.lists(PARTS, max_size=5).map("/".join) | st.text(PRINTED, max_size=20)
QUERIES = st.sampled_from(["", "page=1", "page=1&page=x", "view=due", "%00", "page=%ff"])
FIELDS = st.dictionaries(
    st.sampled_from(["host", "accept-encoding", "if-none-match", "range", "x-forwarded-for"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=30),
)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "TRACE", "get", "X"]),
    path=PATHS,
    query=QUERIES | st.text(PRINTED, max_size=30),
    headers=FIELDS,
)
@example("GET", "http://[/", "", {})
@example("GET", "//[://", "", {})
@example("GET", "/outbox/" + "a" * 300 + "/source", "", {})
@example("GET", "/outbox", "page=1&page=x", {})
@example("GET", "/", "", {"host": "[::1"})
@example("OPTIONS", "*", "", {})
@fuzz(max_examples=60, deadline=None, suppress_health_check=ONE_HOUSE)
def test_no_request_ends_in_an_error_and_every_answer_is_guarded(
    house: Any, method: str, path: str, query: str, headers: dict[str, str]
) -> None:
    answer = ask(house.app, f"{path}?{query}", method, **headers)
    assert answer.status < 500
    assert {name.lower() for name in HEADERS} <= answer.headers.keys()
    assert b"Traceback" not in answer.body
    if answer.status == 405:
        assert "GET" in answer.headers["allow"]


@given(
    whose=st.sampled_from(NAMES),
    name=st.sampled_from(NAMES) | st.text(max_size=10),
    cut=st.integers(0, 32),
    more=st.sampled_from(["", "", "a", "=", "\n", "\0", "/", "é"]) | st.text(max_size=5),
)
@example("helan", "helan", 32, "")
@example("helan", "helan", 32, "\n")
@example("helan", "deputies", 32, "")
@example("nobody", "nobody", 32, "")
@example("helan", "helan\n", 32, "")
@example("helan", "helan", 0, "")
@fuzz(max_examples=60, deadline=None, suppress_health_check=ONE_HOUSE)
def test_a_link_opens_its_own_feed_or_nothing(
    house: Any, whose: str, name: str, cut: int, more: str
) -> None:
    token = house.url(whose).split("/")[2]
    given_token = token[:cut] + more
    answer = ask(house.app, f"/feeds/{quote(given_token, safe='')}/{quote(name, safe='')}.ics")
    if (given_token, name) == (token, whose) and whose in ("helan", "deputies", "plan", "yinchuan"):
        assert answer.status == 200
        assert answer.headers["content-disposition"] == f'inline; filename="{whose}.ics"'
    else:
        assert (answer.status, answer.body) == (404, b"Not Found")


def test_a_query_that_is_half_understood_or_holds_a_nul_is_refused(house: Any) -> None:
    feed = house.url("plan")
    for path in (f"{feed}?role=", f"{feed}?%00", "/console/ledger/notice?key=%00", "/?a=x%00"):
        assert ask(house.app, path).status == 400


@given(st.text(st.characters(max_codepoint=0xFF), max_size=40))
@example("gzip;q=nan")
@example("gzip;q=1e999, ;;;,,,")
@example('W/"' * 20)
def test_odd_headers_are_read_without_a_stumble(value: str) -> None:
    assert accepts_gzip(value) in (True, False)
    fields = {b"if-none-match": value, b"if-modified-since": value}
    assert is_fresh(fields, '"no such tag"', None) is (value.strip() == "*")


@contextmanager
def reads(house: Any) -> Iterator[list[str]]:
    """The statements that ran meanwhile."""
    ran: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        ran.append(statement)

    reader = house.database.reader
    event.listen(reader, "before_cursor_execute", note)
    yield ran
    event.remove(reader, "before_cursor_execute", note)


def statements(house: Any, do: Callable[[], Answer]) -> list[str]:
    with reads(house) as ran:
        assert do().status == 404
    return ran


def test_a_use_that_cannot_be_noted_spoils_no_answer_and_keeps_nobody_waiting(
    house: Any, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with links.noting:
        assert ask(house.app, house.url("helan")).status == 200
    with house.database.write() as connection:
        assert connection.execute(select(link)).first() is None
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON link BEGIN SELECT RAISE(ABORT, 'full'); END")
        )
    assert client.get(house.url("helan")).status_code == 200
    assert "the use of the feed helan was not noted" in caplog.text
