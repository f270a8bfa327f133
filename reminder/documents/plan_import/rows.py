"""The rows of a table, each cell by what its column holds; sections, notes and gaps told apart."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from reminder.documents.plan_import.draft import Doubt, Place, Question
from reminder.documents.plan_import.headings import Column, Columns, Row, headings
from reminder.documents.plan_import.times import HEADING, SAID, bare
from reminder.documents.plan_import.wording_cells import label_kind, without_label
from reminder.documents.tables.grid import Cell, Table

_NOTE = re.compile(
    r"(?:注|备注|说明|附注|附|填表说明|填报说明|特别说明)\d*\s*[:：]|注\s*[\d一二三]|\*|※"
)
_FOOT = re.compile(
    "(?:制表|填表|审核|审批|单位负责人|联系人|联系电话|填报|报送|主管领导|分管领导|日期|盖章|签字)[^:：]{0,8}[:：]"
)
_SAME = re.compile('同上|[〃″“”"]')
_HOUR = re.compile("(?:上午|下午|晚上?)?\\d{1,2}[:：]\\d\\d")
_TOTAL = re.compile("(?:合计|小计|总计|共计)[:：]?")

Note = tuple[Place, tuple[str, ...]]  # the lines of one that stands beside the rows


@dataclass(frozen=True)
class SourceRow:
    """As it stands in the file. `within` is the time that its section says."""

    place: Place
    texts: dict[Column, str] = field(default_factory=dict)
    content: tuple[str, ...] = ()
    section: str = ""
    within: str = ""
    remark: str = ""
    from_above: frozenset[Column] = frozenset()  # empty here, and taken from there
    times: tuple[str, ...] = ()  # of each column of time

    def text(self, column: Column) -> str:
        return self.texts.get(column, "")


@dataclass
class SourceRows:
    """What a table or a text comes to."""

    rows: list[SourceRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read_rows(table: Table, columns: Columns, number: int) -> SourceRows:
    """`number` of the table where the file has several, else 0."""
    found = SourceRows()
    _Reader(table, columns, number, found).read()
    return found


@dataclass
class _Reader:
    table: Table
    columns: Columns
    number: int
    found: SourceRows
    section: str = ""
    within: str = ""
    outer: tuple[str, str] = ("", "")  # section and time of a heading above （一）
    above: SourceRow | None = None
    cells_above: Row = ()
    alone: tuple[Place, str] | None = None  # a heading, so far

    def read(self) -> None:
        for heading in self._above():
            self._begin_section(heading)
        numbers = self.table.numbers or range(1, len(self.table.rows) + 1)
        for at, (row, number) in enumerate(zip(self.table.rows, numbers, strict=True)):
            if at < self.columns.begin or not any(cell and cell.text for cell in row):
                continue
            self._row(row, Place(number, self.number))
        if self.alone:  # over all columns, and nothing below it
            self.found.questions.append(Question(Doubt.TEXT_LEFT_OUT, *self.alone))

    def _above(self) -> Iterator[str]:
        """Headings above those of the columns: a number or a time begins them."""
        rows = self.table.rows[: self.columns.begin]
        alone = [
            list({id(cell): cell for cell in row if cell and cell.text}.values()) for row in rows
        ]
        sheet = (self.table.name,) if HEADING.fullmatch(bare(self.table.name)) else ()
        for text in (
            *sheet,
            *self.table.before,
            *(cells[0].text for cells in alone if len(cells) == 1),
        ):
            if label_kind(text) in ("large", "chinese") or HEADING.fullmatch(bare(text)):
                yield text

    def _row(self, row: Row, place: Place) -> None:
        texts = [cell.text for cell in row if cell]
        distinct = {id(cell): cell for cell in row if cell and cell.text}
        if self._repeats_headings(row) or any(_TOTAL.fullmatch(text.strip()) for text in texts[:3]):
            return
        first = next(iter(distinct.values()))
        if _NOTE.match(first.text) or (len(distinct) == 1 and _FOOT.match(first.text)):
            self.found.notes.append(
                (place, tuple(line for cell in distinct.values() for line in cell.lines if line))
            )
        elif self._is_section(row, list(distinct.values())):
            self._begin_section(first.text)
            self.alone = (place, _line(first.text))
        else:
            self.alone = None
            self._data(row, place)

    def _repeats_headings(self, row: Row) -> bool:
        names = headings(row)
        return bool(names) and set(names.values()) <= set(self.columns.names.values())

    def _is_section(self, row: Row, cells: Sequence[Cell]) -> bool:
        """One text over all columns, or alone in the first and such as a heading."""
        if len(cells) != 1 or len(self.columns.of) < 2:
            return False
        places = [at for at, cell in enumerate(row) if cell is cells[0]]
        if len(places) > 1 and len(places) >= len(self.columns.of) - 1:
            return True
        text = cells[0].text
        heads = label_kind(text) in ("large", "chinese") or bool(HEADING.fullmatch(bare(text)))
        return heads and "\n" not in text and text[-1] not in "；;。" and places[0] <= 1

    def _begin_section(self, heading: str) -> None:
        text = _line(heading)
        kind = label_kind(text)
        section = without_label(text) if kind else text
        time = re.match(SAID, bare(section))
        section = "" if HEADING.fullmatch(bare(section)) else section
        if kind != "chinese":
            self.outer = ("", "")
        self.section = " · ".join(filter(None, (self.outer[0], section)))
        self.within = time[0] if time else self.outer[1]
        if kind == "large":
            self.outer = (self.section, self.within)
        self.above, self.cells_above = None, ()

    def _data(self, row: Row, place: Place) -> None:
        cells: dict[Column, list[Cell]] = {}
        remarks, sections = [], []
        for at, column in self.columns.of.items():
            cell = row[at] if at < len(row) else None
            if cell is None or cell in cells.get(column, ()):
                continue
            cells.setdefault(column, []).append(cell)
            if column is Column.OTHER and cell.text.strip(" /—-\n"):
                remarks.append(f"{self.columns.names.get(at, '')}：{_line(cell.text)}".lstrip("："))
            elif column is Column.REMARK and cell.text.strip(" /—-\n"):
                remarks.append(_line(cell.text))
            elif column is Column.SECTION and cell.text:
                sections.append(_line(cell.text))
        texts = {
            column: "\n".join(c.text for c in found if c.text) for column, found in cells.items()
        }
        if self.above and self._is_same_task(row):
            self._add(self.above, texts, cells)
            self.cells_above = row
            return
        times = tuple(cell.text for cell in cells.get(Column.TIME, ()) if cell.text)
        if self.above:
            same = {c: self.above.text(c) for c, text in texts.items() if _SAME.fullmatch(text)}
            texts |= same
            times = self.above.times if Column.TIME in same else times
        hours = [time for time in times if _HOUR.match(time)]
        remarks += hours if len(hours) < len(times) else []
        taken = self._fill(texts)
        self.above = SourceRow(
            place,
            texts,
            tuple(line for cell in cells.get(Column.CONTENT, ()) for line in cell.lines),
            " · ".join(dict.fromkeys(filter(None, (self.section, *sections)))),
            self.within,
            "；".join(dict.fromkeys(remarks)),
            taken,
            tuple(time for time in times if time not in hours) or times,
        )
        self.cells_above = row
        self.found.rows.append(self.above)

    def _is_same_task(self, row: Row) -> bool:
        """Its cell goes on from the row above, beside other units or times."""
        places = [at for at, column in self.columns.of.items() if column is Column.CONTENT]
        cells = [(at, row[at]) for at in places if at < len(row)]
        return bool(cells) and all(
            cell and cell.text and self._is_merged(at, cell) for at, cell in cells
        )

    def _add(
        self, above: SourceRow, texts: dict[Column, str], cells: dict[Column, list[Cell]]
    ) -> None:
        joined = dict(above.texts)
        for column in (Column.TIME, Column.LEAD, Column.RELATED, Column.UNITS):
            lines = [*joined.get(column, "").split("\n"), *texts.get(column, "").split("\n")]
            joined[column] = "\n".join(dict.fromkeys(filter(None, lines)))
        times = above.times
        if len(cells.get(Column.TIME, ())) == 1:
            times = (joined[Column.TIME],)
        self.above = self.found.rows[-1] = replace(above, texts=joined, times=times)

    def _is_merged(self, at: int, cell: Cell) -> bool:
        return at < len(self.cells_above) and self.cells_above[at] is cell

    def _fill(self, texts: dict[Column, str]) -> frozenset[Column]:
        """What is empty though the row above has it: it is taken, and asked about."""
        taken = set()
        for column in (Column.TIME, Column.LEAD, Column.UNITS):
            before = self.above.text(column) if self.above else ""
            if texts.get(column, "").strip() or not before or not self.columns.has(column):
                continue
            if column is Column.TIME and self.within:
                continue
            texts[column] = before
            taken.add(column)
        return frozenset(taken)


def _line(text: str) -> str:
    return "".join(text.split("\n")).strip()
