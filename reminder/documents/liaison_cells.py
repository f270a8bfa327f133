"""What the cells of a list of liaisons come to: names, numbers, addresses, and what is odd."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum

from reminder.domain.addresses import mailbox
from reminder.domain.characters import UNSEEN

_NOTHING = re.compile(r"(?:暂?无|没有|待定|[-—–/\\]+|n/?a)?", re.IGNORECASE)
_FLOAT = re.compile(r"(\d)\.(\d+)e\+?(\d+)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s;,、|/]+")
# By how people call it.
_LANGUAGES = {"zh-CN": "中文|汉语|chinese|zh.*", "en": "英[文语]|english|en.*"}
_AROUND = "'‘’.。:"


class UnitColumn(StrEnum):
    """By the keys of units.toml."""

    NAME = "name"
    CONTACT = "contact"
    PHONE = "phone"
    TO = "to"
    CC = "cc"
    LANGUAGE = "language"


class ListDoubt(StrEnum):
    """Why something of a list is not written."""

    NO_HEADINGS = "no-headings"
    NO_UNIT = "no-unit"
    UNKNOWN_UNIT = "unknown-unit"
    GROUP = "group"
    REPEATED = "repeated"
    ADDRESS = "address"
    ADDRESS_AS_PHONE = "address-as-phone"
    PHONE_AS_ADDRESS = "phone-as-address"
    PHONE = "phone"
    ROUNDED_PHONE = "rounded-phone"
    CONTACT = "contact"
    SHARED = "shared"
    HIDDEN = "hidden"
    STRUCK = "struck"
    NO_RESULT = "no-result"
    LANGUAGE = "language"


def joined(values: Iterable[str]) -> str:
    """As one reads several in a line."""
    return "、".join(values)


Read = tuple[list[str], list[tuple[ListDoubt, str]]]


def _lines(lines: Sequence[str]) -> Iterator[str]:
    """In half-width, without what nobody sees and what stands for nothing."""
    for line in lines:
        plain = UNSEEN.sub("", unicodedata.normalize("NFKC", line).replace("\t", " ")).strip()
        if not _NOTHING.fullmatch(plain):
            yield plain


def read_contact(lines: Sequence[str]) -> Read:
    found = [" ".join(line.split()) for line in _lines(lines)]
    odd = [text for text in found if "@" in text or not re.search(r"[^\W\d_]", text)]
    return found, [(ListDoubt.CONTACT, text) for text in odd]


def read_phones(lines: Sequence[str]) -> Read:
    found, doubts = [], []
    for line in _lines(lines):
        line = re.sub(r"^'(?=[+\d])", "", line)  # by which a sheet was told that it is text
        if number := _FLOAT.fullmatch(line):
            # A sheet shows five digits behind the point, and rounds what has more.
            is_whole = len(number[2]) > 5 and len(number[2]) <= int(number[3]) < 16
            if not is_whole:
                doubts.append((ListDoubt.ROUNDED_PHONE, line))
            found.append(f"{Decimal(line):f}".removesuffix(".0"))
            continue
        if "@" in line:
            doubts.append((ListDoubt.ADDRESS_AS_PHONE, line))
        elif len(re.findall(r"\d", line)) < 3:
            doubts.append((ListDoubt.PHONE, line))
        found.append(re.sub(r"^(\d{5,})\.0$", r"\1", line))
    return found, doubts


def read_addresses(lines: Sequence[str]) -> Read:
    """Names beside them are passed over."""
    found: dict[str, str] = {}
    doubts = []
    for piece in (piece for line in _lines(lines) for piece in _pieces(line)):
        if "@" not in piece and not piece.isascii():
            continue
        try:
            address = mailbox(piece)
            found.setdefault(address.lower(), address)
        except ValueError:
            is_phone = re.fullmatch(r"[\d+() -]{7,}", piece)
            doubts.append((ListDoubt.PHONE_AS_ADDRESS if is_phone else ListDoubt.ADDRESS, piece))
    if not found and not doubts and any(_lines(lines)):
        doubts = [(ListDoubt.ADDRESS, " ".join(_lines(lines)))]
    return list(found.values()), doubts


def read_language(lines: Sequence[str]) -> Read:
    """Whether there is such a one is for who knows the templates."""
    said = next(_lines(lines), "")
    known = [key for key, words in _LANGUAGES.items() if re.fullmatch(words, said.lower())]
    return (known or [said]) if said else [], []


def _pieces(line: str) -> Iterator[str]:
    line = re.sub(r"\s*@\s*", "@", line)
    for piece in _BETWEEN.split(re.sub(r"[<>()\[\]《》【】“”\"]", " ", line)):
        if "@" in piece:
            piece = piece.rpartition(":")[2]
        if piece := piece.strip(_AROUND):
            yield piece


READERS: dict[UnitColumn, Callable[[Sequence[str]], Read]] = {
    UnitColumn.CONTACT: read_contact,
    UnitColumn.PHONE: read_phones,
    UnitColumn.TO: read_addresses,
    UnitColumn.CC: read_addresses,
    UnitColumn.LANGUAGE: read_language,
}
