"""Accounts: their names, their last admin, links that are good once, codes that are good once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from reminder.clock import VirtualClock
from reminder.domain.persons import AccountRole
from reminder.errors import DeclinedError
from reminder.ledger import persons as rows
from reminder.ledger.schema import ticket
from reminder.office import login, one_time_codes, own_account, passwords, persons
from reminder.office.login import LogIn
from reminder.office.persons import add_person, find_person

ADMIN, EDIT, READ = AccountRole.ADMIN, AccountRole.EDIT, AccountRole.READ
AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
PASSWORD, OTHER = "correct horse battery", "another horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def app(office: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
    app = office.app("2026-04-01T09:00+08:00")
    app.clock = VirtualClock(AT)
    return app


def person(app: Any, name: str = "wang", full_name: str = "王某", role: AccountRole = EDIT) -> Any:
    """With a password."""
    persons.choose_password(app, add_person(app, name, full_name, role), PASSWORD)
    with app.database.read() as connection:
        return find_person(connection, name)


def reason(act: Callable[..., Any], *given: Any) -> str:
    with pytest.raises(DeclinedError) as refused:
        act(*given)
    return refused.value.reason


def log_in(app: Any, name: str = "wang", password: str = PASSWORD, code: str = "") -> str:
    given = LogIn(name, password, "", "", by_door=True, address="192.0.2.1", code=code)
    return login.log_in(app, given, app.clock.now())[0]


def signed_in(app: Any, word: str) -> Any:
    with app.database.read() as connection:
        return login.signed_in(app, connection, word, app.clock.now())


@pytest.mark.parametrize(
    ("name", "full_name", "why"),
    [
        ("ＷＡＮＧ", "王大", "account_taken"),  # as a keyboard in full width writes it
        ("li", "王 某", "full_name_taken"),
        ("li", "秘书处", "full_name_taken"),
        ("", "李某", "no_account_name"),
        ("li na", "李某", "no_account_name"),
        ("...", "李某", "no_account_name"),
        ("li\x1b[2J", "李某", "no_account_name"),
        ("li\u202e", "李某", "no_account_name"),
        ("a" * 41, "李某", "no_account_name"),
        ("li", " ", "no_full_name"),
        ("li", "李\u202e娜", "no_full_name"),
        ("li", "李\x00娜", "no_full_name"),
        ("li", "李" * 41, "no_full_name"),
    ],
)
def test_a_name_can_be_typed_and_is_nobody_elses(
    app: Any, name: str, full_name: str, why: str
) -> None:
    add_person(app, "wang", "王某", EDIT)
    assert reason(add_person, app, name, full_name, READ) == why


def test_a_link_for_a_password_is_good_once_for_a_day_and_alone(app: Any) -> None:
    first = add_person(app, "wang", "王某", EDIT)
    word = persons.make_link(app, "wang")
    assert reason(persons.choose_password, app, first, PASSWORD) == "ticket_used"
    for _ in range(3):  # mail scanners look too
        with app.database.read() as connection:
            assert persons.open_ticket(app, connection, word).full_name == "王某"
    assert reason(persons.choose_password, app, word, "王某王某王某") == "password_length"
    assert reason(persons.choose_password, app, word, "wang王某2026") == "password_weak"
    persons.choose_password(app, word, PASSWORD)
    assert reason(persons.choose_password, app, word, OTHER) == "ticket_used"
    late = persons.make_link(app, "wang")
    app.clock.advance(persons.TICKET.total_seconds())
    assert reason(persons.choose_password, app, late, OTHER) == "ticket_used"
    assert log_in(app)


def test_the_last_admin_stays_one(app: Any) -> None:
    person(app, "wang", "王某", ADMIN)
    assert reason(persons.disable, app, "wang") == "last_admin"
    assert reason(persons.set_role, app, "wang", READ) == "last_admin"
    person(app, "li", "李某", ADMIN)
    persons.disable(app, "wang")
    assert reason(persons.set_role, app, "li", EDIT) == "last_admin"  # the other one is closed


@pytest.mark.parametrize(
    ("act", "comes_back"),
    [
        (lambda app: persons.set_role(app, "wang", READ), True),
        (lambda app: persons.disable(app, "wang"), False),
        (lambda app: persons.reset_totp(app, "wang"), True),
        (lambda app: persons.end_sessions(app, "wang"), True),
    ],
)
def test_what_an_admin_does_with_an_account_ends_its_sessions_at_once(
    app: Any, act: Any, comes_back: bool
) -> None:
    person(app)
    person(app, "li", "李某")
    words, other = [log_in(app) for _ in "ab"], log_in(app, "li")
    act(app)
    assert [signed_in(app, word) for word in words] == [None, None]
    assert signed_in(app, other).name == "li"
    assert bool(comes_back) == (_tried(app) == "")


def _tried(app: Any, *given: Any, **more: Any) -> str:
    try:
        log_in(app, *given, **more)
    except DeclinedError as refused:
        return refused.reason
    return ""


def test_who_is_closed_has_no_link_and_gets_none(app: Any) -> None:
    word = add_person(app, "wang", "王某", EDIT)
    persons.disable(app, "wang")
    assert reason(persons.choose_password, app, word, PASSWORD) == "ticket_used"
    assert reason(persons.make_link, app, "wang") == "account_disabled"


def test_a_new_password_ends_all_other_sessions_and_asks_for_the_old_one(app: Any) -> None:
    one = person(app)
    here, elsewhere = (log_in(app) for _ in "ab")
    change = own_account.change_password
    assert reason(change, app, one, "wrong", OTHER, here) == "wrong_old_password"
    assert reason(change, app, one, PASSWORD, "1234567890", here) == "password_weak"
    change(app, one, PASSWORD, OTHER, here)
    assert (signed_in(app, here).name, signed_in(app, elsewhere)) == ("wang", None)
    assert _tried(app, "wang", PASSWORD) == "wrong_password"
    for _ in range(5):
        assert reason(change, app, one, "wrong", PASSWORD, here) == "wrong_old_password"
    assert reason(change, app, one, OTHER, PASSWORD, here) == "wait"


# Codes


def code(seconds: float, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(AT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("given", "step"),
    [(0, 0), (-30, -1), (30, 1), (-60, None), (60, None)],
)
def test_a_code_counts_in_its_half_minute_and_the_two_beside_it(
    given: int, step: int | None
) -> None:
    now = int(AT.timestamp()) // 30
    found = one_time_codes.step_of(SECRET, code(given), AT)
    assert found == (None if step is None else now + step)


@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "１２３４５６", "123456\x00"])
def test_what_is_no_code_is_wrong(wrong: str) -> None:
    assert one_time_codes.step_of(SECRET, wrong, AT) is None
    assert one_time_codes.step_of("", code(0), AT) is None


def test_a_code_works_once_and_a_wrong_one_is_a_wrong_guess(app: Any) -> None:
    one = person(app)
    assert reason(own_account.begin_totp, app, one, PASSWORD, SECRET, "000000") == "wrong_code"
    assert reason(own_account.begin_totp, app, one, "x", SECRET, code(0)) == "wrong_old_password"
    own_account.begin_totp(app, one, PASSWORD, SECRET, code(0))
    assert _tried(app, code=code(0)) == "wrong_password"  # it was used to set it up
    app.clock.advance(30)
    assert _tried(app, code=code(30)) == ""
    assert _tried(app, code=code(30)) == "wrong_password"
    assert _tried(app, code=code(0)) == "wrong_password"  # an older one neither
    app.clock.advance(30)
    assert _tried(app) == "wrong_password"
    assert _tried(app, password="wrong", code=code(60)) == "wrong_password"
    assert _tried(app, code=code(60)) == ""


def test_wrong_codes_wait_like_wrong_passwords(app: Any) -> None:
    own_account.begin_totp(app, person(app), PASSWORD, SECRET, code(0))
    tried = [_tried(app, code=f"{number:06}") for number in range(6)]
    assert tried == ["wrong_password"] * 5 + ["wait"]
    with app.database.read() as connection:
        assert rows.totp_of(connection, "wang") == SECRET


def test_of_many_at_once_one_has_the_link_and_one_the_code(app: Any) -> None:
    word = add_person(app, "wang", "王某", EDIT)

    def choose(number: int) -> str:
        try:
            persons.choose_password(app, word, f"{PASSWORD} {number}")
        except DeclinedError as refused:
            return refused.reason
        return ""

    with ThreadPoolExecutor(8) as pool:
        chosen = sorted(pool.map(choose, range(8)))
    assert chosen == ["", *["ticket_used"] * 7]
    with app.database.write() as connection:
        connection.execute(ticket.delete())
        rows.change_person(connection, "wang", password=passwords.hash_of(PASSWORD), totp=SECRET)

    def enter(number: int) -> bool:
        with app.database.write() as connection:
            return own_account.uses_code(connection, "wang", code(0), AT)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, range(8))) == [False] * 7 + [True]
