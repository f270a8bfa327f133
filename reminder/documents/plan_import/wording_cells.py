"""The tasks of a cell: numbered, one a line, or one over several; what they say in asides."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from reminder.documents.plan_import.draft import Doubt
from reminder.documents.plan_import.headings import Column
from reminder.documents.plan_import.times import until
from reminder.documents.plan_import.unit_names import UnitNames
from reminder.domain.characters import UNSEEN

_CHINESE = "[一二三四五六七八九十]{1,3}"
_QUARTERS = (
    "一、[二三四](?:、|季度)|二、[三四](?:、|季度)|三、四季度"  # and no number before a line
)
_LABEL = re.compile(
    r"\s*(?:(?P<digits>\d{1,3})\s*[.．、)）](?:(?!\d)|(?=\d{1,2}月|20\d\d年))"
    r"|[（(](?P<round>\d{1,3})[)）][.、]?|(?P<circle>[①-⑳⑴-⒇])[.、]?"
    rf"|[（(](?P<chinese>{_CHINESE})[)）][.、]?|(?!{_QUARTERS})第?(?P<large>{_CHINESE})[、.．](?!\d)"
    r"|(?P<bullet>[•·●○◆■▪★☆※\-—–](?=\s*[\u4e00-\u9fff《“])))\s*"
)
_COUNTED = re.compile(r"\s*(\d{1,3})(?:\s*[.．、)）]|[ \u3000]+(?=[\u4e00-\u9fff]))")
_RESTARTS = re.compile(r"[：:；;。]\s*1[.．、](?!\d).*[；;。]\s*2[.．、](?!\d)")
_CLOSED = "；;。"
_INLINE = [
    re.compile(rf"(?:^|(?<=[；;。：:\s]))(?:{mark})")
    for mark in (r"(\d{1,2})[.．、](?!\d)", r"[（(](\d{1,2})[）)]", "([①-⑳⑴-⒇])")
]


@dataclass(frozen=True)
class CellTask:
    title: str
    section: str = ""


@dataclass(frozen=True)
class CellTasks:
    tasks: tuple[CellTask, ...] = ()
    doubt: Doubt | None = None


def label_kind(line: str) -> str:
    """Which kind of number or sign stands before a line; empty for none."""
    found = _LABEL.match(line)
    return found.lastgroup or "" if found else ""


def without_label(line: str) -> str:
    found = _LABEL.match(line)
    return line[found.end() if found else 0 :].strip()


@dataclass(frozen=True)
class Labelled:
    """A line's text, and which kind of number or sign stood before it; empty for none."""

    kind: str
    text: str
    line: str


def read_labels(lines: Sequence[str]) -> list[Labelled]:
    """A number that goes on with the count is one whatever follows it: 2.1月20日前报送."""
    read: list[Labelled] = []
    wanted = 1
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        counted = _COUNTED.match(line)
        number = int(counted[1]) if counted else 0
        begins = number == 1 and following.lstrip().startswith("2")
        if counted and not label_kind(line) and number == wanted and (number > 1 or begins):
            read.append(Labelled("digits", line[counted.end() :].strip(), line))
        else:
            read.append(Labelled(label_kind(line), without_label(line), line))
        if counted:
            wanted = number + 1
    return read


def clean(text: str) -> str:
    """Without what nobody sees."""
    return UNSEEN.sub("", text.replace("\t", " ").replace("\n", "")).strip()


def closed(wording: str) -> str:
    """Less the one closing ；or 。, as wordings are kept."""
    return clean(wording[:-1] if wording[-1:] in _CLOSED else wording)


def split_tasks(lines: Sequence[str]) -> CellTasks:
    pieces = [piece for line in lines if line.strip() for piece in _inline(line.strip())]
    if not pieces:
        return CellTasks()
    labelled_lines = read_labels(pieces)
    if any(line.kind for line in labelled_lines):
        return _labelled(labelled_lines)
    if len(pieces) == 1:
        several = re.search("[；;](?=.)", _without_brackets(pieces[0]))
        return _plain(pieces, Doubt.SPLIT_CLAUSES if several else None)
    ends = [piece[-1] in _CLOSED for piece in pieces]
    if all(ends[:-1]):
        return _plain(pieces)
    if any(ends[:-1]):
        ended = re.split(f"(?<=[{_CLOSED}])\n", "\n".join(pieces))
        return _plain([piece.replace("\n", "") for piece in ended], Doubt.SPLIT_LINES)
    # Lines of one width were broken by hand.
    widths = [len(piece) for piece in pieces[:-1]]
    wrapped = max(widths) - min(widths) <= 1 and len(pieces[-1]) <= max(widths) and max(widths) > 5
    return _plain(["".join(pieces)] if wrapped else pieces, Doubt.SPLIT_LINES)


def _plain(pieces: Sequence[str], doubt: Doubt | None = None) -> CellTasks:
    return CellTasks(tuple(CellTask(closed(piece)) for piece in pieces), doubt)


def _labelled(lines: Sequence[Labelled]) -> CellTasks:
    """Tasks are the labels of the first kind or, where those are headings, what is below them."""
    first = next(line.kind for line in lines if line.kind)
    doubt = None if lines[0].kind else Doubt.SPLIT_NESTED
    groups: list[list[Labelled]] = []
    for line in lines:
        if line.kind == first or not groups:
            groups.append([line])
        else:
            groups[-1].append(line)
    tasks: list[CellTask] = []
    over = ""
    if not lines[0].kind and lines[0].text[-1] in "：:":
        over = groups.pop(0)[0].text.rstrip("：:")
    for head, *below in groups:
        nested = [line for line in below if line.kind]
        if nested and len(nested) == len(below) and first in ("large", "chinese"):
            inner = _labelled(below)
            tasks += [CellTask(task.title, closed(head.text)) for task in inner.tasks]
            unclear = head.text[-1:] in tuple("：:" + _CLOSED)
            doubt = doubt or inner.doubt or (Doubt.SPLIT_NESTED if unclear else None)
            continue
        text = _joined([head.text, *(line.line for line in below)])
        tasks.append(CellTask(closed(text), over))
        restarts = head.kind == "digits" and _RESTARTS.search(text)
        doubt = doubt or (Doubt.SPLIT_NESTED if nested or restarts else None)
    return CellTasks(tuple(task for task in tasks if task.title), doubt)


def _joined(lines: Sequence[str]) -> str:
    """A line that goes on: a blank between words of Latin letters only."""
    return re.sub(r"(?<![A-Za-z0-9])\n|\n(?![A-Za-z0-9])", "", "\n".join(lines)).replace("\n", " ")


def _inline(line: str) -> list[str]:
    """A line in which 1. 2. 3. stand one after the other is several; not 3.分两期：1.…2.…"""
    if label_kind(line) == "digits" and not line.startswith("1"):
        return [line]
    for form in _INLINE:
        cuts: list[int] = []
        for mark in form.finditer(line):
            if unicodedata.normalize("NFKC", mark[1]).strip("()") == str(len(cuts) + 1):
                cuts.append(mark.start())
        if len(cuts) > 1:
            places = [0, *cuts, len(line)]
            pieces = (line[a:b].strip() for a, b in pairwise(places))
            return [piece for piece in pieces if piece]
    return [line]


def _without_brackets(text: str) -> str:
    return re.sub("[（(《“][^（(）)《》“”]*[）)》”]", "", text)


_OFFICE = "(?:单位|部门|处室|科室|机关)?"
_LABELS = (
    (Column.TIME, "(?:完成|办理|截止)?(?:时间|时限|期限|日期)(?:节点|安排|要求)?|时间节点"),
    (Column.RELATED, f"(?:配合|协办|协助|参与|参加|相关|会办){_OFFICE}"),
    (Column.LEAD, f"(?:牵头|承办|主办|责任|负责|落实|实施|组织){_OFFICE}"),
    (Column.CONTENT, "(?:主要|工作|具体|活动)?(?:内容|任务|事项)"),
    (Column.REMARK, "备注|说明"),
    (
        Column.OTHER,
        "(?:牵头|责任|分管|包抓|联系)?(?:领导|责任人|负责人|联系人)|责任人|地点|参加人员|参会人员|主持人|经费",
    ),
)
_FIELD = re.compile(
    "(?:^|(?<=[\\s；;。，,（(【]))(?:"
    + "|".join(f"(?P<{column.value}>{words})" for column, words in _LABELS)
    + ")\\s*[:：]"
)
_BARE_TIME = re.compile(
    r"\d{1,2}月?.{,12}[月日旬底前]|第?[一二三四]季度|[上下]半年|全年|每[月季].{,8}"
)
_BRACKET = re.compile(
    "[（(【\\[](?P<inner>[^（）()【】\\[\\]]*(?:[（(][^（）()]*[）)][^（）()【】\\[\\]]*)*)[）)】\\]](?P<end>[；;。]?)$"
)
_DOES = re.compile("(?:牵头|负责|承办|主办|配合|协办|参加|参与|落实)[；;。]?$")


@dataclass
class Asides:
    """`rest` is the wording without them."""

    rest: str
    texts: dict[Column, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def labelled(text: str) -> list[tuple[Column, str, str]]:
    """Each label's column, the label, what follows it; none where no label begins the text."""
    labels = list(_FIELD.finditer(text))
    if not labels or text[: labels[0].start()].strip():
        return []
    ends = [label.start() for label in labels[1:]] + [len(text)]
    return [
        (
            Column(str(label.lastgroup)),
            label[0].rstrip(":： "),
            text[label.end() : end].strip(" ；;。，,\n"),
        )
        for label, end in zip(labels, ends, strict=True)
    ]


def take_asides(wording: str, names: UnitNames, *, bare: bool) -> Asides:
    """`bare`: brackets without a label are taken too, where all in them are known units."""
    found = Asides(wording)
    while bracket := _BRACKET.search(found.rest):
        inner = bracket["inner"]
        fields = labelled(inner)
        if not fields and _DOES.search(inner):
            fields = [(Column.UNITS, "", inner)]
        elif not fields and bare:
            fields = list(_bare_fields(inner, names))
        if not fields:
            break
        _keep(found, fields)
        found.rest = found.rest[: bracket.start()].rstrip() + bracket["end"]
    tail = re.search(
        "[，。；;\\n](?=\\s*(?:牵头|承办|主办|责任|负责|配合|协办|完成时[间限]|时间|时限)[^，。；:：]{0,4}[:：])",
        found.rest,
    )
    if tail and (fields := labelled(found.rest[tail.end() :].strip())):
        _keep(found, fields)
        found.rest = found.rest[: tail.start()]
    return found


def _bare_fields(inner: str, names: UnitNames) -> Iterator[tuple[Column, str, str]]:
    """Of （3月—5月，办公室） the time and the unit; nothing where anything else stands there."""
    fields = []
    for piece in re.split("[，,；;]", inner):
        units = names.read(piece)
        if units and all(unit.unit for unit in units):
            fields.append((Column.LEAD, "", piece))
        elif _BARE_TIME.fullmatch(piece.strip()):
            fields.append((Column.TIME, "", piece))
        else:
            return
    if any(column is Column.LEAD for column, _, _ in fields):
        yield from fields


def _keep(found: Asides, fields: list[tuple[Column, str, str]]) -> None:
    for column, label, text in fields:
        if column is Column.OTHER:
            found.remarks.append(f"{label}：{text}")
        elif column is Column.REMARK:
            found.remarks.append(text)
        else:
            text = until(text, label) if column is Column.TIME else text
            before = found.texts.get(column)
            found.texts[column] = f"{before}\n{text}" if before else text
