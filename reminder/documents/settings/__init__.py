"""Settings: command line, then environment, then secrets folder, then file, then defaults."""

from reminder.documents.settings.loading import (
    config_dir,
    load_settings,
    source_warnings,
    variables,
)
from reminder.documents.settings.model import PREFIX, SHIPPED, Settings, SmtpSettings, WebSettings
from reminder.documents.settings.steps import SECRETARIAT, UNIT
from reminder.domain.addresses import is_loopback, is_reserved, mailbox
from reminder.ledger.location import DatabaseServer, Place, lock_beside, place_of, server_mark

__all__ = [
    "PREFIX",
    "SECRETARIAT",
    "SHIPPED",
    "UNIT",
    "DatabaseServer",
    "Place",
    "Settings",
    "SmtpSettings",
    "WebSettings",
    "config_dir",
    "is_loopback",
    "is_reserved",
    "load_settings",
    "lock_beside",
    "mailbox",
    "place_of",
    "server_mark",
    "source_warnings",
    "variables",
]
