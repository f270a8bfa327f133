"""Settings: command line, then environment, then secrets folder, then file, then defaults."""

from reminder.settings.addresses import is_loopback, is_reserved, mailbox
from reminder.settings.databases import Place, Server, lock_beside, place_of
from reminder.settings.loading import config_dir, load_settings, variables
from reminder.settings.model import SHIPPED, Settings, SmtpSettings

__all__ = [
    "SHIPPED",
    "Place",
    "Server",
    "Settings",
    "SmtpSettings",
    "config_dir",
    "is_loopback",
    "is_reserved",
    "load_settings",
    "lock_beside",
    "mailbox",
    "place_of",
    "variables",
]
