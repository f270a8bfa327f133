"""What stands above the rows of a table, its name, year and office; and what stands below them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reminder.documents.plan_import.draft import Doubt, DraftTask, Place, Question
from reminder.documents.plan_import.unit_names import Named, UnitNames
from reminder.documents.plan_import.wording_cells import split_tasks
from reminder.domain.plan import TaskKind
from reminder.domain.units import plain_name
from reminder.domain.when import Term

_YEAR = re.compile(
    "(?<!\\d)(?P<year>20\\d\\d)(?!\\d)|(?P<spoken>[二2][〇○零0O][一二三四五六七八九〇○零]{2})(?=年)"
)
_SPOKEN = {sign: str(digit) for digit, sign in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "○": "0",
}
_SPRING = re.compile("春|下学期|第二学期")
_SCHOOL = re.compile("学年|学期")
_NAME = re.compile("安排|计划|要点|方案|清单|日程|任务|工作表|一览|配档|台账|分工|行事历|校历")
_OF_A_TABLE = re.compile(
    "(?:安排表?|计划表?|要点|方案|清单|日程表?|任务(?:分解)?表?|一览表|配档表|台账|分工表|行事历)(?:[（(].*[）)])?$"
)
_IN_CELLS = re.compile("(?<!\\d)(20\\d\\d)(?=年|[-./]\\d)")
_NO_NAME = re.compile("附(?:件|表)|单位[:：]|填报|制表|日期|印发|[。；]$")
_REMARKS = re.compile(r"^(?:备注|说明)\s*[:：]\s*")
_ALWAYS = re.compile("常态|经常|日常|长期|全年|根据工作需要")
_NO_TASK = re.compile("解释|另行|变动|变化|调整|为准|未尽事宜|生效|施行")
TAG = 8  # characters


@dataclass(frozen=True)
class Known:
    """A plan that is there, whose series the new table may belong to."""

    id: str
    name: str
    tag: str
    office: Named
    zone: str
    term: Term | None = None  # of the plan of which the table is a later version
    goes_on: bool = False  # in the table, whatever its title says


def title_of(lines: Iterable[str]) -> str:
    """The line that is most like the name of a plan; one that is broken in two is joined."""
    texts = [
        text for line in map(_inner, lines) if (text := line.strip()) and not _NO_NAME.search(text)
    ]
    texts = [text for text in texts if len(text) <= 60][:6]
    named = next((at for at, text in enumerate(texts) if _NAME.search(text)), None)
    if named is None:
        return next((text for text in texts if _YEAR.search(text)), "")
    if named and not _years(texts[named]) and _years(texts[named - 1]) and len(texts[named]) < 20:
        return texts[named - 1] + texts[named]
    return texts[named]


def _inner(line: str) -> str:
    """Of 关于印发《…工作要点》的通知 what is issued."""
    issued = re.search("印发.*《(.+)》", line)
    return issued[1] if issued else line


def term_of(title: str, given: int, times: str, today: int) -> tuple[Term, list[Question]]:
    """`times` are all short cells. Of 2026—2027学年 the first year, from September or August."""
    seen = [int(text) for text in _IN_CELLS.findall(times)]
    years = _years(title)
    first = 1
    if _SCHOOL.search(title):
        months = re.search("(?<![\\d十])(?:([8八])|[9九])月", times)
        first = 8 if months and months[1] else 9
    questions = []
    if first > 1 and len(years) == 1 and _SPRING.search(title) and "学年" not in title:
        first = 1  # 2026年春季学期 lies in one year
        if "春" not in title:
            questions.append(Question(Doubt.YEAR_SEVERAL, Place(), title, str(years[0])))
    elif first > 1 and years:
        years = [min(years)]
    if given:
        year = given
        if years and given not in years:
            questions.append(Question(Doubt.YEAR_DIFFERS, Place(), title, str(given)))
    elif years:
        year = years[-1]
        if len(years) > 1:
            questions.append(Question(Doubt.YEAR_SEVERAL, Place(), title, str(year)))
    elif seen:
        year = Counter(seen).most_common(1)[0][0]
    else:
        year = today
        questions.append(Question(Doubt.YEAR_MISSING, Place(), title, str(year)))
    return Term(year, first), questions


def _years(title: str) -> list[int]:
    text = unicodedata.normalize("NFKC", title)
    found = []
    for year in _YEAR.finditer(text):
        digits = year["year"] or "".join(
            _SPOKEN.get(sign, "2" if sign == "二" else sign) for sign in year["spoken"]
        )
        if digits.isdecimal() and 2000 <= int(digits) <= 2100:
            found.append(int(digits))
    return list(dict.fromkeys(found))


def is_of_series(title: str, known: Known) -> bool:
    """The same words but for the year."""
    one, two = (
        re.sub(r"[\d二〇○零一三四五六七八九]+", "", plain_name(name))
        for name in (title, known.name)
    )
    return bool(title) and one == two


def office_of(title: str, names: UnitNames) -> Named | None:
    """The unit that the title names."""
    text = plain_name(title)
    if in_title := [name for name in names.spellings if len(name) > 2 and name in text]:
        return Named(*names.spellings[max(in_title, key=len)])
    return None


def tag_of(title: str) -> str:
    """What stands between the year and 安排表, in few characters."""
    rest = _OF_A_TABLE.sub("", _YEAR.split(title)[-1]).removeprefix("年度").removeprefix("年")
    rest = re.sub(r"[（(].*?[）)]|[\s《》“”]", "", rest)
    return rest if 0 < len(rest) <= TAG and rest != "工作" else ""


@dataclass
class Notes:
    """Standing tasks; what is none is kept in its words."""

    tasks: list[DraftTask] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read_notes(notes: Sequence[tuple[Place, tuple[str, ...]]], office: Named) -> Notes:
    """备注：常态化工作，根据工作需要开展。1.…2.… are standing tasks of the office."""
    found = Notes()
    for place, lines in notes:
        text = _REMARKS.sub("", "\n".join(lines))
        is_remark = bool(_REMARKS.match(lines[0]))
        titles = _numbered(text) if is_remark else []
        always = bool(titles) and _ALWAYS.search(text[: text.find(titles[0])])
        said = text[:60].replace("\n", "")
        if not titles or (not always and any(map(_NO_TASK.search, titles))):
            found.kept += lines
            if is_remark and not (_NO_TASK.search(text) or _ALWAYS.search(text)):
                found.questions.append(Question(Doubt.TEXT_LEFT_OUT, place, said))
            continue
        tasks = [DraftTask(title, place, TaskKind.STANDING, lead=(office,)) for title in titles]
        if not always:
            tasks[0].questions.append(Question(Doubt.TEXT_AS_TASKS, place, said))
        found.tasks += tasks
    return found


def _numbered(text: str) -> list[str]:
    """Without what leads to the first number."""
    first = re.search(r"(?:^|(?<=[。；;：:\s]))(?:\d{1,2}[.．、](?!\d)|[（(]\d[）)]|①)", text)
    if not first:
        return []
    lines = text[first.start() :].replace("。", "。\n").split("\n")
    return [task.title for task in split_tasks([line for line in lines if line]).tasks]
