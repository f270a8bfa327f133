"""What a text says whatever its language: days, months, numbers and links."""

import re
from dataclasses import dataclass

CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_NAMES = "January February March April May June July August September October November December"
MONTHS = _NAMES.split()
_ENGLISH = re.compile(rf"(?:\b(\d{{1,2}}) – )?(?:\b(\d{{1,2}}) )?\b({'|'.join(MONTHS)})\b")
_CHINESE = re.compile(r"(?:(\d+)—)?(\d+)月(?:(\d+)日)?(?:—(\d+)日)?")
# The office's own words for a time, which English says by its months.
_STRETCH = re.compile("半年|季度|年底|年初|全年|底前|初")


@dataclass(frozen=True)
class Facts:
    days: frozenset[tuple[int, int]]
    months: frozenset[int]
    numbers: frozenset[int]
    links: tuple[str, ...]


def facts_of(text: str) -> Facts:
    links = tuple(re.findall(r"https?://[^\s\"<]+", text))
    text = re.sub(r"https?://\S+", "", text)
    said: set[tuple[int, int]] = set()
    for before, month, first, last in _CHINESE.findall(text):
        said |= {(int(month), int(day or 0)) for day in (first, last or first)}
        said |= {(int(before), 0)} if before else set()
    for first, last, name in _ENGLISH.findall(text):
        said |= {(MONTHS.index(name) + 1, int(day or 0)) for day in (first or last, last)}
    rest = _ENGLISH.sub(" ", _CHINESE.sub(" ", text))
    # That there is one is not said by a number everywhere.
    numbers = frozenset(map(int, re.findall(r"\d+", rest))) - {1}
    days = frozenset((month, day) for month, day in said if day)
    return Facts(days, frozenset(month for month, _ in said), numbers, links)


def say_the_same(chinese: str, english: str) -> bool:
    one, other = facts_of(chinese), facts_of(english)
    told = (one.days, one.links) == (other.days, other.links)
    # English may say a year that Chinese leaves out.
    more = other.numbers - one.numbers
    told = told and one.numbers <= other.numbers and all(number > 2000 for number in more)
    return told and (one.months == other.months or bool(_STRETCH.search(chinese)))
