"""What a task's wording says itself: when it is to be done, and sessions that have a number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reminder.domain.when import numeral

# Titles of laws and names of campaigns say nothing of a task's time.
_QUOTED = re.compile('《[^《》]*》|“[^“”]*”|「[^「」]*」|『[^『』]*』|"[^"]*"')
_BEGINS = "[，。；：、,;:（(]"


@dataclass(frozen=True)
class TimeNamed:
    """`words` are those of the wording, for `parse_when`, which may not read them; `year` is 0
    where none is said."""

    words: str
    year: int = 0


@dataclass(frozen=True)
class SessionNamed:
    """`words` name this one session, of several that were named together too.

    `term` is 0 without 届. `body` is the congress or committee, as far as the wording says.
    """

    words: str
    body: str
    term: int
    number: int

    def is_same_as(self, other: "SessionNamed") -> bool:
        """As far as both say; either may say less of the body, such as its region."""
        one, two = self.body, other.body
        return (
            self.number == other.number
            and (self.term == other.term or not (self.term and other.term))
            and (one.endswith(two) or two.endswith(one))
        )


_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_TO = "(?:[-—–―‐−~～]+|至|到)"
_BEFORE = "(?:之前|以前|前(?!后))"
_PART = "(?:上中旬|中下旬|[上中下]旬|[初底末])"
_MONTH = f"(?:次年)?{_N}月份?"
_DAYS = f"{_N}[日号](?:[、和]{_N}[日号]){{,9}}"
_WEEKDAY = f"第{_N}个?(?:周|星期)[一二三四五六日天]"
_QUARTERS = "第?[一二三四1-4](?:、第?[一二三四1-4]){,3}季度"
_HALF = f"(?:{_QUARTERS}|(?:上、?)?下半年|上半年|全年)"
# What is exact enough to be meant as the task's time wherever it stands. What `parse_when` does
# not read is named as a whole, so that nobody takes a part of it for all.
_EXACT = "|".join(
    [
        f"{_MONTH}{_N}[日号]?{_TO}(?:{_MONTH})?{_N}[日号]{_BEFORE}?",
        f"{_MONTH}(?:{_DAYS}{_BEFORE}?|{_PART}{_BEFORE}?|{_WEEKDAY}|{_BEFORE})",
        f"{_HALF}(?:{_PART}{_BEFORE}?|{_BEFORE})",
        f"每个?(?:月|季度?|半年)(?:首月|末月|第{_N}个?月)?(?:{_PART}|{_DAYS}|{_WEEKDAY})?{_BEFORE}?",
        f"(?<![本去今明每])年[底末初]{_BEFORE}?",
        rf"(?<=\d\d年)[底末初]{_BEFORE}?",
        rf"会[前后](?:{_N}|\d{{3}})(?:个工作日|工作日|日|天|周|个月)内?",
        f"(?:(?<=[于在])|(?<=[本当]月)|(?<={_BEGINS})|^){_N}[日号]{_BEFORE}",
    ]
)
# What may as well be what the task is about (上半年工作总结): only where a time stands in a
# sentence, and no noun follows it.
_LOOSE = "|".join(
    [
        f"{_N}月?{_TO}(?:次年)?{_N}月份?",
        f"{_N}(?:、{_N}){{1,11}}月份?",
        f"{_HALF}(?:{_TO}{_HALF})?",
        _MONTH,
    ]
)
_TIME = re.compile(
    r"(?<![\d一二三四五六七八九十第.·])(?:(?P<year>(?:19|20)\d\d)年)?"
    f"(?:(?P<exact>{_EXACT})|(?P<loose>{_LOOSE}))"
)
_WHERE_A_TIME_STANDS = re.compile(
    f"(?:^|{_BEGINS}|[于在并和或拟]|计划|力争|争取|预计|初定|每年|分别|今年|本年|当年|明年)$"
)
_NOUN = re.compile(
    "(?:[的度]|以来|工作|情况|总结|报告|汇报|经济|预算|决算|计划|国民|目标|任务|绩效|考核|财政|运行|重点|例会)"
)


def times_named(title: str) -> tuple[TimeNamed, ...]:
    """In their order; of 2026年3月20日前 the year stands apart from the words."""
    return tuple(_times(_unquoted(title)))


def _times(text: str) -> Iterator[TimeNamed]:
    for found in _TIME.finditer(text):
        words = found["exact"] or found["loose"]
        if found["loose"]:
            stands = _WHERE_A_TIME_STANDS.search(text, max(0, found.start() - 2), found.start())
            if not stands or _NOUN.match(text, found.end()):
                continue
        at_the_end = re.match("[底末初]", words)  # of 2026年底 the year took 年 along
        yield TimeNamed(f"年{words}" if at_the_end else words, int(found["year"] or 0))


def _unquoted(title: str) -> str:
    """Without blanks; a name in quotes is one sign that is part of no time."""
    return _QUOTED.sub("…", re.sub(r"\s", "", title))


_ORDINAL = r"(?:\d{1,3}|[零一二三四五六七八九十百]{1,6})"
_SESSIONS = re.compile(
    f"(?P<nth>第?)(?P<numbers>{_ORDINAL}(?:次?(?:[、，,和及与]|{_TO})第?{_ORDINAL}){{,11}})次"
    "(?P<kind>(?:全体|主任|党组|常务|联席|理事|董事|监事)?会议?|(?:临时)?(?:(?:教?职工)?代表|股东)大会)"
)
_TERM = re.compile(f"第?(?P<term>{_ORDINAL})届(?P<body>[^，。；：、届]*)$")
_BODY = re.compile(
    "(?:(?:人大)?常委会|常务委员会|人民代表大会|[职教工]代会|代表大会|"
    "[理董监]事会|主任会议|党组|委员会|人大)$"
)
_REGION = re.compile("[\u4e00-\u9fff]*(?:自治区|[省市州县区旗盟乡镇])$")
_LEADS_TO_A_NAME = re.compile(
    ".*(?:做好|组织|筹备|召开|开好|服务|保障|梳理|整理|研究|起草|印发|下发|报送|提交|提请|审议|参加|列席|迎接|"
    "落实|贯彻|学习|传达|宣传|通报|协助|配合|[对向在为至及和与、])"
)


def sessions_named(title: str) -> tuple[SessionNamed, ...]:
    """第二十二、二十三次会议 are two; 四次会议 without 届 or 第 is a count and none."""
    text = _unquoted(title)
    sessions: list[SessionNamed] = []
    begin = 0
    for found in _SESSIONS.finditer(text):
        sessions += _sessions(text[begin : found.start()], found)
        begin = found.end()
    return tuple(sessions)


def _sessions(before: str, found: re.Match[str]) -> Iterator[SessionNamed]:
    """`before` is what stands between the session before and this one."""
    if before.endswith("中央委员会"):  # the party's plenary sessions are what people study
        return
    kind = re.sub("会议?$", "", found["kind"])
    if with_term := _TERM.search(before):
        region = _region(before[: with_term.start()])
        term, body = numeral(with_term["term"]), with_term["body"]
        name, body = f"{region}{with_term[0]}", f"{region}{body}"
    elif found["nth"]:
        known = _BODY.search(before)
        name = body = known[0] if known else ""
        term = 0
    else:
        return
    for number in _numbers(found["numbers"]):
        words = f"{name}{found['nth']}{number}次{found['kind']}"
        yield SessionNamed(words, body or kind, term, numeral(number))


def _region(text: str) -> str:
    """What stands before 届 and names a place, without the verb before it."""
    place = _REGION.search(text)
    return _LEADS_TO_A_NAME.sub("", place[0]) if place else ""


def _numbers(listed: str) -> list[str]:
    """Each as it stands; those between the ends of a range in digits."""
    numbers: list[str] = []
    for found in re.finditer(f"(?P<to>{_TO})?第?(?P<number>{_ORDINAL})", listed):
        number = found["number"]
        if found["to"] and numbers:
            numbers += map(str, range(numeral(numbers[-1]) + 1, numeral(number)))
        numbers.append(number)
    return numbers
