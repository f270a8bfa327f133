"""A time cell in the words of `parse_when`; what it cannot say is asked."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from reminder.documents.plan_import.draft import Doubt
from reminder.domain.plan import TaskKind
from reminder.domain.when import Term, numeral, parse_when
from reminder.domain.workdays import last_day

LONGEST = 200  # characters of a cell that can be a time


@dataclass(frozen=True)
class TimeRead:
    """`words` are for `when`; none for the whole year, a standing remark, or where `doubt` says
    why they could not be made out."""

    words: str = ""
    kind: TaskKind = TaskKind.MONTH
    doubt: Doubt | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.words) or self.kind is not TaskKind.MONTH


# A time as a heading says it: 4月, 4—6月, 五、六月份, 4月15日前, 一季度.
_MONTH = "(?:\\d{1,2}|[一二三四五六七八九十]{1,3})"
SAID = (
    f"(?:(?:19|20)\\d\\d年)?(?:{_MONTH}[-—–~～至到]+{_MONTH}月份?|{_MONTH}(?:、{_MONTH})*月份?"
    f"(?:[-—–~～至到]+(?:次年)?{_MONTH}月份?|[上中下]旬|底前?|\\d{{1,2}}[日号](?:之?前)?)?"
    "|第?[一二三四1-4]季度|[上下]半年|全年|每月|每季度)"
)
HEADING = re.compile(
    f"[【\\[]?(?P<time>{SAID})(?:主要|重点)?(?:工作)?(?:安排|计划|任务)?[】\\]]?[:：]?"
)
_N = "(\\d{1,2}|[一二三四五六七八九十]{1,2})"
_SPAN = "[-—–―‐−~]+|至|到"
_ALL_YEAR = re.compile(
    "(?:全年|年度|长年|常年|本年度?|全年度|贯穿全年|全年(?:持续|开展|进行|推进|实施|工作|性工作|任务)+|长期(?:坚持|推进|开展)?|持续(?:推进|开展|进行)?"
    "|贯穿始终)"
)
_STANDING = re.compile("(?:常态化?|经常性?|日常)(?:性|化)?(?:工作|开展|推进|进行)*")
# 3月、9月底前: until the end of March, too? 年初: until when?
_VAGUE = re.compile(r"(?<!\d)\d{1,2}月份?、.*(?:[底末初旬]|日?前)$|(?<!每)年初")
_IN_THE_YEAR = re.compile("(?:年内|本?年度内)(?:完成)?")
_AS_NEEDED = re.compile(
    "(?:适时|(?:根据|按照?|视)(?:工作|实际)?(?:需要|情况|安排|要求)|视情况?|不定期|机动|随时)(?:开展|组织|安排|进行|召开)?"
)
_BEHIND = re.compile(
    "(?:(?:之?内|以内)?(?:全部|基本)?(?:完成|办结|报送|上报|开展|进行|组织实施|实施|举办|举行|召开|组织开展)|之?内|以内|期间)$"
)
_BEFORE = re.compile("^(?:于|拟于|拟|计划|预计|力争|争取|原则上|初定|暂定|在|每年(?=.*月))")
_LATEST = re.compile(
    "^(?:截止到?|截至|不晚于|不迟于|最迟|截止时间)[:：]?(?P<day>.+)$|^(?P<until>.+?)(?:截止|为止|止)$"
)
_EVERY = re.compile(
    "(?:(?:按|每个?|逐)(?P<every>月|季度?|半年)度?(?:(?:召开|开展|组织)?(?:至少)?[1一]次)?"
    "|(?P<one>月|季度|半年)[1一]次)"
)
_BRACKET = re.compile(r"\((?P<inner>[^()]*)\)")
_WEEKDAY = re.compile("^(?:周|星期|礼拜)(?P<day>[一二三四五六日天])$")
_TENTATIVE = re.compile("^(?:暂定|预计|拟|初定|左右|待定)$")
_YEAR = re.compile(r"(?P<year>(?:19|20)\d\d)(?:年度?|[-./](?=\d))")
_ISO = re.compile(
    r"(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:日|00:00(?::00)?)?"
)
# Below 完成时限 it says until when.
_END = re.compile("(?:\\d[日号]?|[月年度]底|[月度]末|(?<!每)年末)$")
_DAY = re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})(?:[日号])?")


def read_time(text: str, term: Term, *, heading: str = "", within: str = "") -> TimeRead:
    """`heading` is the column's, `within` the month or quarter that the row stands under."""
    if len(text) > LONGEST:
        return TimeRead(doubt=Doubt.TIME_UNREAD)
    plain, other_weekday = _without_brackets(_plain(text), term)
    if other_weekday:
        return TimeRead(_parsed(plain, term), doubt=other_weekday)
    if _ALL_YEAR.fullmatch(plain):
        return TimeRead(kind=TaskKind.YEAR)
    if _STANDING.fullmatch(plain):
        return TimeRead(kind=TaskKind.STANDING)
    said, (plain, years) = plain, _years_apart(plain, term)
    if said and not plain:
        return TimeRead(kind=TaskKind.YEAR, doubt=years)
    if years:
        return TimeRead(_parsed(plain, term), doubt=years)
    return _read(plain, term, heading, within)


def _read(plain: str, term: Term, heading: str, within: str) -> TimeRead:
    if _ALL_YEAR.fullmatch(plain):
        return TimeRead(kind=TaskKind.YEAR)
    if _is_impossible(plain, term):
        month = re.search(r"\d{1,2}月", plain)
        return TimeRead(_parsed(month[0], term) if month else "", doubt=Doubt.DATE_IMPOSSIBLE)
    if _IN_THE_YEAR.fullmatch(plain):
        return TimeRead("年底前", doubt=Doubt.TIME_UNREAD)
    for words in _readings(plain, heading, within):
        if parsed := _parsed(words, term):
            doubt = Doubt.TIME_UNREAD if _VAGUE.search(parsed) else None
            one = whole_month(parsed)
            return TimeRead(f"{one}月" if one else parsed, doubt=doubt)
    for words, doubt in _guesses(plain, term, heading):
        if parsed := _parsed(words, term):
            return TimeRead(parsed, doubt=doubt)
    return TimeRead(doubt=Doubt.TIME_UNREAD)


def _plain(text: str) -> str:
    """Half-width without blanks; times of their own that blanks or lines part are joined by 、."""
    parted = rf"(?<=[月日旬底前度])\s+(?={_MONTH}月|第?[一二三四1-4]季)"
    return bare(re.sub(parted, "、", unicodedata.normalize("NFKC", text))).rstrip("。;,.、:")


def _without_brackets(plain: str, term: Term) -> tuple[str, Doubt | None]:
    """3月5日（周四）: whether it is one is looked at; other brackets are left to be asked about."""
    for found in reversed(list(_BRACKET.finditer(plain))):
        before, rest = plain[: found.start()], plain[: found.start()] + plain[found.end() :]
        weekday, day = _WEEKDAY.match(found["inner"]), _DAY.search(before)
        if weekday and day and _is_other_weekday(day, weekday["day"], term):
            return rest, Doubt.DATE_WEEKDAY
        if weekday or _TENTATIVE.match(found["inner"]):
            plain = rest
    return plain, None


def _is_other_weekday(found: re.Match[str], said: str, term: Term) -> bool:
    try:
        [span] = parse_when(f"{found['month']}月{found['day']}日", term).spans
    except ValueError:
        return False
    return span.first.weekday() != "一二三四五六日".index(said.replace("天", "日"))


def _years_apart(plain: str, term: Term) -> tuple[str, Doubt | None]:
    """Without the term's own year; the one after it is 次年."""
    plain = _ISO.sub(lambda d: f"{d['year']}年{int(d['month'])}月{int(d['day'])}日", plain)
    first, last = term.year, term.year + (term.months[-1] - 1) // 12
    doubt = None
    out, end = "", 0
    plain = re.sub(rf"^{term.year % 100}年|^[本当]年(?=\d)", f"{term.year}年", plain)
    plain = re.sub(rf"^(?:本|当|{term.year})年(?=[底末])", f"{term.year}年年", plain)
    for found in _YEAR.finditer(plain):
        year = int(found["year"])
        out += plain[end : found.start()]
        end = found.end()
        if year == first + 1 and last == first and found.start():
            out += "次年"
        elif not first <= year <= last or (
            (month := re.match(r"\d{1,2}", plain[end:])) and not _is_in(term, year, int(month[0]))
        ):
            doubt = Doubt.DATE_OTHER_YEAR
    rest = out + plain[end:]
    if re.fullmatch("1?", rest) and re.search(r"\d[.]1?$", plain):
        return f"{rest}月", Doubt.DATE_POINT
    month_only = re.fullmatch(rf"\d{{1,2}}(?:(?:{_SPAN})\d{{1,2}})?", rest)
    return (f"{rest}月" if month_only and end else rest), doubt


def _is_in(term: Term, year: int, month: int) -> bool:
    return 12 * (year - term.year) + month in term.months


def _is_impossible(plain: str, term: Term) -> bool:
    """A 13th month, the 31st of June."""
    months = [int(number) for number in re.findall(r"(?<![\d.])(\d{1,3})月", plain)]
    if any(not 1 <= month <= 12 for month in months):
        return True
    days = [(int(d["month"]), int(d["day"])) for d in _DAY.finditer(plain)]
    return any(not 1 <= day <= last_day(term.year, term.month(month)).day for month, day in days)


def _readings(plain: str, heading: str, within: str) -> Iterator[str]:
    """Ways to say it that nobody would doubt."""
    yield until(plain, heading)
    yield plain
    if re.search("月", heading) and re.fullmatch(rf"\d{{1,2}}(?:(?:{_SPAN}|、)\d{{1,2}})*", plain):
        yield "、".join(f"{piece}月" for piece in plain.split("、"))
    if _AS_NEEDED.fullmatch(plain):
        yield "适时"
    if every := _EVERY.fullmatch(plain):
        of = every["every"] or every["one"]
        yield f"每{of.replace('季度', '季').replace('季', '季度')}"
    if point := _as_days(plain):
        yield point
    if quarter := re.fullmatch(r"[Qq]([1-4])|([一二三四1-4])季", plain):
        yield f"第{quarter[1] or quarter[2]}季度"
    shorter = _shorter(plain)
    if shorter != plain:
        yield from _readings(shorter, heading, within)
    if within and re.match(r"\d{1,2}[日号]|[上中下初月]|[底末]", plain):
        months = re.match(r"(?:次年)?\d{1,2}月", within)
        month = f"{whole}月" if (whole := whole_month(within)) else within
        yield f"{months[0] if months else month}{plain.removeprefix('月')}"


def until(text: str, heading: str) -> str:
    """4月15日 below 完成时限 is 4月15日前."""
    is_end = re.search("完成|截止|时限|期限|限期", heading) and _END.search(text)
    return f"{text}前" if is_end and not re.search(_SPAN, text) else text


def _as_days(plain: str) -> str:
    """4.15, 3.1—3.5: not one that may be a number without its last zero."""
    if not re.fullmatch(r"\d{1,2}[.]\d", plain) and re.search(r"\d[.]\d", plain):
        return re.sub(r"(?<!\d)(\d{1,2})[.](\d{1,2})日?(?!\d)", r"\1月\2日", plain)
    return ""


# What says nothing more of the time, or says it in another way.
_SHORTER = [
    (_BEFORE, ""),
    (_BEHIND, ""),
    (re.compile("中上旬"), "上中旬"),
    (re.compile("月末"), "月底"),
    (re.compile(r"^[^、;,\d]{,8}会议?(?:召开)?前"), "会前"),
    (re.compile(r"(?<=[日号])(?:上午|下午|晚上?|中午|\d{1,2}[:时点]\d{0,2}分?)"), ""),
    (re.compile(r"(?<=[月日度年底旬])[和及与,;/](?=[次第每\d一二三四五六七八九十上下])"), "、"),
    (re.compile(rf"(?<![\d日]){_N}[、和及](?={_N}月)"), r"\1月、"),
    (re.compile("([一二三四1-4])[、和及](?=第?[一二三四1-4]季度)"), r"\1季度、"),
    (re.compile(r"(\d{1,2}月)(\d{1,2})日?、(?=\d{1,2}日)"), r"\1\2日、\1"),
    (re.compile(r"(?<![\d.])(\d{1,2})/(\d{1,2})(?![\d.])"), r"\1月\2日"),
    (re.compile(r"(月\d{1,2})(?=前?$)"), r"\1日"),
    (re.compile(rf"((?:月\d{{1,2}}日?)(?:{_SPAN})\d{{1,2}})$"), r"\1日"),
]


def _shorter(plain: str) -> str:
    for form, to in _SHORTER:
        plain = form.sub(to, plain)
    if latest := _LATEST.match(plain):
        plain = re.sub("之?前$", "", latest["day"] or latest["until"]) + "前"
    return plain


def _guesses(plain: str, term: Term, heading: str) -> Iterator[tuple[str, Doubt]]:
    """What is probably meant."""
    if re.fullmatch(r"\d{1,2}[.]\d", plain):
        yield plain.replace(".", "月") + "日", Doubt.DATE_POINT
    if "周" not in heading and re.fullmatch(rf"\d{{1,2}}(?:(?:{_SPAN})\d{{1,2}})?", plain):
        yield f"{plain}月", Doubt.TIME_UNREAD
    if course := re.fullmatch(r"(\d{1,2}月)份?(?:启动|开始|起)[,;、]?(\d{1,2}月).*", plain):
        yield f"{course[1]}—{course[2]}", Doubt.TIME_UNREAD
    if since := re.fullmatch(r"(\d{1,2}月)(?:(?:份|1日)?(?:起|开始|以后|后))", plain):
        yield f"{since[1]}—{(term.months[-1] - 1) % 12 + 1}月", Doubt.TIME_UNREAD
    yield _parts_as_days(plain), Doubt.TIME_UNREAD
    if every := re.search("每个?(?:月|季度|半年)", plain):
        yield every[0].replace("个", ""), Doubt.TIME_UNREAD
    yield _BRACKET.sub("", plain), Doubt.TIME_UNREAD
    yield re.sub("左右$|前后$|中$", "", plain), Doubt.TIME_UNREAD
    if ends := re.fullmatch(rf"(\d{{1,2}}月)({_SPAN})(\d.*月)", plain):
        yield f"{ends[1]}—次年{ends[3]}", Doubt.DATE_REVERSED
    if len(months := set(re.findall(r"\d{1,2}月", plain))) == 1:
        yield months.pop(), Doubt.TIME_UNREAD


def _parts_as_days(plain: str) -> str:
    """4月上旬至5月中旬 by its days: 4月1日—5月20日."""
    found = re.fullmatch(
        rf"(?P<m1>\d{{1,2}})月(?P<p1>初|[上中下]旬|底)?(?:{_SPAN})(?:(?P<m2>\d{{1,2}})月)?(?P<p2>初|[上中下]旬|底)?",
        plain,
    )
    if not found or not (found["p1"] or found["p2"]):
        return ""
    month = int(found["m2"] or found["m1"])
    if not 1 <= month <= 12:
        return ""
    begin = {"中旬": 11, "下旬": 21, "底": 21}.get(found["p1"] or "", 1)
    end = {"初": 10, "上旬": 10, "中旬": 20}.get(found["p2"] or "", last_day(2023, month).day)
    return f"{found['m1']}月{begin}日—{month}月{end}日"


def _parsed(words: str, term: Term) -> str:
    """The words, when a plan may say them: no two times begin on one day."""
    try:
        begins = [span.first for span in parse_when(words, term).spans]
    except ValueError:
        return ""
    return words if len(set(begins)) == len(begins) else ""


def whole_month(words: str) -> int:
    """Of the calendar, when the words say one month and nothing more; else 0."""
    found = re.fullmatch(r"(\d{1,2}|[一二三四五六七八九十]+)月份?", words)
    return numeral(found[1]) if found else 0


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)
