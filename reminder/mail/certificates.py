"""Whom a connection trusts, and the certificate by which it says who it is itself."""

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from reminder.clock import Clock
from reminder.errors import ServerError

# RFC 5280 section 4.1.2.5: two times in a row, each with a year of two digits or of four.
_TIME = rb"(?:\x17\x0d([0-9]{12})Z|\x18\x0f([0-9]{14})Z)"
_LOCKED = "ENCRYPTED"  # RFC 7468 section 11, and RFC 1421 section 4.6.1.1
_VALIDITY = re.compile(rb"\x30[\x1e-\x22]" + _TIME * 2)


def trusting(ca_file: Path | None, setting: str) -> ssl.SSLContext:
    """The system's authorities, or those of the file alone. Raises `ServerError`."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        facts = {"name": setting, "path": ca_file, **_reason(error)}
        raise ServerError.lasting("no_authority", **facts) from error
    if ca_file:
        # Set by Python 3.13, which refuses an authority without the identifier that OpenSSL's
        # tools left out by default for years. This one was named by hand, so it is trusted.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def show(context: ssl.SSLContext, certificate: Path, key: Path, password: str) -> None:
    """To a server that asks; both may be one file. Raises `ServerError`."""
    try:
        end, key_text = end_of(certificate), key.read_text("latin-1")
        # Without a password at hand OpenSSL would ask for it at the terminal.
        context.load_cert_chain(certificate, key, lambda: password)
    except ssl.SSLError as error:
        why = {"is_other": error.reason == "KEY_VALUES_MISMATCH", "is_locked": _LOCKED in key_text}
        raise ServerError.lasting(
            "no_client_certificate", path=certificate, key=key, **why
        ) from None
    except OSError as error:
        path = error.filename or certificate
        raise ServerError.lasting("certificate_unreadable", path=path, **_reason(error)) from None
    if end and end < Clock().now():
        raise ServerError.lasting("client_certificate_ended", path=certificate, day=end.date())


def _reason(error: OSError) -> dict[str, object]:
    return {"why": error.strerror or str(error), "errno": error.errno}


def end_of(certificate: Path) -> datetime | None:
    """Of the first one in the file; None where it is written in another way than all are, or is
    none."""
    _, mark, rest = certificate.read_text("latin-1").partition(ssl.PEM_HEADER)
    text, end_mark, _ = rest.partition(ssl.PEM_FOOTER)
    try:
        found = _VALIDITY.search(ssl.PEM_cert_to_DER_cert(mark + text + end_mark))
    except ValueError:
        found = None
    if not found:
        return None
    short, long = found[3], found[4]
    # RFC 5280 section 4.1.2.5.1: of two digits 50 and more are of the last century.
    century = b"" if long else b"20" if short < b"50" else b"19"
    said = (century + (long or short)).decode()
    return datetime.strptime(said, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
