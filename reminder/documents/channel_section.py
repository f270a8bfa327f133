"""The tables `channel.NAME`: a way to reach people beside mail, by one of apprise's services."""

import logging
import re
import warnings
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from reminder.documents import values
from reminder.documents.section import Section
from reminder.errors import Mistake

TARGET = "{to}"  # in an address: whom the message goes to
NAME = re.compile("[a-z0-9][a-z0-9-]{0,31}")
_SAMPLE = "13800000000"


class ChannelSettings(Section):
    url: values.Secret = Field(
        description="apprise's address of the service, with its keys; `{to}` stands for the person"
    )
    rate: int = Field(20, ge=0, le=100_000, description="messages a minute, 0 for no limit")
    timeout: float = Field(15, gt=0, le=600, description="seconds for one answer")
    kinds: list[Literal["digest", "nudge", "overdue", "supplement", "receipt"]] = Field(
        ["digest", "nudge", "overdue", "supplement", "receipt"],
        description="the notices that go there",
    )

    @property
    def wants_target(self) -> bool:
        return TARGET in self.url.get_secret_value()

    def address(self, target: str = "") -> str:
        return self.url.get_secret_value().replace(TARGET, target)

    @property
    def service(self) -> str:
        """As apprise names it."""
        return str(service(self.address(_SAMPLE)).service_name)

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if not find_spec("apprise"):
            raise Mistake("channels_not_installed")
        if service(self.address(_SAMPLE)) is None:
            raise Mistake("unknown_channel_url")
        return self


def service(address: str) -> Any:
    """apprise's object for that address; None for one that it does not know."""
    return _apprise().Apprise.instantiate(address, suppress_exceptions=True)


@cache
def _apprise() -> Any:
    """Half a second and 25 MiB: only where there is a channel."""
    # It writes keys into its log.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())  # without any, Python writes to stderr
    with warnings.catch_warnings(action="ignore"):  # some of its services load what is outdated
        import apprise

        apprise.Apprise.instantiate("json://localhost")
    return apprise


def named_channels(given: dict[str, ChannelSettings]) -> dict[str, ChannelSettings]:
    for name in given:
        if not NAME.fullmatch(name):
            raise Mistake("no_channel_name", value=name)
    return given
