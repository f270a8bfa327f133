"""Persons at the console: their first password, their log-in, their account, and who guesses."""

import re
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher, extract_parameters
from starlette.testclient import TestClient

from reminder.clock import VirtualClock
from reminder.domain.persons import AccountRole
from reminder.ledger.schema import history, person, session, ticket
from reminder.office import guessing, passwords, persons
from reminder.office.login import keep_password
from tests.web.conftest import AT
from tests.web.console.conftest import as_person, logged_in

PASSWORD, OTHER = "correct horse battery", "another horse battery"
LOGIN, ACCOUNT, PEOPLE = "/console/login", "/console/account", "/console/people"
SHARED = PasswordHasher(time_cost=1, memory_cost=64).hash("the one shared password")


@pytest.fixture(autouse=True)
def _quick_hashes(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
    house.application.clock = VirtualClock(AT)
    assert house.key


def made(house: Any, name: str = "wang", full_name: str = "王某", role: str = "edit") -> None:
    word = persons.add_person(house.application, name, full_name, AccountRole(role))
    persons.choose_password(house.application, word, PASSWORD)


def log_in(client: TestClient, name: str = "wang", password: str = PASSWORD, code: str = "") -> Any:
    return client.post(LOGIN, data={"name": name, "password": password, "code": code, "next": ""})


def rows(house: Any, table: Any) -> list[Any]:
    with house.database.read() as connection:
        return list(connection.execute(table.select()))


def test_a_person_gets_a_link_chooses_a_password_and_logs_in(house: Any, client: Any) -> None:
    admin = as_person(house, "admin", "chen", "陈某")
    form = {"name": "Wang", "full_name": "王某", "role": "edit"}
    answer = admin.post(PEOPLE, form)
    link = re.search(r'value="http://127.0.0.1(/console/ticket/\w+)\?token=\w+"', answer.text)[1]
    assert link not in admin.get(f"{PEOPLE}/person", name="wang").text
    for _ in range(2):  # a mail scanner looks, and spends nothing
        assert client.head(link).status_code in (200, 405)
        assert "用户名是<strong>wang</strong>" in client.get(link).text
    for new, again, words in (
        (PASSWORD, OTHER, "两次输入的密码不一样"),
        ("1234567890", "1234567890", "太容易猜到"),
        ("short", "short", "密码应为10到200个字符"),
    ):
        refused = client.post(link, data={"new": new, "again": again})
        assert (refused.status_code, words in refused.text) == (422, True)
    assert client.post(link, data={"new": PASSWORD, "again": PASSWORD}).status_code == 303
    assert "密码已设置，请登录" in client.get(LOGIN).text
    assert client.get(link).status_code == 404
    assert client.post(link, data={"new": OTHER, "again": OTHER}).status_code == 422
    assert log_in(client, " ＷＡＮＧ ").status_code == 303
    assert "王某" in client.get("/console").text
    assert client.get(PEOPLE).status_code == 403
    acts = [(row.who, row.state) for row in rows(house, history) if row.subject == "person/wang"]
    assert acts == [("陈某", "made"), ("王某", "password")]
    word = link.rpartition("/")[2]
    kept = [*rows(house, ticket), *rows(house, session), *rows(house, person)]
    assert word not in str(kept)


def test_a_wrong_name_reads_and_costs_what_a_wrong_password_does(house: Any) -> None:
    made(house)
    persons.add_person(house.application, "li", "李某", AccountRole.EDIT)  # without a password
    made(house, "zhao", "赵某")
    persons.disable(house.application, "zhao")
    pages = {
        re.sub(r'value="\w*"', "", log_in(house.client(), name, "wrong horse").text)
        for name in ("wang", "nobody", "li", "zhao", "")
    }
    assert len(pages) == 1
    assert "用户名或密码不正确" in pages.pop()
    # What there is no hash of is compared with one that takes as long.
    assert extract_parameters(passwords.DECOY) == extract_parameters(PasswordHasher().hash("x"))


@pytest.mark.parametrize("by_door", [True, False])
def test_who_has_an_account_resets_by_it_nothing_that_was_guessed_at_anothers(
    house: Any, by_door: bool
) -> None:
    made(house)
    made(house, "chen", "陈某", "admin")
    house.set(web=house.settings.web.model_copy(update={"console": "anywhere"}))
    answers = []
    for number in range(guessing.FREE_TO_STRANGERS + 2):
        insider = house.client(f"198.51.100.{number}", is_inside=by_door)
        answers.append(log_in(insider, "chen", "wrong").status_code)
        assert log_in(insider, "wang").status_code == 303
    free = guessing.FREE if by_door else guessing.FREE_TO_STRANGERS
    assert answers == [422] * free + [429] * (guessing.FREE_TO_STRANGERS + 2 - free)


def test_the_shared_password_goes_on_without_a_name_and_can_be_closed(
    house: Any, client: TestClient
) -> None:
    with house.database.write() as connection:
        keep_password(connection, SHARED)
    assert 'name="name"' not in client.get(LOGIN).text
    made(house, "chen", "陈某", "admin")
    assert "用秘书处共用密码登录的不填" in client.get(LOGIN).text
    assert log_in(client, "", "the one shared password").status_code == 303
    assert ("秘书处" in client.get(ACCOUNT).text, 'name="old"' in client.get(ACCOUNT).text) == (
        True,
        False,
    )
    assert log_in(house.client(), "chen", "the one shared password").status_code == 422


def test_where_codes_are_required_there_is_only_their_page_until_it_is_done(house: Any) -> None:
    made(house)
    with house.database.write() as connection:
        keep_password(connection, SHARED)
    shared = logged_in(house)
    assert shared.get("/console").status_code == 200
    house.set(console=house.settings.console.model_copy(update={"totp": "required"}))
    assert shared.get("/console").headers["Location"].startswith(LOGIN)
    assert "共用密码不能登录" in log_in(house.client(), "", "the one shared password").text
    client = house.client()
    assert log_in(client).status_code == 303
    assert client.get("/console").headers["Location"] == f"{ACCOUNT}/totp"
    assert client.post("/console/confirm", data={"unit": "a"}).status_code == 403
    page = client.get(f"{ACCOUNT}/totp").text
    secret = re.search(r'name="secret" value="(\w+)"', page)[1]
    assert "<svg" in page
    assert f"{secret[:4]} {secret[4:8]} " in page
    house.application.clock.advance(60)
    form = {"secret": secret, "old": PASSWORD, "code": "000000"}
    again = client.post(f"{ACCOUNT}/totp", data=form)
    assert (again.status_code, secret in again.text) == (422, True)  # scanned once is enough
    form["code"] = pyotp.TOTP(secret).at(house.application.clock.now())
    assert client.post(f"{ACCOUNT}/totp", data=form).status_code == 303
    assert client.get("/console").status_code == 200
    assert log_in(house.client(), code=form["code"]).status_code == 422
    house.application.clock.advance(60)
    code = pyotp.TOTP(secret).at(house.application.clock.now())
    assert log_in(house.client(), code=code).status_code == 303


def test_one_sees_and_ends_ones_own_sessions_and_no_others(house: Any) -> None:
    made(house)
    made(house, "li", "李某")
    here, elsewhere, other = house.client(), house.client(), house.client()
    here.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 6.1) Chrome/79.0\x1b]0;x"
    for client, name in ((here, "wang"), (elsewhere, "wang"), (other, "li")):
        log_in(client, name)
    page = here.get(ACCOUNT).text
    assert "Chrome，Windows" in page
    assert "登录 <small>2处" in page
    theirs = [row.name for row in rows(house, session) if row.person == "li"]
    here.post(f"{ACCOUNT}/sessions", data={"session": theirs[0]})
    assert other.get("/console").status_code == 200
    here.post(f"{ACCOUNT}/sessions", data={"session": ""})
    assert [client.get("/console").status_code for client in (here, elsewhere)] == [200, 303]


def test_a_form_of_elsewhere_makes_no_account_and_opens_none(house: Any) -> None:
    admin = as_person(house, "admin", "chen", "陈某")
    made(house)
    evil = {"Origin": "https://evil.example"}
    forms = {PEOPLE: {"name": "evil", "full_name": "恶", "role": "admin"}}
    forms |= {
        f"{PEOPLE}/{act}": {"role": "admin", "name": "wang"} for act in ("role", "link", "totp")
    }
    before = rows(house, person)
    for path, form in forms.items():
        assert admin.client.post(path, data=form, headers=evil).status_code == 403
    assert (rows(house, person), rows(house, ticket)) == (before, [])


@pytest.mark.parametrize(
    ("act", "form", "found"),
    [
        ("role", {"role": "approve"}, "审核"),
        ("role", {"role": "root"}, "请选择权限"),
        ("subject", {"subject": "u-1001"}, "统一登录标识已改"),
        ("disable", {}, "已停用"),
        ("sessions", {}, "退出其全部登录"),
        ("link", {}, "设置密码的链接"),
    ],
)
def test_an_admin_changes_an_account_and_the_page_says_so(
    house: Any, act: str, form: dict[str, str], found: str
) -> None:
    admin = as_person(house, "admin", "chen", "陈某")
    made(house, "王某")  # whose name is Chinese
    wang = logged_in(house, "王某")
    answer = admin.post(f"{PEOPLE}/{act}", form | {"name": "王某"})
    page = admin.get(answer.headers["Location"]) if answer.status_code == 303 else answer
    assert found in page.text
    is_in = act == "link" or form.get("role") == "root"
    assert wang.get("/console").status_code == (200 if is_in else 303)
    own = admin.post(f"{PEOPLE}/disable", {"name": "chen"})
    assert (own.status_code, "最后一个管理员" in own.text) == (422, True)


def test_what_people_call_themselves_is_text(house: Any) -> None:
    admin = as_person(house, "admin", "chen", "<script>alert(1)</script>")
    for path in ("/console", PEOPLE, f"{PEOPLE}/person?name=chen", ACCOUNT):
        assert "<script>alert" not in admin.get(path).text
