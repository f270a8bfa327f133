"""Polls answered from memory: as fast as that, and never later than a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, select
from starlette.applications import Starlette

from reminder.domain.windows import Progress
from reminder.ledger.links import FEED, add_reader, revoke, rotate
from reminder.ledger.opening import open_database
from reminder.ledger.schema import link
from reminder.web import feed_cache
from tests.web.test_attacks import Answer, ask

LATER = datetime(2026, 4, 2, 1, tzinfo=UTC)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """How long a look at the ledger holds: a test that waits for nothing sets it."""
    return lambda seconds: monkeypatch.setattr(feed_cache, "LATEST", seconds)


@pytest.fixture
def app(house: Any, looks: Any) -> Starlette:
    looks(3600)
    app: Starlette = house.app
    return app


@contextmanager
def reads(house: Any) -> Iterator[list[str]]:
    ran: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        ran.append(statement)

    reader = house.database.reader
    event.listen(reader, "before_cursor_execute", note)
    yield ran
    event.remove(reader, "before_cursor_execute", note)


def alike(one: Answer, other: Answer) -> bool:
    return (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


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
        with reads(house) as ran:
            kept = ask(app, url, method, **headers)
        assert alike(kept, fresh)
        assert [statement for statement in ran if "FROM link" in statement] == []


def test_whatever_number_a_program_puts_behind_it_the_same_is_kept(
    house: Any, app: Starlette
) -> None:
    url = house.url("helan")
    ask(app, f"{url}?view=due&_=1")
    with reads(house) as ran:
        assert ask(app, f"{url}?view=due&amp;_=2").status == 200
        assert ask(app, f"{url}/?view=due").status == 200
    assert [statement for statement in ran if "FROM link" in statement] == []
    assert ask(app, f"{url}?view=x&_=3").status == 400


def test_what_another_process_revokes_is_dead_with_the_next_look(
    house: Any, app: Starlette, looks: Any
) -> None:
    with house.database.write() as connection:
        add_reader(connection, "helan", "值班员", LATER)
    urls = [house.url(name) for name in ("helan", "yinchuan", "helan~1")]
    assert [ask(app, url).status for url in urls] == [200, 200, 200]
    other = open_database(house.settings.ledger)
    with other.write() as connection:
        rotate(connection, FEED, "helan")
        for name in ("yinchuan", "helan~1"):
            revoke(connection, FEED, name)
    other.close()
    looks(0)
    assert [ask(app, url).status for url in urls] == [404, 404, 404]
    assert ask(app, house.url("helan")).status == 200


def test_a_changed_event_is_seen_with_the_next_look(house: Any, app: Starlette, looks: Any) -> None:
    task = house.table.plan.by_id[next(iter(house.table.windows))]
    lead, plan = house.url(task.lead[0]), house.url("plan")
    before = [ask(app, url).headers["etag"] for url in (lead, plan)]
    done = Progress(done={task.id: date(2026, 4, 2)})
    house.application.feeds.sync(lambda _: done, LATER)
    assert [ask(app, url).headers["etag"] for url in (lead, plan)] == before
    looks(0)
    after = [ask(app, url).headers["etag"] for url in (lead, plan)]
    assert after[0] != before[0]
    assert after[1] == before[1]  # what is done is not the plan's to tell


def test_a_dead_link_costs_as_much_whether_it_was_kept_or_never_good(
    house: Any, app: Starlette, looks: Any
) -> None:
    old, revoked = house.url("helan"), house.url("yinchuan")
    for url in (old, revoked):
        ask(app, url)
    with house.database.write() as connection:
        rotate(connection, FEED, "helan")
        revoke(connection, FEED, "yinchuan")
    looks(0)
    work = []
    for url in (old, revoked, "/feeds/x/helan.ics", house.url("nobody")):
        with reads(house) as ran:
            assert ask(app, url).status == 404
        work.append(tuple(ran))
    assert len(set(work)) == 1


def test_no_more_is_kept_than_memory_is_set_aside(
    house: Any, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_cache, "MEMORY", 200_000)
    for query in ("", "view=due", "view=todo", "alarms=1d", "alarms=3d", "alarms=7d"):
        assert ask(app, f"{house.url('plan')}?{query}").status == 200
    cache = app.state.feed_cache
    sizes = [answer.size + feed_cache._OVERHEAD for answer in cache._answers.values()]
    assert 0 < sum(sizes) == cache._size <= 200_000


def test_what_cannot_be_read_is_kept_from_nobody_and_given_to_nobody(
    house: Any, app: Starlette, looks: Any
) -> None:
    url = house.url("plan")
    ask(app, url)
    house.database.close()
    house.settings.ledger.write_bytes(b"no ledger" * 1000)
    looks(0)
    assert [ask(app, url).status for _ in range(2)] == [503, 503]


def test_nothing_is_kept_so_long_that_a_use_goes_unnoted(
    house: Any, app: Starlette, looks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = house.url("helan")
    ask(app, url)
    with house.database.write() as connection:
        connection.execute(link.update().values(last_use=None))
    looks(0)
    monkeypatch.setattr(feed_cache, "LONGEST", 0)
    ask(app, url)
    with house.database.read() as connection:
        assert connection.execute(select(link)).one().last_use


def test_an_answer_made_before_a_change_is_not_kept(house: Any, app: Starlette) -> None:
    url = house.url("helan")
    ask(app, url)
    cache = app.state.feed_cache
    [(poll, answer)] = cache._answers.items()
    cache._answers.clear()
    cache.put(poll, answer, "of another state")
    assert cache._answers == {}
