"""The tables of the mail server that takes our mails, and of the mailbox that gets the answers."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from reminder.documents import values
from reminder.documents.oauth_section import OAuthSettings
from reminder.documents.section import Section
from reminder.errors import Mistake


class SmtpSettings(Section):
    host: values.Host = Field("localhost", description="the mail server")
    port: int | None = Field(
        None, ge=1, le=65535, description="without it 587, with `tls` 465, with `none` 25"
    )
    security: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="how the connection is protected"
    )
    username: values.OptionalLine = Field(
        "", description="for the log-in; without it there is none"
    )
    password: values.Secret = Field(SecretStr(""), description="for the log-in")
    auth: Literal["auto", "password", "xoauth2"] = Field(
        "auto",
        description="by a token where `smtp.oauth` is set, else by the password; or that alone",
    )
    oauth: OAuthSettings = Field(OAuthSettings(), description="who gives the tokens")
    client_cert: values.CleanPath | None = Field(
        None,
        description="PEM; shown to a server that asks; without a username the log-in",
    )
    client_key: values.CleanPath | None = Field(
        None, description="PEM, where it is not in the same file"
    )
    client_key_password: values.Secret = Field(SecretStr(""), description="of that key")
    ca_file: values.CleanPath | None = Field(
        None, description="PEM; whom to trust in place of the system's authorities"
    )
    hello: values.Hello = Field(
        "", description="what EHLO says; without it this host's full name or address"
    )
    timeout: float = Field(60, gt=0, le=3600, description="seconds for one answer")
    connections: int = Field(2, ge=1, le=64, description="at once")
    messages_per_connection: int = Field(100, ge=1, le=10_000, description="then a new one")
    rate: int = Field(0, ge=0, le=100_000, description="messages a minute; 0 is no limit")

    @property
    def effective_port(self) -> int:
        return self.port or {"none": 25, "starttls": 587, "tls": 465}[self.security]

    @property
    def by_token(self) -> bool:
        """Whether the log-in is by a token of `oauth`, and not by a password."""
        return self.auth != "password" and self.oauth.is_set

    @property
    def certificates(self) -> dict[str, Path]:
        """The files with certificates and their key, by the setting that names them."""
        named = {name: getattr(self, name) for name in ("ca_file", "client_cert", "client_key")}
        named["oauth.ca_file"] = self.oauth.ca_file
        return {name: path for name, path in named.items() if path}

    @property
    def secrets(self) -> tuple[str, ...]:
        own = (self.password, self.client_key_password)
        return (*(secret.get_secret_value() for secret in own), *self.oauth.secrets)

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.auth == "xoauth2" and not self.oauth.is_set:
            raise Mistake("auth_without_oauth")
        if (self.by_token or self.auth == "password") and not self.username:
            raise Mistake("auth_without_username")
        if self.client_key and not self.client_cert:
            raise Mistake("key_without_certificate")
        if self.client_cert and self.security == "none":
            raise Mistake("certificate_without_tls")
        return self


class InboxSettings(Section):
    """The mailbox to which bounces and replies come: a Maildir, or one of an IMAP server."""

    maildir: values.CleanPath | None = Field(None, description="a mailbox on this machine")
    host: values.OptionalHost = Field("", description="or an IMAP server")
    port: int | None = Field(None, ge=1, le=65535, description="without it 993, without `tls` 143")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="how the connection is protected"
    )
    username: values.OptionalLine = Field("", description="for the log-in")
    password: values.Secret = Field(SecretStr(""), description="for the log-in")
    oauth: OAuthSettings = Field(OAuthSettings(), description="who gives the tokens")
    ca_file: values.CleanPath | None = Field(
        None, description="PEM; whom to trust in place of the system's authorities"
    )
    timeout: float = Field(20, gt=0, le=600, description="seconds for one answer")
    folder: values.Line = Field("INBOX", description="the folder that is read")
    done: values.OptionalLine = Field(
        "reminder",
        description="the folder to which what was read is moved; empty: it stays, marked as read",
    )
    authserv_id: values.OptionalLine = Field(
        "",
        description="by this name in Authentication-Results a sender is believed",
    )
    trust: bool = Field(
        False,
        description="senders are believed without that, in a network of one's own",
    )

    @model_validator(mode="after")
    def _one_mailbox(self) -> Self:
        if self.maildir and self.host:
            raise Mistake("two_inboxes")
        if self.host and not self.username:
            raise Mistake("inbox_without_username")
        return self

    @property
    def is_set(self) -> bool:
        return bool(self.maildir or self.host)

    @property
    def believes(self) -> bool:
        """Whether a reply may be registered without a person."""
        return self.is_set and bool(self.authserv_id or self.trust)

    @property
    def effective_port(self) -> int:
        return self.port or (993 if self.security == "tls" else 143)
