"""The table `oauth` of a mail server: who gives the tokens that stand for a password there."""

import re
from importlib.util import find_spec
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from reminder.documents import values
from reminder.documents.section import Section
from reminder.domain.addresses import is_loopback
from reminder.errors import Mistake

_TENANT = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_TOKEN_URLS = {
    "microsoft": "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
    "google": "https://oauth2.googleapis.com/token",
}
# Only where no user has agreed to anything it must be said what is wanted.
_MICROSOFT_SCOPE = "https://outlook.office365.com/.default"


def _token_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, scheme = parts.hostname or "", parts.scheme
    except ValueError:
        host = scheme = ""
    if value and (not host or (scheme != "https" and not is_loopback(host))):
        raise Mistake("token_url_without_https", value=value)
    return value


def _tenant(value: str) -> str:
    if value and not _TENANT.fullmatch(value):
        raise Mistake("no_tenant", value=value)
    return value


class OAuthSettings(Section):
    """`provider` stands for the `token_url` and `scope` of one that is known here."""

    provider: Literal["", "microsoft", "google"] = Field(
        "", description="one that is known here; of others `token_url` and `scope`"
    )
    tenant: Annotated[str, AfterValidator(_tenant)] = Field(
        "", description="Microsoft's number of the directory"
    )
    token_url: Annotated[values.OptionalLine, AfterValidator(_token_url)] = Field(
        "", description="where tokens are asked for"
    )
    client_id: values.OptionalLine = Field("", description="as the provider knows this program")
    client_secret: values.Secret = Field(SecretStr(""), description="of this program there")
    grant: Literal["client_credentials", "refresh_token"] | None = Field(
        None, description="without it as the provider and the secrets have it"
    )
    refresh_token: values.Secret = Field(SecretStr(""), description="of a person who has agreed")
    scope: values.OptionalLine = Field("", description="what is asked for")
    ca_file: values.CleanPath | None = Field(
        None, description="PEM; who signed the token server's certificate"
    )

    @property
    def is_set(self) -> bool:
        return bool(self.provider or self.token_url)

    @property
    def address(self) -> str:
        """Where tokens are asked for."""
        return self.token_url or _TOKEN_URLS[self.provider].format(self.tenant)

    @property
    def effective_grant(self) -> str:
        """Google gives none to a client that comes by itself."""
        by_refreshing = self.refresh_token or self.provider == "google"
        return self.grant or ("refresh_token" if by_refreshing else "client_credentials")

    @property
    def effective_scope(self) -> str:
        by_itself = self.effective_grant == "client_credentials"
        return self.scope or (
            _MICROSOFT_SCOPE if by_itself and self.provider == "microsoft" else ""
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        both = (self.client_secret.get_secret_value(), self.refresh_token.get_secret_value())
        return tuple(secret for secret in both if secret)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.is_set and self.client_id:
            raise Mistake("oauth_without_url")
        if not self.is_set:
            return self
        if self.provider == "microsoft" and not (self.tenant or self.token_url):
            raise Mistake("oauth_without_tenant")
        if not self.client_id:
            raise Mistake("oauth_without", name="client_id")
        if self.provider == "google" and self.effective_grant != "refresh_token":
            raise Mistake("google_without_user")
        by_itself = self.effective_grant == "client_credentials"
        needed = "client_secret" if by_itself else "refresh_token"
        if not getattr(self, needed):
            raise Mistake("oauth_without", name=needed)
        if not (find_spec("authlib") and find_spec("httpx2")):
            raise Mistake("oauth_not_installed")
        return self
