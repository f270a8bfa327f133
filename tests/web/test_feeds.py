"""Calendar feeds over HTTP; polls answered from memory, and never later than a second."""

import gzip
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from reminder.domain.windows import Progress
from reminder.ledger import access as ledger
from reminder.ledger.access import FEED, LinkView
from reminder.ledger.database import open_database
from reminder.ledger.schema import link
from reminder.office.links import add_reader, revoke, rotate
from reminder.web import errors, feeds
from tests.web.conftest import AT
from tests.web.test_attacks import Answer, ask, reads

LATER = datetime(2026, 4, 2, 1, tzinfo=UTC)


def test_a_signed_link_gives_the_calendar(house: Any, client: TestClient) -> None:
    answer = client.get(house.url("helan"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="helan.ics"'
    assert answer.headers["Last-Modified"] == "Wed, 01 Apr 2026 01:00:00 GMT"
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
    elsewhere = house.client("203.0.113.9", "reminder.example")
    assert elsewhere.get(house.url("plan")).status_code == 200


def test_forged_revoked_unmade_and_unknown_links_are_one_and_the_same_404(
    house: Any, client: TestClient
) -> None:
    revoked = house.url("yinchuan")
    revoke(house.application, LinkView(FEED, "yinchuan"))
    others = house.url("helan").replace("helan", "deputies")
    signed = [house.url(name) for name in ("nobody", "local-congresses", "deputies~7")]
    forged = ("/feeds/x/helan.ics?view=x", "/feeds/x/deputies~7.ics")
    answers = [client.get(url) for url in (revoked, others, *signed, *forged)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.text, str(sorted(answer.headers.items()))) for answer in answers}) == 1


def test_who_has_the_latest_by_tag_or_date_gets_a_304(house: Any, client: TestClient) -> None:
    url = house.url("helan")
    etag = client.get(url).headers["ETag"]
    same = (
        *("Wed, 01 Apr 2026 01:00:00 GMT", "Wed, 01 Apr 2026 09:00:00 GMT"),
        *("Wednesday, 01-Apr-26 01:00:00 GMT", "Wed Apr  1 01:00:00 2026"),
    )
    older = ("Wed, 01 Apr 2026 00:59:59 GMT", "Wed, 99 Apr 2026 01:00:00 GMT", "yesterday", "0", "")
    latest = [{"If-None-Match": tag} for tag in (etag, f"W/{etag}", f'"old", {etag}', "*")]
    latest += [{"If-Modified-Since": since} for since in same]
    for method, headers in product(("GET", "HEAD"), latest):
        answer = client.request(method, url, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Cache-Control" in answer.headers
    others = [{"If-None-Match": tag} for tag in ('"old"', etag.strip('"'))]
    others += [{"If-Modified-Since": since} for since in older]
    others += [{"If-Modified-Since": since, "If-None-Match": '"old"'} for since in (*same, *older)]
    for method, headers in product(("GET", "HEAD"), others):  # a tag outweighs a date
        assert client.request(method, url, headers=headers).status_code == 200
    assert client.get(f"{url}?view=due", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("seconds", [0, 60, -86400])
def test_a_feed_that_changed_is_sent_whatever_its_clock_said(house: Any, seconds: int) -> None:
    """Twice in a second; a minute later; by a clock that was set back."""
    url = house.url("deputies")
    before = house.client().get(url).headers["Last-Modified"]
    done = Progress({"2026-04-1": date(2026, 4, 1)})
    at = AT + timedelta(seconds=seconds)
    house.application.feeds.sync(lambda _: [(house.table, done)], at)
    answer = house.client().get(url, headers={"If-Modified-Since": before})
    assert answer.status_code == 200
    assert "✓" in answer.text


def test_what_stands_behind_an_address_is_no_part_of_it(house: Any) -> None:
    app, url = house.app, house.url("helan")
    whole = ask(app, url)
    for behind in (*"/。，,>; \n　", ").", "\r\n", "。请查收", "/。"):
        answer = ask(app, url + quote(behind))
        assert (answer.status, answer.body) == (200, whole.body)
    assert ask(app, f"{url}%E3%80%82?view=due").status == 200
    assert ask(app, f"{url}x").status == 404


def test_head_has_gets_headers_and_nothing_can_be_changed(house: Any, client: TestClient) -> None:
    got, headed = client.get(house.url("helan")), client.head(house.url("helan"))
    assert headed.content == b""
    assert headed.headers == got.headers
    assert int(headed.headers["Content-Length"]) == len(got.content)
    for method in ("POST", "PUT", "DELETE"):
        answer = client.request(method, house.url("helan"))
        assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)


def test_gzip_for_who_takes_it(house: Any, client: TestClient) -> None:
    url = house.url("helan")
    plain = client.get(url)
    with client.stream("GET", url, headers={"Accept-Encoding": "br, gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["ETag"] != plain.headers["ETag"]
    assert int(answer.headers["Content-Length"]) == len(raw)
    assert gzip.decompress(raw) == plain.content
    assert all(map(feeds.accepts_gzip, ("gzip", "GZIP;q=0.5", "*")))
    assert not any(map(feeds.accepts_gzip, ("gzip;q=0", "gzip; q=0.000, *", "*;q=0", "br", "")))


def test_a_readers_link_works_too_and_its_use_is_noted(house: Any, client: TestClient) -> None:
    add_reader(house.application, "deputies", "值班员")
    for name in ("helan", "deputies~1"):
        assert client.get(house.url(name)).status_code == 200
    for name in ("deputies~01", "deputies~1~1", "nobody~1", "local-congresses~1", "~1"):
        assert client.get(house.url(name)).status_code == 404
    with house.database.read() as connection:
        used = {row.subject for row in connection.execute(select(link)) if row.last_use}
    assert used == {"helan", "deputies~1"}


# From memory


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """How long a look at the ledger holds: a test that waits for nothing sets it."""
    return lambda seconds: monkeypatch.setattr(feeds, "LATEST", seconds)


@pytest.fixture
def app(house: Any, looks: Any) -> Starlette:
    looks(3600)
    app: Starlette = house.app
    return app


def from_memory(house: Any, app: Starlette, url: str, method: str = "GET", **fields: str) -> Answer:
    with reads(house) as ran:
        answer = ask(app, url, method, **fields)
    assert [statement for statement in ran if "FROM link" in statement] == []
    return answer


def test_a_second_poll_gets_the_same_answer_and_reads_nothing(house: Any, app: Starlette) -> None:
    url = house.url("helan")
    for method, headers in [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"accept-encoding": "gzip"}),
        ("GET", {"if-none-match": "*"}),
        ("GET", {"if-modified-since": "Wed, 01 Apr 2026 01:00:00 GMT"}),
    ]:
        fresh = ask(house.app, url, method, **headers)
        ask(app, url, method, **headers)
        assert from_memory(house, app, url, method, **headers) == fresh
    # Whatever number a program puts behind it, the same is kept.
    ask(app, f"{url}?view=due&_=1")
    for same in (f"{url}?view=due&amp;_=2", f"{url}/?view=due"):
        assert from_memory(house, app, same).status == 200
    assert ask(app, f"{url}?view=x&_=3").status == 400


def test_what_another_process_changes_or_revokes_is_seen_with_the_next_look(
    house: Any, app: Starlette, looks: Any
) -> None:
    add_reader(house.application, "helan", "值班员")
    task = house.table.plan.by_id[next(iter(house.table.windows))]
    names = ("helan", "yinchuan", "helan~1", task.lead[0], "plan")
    urls = [house.url(name) for name in names]
    before = [ask(app, url).headers["etag"] for url in urls]
    done = Progress(done={task.id: date(2026, 4, 2)})
    house.application.feeds.sync(lambda _: [(house.table, done)], LATER)
    other = open_database(house.settings.ledger)
    with other.write() as connection:
        ledger.rotate(connection, LinkView(FEED, "helan"), "other", LATER)
        for name in ("yinchuan", "helan~1"):
            ledger.revoke(connection, LinkView(FEED, name), "other", LATER)
    other.close()
    assert [ask(app, url).headers["etag"] for url in urls] == before
    looks(0)
    assert [ask(app, url).status for url in urls] == [404, 404, 404, 200, 200]
    assert ask(app, house.url("helan")).status == 200
    lead, plan = (ask(app, url).headers["etag"] for url in urls[3:])
    assert lead != before[3]
    assert plan == before[4]  # what is done is not the plan's to tell


def test_every_dead_link_costs_the_same_work_whether_it_was_kept_or_never_good(
    house: Any, app: Starlette, looks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = Mock(wraps=hmac.compare_digest)
    old, revoked = house.url("helan"), house.url("yinchuan")
    for url in (old, revoked):
        ask(app, url)
    rotate(house.application, LinkView(FEED, "helan"))
    revoke(house.application, LinkView(FEED, "yinchuan"))
    cut, foreign = house.url("plan").replace("/plan", "x/plan"), old.replace("helan", "deputies")
    dead = [old, revoked, cut, foreign, house.url("nobody"), "/feeds/x/nobody.ics"]
    looks(0)
    monkeypatch.setattr("hmac.compare_digest", compare)
    work = []
    for url in dead:
        with reads(house) as ran:
            assert ask(app, url).status == 404
        work.append(tuple(ran))
    assert len(set(work)) == 1
    assert [tuple(map(len, call.args)) for call in compare.mock_calls] == [(32, 32)] * len(dead)


def test_no_more_is_kept_than_memory_is_set_aside(
    house: Any, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MEMORY", 200_000)
    for query in ("", "view=due", "view=todo", "alarms=1d", "alarms=3d", "alarms=7d"):
        assert ask(app, f"{house.url('plan')}?{query}").status == 200
    cache = app.state.feed_cache
    assert 0 < sum(answer.size for answer in cache._answers.values()) == cache._size <= 200_000


def test_a_ledger_that_fails_is_a_503_and_a_line_also_for_what_was_kept(
    house: Any, app: Starlette, looks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    url = house.url("plan")
    ask(app, url)
    house.database.close()
    house.settings.ledger.write_bytes(b"no ledger" * 1000)
    looks(0)
    for _ in range(2):
        answer = ask(app, url)
        assert (answer.status, answer.body) == (503, b"unavailable\n")
        assert answer.headers["retry-after"] == "60"
    logged = [record.exc_info for record in caplog.records if record.name == errors.__name__]
    assert logged == [None, None]


def test_nothing_is_kept_so_long_that_a_use_goes_unnoted(
    house: Any, app: Starlette, looks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = house.url("helan")
    ask(app, url)
    with house.database.write() as connection:
        connection.execute(link.update().values(last_use=None))
    looks(0)
    monkeypatch.setattr(feeds, "LONGEST", 0)
    ask(app, url)
    with house.database.read() as connection:
        assert connection.execute(select(link)).one().last_use


def test_an_answer_made_before_a_change_is_not_kept(house: Any, app: Starlette) -> None:
    ask(app, house.url("helan"))
    cache = app.state.feed_cache
    poll, answer = cache._answers.popitem()
    cache.put(poll, answer, "of another state")
    assert cache._answers == {}
