"""Log-in by an identity provider: who it names, what it must prove, and what it cannot make."""

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from reminder.clock import VirtualClock
from reminder.documents.sections import OidcSettings
from reminder.domain.persons import AccountRole
from reminder.ledger.schema import person, session
from reminder.office import persons
from tests.web.conftest import AT
from tests.web.console.identity_provider import (
    CLIENT,
    NOW,
    SECRET,
    IdentityProvider,
    providing,
    symmetric,
)

BEGIN, BACK = "/console/oidc/begin", "/console/oidc"


@pytest.fixture
def provider(house: Any) -> Iterator[IdentityProvider]:
    house.application.clock = VirtualClock(AT)
    assert house.key
    with providing() as found:
        asked(house, found)
        persons.add_person(house.application, "wang", "王某", AccountRole.EDIT)
        persons.set_subject(house.application, "wang", "u-1001")
        yield found


def asked(house: Any, provider: IdentityProvider, claim: str = "sub") -> None:
    of = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "claim": claim}
    console = house.settings.console.model_copy(update={"oidc": OidcSettings(**of)})
    house.set(console=console)


def log_in(client: TestClient, provider: IdentityProvider, wanted: str = "") -> Any:
    there = client.get(BEGIN, params={"next": wanted}).headers["Location"]
    assert there.startswith(provider.issuer)
    return client.get(provider.authorize(there))


def rows(house: Any, table: Any) -> list[Any]:
    with house.database.read() as connection:
        return list(connection.execute(table.select()))


def test_whom_the_provider_names_is_in_by_their_own_account(
    house: Any, client: TestClient, provider: IdentityProvider
) -> None:
    assert "用本单位统一登录" in client.get("/console/login").text
    answer = log_in(client, provider, "/console/units?page=1")
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/console/units?page=1")
    assert "王某" in client.get("/console").text
    assert client.get("/console/people").status_code == 403  # their role is ours to say
    [held] = rows(house, session)
    assert held.person == "wang"
    # What it came with is not adopted.
    log_in(client, provider)
    assert [row.name for row in rows(house, session)] != [held.name]
    assert len(rows(house, session)) == 1
    house.set(console=house.settings.console.model_copy(update={"totp": "required"}))
    assert client.get("/console").status_code == 200  # codes are the provider's


@pytest.mark.parametrize(
    ("claim", "claims", "found"),
    [
        ("sub", {"sub": "u-1001"}, "wang"),
        ("sub", {"sub": "wang"}, ""),  # the name, where there is a subject
        ("sub", {"sub": "li"}, "li"),
        ("preferred_username", {"sub": "x", "preferred_username": "LI"}, "li"),
        ("sub", {"sub": "nobody"}, ""),
        ("sub", {"sub": "closed"}, ""),
    ],
)
def test_an_account_is_found_by_subject_or_name_and_never_made(
    house: Any,
    client: TestClient,
    provider: IdentityProvider,
    claim: str,
    claims: dict[str, str],
    found: str,
) -> None:
    for name, full_name in (("li", "李某"), ("closed", "赵某")):
        persons.add_person(house.application, name, full_name, AccountRole.READ)
    persons.disable(house.application, "closed")
    asked(house, provider, claim)
    provider.claims = claims
    before = rows(house, person)
    answer = log_in(client, provider)
    assert [row.person for row in rows(house, session)] == ([found] if found else [])
    assert ("在这里没有账号" in answer.text) == (not found)
    assert rows(house, person) == before


def test_a_claim_of_userinfo_is_of_the_same_person(
    house: Any, client: TestClient, provider: IdentityProvider
) -> None:
    asked(house, provider, "preferred_username")
    provider.told_later = {"sub": "somebody else", "preferred_username": "u-1001"}
    assert log_in(client, provider).status_code == 422
    provider.told_later = {"preferred_username": "u-1001"}
    assert log_in(client, provider).status_code == 200
    assert len(rows(house, session)) == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"lies": {"nonce": "another"}},
        {"lies": {"nonce": None}},
        {"lies": {"aud": "another"}},
        {"lies": {"aud": [CLIENT, "another"], "azp": "another"}},
        {"lies": {"iss": "https://evil.example"}},
        {"lies": {"exp": NOW - 120}},
        {"lies": {"iat": NOW + 3600}},
        {"lies": {"sub": 1001}},
        {"lies": {"sub": " "}},
        {"signs_with": RSAKey.generate_key(2048)},
        {"signs_with": symmetric(), "alg": "HS256"},
        {"metadata_lies": {"issuer": "https://evil.example"}},
        {"metadata_lies": {"jwks_uri": "http://127.0.0.1:1/keys"}},
        {"metadata_lies": {"token_endpoint": None}},
    ],
    ids=lambda lie: " ".join(str(lie).split("<")[0].split()),
)
def test_what_is_not_proved_opens_nothing(
    house: Any, client: TestClient, provider: IdentityProvider, lie: dict[str, Any]
) -> None:
    there = client.get(BEGIN).headers["Location"]
    for name, value in lie.items():
        setattr(provider, name, value)
    answer = client.get(provider.authorize(there))
    assert (answer.status_code, "统一登录现在用不了" in answer.text) == (422, True)
    assert SECRET not in answer.text
    assert rows(house, session) == []


def test_an_answer_counts_once_in_the_browser_that_has_asked(
    house: Any, client: TestClient, provider: IdentityProvider
) -> None:
    there = client.get(BEGIN).headers["Location"]
    back, other = provider.authorize(there), house.client()
    assert "请重新登录" in other.get(back).text  # planted: it has not set out
    other.get(BEGIN)
    assert "请重新登录" in other.get(back).text
    assert client.get(f"{BACK}?error=access_denied&state=x").status_code == 422
    assert "请重新登录" in client.get(back).text  # the errand is over
    back = provider.authorize(client.get(BEGIN).headers["Location"])
    assert client.get(back).status_code == 200
    assert client.get(back).status_code == 422
    assert len(rows(house, session)) == 1


def test_without_a_provider_or_while_it_is_away_the_page_says_so(
    house: Any, client: TestClient, provider: IdentityProvider
) -> None:
    provider.issuer = "http://127.0.0.1:1"
    asked(house, provider)
    assert "统一登录现在用不了" in client.get(BEGIN).text
    provider.issuer = ""
    asked(house, provider)
    assert [client.get(path).status_code for path in (BEGIN, BACK)] == [404, 404]
    assert "统一登录" not in client.get("/console/login").text
