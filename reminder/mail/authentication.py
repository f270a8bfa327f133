"""Whether the server that received a mail says that its sender is who it says (RFC 8601)."""

from email.message import Message
from typing import Any

from reminder.mail.letter_text import raw_headers, sender_of


def is_authentic(message: Message, authserv_id: str) -> bool | None:
    """By the uppermost result of that server alone: what stands below it may be the sender's own
    writing. None where it says nothing.

    DMARC decides; without it a signature of the sender's domain, or its envelope's.
    """
    results = _results(message, authserv_id)
    if results is None:
        return None
    domain = sender_of(message)[1].rpartition("@")[2]
    said = {result.method.lower(): result for result in reversed(results)}
    dmarc = said.get("dmarc")
    if dmarc and dmarc.result.lower() in ("pass", "fail"):
        named = _value(dmarc, "header", "from")
        return dmarc.result.lower() == "pass" and named in ("", domain)
    return any(
        result.result.lower() == "pass" and _is_of(_domain(result), domain) for result in results
    )


def _results(message: Message, authserv_id: str) -> list[Any] | None:
    from authres import AuthenticationResultsHeader, AuthResError

    for value in raw_headers(message, "Authentication-Results"):
        line = "Authentication-Results: " + " ".join(value.split())
        try:
            read = AuthenticationResultsHeader.parse(line)
        except AuthResError:
            if value.strip().lower().startswith(authserv_id.lower()):
                return []
            continue
        if (read.authserv_id or "").lower() == authserv_id.lower():
            return list(read.results)
    return None


def _domain(result: Any) -> str:
    method = result.method.lower()
    if method == "dkim":
        return _value(result, "header", "d")
    if method == "spf":
        return _value(result, "smtp", "mailfrom").rpartition("@")[2]
    return ""


def _value(result: Any, kind: str, name: str) -> str:
    found = (p.value for p in result.properties if (p.type, p.name) == (kind, name))
    return str(next(found, "") or "").lower().strip()


def _is_of(domain: str, sender: str) -> bool:
    """The same, or one above it, which decides on all below."""
    return "." in domain and (domain == sender or sender.endswith(f".{domain}"))
