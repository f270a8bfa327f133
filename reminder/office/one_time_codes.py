"""One-time codes of a telephone (TOTP, RFC 6238), and the picture by which it learns the secret."""

import re
from datetime import datetime

SECRET = re.compile(r"[A-Z2-7]{32}")
_SECONDS, _DIGITS = 30, 6


def new_secret() -> str:
    from pyotp import random_base32

    return random_base32()


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """Which half minute that code belongs to: the present one, or the one before or after it, for
    clocks that differ. None for a wrong code."""
    from pyotp import TOTP

    digits = "".join(code.split())
    if not (SECRET.fullmatch(secret) and len(digits) == _DIGITS and digits.isascii()):
        return None
    now, totp = int(at.timestamp()) // _SECONDS, TOTP(secret, digits=_DIGITS, interval=_SECONDS)
    steps = (now, now - 1, now + 1)
    return next((step for step in steps if totp.verify(digits, for_time=step * _SECONDS)), None)


def address_of(secret: str, name: str, issuer: str) -> str:
    """As telephones take it up (otpauth:)."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def picture(address: str) -> str:
    """A QR code as SVG, to stand in a page."""
    from segno import make

    code = make(address, error="l", micro=False)
    return code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)
