"""The yearly notice of holidays (节假日安排的通知): its days, and where it contradicts itself."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reminder.domain.workdays import DAY

LONGEST = 16  # days of a holiday
FARTHEST = 215  # days from the middle of the year: a month before it and after
NEAR = 14  # days between a holiday and what makes up for it
# Those of every full notice, and between which days one has one of its days.
HOLIDAYS = {
    "元旦": ((1, 1), (1, 1)),
    "春节": ((1, 21), (2, 21)),
    "清明": ((4, 4), (4, 6)),
    "劳动": ((5, 1), (5, 1)),
    "端午": ((5, 27), (6, 26)),
    "中秋": ((9, 7), (10, 9)),
    "国庆": ((10, 1), (10, 1)),
}

_YEAR = re.compile(r"(\d{4})年(?:度|全年|部分|法定)*(?:[^\d。]{0,10}节|元旦|放假|假期)")
_DATED_YEAR = re.compile(r"(\d{4})年\d{1,2}月")
_SIGNED = re.compile(r"\D{0,12}\d{4}年\d{1,2}月\d{1,2}日\D{0,2}")
_NAME = (
    r"(?:元旦|春节|[\u4e00-\u9fff]{2}节|清明|端午|中秋|国庆|五一|\w{2,20}纪念日)"
    "(?:假期)?(?:放假)?(?:安排|时间)?"
)
_NUMBER = r"\(?[一二三四五六七八九十\d]+\)?[、.]"
_HEAD = re.compile(
    rf"(?:{_NUMBER})?(?P<known>{_NAME}(?:[、和及与]?{_NAME})*)[:\d]|{_NUMBER}(?P<other>[^\d:,]{{1,20}}):"
)
_NUMBERED = re.compile(r"[一二三四五六七八九十]+、|\([一二三四五六七八九十]+\)")
_ADVICE = re.compile("鼓励|提倡|倡导|建议")
_MONTH = re.compile(r"\d月")
_JOINED = re.compile(r"[()]*(?:[、和及与,]|以及)?[()]*")
_WEEKDAY = re.compile("(?:星期|周|礼拜)([一二三四五六日天])")
_WEEKDAYS = "一二三四五六日"
_WORDS = re.compile(
    r"(?:(?P<year>\d{4})年)?(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})(?:日|(?<=月\d)号|(?<=月\d\d)号)"
    r"(?P<says>\([^)\d]*\)|(?:星期|周)[一二三四五六日天])?"
    r"|(?P<to>至|到|[-—–~]+)"
    r"|(?:共计?|放假)(?P<count>\d+)天"
    r"|(?P<resumed>起(?:正常|照常)?上班)"
    r"|(?P<work>(?:调休)?(?:上班|补班|工作))"
    r"|(?P<rest>放假|补休|调休|连休|休息)"
    r"|(?P<weekend>周末)"
)


class NoticeSlip(StrEnum):
    """What in a notice cannot be, or was not understood."""

    NO_YEAR = "no-year"
    OTHER_YEAR = "other-year"
    NO_HOLIDAYS = "no-holidays"
    IMPOSSIBLE_DATE = "impossible-date"
    FAR_DATE = "far-date"
    WEEKDAY = "weekday"
    COUNT = "count"
    SPAN = "span"
    WORK_ON_WEEKDAY = "work-on-weekday"
    TWICE = "twice"
    SEASON = "season"
    NO_WEEKEND = "no-weekend"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class NoticeFault:
    """`line` counts from 1, 0 for the whole; `text` is what stands there, `wanted` what would fit:
    a day to derive the weekday from, a count, a year."""

    kind: NoticeSlip
    line: int
    text: str = ""
    wanted: date | int | None = None


@dataclass
class Holiday:
    name: str
    line: int = 0
    rest: list[date] = field(default_factory=list)
    work: list[date] = field(default_factory=list)


@dataclass
class Notice:
    """Days are as they stand there; those of a notice with faults are not to be used."""

    year: int
    holidays: list[Holiday] = field(default_factory=list)
    faults: list[NoticeFault] = field(default_factory=list)

    def days(self) -> dict[date, bool]:
        """Whether one works."""
        rest = {day: False for holiday in self.holidays for day in holiday.rest}
        return rest | {day: True for holiday in self.holidays for day in holiday.work}

    @property
    def lacks(self) -> list[str]:
        """Of a notice of several holidays those that every year has and this one has not."""
        names = "".join(holiday.name for holiday in self.holidays)
        return [name for name in HOLIDAYS if name not in names] if len(self.holidays) > 1 else []


def read_notice(text: str, year: int | None = None) -> Notice:
    """`year` when the text names none."""
    flat = _Flat(text)
    found = {int(found[1]) for found in _YEAR.finditer(flat.text)}
    found = found or {int(found[1]) for found in _DATED_YEAR.finditer(flat.text)}
    if year is None and len(found) != 1:
        return Notice(0, faults=[NoticeFault(NoticeSlip.NO_YEAR, 0)])
    notice = Notice(year or found.pop())
    if found - {notice.year}:
        notice.faults.append(NoticeFault(NoticeSlip.OTHER_YEAR, 0, wanted=min(found)))
    for sentence in re.finditer("[^。;]+", flat.text):
        if not _ADVICE.search(sentence[0]):
            _Sentence(notice, sentence[0], flat.line_at(sentence.start())).read()
    notice.holidays = [holiday for holiday in notice.holidays if holiday.rest or holiday.work]
    if not notice.faults:
        notice.faults += [fault for one in notice.holidays for fault in _out_of_season(one)]
    if not notice.holidays and not notice.faults:
        notice.faults.append(NoticeFault(NoticeSlip.NO_HOLIDAYS, 0))
    return notice


class _Flat:
    """A text without blanks and line breaks, in half-width; sentences end with 。 or ;"""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        parts, length = [], 0
        for line in text.splitlines():
            plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", line))
            if _SIGNED.fullmatch(plain) and not re.search("[放休班]", plain):
                plain = ""  # the day of the notice itself
            if _NUMBERED.match(plain) or _HEAD.match(plain):
                plain = f"。{plain}"
            self._starts.append(length)
            parts.append(plain)
            length += len(plain)
        self.text = "".join(parts)

    def line_at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


class _Sentence:
    def __init__(self, notice: Notice, text: str, line: int) -> None:
        self.notice, self.text, self.line = notice, text, line
        self.year = 0  # that it names
        self.last: date | None = None
        self.end = -1  # where that day ended
        self.is_span = self.is_unsure = False
        self.open: list[date] = []  # days of which is not yet said what they are
        self.rest: list[date] = []

    def read(self) -> None:
        if head := _HEAD.match(self.text):
            self.notice.holidays.append(Holiday(head["known"] or head["other"], self.line))
        if not re.search(r"\d[月日]" if self.notice.holidays else r"\d月", self.text):
            return
        # Before the first holiday it may be the month in which a law was amended.
        leaves = self.notice.holidays and _MONTH.search(_WORDS.sub("", self.text))
        if not self.notice.holidays:
            self.notice.holidays.append(Holiday(""))
        for word in _WORDS.finditer(self.text):
            self._take(word)
        if self.open or leaves:
            self._fault(NoticeSlip.UNCLEAR, self.text)

    def _take(self, word: re.Match[str]) -> None:
        if word["day"]:
            self._take_date(word)
        elif word["to"]:
            self.is_span = bool(self.open) and not self.text[self.end : word.start()].strip("()起")
        elif word["count"]:
            self._rests()
            self._check_count(int(word["count"]), word[0])
        elif word["work"]:
            self._works()
        elif word["rest"]:
            self._rests()
        elif word["weekend"] and not any(_with_weekends(self.rest)):
            self._fault(NoticeSlip.NO_WEEKEND, self.text)
        elif word["resumed"]:
            del self.open[-1:]

    def _take_date(self, word: re.Match[str]) -> None:
        day = self._date(word)
        if day is None:
            self._fault(NoticeSlip.IMPOSSIBLE_DATE, word[0])
            self.is_span, self.is_unsure = False, True
            return
        weekdays = _WEEKDAY.findall(word["says"] or "")
        if len(weekdays) == 1 and _WEEKDAYS.index(weekdays[0].replace("天", "日")) != day.weekday():
            self._fault(NoticeSlip.WEEKDAY, word[0], day)
        if self.is_span:
            self.open += self._span_to(day)
        else:
            if self.open and not _JOINED.fullmatch(self.text[self.end : word.start()]):
                self._fault(NoticeSlip.UNCLEAR, self.text)
            self.open.append(day)
            if abs((day - date(self.notice.year, 7, 1)).days) > FARTHEST:
                self._fault(NoticeSlip.FAR_DATE, word[0])
        self.last, self.end, self.is_span = day, word.end(), False

    def _date(self, word: re.Match[str]) -> date | None:
        """Of what is left out of it the last day before has the rest."""
        year, month, day = (int(word[key] or 0) for key in ("year", "month", "day"))
        month = month or (self.last.month if self.last else 0)
        self.year = year or self.year
        if not year and self.is_span and self.last:
            year = self.last.year + ((month, day) < (self.last.month, self.last.day))
        if not year:
            year = self.year or self.notice.year - (month == 12 and self._is_new_year)
        try:
            return date(year, month, day)
        except ValueError:
            return None

    @property
    def _is_new_year(self) -> bool:
        return "元旦" in self.notice.holidays[-1].name

    def _span_to(self, day: date) -> list[date]:
        assert self.last is not None
        if not DAY <= day - self.last <= LONGEST * DAY:
            self._fault(NoticeSlip.SPAN, self.text)
            self.is_unsure = True
            return []
        return [self.last + n * DAY for n in range(1, (day - self.last).days + 1)]

    def _rests(self) -> None:
        self.rest += self.open
        self._add(self.open, self.notice.holidays[-1].rest)

    def _works(self) -> None:
        for day in self.open:
            if day.weekday() < 5:
                self._fault(NoticeSlip.WORK_ON_WEEKDAY, f"{day.month}月{day.day}日", day)
        self._add(self.open, self.notice.holidays[-1].work)

    def _add(self, days: list[date], to: list[date]) -> None:
        """A day may be named again of its own holiday, as what it was."""
        for day in days:
            others = [d for holiday in self.notice.holidays for d in (*holiday.rest, *holiday.work)]
            if day in to:
                continue
            if day in others:
                self._fault(NoticeSlip.TWICE, f"{day.month}月{day.day}日")
            to.append(day)
        days.clear()

    def _check_count(self, says: int, text: str) -> None:
        days = set(self.rest)
        if re.search("周末|连休|补休", self.text):
            days |= set(_with_weekends(days))
        if not self.is_unsure and says not in (len(days), len(set(self.rest))):
            self._fault(NoticeSlip.COUNT, text, len(days))

    def _fault(self, kind: NoticeSlip, text: str, wanted: date | int | None = None) -> None:
        self.notice.faults.append(NoticeFault(kind, self.line, text, wanted))


def _out_of_season(holiday: Holiday) -> Iterator[NoticeFault]:
    for name, (first, last) in HOLIDAYS.items() if holiday.rest else ():
        if name in holiday.name and not any(
            first <= (d.month, d.day) <= last for d in holiday.rest
        ):
            yield NoticeFault(NoticeSlip.SEASON, holiday.line, holiday.name, holiday.rest[0])
    for day in holiday.work:
        if all(abs(day - rest) > NEAR * DAY for rest in holiday.rest):
            yield NoticeFault(NoticeSlip.SEASON, holiday.line, holiday.name, day)


def _with_weekends(days: Iterable[date]) -> Iterator[date]:
    """The weekends that touch those days, too."""
    for start in days:
        for step in (DAY, -DAY):
            day = start + step
            while day.weekday() >= 5:
                yield day
                day += step
