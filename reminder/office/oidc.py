"""Log-in by the house's identity provider (OpenID Connect, authorization code with PKCE).

The provider says who it is; the account, and what it may do, is ours. None is ever made by it.
"""

import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from reminder.documents.sections import OidcSettings
from reminder.domain.persons import Person
from reminder.errors import DeclinedError
from reminder.events import Event
from reminder.ledger import persons
from reminder.office.application import Application
from reminder.office.persons import account_name

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

log = logging.getLogger(__name__)
_SECONDS = 10  # for each answer of the provider
_LEEWAY = 60  # seconds between its clock and ours
# By a public key alone: with HS256 the secret would sign, with none nobody.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


@dataclass(frozen=True)
class Errand:
    """What a browser keeps while it is at the provider: it must come back with that `state`, the
    token with that `nonce`; `wanted` is the page that it goes on to."""

    state: str
    nonce: str
    verifier: str
    wanted: str

    def packed(self) -> str:
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")


def unpacked(text: str) -> Errand | None:
    try:
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Errand(**{name: str(value) for name, value in found.items()})
    except (ValueError, TypeError, AttributeError):
        return None


def is_offered(app: Application) -> bool:
    return bool(app.settings.console.oidc.issuer)


def begin(app: Application, back: str, wanted: str) -> tuple[str, Errand]:
    """The provider's address, which leads back to `back`. Raises `DeclinedError`."""
    errand = Errand(token_urlsafe(24), token_urlsafe(24), token_urlsafe(48), wanted)
    with _client(app.settings.console.oidc, back) as client:
        try:
            address, _ = client.create_authorization_url(
                _metadata(client, app)["authorization_endpoint"],
                state=errand.state,
                nonce=errand.nonce,
                code_verifier=errand.verifier,
            )
        except _faults() as error:
            raise _unreachable(error) from None
    return address, errand


def finish(app: Application, back: str, answer: str, errand: Errand | None) -> Person:
    """Whose account it is. `answer` is the address by which the browser came back.

    Raises `DeclinedError`: where it comes back without having set out, the provider does not
    answer, says no or something that it has not signed, and for who has no account.
    """
    query = {name: values[-1] for name, values in parse_qs(urlsplit(answer).query).items()}
    if errand is None or query.get("state") != errand.state:
        raise DeclinedError("oidc_begin_again")
    if query.get("error") or "code" not in query:
        words, said = "console: the identity provider refused: %.80r", query.get("error", "")
        log.warning(words, said, extra=Event.LOGIN_REFUSED.of())
        raise DeclinedError("oidc_refused")
    with _client(app.settings.console.oidc, back) as client:
        try:
            named = _named(app, client, errand, query)
        except _faults() as error:
            raise _unreachable(error) from None
    return _account(app, named)


def _account(app: Application, named: str) -> Person:
    """By their `subject`; by their name where they have none."""
    with app.database.read() as connection:
        person = persons.person_of_subject(connection, named)
        if person is None:
            by_name = persons.read_person(connection, account_name(named))
            person = by_name if by_name and not by_name.subject else None
    if person is None or person.disabled:
        words = "console: no account for %.80r of the identity provider"
        log.warning(words, named, extra=Event.LOGIN_REFUSED.of(person=named))
        raise DeclinedError("oidc_no_account", named=named[:80])
    return person


def _client(settings: OidcSettings, back: str) -> "OAuth2Client":
    from authlib.integrations.httpx_client import OAuth2Client

    return OAuth2Client(
        settings.client_id,
        settings.client_secret.get_secret_value() or None,
        scope="openid profile",
        redirect_uri=back,
        code_challenge_method="S256",
        timeout=_SECONDS,
    )


def _faults() -> tuple[type[Exception], ...]:
    """Whatever a provider may get wrong; none of it is told to the reader."""
    from authlib.integrations.base_client import OAuthError
    from httpx2 import HTTPError, InvalidURL
    from joserfc.errors import JoseError

    return (OAuthError, HTTPError, InvalidURL, JoseError, ValueError, KeyError, TypeError)


def _unreachable(error: Exception) -> DeclinedError:
    words = "console: the identity provider: %s: %.300s"
    log.error(words, type(error).__name__, error, extra=Event.PROVIDER_FAILED.of())
    return DeclinedError("oidc_unreachable")


def _fetched(client: "OAuth2Client", address: str, **more: Any) -> Mapping[str, Any]:
    answer = client.request("GET", address, withhold_token=True, **more)
    answer.raise_for_status()
    found: Mapping[str, Any] = answer.json()
    return found


def _metadata(client: "OAuth2Client", app: Application) -> Mapping[str, Any]:
    """OpenID Connect Discovery, 4.3: it must name itself as it was asked for."""
    issuer = app.settings.console.oidc.issuer
    found = _fetched(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found["issuer"] != issuer:
        raise ValueError(f"names itself {found['issuer']!r}, not {issuer!r}")
    return found


def _named(
    app: Application, client: "OAuth2Client", errand: Errand, query: Mapping[str, str]
) -> str:
    """What the provider says in a token that it has signed for this log-in."""
    settings, metadata = app.settings.console.oidc, _metadata(client, app)
    if query.get("iss", settings.issuer) != settings.issuer:  # RFC 9207
        raise ValueError("an answer of another provider")
    token = client.fetch_token(
        metadata["token_endpoint"],
        code=query["code"],
        grant_type="authorization_code",
        code_verifier=errand.verifier,
    )
    keys = _fetched(client, metadata["jwks_uri"])
    claims = _claims(app, token, keys, errand)
    if settings.claim in claims:
        named = claims[settings.claim]
    else:  # many say no more in the token than who it is
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        more = _fetched(client, metadata["userinfo_endpoint"], headers=bearer)
        if more["sub"] != claims["sub"]:  # OpenID Connect Core, 5.3.2
            raise ValueError("userinfo of somebody else")
        named = more[settings.claim]
    if not isinstance(named, str) or not named.strip():
        raise ValueError(f"no words in the claim {settings.claim!r}")
    return named


def _claims(
    app: Application, token: Mapping[str, Any], keys: Mapping[str, Any], errand: Errand
) -> Mapping[str, Any]:
    """OpenID Connect Core, 3.1.3.7."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.jwk import KeySet

    settings = app.settings.console.oidc
    known = KeySet.import_key_set({"keys": keys["keys"]})
    signed = jwt.decode(token["id_token"], known, algorithms=_ALGORITHMS)
    wanted = {"iss": settings.issuer, "aud": settings.client_id, "nonce": errand.nonce}
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        options={name: {"essential": True, "value": value} for name, value in wanted.items()},
        params={"nonce": errand.nonce, "client_id": settings.client_id, **token},
    )
    claims.validate(now=int(app.clock.now().timestamp()), leeway=_LEEWAY)
    found: Mapping[str, Any] = claims
    return found
