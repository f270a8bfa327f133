"""Accounts of the console: who has one, what they may do, how they get and lose it."""

from unicodedata import normalize

NAME = 40  # characters of a name


def account_name(text: str) -> str:
    """As it is kept and compared: however a keyboard has written it."""
    return normalize("NFKC", text).strip().casefold()[:NAME]
