"""When a task is to be done, in the office's own words: 5—10月, 每季度首月20日前, 会前5个工作日."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from reminder.domain.workdays import first_day, last_day
from reminder.errors import Mistake


class Basis(StrEnum):
    """What a span rests on: it decides how rest days at its ends are treated."""

    MONTHS = "months"
    PART = "part-of-month"
    BEFORE = "before"  # 4月15日前: only the last day is said
    DAYS = "days"


@dataclass(frozen=True, order=True)
class Span:
    """Both days inclusive, rest days not looked at."""

    first: date
    last: date
    basis: Basis = Basis.MONTHS


@dataclass(frozen=True)
class Offset:
    """From a meeting's day: one of `workdays`, `days`, `months`; before it when negative."""

    workdays: int = 0
    days: int = 0
    months: int = 0

    @property
    def is_after(self) -> bool:
        return max(self.workdays, self.days, self.months) > 0


@dataclass(frozen=True)
class When:
    """No span: within its row's month or, without one, within the term. `soft` is 适时."""

    spans: tuple[Span, ...] = ()
    offset: Offset | None = None
    soft: bool = False


@dataclass(frozen=True)
class Term:
    """The twelve months that a table covers, from its `first` one on.

    Months are counted from January of `year`: 13 is January of the year after.
    """

    year: int
    first: int = 1

    @property
    def months(self) -> range:
        return range(self.first, self.first + 12)

    def month(self, number: int, *, next_year: bool = False) -> int:
        """That month of the calendar within the term; of the year after for 次年."""
        if not 1 <= number <= 12:
            raise Mistake("no_month")
        if next_year:
            return number + 12
        return number if number >= self.first else number + 12


_SPOKEN = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_NUMERAL = re.compile(
    "(?<![一二三四五六七八九十])[一二三四五六七八九十]+(?=个|月|日|号|天|周|季度|—)"
)
_PARTS = {
    "初": (1, 10),
    "上旬": (1, 10),
    "上中旬": (1, 20),
    "中旬": (11, 20),
    "中下旬": (11, 31),
    "下旬": (21, 31),
    "底": (21, 31),
    "末": (21, 31),
}
_PART = f"(?P<part>{'|'.join(sorted(_PARTS, key=len, reverse=True))})"
_BEFORE = "(?P<before>前)?"
_NOT_FIXED = {"适时", "根据工作需要"}


def parse_when(text: str, term: Term) -> When:
    """Raises `Mistake` about the piece that cannot be read."""
    items = re.split("[、;,]", _plain(text))
    spans: list[Span] = []
    soft, offsets = False, []
    for item in items:
        if item in _NOT_FIXED:
            soft = True
        elif offset := _offset(item):
            offsets.append(offset)
        else:
            spans += _spans(item, term)
    if offsets and len(items) > 1:
        raise Mistake("beside_offset", words=text)
    spans.sort()
    for one, other in pairwise(spans):
        if (one.first, one.last) == (other.first, other.last):
            raise Mistake("days_twice", words=text, first=one.first, last=one.last)
    return When(tuple(spans), offsets[0] if offsets else None, soft)


def listed(*words: str) -> str:
    """As one text that `parse_when` reads."""
    return "、".join(words)


def stretch_words(text: str) -> str:
    """A stretch as the office says it, for who reads it: 上半年, 5月至10月, 年底前. Empty for what
    names days or counts from a session, which windows say better, and for what begins with 次年,
    which would be misread in that year; 适时 is not part of it."""
    items = [item for item in re.split("[、;,]", _one_sign(text)) if item not in _NOT_FIXED]
    return "" if any(re.search("[日号天会]|^次年", item) for item in items) else listed(*items)


def _one_sign(text: str) -> str:
    """Half-width, without blanks; one sign for a span."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return re.sub("-+|[—–―‐−]+|~+", "—", text)


def _plain(text: str) -> str:
    """With one word for each meaning, digits for numerals."""
    text = re.sub("[至到]", "—", _one_sign(text))
    text = re.sub("之前|以前", "前", text).replace("月份", "月")
    text = re.sub("(?<![度一二三四1-4第每])季度末", "每季度末", text)
    text = _NUMERAL.sub(lambda found: str(numeral(found[0])), text)
    return re.sub(r"(?<=\d)[号天]", "日", text)


def numeral(text: str) -> int:
    """Of digits or as it is spoken, below a thousand: 22, 二十二, 一百零三."""
    if text.isdecimal():
        return int(text)
    hundreds, _, rest = text.rpartition("百")
    tens, ten, ones = rest.lstrip("零").rpartition("十")
    count = 100 * _SPOKEN.get(hundreds, 0)
    return count + (_SPOKEN.get(tens, 1) * 10 if ten else 0) + _SPOKEN.get(ones, 0)


def _offset(item: str) -> Offset | None:
    found = re.fullmatch(
        r"会(?P<side>前|后)(?P<n>\d{1,3})(?P<unit>个工作日|工作日|日|周|个月)内?", item
    )
    if not found:
        return None
    count = int(found["n"]) * (-1 if found["side"] == "前" else 1)
    match found["unit"]:
        case "日":
            return Offset(days=count)
        case "周":
            return Offset(days=7 * count)
        case "个月":
            return Offset(months=count)
        case _:
            return Offset(workdays=count)


def _spans(item: str, term: Term) -> Iterator[Span]:
    for form, read in _FORMS:
        if found := form.fullmatch(item):
            try:
                yield from read(found, term)
            except Mistake as error:
                raise Mistake(error.reason, **error.facts, item=item) from None
            return
    raise Mistake("no_time", item=item)


def _month(found: re.Match[str], term: Term, which: str = "") -> int:
    return term.month(int(found[f"m{which}"]), next_year=bool(found[f"next{which}"]))


def _day(term: Term, month: int, number: str) -> date:
    first, last = first_day(term.year, month), last_day(term.year, month)
    if not 1 <= int(number) <= last.day:
        raise Mistake("no_day", month=last.month, days=last.day)
    return first.replace(day=int(number))


def _in_order(first: date, last: date, basis: Basis) -> Span:
    if last < first:
        raise Mistake("ends_before_it_begins")
    return Span(first, last, basis)


def _whole(term: Term, first: int, last: int) -> Span:
    return _in_order(first_day(term.year, first), last_day(term.year, last), Basis.MONTHS)


def _ends(term: Term, first: int, last: int, found: re.Match[str]) -> Span:
    """What a part or a day makes of those months: a day or a part of one of them; with 前 all of
    them until then."""
    before, part = found["before"], found["part"]
    if first != last and part not in (None, "底", "末") and (part != "初" or before):
        raise Mistake("no_month_of_part")
    month = first if part == "初" and not before else last
    begin, end = first_day(term.year, month), last_day(term.year, month)
    if part:
        days = _PARTS[part]
        start, stop = begin.replace(day=days[0]), begin.replace(day=min(days[1], end.day))
        basis = Basis.PART
    else:
        start = stop = _day(term, month, found["day"])
        basis = Basis.DAYS
    if before:
        return Span(first_day(term.year, first), stop, Basis.BEFORE)
    return Span(start, stop, basis)


def _months(found: re.Match[str], term: Term) -> Iterator[Span]:
    yield _whole(term, _month(found, term, "1"), _month(found, term, "2"))


def _one_month(found: re.Match[str], term: Term) -> Iterator[Span]:
    month = _month(found, term)
    if found["part"] or found["day"]:
        yield _ends(term, month, month, found)
    else:
        yield _whole(term, month, month)


def _days(found: re.Match[str], term: Term) -> Iterator[Span]:
    month = _month(found, term, "1")
    until = _month(found, term, "2") if found["m2"] else month
    yield _in_order(_day(term, month, found["d1"]), _day(term, until, found["d2"]), Basis.DAYS)


def _stretch(found: re.Match[str], term: Term) -> Iterator[Span]:
    """A quarter, several of them, half a year, the year; or a part of it."""
    if found["whole"] and found["part"] == "初":
        first = last = term.month(1)
    elif found["whole"]:
        # 年底 is December's end, also in a term that goes on.
        first, last = term.first, term.month(12) if found["part"] else term.months[-1]
    elif found["half"]:
        first = term.month(1 if found["half"] == "上" else 7)
        last = term.month(6 if found["half"] == "上" else 12)
    else:
        q1, q2 = int(found["q1"]), int(found["q2"] or found["q1"])
        first, last = term.month(3 * q1 - 2), term.month(3 * q2)
    if last < first:
        raise Mistake("cut_by_term")
    yield _ends(term, first, last, found) if found["part"] else _whole(term, first, last)


def _every(found: re.Match[str], term: Term) -> Iterator[Span]:
    """Quarters and half-years of the calendar by the month in which they end, which is in the
    term; those that began before it from the term's first month on."""
    size = {"月": 1, "季度": 3, "半年": 6}[found["every"]]
    for month in term.months:
        at_begin = found["of"] == "首月" or found["part"] == "初"
        if at_begin and (month - 1) % size == 0:
            first = last = month
        elif not at_begin and month % size == 0:
            first = month if found["of"] else max(month - size + 1, term.first)
            last = month
        else:
            continue
        if found["day"] and first != last:
            raise Mistake("no_month_of_day")
        if found["day"]:
            # 每月31日前: in a shorter month its last day.
            end = last_day(term.year, last)
            day = end.replace(day=min(int(found["day"]), end.day))
            start = first_day(term.year, first) if found["before"] else day
            yield Span(start, day, Basis.BEFORE if found["before"] else Basis.DAYS)
        elif found["part"]:
            yield _ends(term, first, last, found)
        else:
            yield _whole(term, first, last)


_END = f"(?:{_PART}|(?P<day>\\d{{1,2}})日)(?P<before>前)?"
_FORMS: list[tuple[re.Pattern[str], Callable[[re.Match[str], Term], Iterator[Span]]]] = [
    (re.compile(rf"(?P<next>次年)?(?P<m>\d{{1,2}})月(?:{_END})?"), _one_month),
    (re.compile(r"(?P<next1>次年)?(?P<m1>\d{1,2})月?—(?P<next2>次年)?(?P<m2>\d{1,2})月"), _months),
    (
        re.compile(
            r"(?P<next1>次年)?(?P<m1>\d{1,2})月(?P<d1>\d{1,2})日?"
            r"—(?:(?P<next2>次年)?(?P<m2>\d{1,2})月)?(?P<d2>\d{1,2})日"
        ),
        _days,
    ),
    (
        re.compile(
            r"(?:第?(?P<q1>[1-4])(?:季度)?(?:—第?(?P<q2>[1-4]))?季度|(?P<half>[上下])半年|(?P<whole>全?年))"
            rf"(?:{_PART}(?P<before>前)?)?"
        ),
        _stretch,
    ),
    (
        re.compile(rf"每(?P<every>月|季度|半年)(?P<of>首月|末月)?(?:{_END})?"),
        _every,
    ),
]
