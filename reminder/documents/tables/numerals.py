"""Numbers as lists and number formats write them: 十二, 壹拾贰, ⑫, xii."""

from collections.abc import Callable

_SMALL, _LARGE = ("", "十", "百", "千"), ("", "万", "亿")
_FORMAL = str.maketrans("〇一二三四五六七八九十百千", "零壹贰叁肆伍陆柒捌玖拾佰仟")
_DIGITS = "〇一二三四五六七八九"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def chinese(number: int, *, full: bool = False) -> str:
    """十二, or 一十二 when `full`; 一百〇五."""
    if number <= 0:
        return "〇" if number == 0 else f"-{chinese(-number, full=full)}"
    groups = []
    for unit in _LARGE:
        number, group = divmod(number, 10_000)
        if group:
            gap = "〇" if number and group < 1000 else ""
            groups.append(gap + _four_digits(group) + unit)
    text = "".join(reversed(groups))
    return text if full else text.removeprefix("一") if text.startswith("一十") else text


def _four_digits(number: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("〇" if gap and text else "") + _DIGITS[digit] + _SMALL[place]
        gap = not digit
    return text


def formal(number: int) -> str:
    """壹拾贰."""
    return chinese(number, full=True).translate(_FORMAL)


def digits(number: int | str) -> str:
    """Digit by digit: 二〇二六."""
    return "".join(_DIGITS[int(digit)] if digit.isdecimal() else digit for digit in str(number))


def formal_digits(number: int | str) -> str:
    return digits(number).translate(_FORMAL)


def full_width(number: int | str) -> str:
    return str(number).translate(_FULL_WIDTH)


def roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def letters(number: int) -> str:
    """a to z, then aa: the letter as often as the alphabet was gone through."""
    rounds, letter = divmod(number - 1, 26)
    return chr(ord("a") + letter) * (rounds + 1) if 0 < number <= 26 * 30 else str(number)


def _of_series(series: str) -> Callable[[int], str]:
    return lambda number: series[number - 1] if 0 < number <= len(series) else str(number)


def _signs(first: str, count: int) -> str:
    return "".join(chr(ord(first) + step) for step in range(count))


def _nothing(_: int) -> str:
    return ""


# By the names that Word has for them; what is not here is written in digits.
OF_LISTS: dict[str, Callable[[int], str]] = {
    "chineseCounting": chinese,
    "chineseCountingThousand": chinese,
    "japaneseCounting": chinese,
    "taiwaneseCounting": chinese,
    "taiwaneseCountingThousand": chinese,
    "chineseLegalSimplified": formal,
    "ideographLegalTraditional": formal,
    "ideographDigital": digits,
    "japaneseDigitalTenThousand": digits,
    "taiwaneseDigital": digits,
    "decimalFullWidth": full_width,
    "decimalFullWidth2": full_width,
    "decimalZero": lambda number: f"{number:02}",
    "decimalEnclosedCircle": _of_series(_signs("①", 20)),
    "decimalEnclosedCircleChinese": _of_series(_signs("①", 20)),
    "decimalEnclosedFullstop": _of_series(_signs("⒈", 20)),
    "decimalEnclosedParen": _of_series(_signs("⑴", 20)),
    "ideographEnclosedCircle": _of_series(_signs("㊀", 10)),
    "ideographTraditional": _of_series("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _of_series("子丑寅卯辰巳午未申酉戌亥"),
    "lowerLetter": letters,
    "upperLetter": lambda number: letters(number).upper(),
    "lowerRoman": lambda number: roman(number).lower(),
    "upperRoman": roman,
    "none": _nothing,
}

# By the number behind DBNum in a format code; and digit by digit, as years are written.
OF_FORMATS: dict[str, Callable[[int], str]] = {
    "1": lambda number: chinese(number, full=True),
    "2": formal,
    "3": full_width,
}
DIGITS_OF_FORMATS: dict[str, Callable[[int | str], str]] = {
    "1": digits,
    "2": formal_digits,
    "3": full_width,
}
