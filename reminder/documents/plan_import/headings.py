"""Which column of a table holds what: by its headings or, without any, by what stands in it."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reminder.documents.plan_import.times import HEADING, bare, read_time
from reminder.documents.plan_import.unit_names import UnitNames
from reminder.documents.tables.grid import Cell, Table
from reminder.domain.when import Term

LONGEST = 16  # characters of a heading
_SEARCHED = 30  # rows in which the headings are looked for
Row = Sequence[Cell | None]


class Column(StrEnum):
    TIME = "time"
    BEGIN = "begin"
    END = "end"
    CONTENT = "content"
    LEAD = "lead"
    RELATED = "related"
    UNITS = "units"  # both roles in one cell
    REMARK = "remark"
    SECTION = "section"
    NUMBER = "number"
    OTHER = "other"  # kept as a remark, with its heading


_WHEN = "(?:(?:时间|进度|实施|工作|起止)?(?:时间|日期|时限|安排|进度|计划)+)"
# The first that fits.
_HEADINGS = (
    (Column.NUMBER, "^(?:序号|编号|序|号|no[.]?|星期|周几)$"),
    (
        Column.OTHER,
        "领导|实际|责任人|负责人|联系人|联络员|电话|主持|人员|对象|(?:落实|联系|经办)人$|地点|经费|预算|完成情况|落实情况|进展|形式|方式|(?:汇报|主讲|主持)人",
    ),
    (Column.REMARK, "备注|说明|附注"),
    (Column.UNITS, "(?:牵头|责任|承办|主办|负责).*(?:配合|协办|参与|协助|相关)"),
    (Column.RELATED, "相关|配合|协办|协助|协作|参加|参与|会办"),
    (Column.BEGIN, f"^{_WHEN}?(?:开始|启动|起始|起|开工|开展)(?:时间|日期|月份)?$"),
    (
        Column.END,
        f"^(?:{_WHEN}?(?:结束|终止|止|完工|竣工)|{_WHEN}(?:完成|截止))(?:时间|日期|月份)?$",
    ),
    (
        Column.TIME,
        "时间|时限|月份|日期|期限|进度|周次|学期|月度|时段|节点|频次|频率|^旬$|^月$|^周$|^季度$|截止",
    ),
    (
        Column.LEAD,
        "承办|牵头|责任|主办|负责|落实单位|组织单位|实施单位|主体|部门|单位|处室|科室|堂区|班级",
    ),
    (Column.SECTION, "类别|类型|分类|板块|版块|项目类|栏目|方面|领域|条线|一级指标"),
    (
        Column.CONTENT,
        "内容|任务|事项|工作|活动|议题|项目|措施|主题|要求|安排|课题|目标|要点|议程|名称|建议|议案|提案|法规|服务",
    ),
)
# Of several columns of content the one that is most a task's wording.
_CONTENT = (
    "内容|要点",
    "任务|事项|议题",
    "活动|工作|安排|课题|主题|建议|议案|提案|法规|服务",
    "项目|名称",
    "措施|要求|目标|议程",
)
_MARK = re.compile("[√✓●○▲△★☆*＊xX×■□\\s]*")
# What stands below headings and never among them.
_VALUE = re.compile("\\d|第?[一二三四五六七八九十]+(?:月|季度|、)|[上下]半年|全年|每[月季]")


@dataclass(frozen=True)
class Columns:
    """By place in the row; `begin` is the first row below the headings."""

    of: Mapping[int, Column]
    names: Mapping[int, str] = field(default_factory=dict)
    begin: int = 0
    several: bool = False  # columns of content

    def has(self, *columns: Column) -> bool:
        return any(column in self.of.values() for column in columns)

    @property
    def has_units(self) -> bool:
        return self.has(Column.LEAD, Column.RELATED, Column.UNITS)

    def heading(self, column: Column) -> str:
        return next((self.names.get(at, "") for at, one in self.of.items() if one is column), "")

    @property
    def leading(self) -> tuple[str, ...]:
        """Headings of all columns that say who leads: 牵头单位 beside 责任单位."""
        places = [at for at, column in self.of.items() if column is Column.LEAD]
        return tuple(dict.fromkeys(self.names.get(at, "") for at in places))

    def same_as(self, other: "Columns") -> bool:
        return sorted(self.of.values()) == sorted(other.of.values())


def find_columns(rows: Sequence[Row]) -> Columns | None:
    """By the first row that reads as headings, and the one below that divides them."""
    for at, row in enumerate(rows[:_SEARCHED]):
        if names := headings(row):
            below = rows[at + 1] if at + 1 < len(rows) else ()
            divided = _divided(row, below, names)
            begin = at + (2 if divided else 1)
            return _columns(divided or names, begin, rows[begin:])
    return None


def headings(row: Row) -> dict[int, str]:
    """The texts of a row that reads as headings; empty for any other."""
    names = {at: heading(cell) for at, cell in enumerate(row) if cell and cell.text}
    if len({id(row[at]) for at in names}) < 2 or any(
        len(name) > LONGEST for name in names.values()
    ):
        return {}
    if any(_VALUE.match(name) for name in names.values()):
        return {}
    columns = {column_of(name) for name in names.values()}
    # Of a heading that says nothing known it is asked whether the tasks stand below.
    asked = None in columns and columns & {Column.TIME, Column.LEAD, Column.UNITS}
    if len(columns - {None}) < 2 or not (Column.CONTENT in columns or asked):
        return {}
    known = [name for name in names.values() if column_of(name)]
    return names if 2 * len(known) >= len(names) else {}


def heading(cell: Cell) -> str:
    return "".join(unicodedata.normalize("NFKC", cell.text).split())


def column_of(name: str) -> Column | None:
    said = re.sub(r"\(.*?\)", "", name).lower() or name
    if re.search(r"\(.*(?:配合|协办).*\)", name):
        said = name
    return next((column for column, words in _HEADINGS if re.search(words, said)), None)


def _divided(row: Row, below: Row, names: Mapping[int, str]) -> dict[int, str]:
    """With the names of a second row, if that is one: 责任单位 over 牵头 and 配合."""
    own = {
        at: heading(cell)
        for at, cell in enumerate(below)
        if cell and cell.text and not (at < len(row) and cell is row[at])
    }
    content = [at for at, name in names.items() if column_of(name) is Column.CONTENT]
    if not own or any(at in own for at in content) or len(own) == len(below):
        return {}
    if any(len(name) > LONGEST or not _second(names.get(at, ""), name) for at, name in own.items()):
        return {}
    return {**names, **{at: _second(names.get(at, ""), name) for at, name in own.items()}}


def _second(first: str, second: str) -> str:
    """What the lower heading says, with the upper one where it says nothing alone."""
    known = next((name for name in (second, f"{first}{second}") if column_of(name)), "")
    return f"{first}{second}" if column_of(first) is Column.TIME and known else known


def _columns(names: Mapping[int, str], begin: int, rows: Sequence[Row]) -> Columns | None:
    of = {at: column_of(name) or Column.OTHER for at, name in names.items()}
    if Column.BEGIN not in of.values() or Column.END not in of.values():
        time = {Column.BEGIN: Column.TIME, Column.END: Column.TIME}
        of = {at: time.get(column, column) for at, column in of.items()}
    times = [at for at, column in of.items() if column is Column.TIME]
    for at in times:
        if "周" in names[at] and len(times) > 1:
            of[at] = Column.OTHER  # the days beside it say more
    content = [at for at, column in of.items() if column is Column.CONTENT]
    guessed = not content
    if guessed:
        content = [at for at, name in names.items() if column_of(name) is None][:1]
        of |= dict.fromkeys(content, Column.CONTENT)
    if not content:
        return None
    # A cell over several rows is what they are about, and each of them says a task beside it.
    counts = {
        at: len({row[at] for row in rows if at < len(row) and _says(row[at])}) for at in content
    }
    best = min(content, key=lambda at: (-counts[at], _rank(names[at]), at))
    for at in content:
        if at != best and names[at] != names[best]:
            of[at] = Column.SECTION if at < best else Column.OTHER
    after = any(of[at] is Column.OTHER for at in content)
    return Columns(of, names, begin, several=after or guessed)


def _says(cell: Cell | None) -> bool:
    return cell is not None and bool(cell.text)


def _rank(name: str) -> int:
    ranks = (rank for rank, words in enumerate(_CONTENT) if re.search(words, name))
    return next(ranks, len(_CONTENT))


def _months(row: Row) -> dict[int, Cell]:
    """Three or more of them beside each other."""
    found = {n: cell for n, cell in enumerate(row) if cell and HEADING.fullmatch(bare(cell.text))}
    return found if len(set(found.values())) > 2 else {}


def upright(table: Table) -> Table:
    """With a row for each task where the columns are months; these may hold marks alone."""
    at = next((at for at, row in enumerate(table.rows[:5]) if _months(row)), None)
    if at is None:
        return table
    months = _months(table.rows[at])
    sides = [n for n in range(len(table.rows[at])) if n not in months]
    below = list(zip(table.rows[at + 1 :], table.numbers[at + 1 :], strict=True))
    inner = [row[n] for row, _ in below for n in months]
    marked = all(_MARK.fullmatch(cell.text) for cell in inner if cell)
    heads = [Cell((name,)) for name in ("时间", "类别" if marked else "主要内容")]
    rows: list[tuple[Cell | None, ...]] = [(*heads, *(table.rows[at][n] for n in sides))]
    numbers = [table.numbers[at]]
    for row, number in below:
        found = {n: row[n] for n in months if _says(row[n])}
        for places in [list(found)] if marked else _runs(found):
            content = Cell(()) if marked else row[places[0]]
            rows.append((Cell((_time(places, months),)), content, *(row[n] for n in sides)))
            numbers.append(number)
    above = tuple((*title[:1], *[None] * (len(sides) + 1)) for title in table.rows[:at])
    return replace(table, rows=(*above, *rows), numbers=(*table.numbers[:at], *numbers))


def _runs(found: Mapping[int, Cell | None]) -> list[list[int]]:
    """Places of one cell together."""
    return [[n for n in found if found[n] is cell] for cell in dict.fromkeys(found.values())]


def _time(places: Sequence[int], months: Mapping[int, Cell]) -> str:
    """Months beside each other as one span."""
    order = list(months)
    spans: list[list[int]] = []
    for n in places:
        if spans and order.index(n) == order.index(spans[-1][-1]) + 1:
            spans[-1].append(n)
        else:
            spans.append([n])
    ends = [dict.fromkeys((months[span[0]].text, months[span[-1]].text)) for span in spans]
    return "、".join("—".join(pair) for pair in ends)


def guess_columns(rows: Sequence[Row], names: UnitNames, term: Term) -> Columns | None:
    """Without headings: times, names of units, and the longest texts are told by themselves."""
    width = max((len(row) for row in rows), default=0)
    texts = {
        at: [row[at].text for row in rows if at < len(row) and row[at] and row[at].text]  # type: ignore[union-attr]
        for at in range(width)
    }
    of: dict[int, Column] = {}
    for at, column in texts.items():
        if _mostly(column, lambda text: _is_time(text, term)):
            of[at] = Column.TIME
        elif _mostly(column, lambda text: any(unit.unit for unit in names.read(text))):
            of[at] = Column.RELATED if Column.LEAD in of.values() else Column.LEAD
        elif _mostly(column, str.isdecimal):
            of[at] = Column.NUMBER
    rest = {at: sum(map(len, column)) for at, column in texts.items() if at not in of and column}
    if not rest or Column.TIME not in of.values():
        return None
    of[max(rest, key=lambda at: rest[at])] = Column.CONTENT
    return Columns({at: of.get(at, Column.OTHER) for at in texts if at in of or at in rest})


def _mostly(texts: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return bool(texts) and 2 * sum(map(holds, texts)) > len(texts)


def _is_time(text: str, term: Term) -> bool:
    read = read_time(text, term)
    return read.is_known and read.doubt is None
