"""Calendar feeds over HTTP."""

import gzip
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from reminder.domain.windows import Progress
from reminder.ledger.links import FEED, add_reader, revoke
from reminder.ledger.schema import link
from reminder.web.feed_cache import accepts_gzip, is_fresh, is_unchanged
from tests.web.conftest import AT
from tests.web.test_attacks import ask


def test_a_signed_link_gives_the_calendar(house: Any, client: TestClient) -> None:
    answer = client.get(house.url("helan"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="helan.ics"'
    assert answer.headers["Last-Modified"] == "Wed, 01 Apr 2026 01:00:00 GMT"
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_feed_is_open_to_other_machines(house: Any) -> None:
    client = house.client("203.0.113.9", "reminder.example")
    assert client.get(house.url("plan")).status_code == 200


def test_forged_revoked_and_unknown_links_are_one_and_the_same_404(
    house: Any, client: TestClient
) -> None:
    revoked = house.url("yinchuan")
    with house.database.write() as connection:
        revoke(connection, FEED, "yinchuan")
    others = house.url("helan").replace("helan", "deputies")
    signed_stranger = house.url("nobody")
    group = house.url("local-congresses")
    answers = [
        client.get(url)
        for url in (revoked, others, signed_stranger, group, "/feeds/x/helan.ics?view=x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.text, str(sorted(answer.headers.items()))) for answer in answers}) == 1


@pytest.mark.parametrize("query", ["view=x", "alarms=2d", "view=due&view=due"])
def test_a_wish_that_no_feed_knows_is_a_400(house: Any, client: TestClient, query: str) -> None:
    assert client.get(f"{house.url('helan')}?{query}").status_code == 400


def test_who_has_the_latest_gets_a_304(house: Any, client: TestClient) -> None:
    url = house.url("helan")
    etag = client.get(url).headers["ETag"]
    for wanted in (etag, f"W/{etag}", f'"old", {etag}', "*"):
        answer = client.get(url, headers={"If-None-Match": wanted})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Cache-Control" in answer.headers
    assert client.get(url, headers={"If-None-Match": '"old"'}).status_code == 200
    assert client.get(f"{url}?view=due", headers={"If-None-Match": etag}).status_code == 200


def test_who_asks_by_date_alone_gets_a_304_while_nothing_changed(
    house: Any, client: TestClient
) -> None:
    url = house.url("helan")
    got = client.get(url)
    for since in (got.headers["Last-Modified"], "Wed, 01 Apr 2026 09:00:00 GMT"):
        for method in ("GET", "HEAD"):
            answer = client.request(method, url, headers={"If-Modified-Since": since})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["ETag"] == got.headers["ETag"]
    for since in ("Wed, 01 Apr 2026 00:59:59 GMT", "yesterday", "0", ""):
        assert client.get(url, headers={"If-Modified-Since": since}).status_code == 200


def test_a_tag_outweighs_a_date(house: Any, client: TestClient) -> None:
    url = house.url("helan")
    since = client.get(url).headers["Last-Modified"]
    asked = {"If-Modified-Since": since, "If-None-Match": '"old"'}
    assert client.get(url, headers=asked).status_code == 200


@pytest.mark.parametrize("seconds", [0, 60, -86400])
def test_a_feed_that_changed_is_sent_whatever_its_clock_said(house: Any, seconds: int) -> None:
    """Twice in a second; a minute later; by a clock that was set back."""
    url = house.url("deputies")
    before = house.client().get(url).headers["Last-Modified"]
    done = Progress({"2026-04-1": date(2026, 4, 1)})
    at = AT + timedelta(seconds=seconds)
    house.application.feeds.sync(lambda _: done, at)
    answer = house.client().get(url, headers={"If-Modified-Since": before})
    assert answer.status_code == 200
    assert "✓" in answer.text


def test_what_stands_behind_an_address_is_no_part_of_it(house: Any) -> None:
    app, url = house.app, house.url("helan")
    whole = ask(app, url)
    for behind in (
        "/",
        "。",
        "，",
        ",",
        ").",
        ">",
        ";",
        " ",
        "\n",
        "\r\n",
        "　",
        "。请查收",
        "/。",
    ):
        answer = ask(app, url + quote(behind))
        assert (answer.status, answer.body) == (200, whole.body)
    assert ask(app, f"{url}。?view=due".replace("。", "%E3%80%82")).status == 200
    assert ask(app, f"{url}x").status == 404


def test_head_has_the_headers_of_get(house: Any, client: TestClient) -> None:
    got, headed = client.get(house.url("helan")), client.head(house.url("helan"))
    assert headed.content == b""
    assert headed.headers == got.headers
    assert int(headed.headers["Content-Length"]) == len(got.content)


def test_gzip_for_who_takes_it(house: Any, client: TestClient) -> None:
    url = house.url("helan")
    plain = client.get(url)
    with client.stream("GET", url, headers={"Accept-Encoding": "br, gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["ETag"] != plain.headers["ETag"]
    assert int(answer.headers["Content-Length"]) == len(raw)
    assert gzip.decompress(raw) == plain.content


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("br", False),
        ("", False),
    ],
)
def test_the_weight_of_an_encoding_counts(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_a_tag_without_quotes_is_no_tag() -> None:
    assert not is_fresh("abc", '"abc"')


@pytest.mark.parametrize(
    ("since", "unchanged"),
    [
        ("Wed, 01 Apr 2026 01:00:00 GMT", True),
        ("Wednesday, 01-Apr-26 01:00:00 GMT", True),
        ("Wed Apr  1 01:00:00 2026", True),
        ("Wed, 01 Apr 2026 00:59:59 GMT", False),
        ("Wed, 99 Apr 2026 01:00:00 GMT", False),
    ],
)
def test_a_date_is_read_in_any_of_its_three_forms(since: str, unchanged: bool) -> None:
    assert is_unchanged(since, AT) is unchanged


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_here(house: Any, client: TestClient, method: str) -> None:
    answer = client.request(method, house.url("helan"))
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_the_use_of_a_link_is_noted(house: Any, client: TestClient) -> None:
    client.get(house.url("helan"))
    with house.database.read() as connection:
        [row] = connection.execute(select(link))
    assert (row.subject, row.revoked) == ("helan", False)
    assert row.last_use


def test_a_readers_link_that_was_never_made_is_a_404_with_the_right_signature(
    house: Any, client: TestClient
) -> None:
    unmade, forged = house.url("deputies~7"), "/feeds/x/deputies~7.ics"
    assert [client.get(url).status_code for url in (unmade, forged)] == [404, 404]
    with house.database.write() as connection:
        add_reader(connection, "deputies", "值班员", house.application.clock.now())
    assert client.get(house.url("deputies~1")).status_code == 200
    for name in ("deputies~01", "deputies~1~1", "nobody~1", "local-congresses~1", "~1"):
        assert client.get(house.url(name)).status_code == 404


def test_a_readers_use_is_noted_with_its_link(house: Any, client: TestClient) -> None:
    with house.database.write() as connection:
        add_reader(connection, "deputies", "值班员", house.application.clock.now())
    client.get(house.url("deputies~1"))
    with house.database.read() as connection:
        used = {row.subject for row in connection.execute(select(link)) if row.last_use}
    assert used == {"deputies~1"}
