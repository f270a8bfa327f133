"""Settings that are valid and probably not meant."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from reminder.documents.settings.model import Settings
from reminder.domain.addresses import is_loopback, is_reserved


def advice(settings: Settings) -> Iterator[str]:
    """One sentence each, beginning with the setting."""
    mail, domain = settings.mail, settings.uid_domain
    if settings.transport == "smtp":
        if is_reserved(f"@{domain}"):
            yield f"uid_domain: {domain} is nobody's: choose one of your own, once, and keep it"
        if is_reserved(mail.sender_address) and not settings.smtp_is_local:
            yield f"mail.from: {mail.sender_address} is nobody's: mail servers will refuse it"
        if not mail.operator:
            yield "mail.operator: not set: nobody is told what will go, what went and what is wrong"
    if _shows_the_console(settings):
        yield (
            f"web.console: passwords go to {settings.web.public_url} in plain text: put https "
            "in front, and its address into web.base_url"
        )


def _shows_the_console(settings: Settings) -> bool:
    """To whoever listens on the way."""
    site = urlsplit(settings.web.public_url)
    where = settings.web.host or "0.0.0.0"
    leaves = settings.web.base_url or not is_loopback(where)
    plain = site.scheme == "http" and not (
        settings.web.base_url and is_loopback(site.hostname or "")
    )
    return bool(settings.web.console != "off" and leaves and plain)
