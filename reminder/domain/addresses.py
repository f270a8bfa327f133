"""Addresses of people and of machines, checked before anything is sent."""

import re
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from reminder.domain.characters import UNSEEN
from reminder.errors import Mistake

_HOST = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?\.?|\[?[0-9a-fA-F.]*:[0-9a-fA-F.:]*(?:%\w+)?]?")

_NO_URL = re.compile(r'[\s"<>\\^`{|}]')
_ODD = re.compile(rf"{UNSEEN.pattern}|\ufffd")
# The first words of our own pages' paths: before such a path no one could tell where it begins.
PAGES = {"console", "feeds", "healthz", "metrics", "outbox", "readers", "readyz", "static", "units"}

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+", re.IGNORECASE)
# RFC 6762, 3 and appendix G; ICANN's .internal; what routers and directories make up.
_OWN_DOMAINS = {"corp", "domain", "home", "internal", "intra", "intranet", "lan", "local",
                "localdomain", "private", "workgroup"}  # fmt: skip


def host_name(value: str) -> str:
    """Fit to be looked up: a socket fails on anything else with an error of its own kind.

    Raises `Mistake`.
    """
    with suppress(UnicodeError):
        value.encode("idna")
        if _HOST.fullmatch(value):
            return value
    raise Mistake("no_host", value=value)


def is_http_address(value: str) -> bool:
    """Of any page, by http or https, in plain letters."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    is_plain = value.isascii() and not _NO_URL.search(value) and "@" not in parts.netloc
    return bool(usable) and is_plain


def site_address(value: str) -> str:
    """Where the pages are for their readers, perhaps below a path, which is written in one way
    only. Raises `Mistake`.
    """
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Mistake("no_site", value=value)
    if UNSEEN.search(value) or _NO_URL.search(value):
        raise Mistake("odd_site", value=value)
    if "@" in parts.netloc:  # it would stand in every mail
        raise Mistake("site_with_password")
    if parts.query or parts.fragment or value.endswith(("?", "#")):
        raise Mistake("site_with_query", value=value)
    return f"{parts.scheme}://{parts.netloc}{_path(value, parts.path.rstrip('/'))}"


def _path(value: str, path: str) -> str:
    parts = [unquote(part) for part in path.split("/")[1:]]
    if any(part in ("", ".", "..") or "/" in part or _ODD.search(part) for part in parts):
        raise Mistake("odd_site_path", value=value)
    if parts and parts[0] in PAGES:
        raise Mistake("site_path_of_pages", value=value, page=parts[0])
    return "".join("/" + quote(part, safe="-._~!$()*+=:@") for part in parts)


def is_domain(value: str) -> bool:
    """As RFC 5321 section 4.1.2 has it, with a dot: a name without one means nothing elsewhere."""
    return _DOMAIN.fullmatch(value) is not None


def hello_name(value: str) -> str:
    """What EHLO may say: a domain, or an address in brackets. Raises `Mistake`."""
    try:
        ip = ip_address(value.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
        usable = value == (f"[IPv6:{ip}]" if ip.version == 6 else f"[{ip}]")
    except ValueError:
        usable = is_domain(value)
    if usable:
        return value
    raise Mistake("no_hello", value=value)


def mailbox(value: str) -> str:
    """An address fit for an envelope: ASCII, domain in its IDNA form. Raises `Mistake`."""
    try:
        checked = validate_email(
            value, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise Mistake("no_address", value=value, why=str(error)) from None
    return checked.ascii_email or checked.normalized


def is_reserved(address: str) -> bool:
    """Whether RFC 2606 or RFC 6761 reserves the address's domain, so that no real server has it."""
    *_, second, last = ["", *address.rpartition("@")[2].lower().rstrip(".").split(".")]
    is_example = second == "example" and last in ("com", "net", "org")
    return is_example or last in ("example", "invalid", "test", "localhost")


def is_public_name(host: str) -> bool:
    """Whether the whole internet may know it by that name: no number, none of one house's own."""
    labels = host.lower().rstrip(".").split(".")
    is_number = ":" in host or labels[-1].isdigit()
    is_own = len(labels) < 2 or labels[-1] in _OWN_DOMAINS or labels[-2:] == ["home", "arpa"]
    return not (is_number or is_own or is_reserved(f"@{host}"))


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
