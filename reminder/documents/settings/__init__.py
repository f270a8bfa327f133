"""Settings: command line, then environment, then secrets folder, then file, then defaults."""

from reminder.documents.settings.model import SHIPPED, Settings
from reminder.documents.settings.sections import SECRETARIAT, UNIT, SmtpSettings, WebSettings
from reminder.documents.settings.sources import config_dir, load_settings, source_warnings

__all__ = [
    "SECRETARIAT",
    "SHIPPED",
    "UNIT",
    "Settings",
    "SmtpSettings",
    "WebSettings",
    "config_dir",
    "load_settings",
    "source_warnings",
]
