"""The console's door: who knows the password, from where, and how often they may guess."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from reminder.clock import VirtualClock
from reminder.domain.series import linked
from reminder.ledger.schema import attempt, session
from reminder.office import guessing, login, passwords
from tests.office.test_login import is_in_session
from tests.web.conftest import AT

LOGIN = "/console/login"
PASSWORD = "correct horse battery"
# One hash for all: they are slow by design.
HASHED = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)


@pytest.fixture(autouse=True)
def _password(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=2, memory_cost=64))
    house.application.clock = VirtualClock(AT)
    keep(house, HASHED)


def keep(house: Any, hashed: str) -> None:
    with house.database.write() as connection:
        login.keep_password(connection, hashed)


def log_in(client: TestClient, password: str = PASSWORD, wanted: str = "") -> Any:
    return client.post(LOGIN, data={"password": password, "next": wanted})


def log_in_and_forget(house: Any, client: TestClient) -> TestClient:
    """A browser that was logged in once."""
    assert log_in(client).status_code == 303
    del client.cookies[house.cookie("console")]
    return client


def words(house: Any) -> int:
    """How many sessions there are."""
    with house.database.read() as connection:
        return len(connection.execute(session.select()).all())


def test_the_password_opens_a_session_by_a_cookie(house: Any, client: TestClient) -> None:
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("console-")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert client.get(LOGIN).status_code == 303
    word = client.cookies[house.cookie("console")]
    with house.database.read() as connection:
        [name] = connection.scalars(session.select()).all()
    assert word != name


def test_a_wrong_password_opens_nothing_and_is_never_repeated(
    house: Any, client: TestClient
) -> None:
    for wrong in ("<b>wrong horse</b>", f"{PASSWORD} "):  # blanks belong to it
        answer = log_in(client, wrong)
        assert answer.status_code == 422
        assert "密码不正确" in answer.text
        assert "horse" not in answer.text
    assert words(house) == 0


def test_without_a_password_the_page_says_how_to_set_one(house: Any, client: TestClient) -> None:
    keep(house, "")
    page = client.get(LOGIN)
    assert page.status_code == 200
    assert "reminder console password" in page.text
    assert 'type="password"' not in page.text


BACK = "/console?said=x  /console/month/2026-04  /console/units/a  /console/links/a..b"
ELSEWHERE = """
https://evil.example/console  //evil.example/console  /console//evil.example  /\\evil.example
/console\\evil  /consoleevil  /units/x  /console/管理  /console/../outbox  /console/..
/console/./../outbox  /console/%2e%2E/outbox  /console/.%2e/outbox  /console/%5c%2e%2e/../outbox
/console/%00/../outbox  javascript:alert(1)
"""


@pytest.mark.parametrize(
    "path", [*BACK.split(), *ELSEWHERE.split(), "/console/\r\nSet-Cookie: a=b", "/console\t/x"]
)
def test_one_comes_back_to_the_page_one_wanted_and_never_ends_up_elsewhere(
    client: TestClient, path: str
) -> None:
    assert "evil" not in client.get(LOGIN, params={"next": path}).text
    there = path if path in BACK.split() else "/console"
    assert log_in(client, wanted=path).headers["Location"] == there


# Sessions


def test_who_is_logged_in_stays_so_when_the_next_years_table_comes(
    house: Any, client: TestClient
) -> None:
    """Its pages, and now this year's too, have longer paths."""
    log_in(client)
    office = house.application.office
    later = replace(office.table.plan, year=2027, tasks=())
    tables = linked([office.table, replace(office.table, plan=later)])
    house.application.office = replace(office, tables=tables, paths=office.paths * 2)
    assert client.get("/plans/npc-deputies/2026/console").status_code == 200


def test_a_log_in_ends_the_session_that_came_with_it_and_adopts_no_word(
    house: Any, client: TestClient
) -> None:
    planted = house.client()
    planted.cookies.set(house.cookie("console"), "planted", path="/console")
    log_in(planted)
    assert not is_in_session(house.database, "planted", AT)
    log_in(client)
    first = client.cookies[house.cookie("console")]
    log_in(client)
    assert client.cookies[house.cookie("console")] != first
    assert words(house) == 2


def test_a_session_runs_out_and_a_page_asks_to_log_in_first(house: Any, client: TestClient) -> None:
    log_in(client)
    house.application.clock.advance(login.IDLE_SESSION.total_seconds())
    answer = client.get("/console/month/2026-04?said=done")
    assert answer.status_code == 303
    wanted = "%2Fconsole%2Fmonth%2F2026-04%3Fsaid%3Ddone"
    assert answer.headers["Location"] == f"{LOGIN}?next={wanted}"


def test_a_form_of_elsewhere_logs_nobody_in_or_out(house: Any, client: TestClient) -> None:
    evil = {"Origin": "https://evil.example"}
    form = {"password": PASSWORD, "next": ""}
    assert client.post(LOGIN, data=form, headers=evil).status_code == 403
    assert words(house) == 0
    log_in(client)
    word = client.cookies[house.cookie("console")]
    assert client.post("/console/logout", data=form, headers=evil).status_code == 403
    assert words(house) == 1
    answer = client.post("/console/logout", data={"form": ""})
    assert answer.headers["Location"] == LOGIN
    assert house.cookie("console") not in client.cookies
    assert not is_in_session(house.database, word, AT)
    assert "已退出" in client.get(LOGIN).text


def test_a_password_that_changes_in_between_opens_nothing(
    house: Any, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fits(hashed: str, password: str) -> bool:
        keep(house, "another")
        return True

    monkeypatch.setattr(passwords, "fits", fits)
    assert log_in(client).status_code == 422
    assert words(house) == 0


# Where from


@pytest.mark.parametrize("path", [LOGIN, "/console", "/console/month"])
def test_before_the_door_there_is_no_console_and_no_guess(house: Any, path: str) -> None:
    assert house.client("203.0.113.9", "reminder.example").get(path).status_code in (200, 303)
    stranger = house.client(is_inside=False)
    closed = stranger.get(path)
    assert (closed.status_code, "reminder console url" in closed.text) == (403, True)
    assert log_in(stranger).status_code == 403
    with house.database.read() as connection:
        assert connection.execute(attempt.select()).all() == []


def test_the_office_may_open_it_to_others_or_close_it(house: Any) -> None:
    for console, status in (("anywhere", 200), ("off", 404)):
        house.set(web=house.settings.web.model_copy(update={"console": console}))
        assert house.client(is_inside=False).get(LOGIN).status_code == status
    assert house.client().get(LOGIN).status_code == 404


# Guessing


def guess(client: TestClient, count: int) -> list[int]:
    return [log_in(client, "wrong").status_code for _ in range(count)]


def test_after_five_guesses_one_waits_and_the_log_says_so_without_the_password(
    house: Any, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert guess(client, 6) == [422] * 5 + [429]
    assert caplog.text.count("wrong password from 127.0.0.1") == 5
    answer = log_in(client)  # the right one waits too
    assert answer.headers["Retry-After"] == "1"
    assert "尝试次数过多，请1秒后再试" in answer.text
    assert "refused, 1 seconds to wait" in caplog.text
    house.application.clock.advance(1)
    assert guess(client, 2) == [422, 429]
    house.application.clock.advance(2)
    log_in_and_forget(house, client)
    del client.cookies[house.cookie("known")]
    assert guess(client, 6) == [422] * 5 + [429]
    assert PASSWORD not in caplog.text


@pytest.fixture
def anywhere(house: Any) -> Any:
    """Its console is open to the world."""
    house.set(web=house.settings.web.model_copy(update={"console": "anywhere"}))
    return house


@pytest.fixture
def known(anywhere: Any) -> TestClient:
    return log_in_and_forget(anywhere, anywhere.client("203.0.113.9", is_inside=False))


def test_strangers_together_have_a_bound_that_keeps_nobody_out_who_was_in(
    anywhere: Any, known: TestClient
) -> None:
    for number in range(guessing.FREE_TO_STRANGERS):
        assert guess(anywhere.client(f"2001:db8:{number}::1", is_inside=False), 1) == [422]
    assert guess(anywhere.client("198.51.100.1", is_inside=False), 1) == [429]
    assert log_in(known).status_code == 303
    assert log_in(anywhere.client("203.0.113.8")).status_code == 303  # by `reminder console url`
    anywhere.application.clock.advance(1)
    assert guess(anywhere.client("198.51.100.2", is_inside=False), 2) == [422, 429]
    # Nor after a new password.
    other, new = PasswordHasher(time_cost=1, memory_cost=64), "battery of another horse"
    keep(anywhere, other.hash(new))
    del known.cookies[anywhere.cookie("console")]
    assert log_in(known).status_code == 422
    assert log_in(known, new).status_code == 303


def test_while_many_guess_a_stranger_is_sent_away_at_once(anywhere: Any, known: TestClient) -> None:
    with login._strangers:
        answer = log_in(anywhere.client("192.0.2.1", is_inside=False))
        assert (answer.status_code, "过几秒再试" in answer.text) == (503, True)
        assert log_in(known).status_code == 303
    assert log_in(anywhere.client("192.0.2.1", is_inside=False)).status_code == 303


def test_who_guesses_behind_the_same_proxy_keeps_nobody_out_who_was_in(house: Any) -> None:
    known = log_in_and_forget(house, house.client())
    stranger, forger = house.client(), house.client()
    name = house.cookie("known")
    forger.cookies.set(name, known.cookies[name].replace(".", "x."), path=LOGIN)
    assert guess(stranger, 6) == [422] * 5 + [429]
    assert guess(forger, 1) == [429]
    assert guess(known, 6) == [422] * 5 + [429]
    house.application.clock.advance(1)
    assert log_in(known).status_code == 303


def test_browsers_that_an_earlier_password_knew_share_their_guesses(house: Any) -> None:
    first, second = (log_in_and_forget(house, house.client()) for _ in "ab")
    keep(house, passwords.hash_of(PASSWORD))
    assert guess(first, 3) + guess(second, 3) == [422] * 5 + [429]


def test_many_guesses_at_once_are_counted_one_by_one(house: Any) -> None:
    def once(number: int) -> int:
        form = {"password": f"wrong {number}", "next": ""}
        return int(house.client().post(LOGIN, data=form).status_code)

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(once, range(16)))
    assert 1 <= found.count(422) <= 5
    assert set(found) <= {422, 429, 503}
