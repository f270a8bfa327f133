"""Text without a table: headings, numbered items, a month before its tasks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reminder.documents.plan_import.draft import Doubt, Place, Question
from reminder.documents.plan_import.headings import Column
from reminder.documents.plan_import.rows import SourceRow, SourceRows
from reminder.documents.plan_import.times import HEADING, SAID, bare, until
from reminder.documents.plan_import.wording_cells import (
    Labelled,
    label_kind,
    labelled,
    read_labels,
    without_label,
)
from reminder.domain.when import numeral

_BEGINS = re.compile(f"[【\\[]?(?P<time>{SAID})[】\\]]?(?:[:：]|\\s+(?=\\S))(?P<rest>.+)$")
# Chapters that say how the work is to be done, and not what.
_NO_TASKS = re.compile(
    "指导思想|总体(?:要求|思路|目标)|工作目标|基本原则|工作要求|组织领导|保障措施|有关要求|组织保障"
)
_SIGNED = re.compile(
    "(?:19|20)\\d\\d年\\d{1,2}月\\d{1,2}日|[二〇○零一二三四五六七八九十]+年[一二三四五六七八九十]+月[一二三四五六七八九十]+日"
)
_PAIR = re.compile("([一二三四五六七八九十]{1,2})、([一二三四五六七八九十]{1,2})月")
_PAIR_LABEL = re.compile("([一二三四五六七八九十]{1,2})、")
_NOTE = re.compile("(?:注|备注|附注)\\s*[:：]")
_LINE = 20  # characters: a shorter one was not broken because it is full
_LONGEST = 15  # characters of a heading, where the next line has no number
_KINDS = ("large", "chinese", "digits", "round", "circle", "bullet", "text")


@dataclass
class _Item:
    kind: str
    text: str
    line: int
    level: int
    time: str = ""
    parent: "_Item | None" = None
    is_heading: bool = False
    is_line: bool = False  # known for an item by nothing but its line
    texts: dict[Column, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def ancestors(self) -> Iterator["_Item"]:
        item = self.parent
        while item:
            yield item
            item = item.parent


def read_outline(lines: Sequence[str], numbers: Sequence[int] = ()) -> SourceRows:
    """`numbers` of the lines in the file."""
    numbered = list(zip(numbers or range(1, len(lines) + 1), map(str.strip, lines), strict=True))
    kept = _without_signature([one for one in numbered if one[1]])
    outline = SourceRows(notes=[(Place(n), (line,)) for n, line in kept if _NOTE.match(line)])
    items = list(_items([one for one in kept if not _NOTE.match(one[1])]))
    left_out: dict[int, _Item] = {}
    for item in items:
        if item.is_heading or not item.text:
            continue
        chapter = next((i for i in (item, *item.ancestors()) if _NO_TASKS.match(i.text)), None)
        if chapter:
            left_out.setdefault(id(chapter), chapter)
            continue
        outline.rows.append(_row(item))
        if item.is_line:
            asked = Question(Doubt.SPLIT_LINES, Place(item.line), item.text, "1")
            outline.questions.append(asked)
    for chapter in left_out.values():
        outline.questions.append(Question(Doubt.TEXT_LEFT_OUT, Place(chapter.line), chapter.text))
    return outline


def _without_signature(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Without the day at the end, and who signs above it."""
    if lines and _SIGNED.fullmatch(bare(lines[-1][1])):
        lines = lines[:-1]
        while lines and len(lines[-1][1]) < 20 and not re.search("[。；;：:]|^\\d", lines[-1][1]):
            lines = lines[:-1]
    return [line for line in lines if not re.match("附(?:件)?[:：\\d]", line[1])]


def _items(lines: Sequence[tuple[int, str]]) -> Iterator[_Item]:
    texts = [line for _, line in lines]
    labels = read_labels(texts)
    levels = _levels(labels)
    path: list[_Item] = []
    for (number, line), label in zip(lines, labels, strict=True):
        if path and _takes(path[-1], line):
            continue
        kind, text, time = _read(label, line, texts)
        if not kind and not path:
            continue  # the title, an introduction
        if not kind and not _is_own(path[-1], text):
            path[-1].text += text
            continue
        item = _Item(kind or "text", text, number, levels.index(kind or "text"), time)
        item.is_line = not kind and path[-1].kind == "text" and path[-1].text[-1:] not in "。；;"
        while path and path[-1].level >= item.level:
            path.pop()
        item.parent = path[-1] if path else None
        if item.parent:
            item.parent.is_heading = True
        item.is_heading = bool(time) and not text
        path.append(item)
        yield item


def _levels(labels: Sequence[Labelled]) -> list[str]:
    """From the outermost in: a month stands above what is first found below it."""
    kinds = [
        label.kind or ("time" if HEADING.fullmatch(bare(label.line)) else "") for label in labels
    ]
    first = kinds.index("time") if "time" in kinds else len(kinds)
    below = next((kind for kind in kinds[first + 1 :] if kind in _KINDS), "digits")
    above = next((kind for kind in reversed(kinds[:first]) if kind in _KINDS), "")
    at = _KINDS.index(below) if below != above else _KINDS.index(below) + 1
    return [*_KINDS[:at], "time", *_KINDS[at:]]


def _is_pair(line: str, lines: Sequence[str]) -> bool:
    """五、六月份 is May and June, where no 四、 stands before it to be counted on."""
    found = _PAIR.match(line)
    if not found:
        return False
    one, two = numeral(found[1]), numeral(found[2])
    others = [_PAIR_LABEL.match(other) for other in lines if other is not line]
    numbers = {numeral(other[1]) for other in others if other}
    return two == one + 1 and (one - 1 if one > 1 else 2) not in numbers


def _is_own(before: _Item, text: str) -> bool:
    """Whether a line without number is an item, or goes on with the one before."""
    if before.kind == "text":  # a long line was broken
        return before.text[-1:] in "。；;" or len(before.text) < _LINE
    heads = len(before.text) <= _LONGEST and before.text[-1:] not in "。；;，,、"
    return before.is_heading or (heads and text[-1] in "。；;")


def _read(label: Labelled, line: str, lines: Sequence[str]) -> tuple[str, str, str]:
    """The kind of item, its text, the time that it says as a heading does."""
    kind, text = ("", line) if _is_pair(line, lines) else (label.kind, label.text)
    if heading := HEADING.fullmatch(bare(text)):
        return kind or "time", "", heading["time"]
    if begins := _BEGINS.match(text):
        return kind or "time", begins["rest"].strip(), begins["time"]
    return kind, text, ""


def _takes(item: _Item, line: str) -> bool:
    """A line of its own that says who and when: 责任单位：办公厅."""
    fields = labelled(without_label(line) if label_kind(line) == "bullet" else line)
    if not fields or any(column is Column.CONTENT for column, _, _ in fields):
        return False
    for column, label, text in fields:
        if column in (Column.OTHER, Column.REMARK):
            item.remarks.append(f"{label}：{text}" if column is Column.OTHER else text)
        else:
            item.texts[column] = until(text, label) if column is Column.TIME else text
    return True


def _row(item: _Item) -> SourceRow:
    above = list(item.ancestors())
    time = item.time or next((one.time for one in above if one.time), "")
    own = item.texts.get(Column.TIME, "")
    texts = dict(item.texts)
    for one in above:  # units that a heading says are of all below it
        for column, text in one.texts.items():
            texts.setdefault(column, text)
    sections = [one.text.rstrip("。；;：:") for one in reversed(above) if one.text]
    return SourceRow(
        Place(item.line),
        texts,
        (item.text,),
        " · ".join(sections),
        time,
        "；".join(item.remarks),
        times=(own,) if own else (),
    )
