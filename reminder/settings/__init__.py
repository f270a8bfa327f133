"""Settings: command line, then environment, then secrets folder, then file, then defaults."""

from reminder.settings.addresses import is_loopback, is_reserved, mailbox
from reminder.settings.databases import Place, Server, lock_beside, place_of, server_mark
from reminder.settings.loading import config_dir, load_settings, source_warnings, variables
from reminder.settings.model import PREFIX, SHIPPED, Settings, SmtpSettings, WebSettings
from reminder.settings.steps import SECRETARIAT, UNIT

__all__ = [
    "PREFIX",
    "SECRETARIAT",
    "SHIPPED",
    "UNIT",
    "Place",
    "Server",
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
