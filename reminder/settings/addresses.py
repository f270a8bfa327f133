"""Addresses of people and of machines, checked before anything is sent."""

from ipaddress import ip_address

from email_validator import EmailNotValidError, validate_email


def mailbox(value: str) -> str:
    """An address fit for an envelope: ASCII, domain in its IDNA form. Raises ValueError."""
    try:
        checked = validate_email(
            value, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(f"{value!r} is not an address ({error}), wanted name@domain") from None
    return checked.ascii_email or checked.normalized


def is_reserved(address: str) -> bool:
    """Whether RFC 2606 or RFC 6761 reserves the address's domain, so that no real server has it."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    last = domain.rpartition(".")[2]
    second = ".".join(domain.split(".")[-2:])
    return last in ("example", "invalid", "test", "localhost") or second in (
        "example.com",
        "example.net",
        "example.org",
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
