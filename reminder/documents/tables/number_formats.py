"""Numbers and days as sheets show them by their format codes (ECMA-376 part 1, 18.8.30)."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from reminder.documents.tables.numerals import (
    DIGITS_OF_FORMATS,
    OF_FORMATS,
    chinese,
    formal,
    full_width,
)

GENERAL = "General"
# As Excel in Chinese has them.
BUILT_IN = {
    **{0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"},
    **{11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy"},
    **{16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm"},
    **{21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"'},
    **{29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"'},
    **{33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"'},
    **{36: 'yyyy"年"m"月"', 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00"},
    **{45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "0.0E+0", 49: "@"},
    **{50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"'},
    **{54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"'},
    **{57: 'yyyy"年"m"月"', 58: 'm"月"d"日"'},
}
_SYSTEM_DATE = 'yyyy"年"m"月"d"日"'
_TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|G/通用格式|@)|(?P<power>E[+-]0+)"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|g+|a{3,}|AM/PM|A/P|上午/下午)"
    r"|(?P<digit>[0#?])|(?P<sign>[.,%/])|(?P<other>.)",
    re.IGNORECASE,
)
_SECTION = re.compile(r'((?:"[^"]*"?|\\.|\[[^\]]*\]|[^;"\\\[])*)(?:;|$)')
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_LONGEST_CODE = 255  # what Excel allows


class Token(NamedTuple):
    """`kind` is the name of a group of the pattern; what is shown as it stands is `text`."""

    kind: str
    text: str


_POINT = Token("sign", ".")


def shown_number(value: float, code: str, *, from_1904: bool = False) -> str:
    """What no table needs (fractions, powers) is written plainly."""
    tokens = list(_tokens(_section(value, code[:_LONGEST_CODE])))
    kinds = {token.kind for token in tokens}
    if "date" in kinds and "digit" not in kinds:
        return shown_date(value, tokens, from_1904=from_1904) or plain_number(value)
    text = _number(abs(value) if ";" in code else value, tokens)
    return text if text.strip() else plain_number(value)


def plain_number(value: float) -> str:
    """Without a power of ten, which Excel shows where a column is narrow."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.10g}"


def _section(value: float, code: str) -> str:
    """By its condition, else the ones for positive, negative, zero."""
    sections = [found[1] for found in _SECTION.finditer(code)][:-1] or [GENERAL]
    conditions = [_CONDITION.search(section) for section in sections]
    if any(conditions):
        pairs = zip(sections, conditions, strict=True)
        fitting = (section for section, found in pairs if not found or _holds(value, found))
        return next(fitting, GENERAL)
    if value < 0 and len(sections) > 1:
        return sections[1]
    return sections[2] if value == 0 and len(sections) > 2 else sections[0]


def _holds(value: float, condition: re.Match[str]) -> bool:
    number = float(condition[2])
    match condition[1]:
        case "<":
            return value < number
        case "<=":
            return value <= number
        case ">":
            return value > number
        case ">=":
            return value >= number
        case "<>":
            return value != number
    return value == number


def _tokens(section: str) -> Iterator[Token]:
    if re.search(r"\[\$-(F800|x-sysdate)\]", section, re.IGNORECASE):
        section = _SYSTEM_DATE
    for found in _TOKENS.finditer(section):
        kind = found.lastgroup or ""
        if kind == "bracket":
            yield from _bracket(found[kind])
        elif kind:
            yield Token("text" if kind in ("quoted", "escaped", "other") else kind, found[kind])


def _bracket(content: str) -> Iterator[Token]:
    """A language, numerals, a currency or time that runs on; not a colour or a condition."""
    if re.fullmatch("h+|m+|s+", content, re.IGNORECASE):
        yield Token("date", f"[{content[0]}]")
    elif content.startswith("$"):
        sign, _, language = content[1:].partition("-")
        yield Token("language", language[-3:])
        yield Token("text", sign)
    elif content.lower().startswith("dbnum"):
        yield Token("numerals", content[-1])


def _number(value: float, tokens: Sequence[Token]) -> str:
    numerals = next((token.text for token in tokens if token.kind == "numerals"), "")
    kinds = {token.kind for token in tokens}
    if "digit" in kinds:
        if "power" in kinds or Token("sign", "/") in tokens:
            return plain_number(value)
        text = ("-" if value < 0 else "") + _masked(Decimal(repr(abs(value))), tokens)
        return DIGITS_OF_FORMATS.get(numerals, str)(text)
    form = OF_FORMATS.get(numerals)
    plain = form(int(value)) if form and value == int(value) else plain_number(value)
    kept = (token for token in tokens if token.kind in ("general", "text", "sign"))
    return "".join(plain if kind == "general" else text for kind, text in kept)


def _masked(value: Decimal, tokens: Sequence[Token]) -> str:
    """Digits in their places: `0000"年"00"月"` makes 2026年04月 of 202604."""
    signs = [token.text for token in tokens if token.kind == "sign"]
    at = tokens.index(_POINT) if _POINT in tokens else len(tokens)
    left, right = tokens[:at], tokens[at + 1 :]
    mask = "".join(text for kind, text in right if kind == "digit")
    value = (value * 100 ** signs.count("%")).quantize(Decimal(1).scaleb(-len(mask)), ROUND_HALF_UP)
    whole, _, fraction = f"{value:f}".partition(".")
    kept = len(mask.rstrip("#?"))
    fraction = fraction[:kept] + fraction[kept:].rstrip("0")
    behind = "".join(text for kind, text in right if kind == "text" or text == "%")
    return _whole(whole, left) + (f".{fraction}" if fraction else "") + behind


def _whole(whole: str, tokens: Sequence[Token]) -> str:
    """The first place takes all digits that are left."""
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    in_groups = any(tokens[at] == Token("sign", ",") for at in range(*_ends(places)))
    text, rest = "", whole.lstrip("0")
    for at in reversed(range(len(tokens))):
        kind, sign = tokens[at]
        if kind == "digit":
            taken = rest if at == places[0] else rest[-1:]
            rest = rest[: len(rest) - len(taken)]
            text = (taken or sign.strip("#?")) + text
        elif kind == "text" or sign == "%":
            text = sign + text
    return text.replace(whole, f"{int(whole):,}") if in_groups else text


def _ends(places: Sequence[int]) -> tuple[int, int]:
    return (places[0], places[-1]) if places else (0, 0)


_AFTER_THE_LAST = 2_958_466  # 10000-01-01
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE_DAYS = "一二三四五六日"
_CHINA, _TAIWAN, _JAPAN = "804", "404", "411"
_REPUBLIC = "民国"
_ERAS = (
    (date(2019, 5, 1), "R令和"),
    (date(1989, 1, 8), "H平成"),
    (date(1926, 12, 25), "S昭和"),
    (date(1912, 7, 30), "T大正"),
)
_NUMERALS: dict[str, Callable[[int], str]] = {"1": chinese, "2": formal, "3": full_width}


def shown_date(value: float, tokens: Sequence[tuple[str, str]], *, from_1904: bool) -> str:
    """Tokens are kinds and texts; empty for what is no day, which Excel shows as ####."""
    if not 0 <= value < _AFTER_THE_LAST:
        return ""
    codes = [text.lower() for kind, text in tokens if kind == "date"]
    writer = _Writer(value, _moment(value, from_1904=from_1904), dict(tokens), codes)
    parts = iter(writer.parts())
    shown = (next(parts) if kind == "date" else text for kind, text in tokens if kind in _SHOWN)
    return "".join(shown).strip()


_SHOWN = {"date", "text", "sign", "digit"}


def _moment(value: float, *, from_1904: bool) -> datetime:
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    if value < 60 and not from_1904:
        first += timedelta(1)  # Excel has a 29 February 1900
    return first + timedelta(seconds=math.floor(value * 86_400 + 0.001))


class _Writer:
    """Of one moment; `options` are the language and the numerals."""

    def __init__(
        self, value: float, moment: datetime, options: dict[str, str], codes: Sequence[str]
    ) -> None:
        self._value = value
        self._moment = moment
        self._language = options.get("language", "")
        self._count = _NUMERALS.get(options.get("numerals", ""))
        self._digits = DIGITS_OF_FORMATS.get(options.get("numerals", ""), str)
        self._codes = codes

    def parts(self) -> list[str]:
        return [self._part(code, at) for at, code in enumerate(self._codes)]

    def _part(self, code: str, at: int) -> str:
        if "/" in code:
            early, late = code.upper().split("/")
            return late if self._moment.hour >= 12 else early
        if self._is_minute(at):
            return self._number(self._moment.minute, code)
        write = {"y": self._year, "m": self._month, "d": self._day, "a": self._weekday}
        write |= {"e": self._era_year, "g": self._era, "h": self._hour, "[": self._running}
        return write.get(code[0], self._second)(code)

    def _is_minute(self, at: int) -> bool:
        """After hours or before seconds m is no month."""
        before = self._codes[at - 1].strip("[") if at else ""
        after = self._codes[at + 1] if at + 1 < len(self._codes) else ""
        return self._codes[at] in ("m", "mm") and (before.startswith("h") or after.startswith("s"))

    def _number(self, number: int, code: str) -> str:
        return self._count(number) if self._count else f"{number:0{min(len(code), 2)}}"

    def _year(self, code: str) -> str:
        year = self._moment.year
        return self._digits(f"{year:04}" if len(code) > 2 else f"{year % 100:02}")

    def _month(self, code: str) -> str:
        month = self._moment.month
        if len(code) < 3:
            return self._number(month, code)
        if self._language == _CHINA:
            return f"{chinese(month) if len(code) == 4 else month}月"
        return _MONTHS[month - 1][: {3: 3, 5: 1}.get(len(code))]

    def _day(self, code: str) -> str:
        if len(code) < 3:
            return self._number(self._moment.day, code)
        if self._language == _CHINA:
            return self._weekday("a" * len(code), short="周")
        return _DAYS[self._moment.weekday()][: 3 if len(code) == 3 else None]

    def _weekday(self, code: str, short: str = "") -> str:
        return (short if len(code) == 3 else "星期") + _CHINESE_DAYS[self._moment.weekday()]

    def _reign(self) -> tuple[str, int]:
        """Its name, of Japan's a letter first, and the year of it."""
        day = self._moment.date()
        if self._language == _TAIWAN and day.year > 1911:
            return _REPUBLIC, day.year - 1911
        if self._language == _JAPAN:
            eras = ((name, day.year - since.year + 1) for since, name in _ERAS if since <= day)
            return next(eras, ("", day.year))
        return "", day.year

    def _era_year(self, code: str) -> str:
        return self._digits(f"{self._reign()[1]:0{min(len(code), 2)}}")

    def _era(self, code: str) -> str:
        name = self._reign()[0]
        if name == _REPUBLIC:
            return name
        return {1: name[:1], 2: name[1:2]}.get(len(code), name[1:])

    def _hour(self, code: str) -> str:
        hour = self._moment.hour
        halves = any("/" in other for other in self._codes)
        return self._number((hour % 12 or 12) if halves else hour, code)

    def _second(self, code: str) -> str:
        return self._number(self._moment.second, code.partition(".")[0])

    def _running(self, code: str) -> str:
        """Hours, minutes or seconds beyond the day."""
        return str(math.floor(self._value * {"h": 24, "m": 1440, "s": 86_400}[code[1]] + 1e-6))
