"""An office's list of its liaisons: which column holds what, and a workbook for one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from reminder.documents.liaison_cells import READERS, ListDoubt, UnitColumn, joined
from reminder.documents.tables.grid import Cell, Hidden, Table
from reminder.domain.characters import UNSEEN
from reminder.domain.units import plain_name

LONGEST = 16  # characters of a heading
WIDTHS = (40, 14, 24, 36, 36, 10)  # of the columns to fill in
_SEARCHED = 30  # rows in which the headings are looked for


# The first that fits; whose a number is matters more than that it is one.
_HEADINGS = (
    (None, "传真|fax|邮编|邮政编码|职务|职称|性别|性质|类别|代码|备注|说明|^序号|编号|^微信|^qq"),
    (None, "^(?!.*(?:信箱|邮箱|邮件|电子|mail)).*地址"),
    (None, "^(?!.*联[络系]).*(?:负责人|领导|局长|主任|书记)"),
    (UnitColumn.LANGUAGE, "语言|语种|^lang"),
    (UnitColumn.CC, "抄送|^cc"),
    (UnitColumn.TO, "信箱|邮箱|邮件|电邮|e-?mail|^mail"),
    (UnitColumn.PHONE, "电话|手机|座机|联系方式|号码|^tel|phone|mobile"),
    (UnitColumn.CONTACT, "联络员|联系人|联络人|姓名|经办人|对接人|^contact"),
    (None, "填报|填表|填写|报送|盖章"),
    (UnitColumn.NAME, "单位|部门|机构|处室|科室|名称|^unit"),
)
_NO_HEADING = re.compile(r"@|:.|\d{5}")  # 联系人:张三 stands above a table
_PERSON = re.compile("负责人|领导|局长|主任|书记|联络员|联系人|联络人|姓名|经办人|对接人")


@dataclass(frozen=True)
class ListQuestion:
    """`row` as the file counts, 0 for the whole; `cell` as Excel names it; `text` is what stands
    there, `other` whom or what it meets."""

    doubt: ListDoubt
    row: int = 0
    cell: str = ""
    heading: str = ""
    text: str = ""
    other: str = ""


@dataclass
class ListedUnit:
    """Only what its cells say; an empty one is not in `values`."""

    name: str
    row: int
    cell: str
    values: dict[UnitColumn, tuple[str, ...]] = field(default_factory=dict)
    cells: dict[UnitColumn, str] = field(default_factory=dict)


class UnitsList:
    """What the tables say of units, and what is not sure; `knows` says whether a name is known."""

    def __init__(self, tables: Sequence[Table], knows: Callable[[str], bool]) -> None:
        self.units: list[ListedUnit] = []
        self.questions: list[ListQuestion] = []
        self._knows = knows
        headed = [self._read(table) for table in tables]
        for table, is_headed in zip(tables, headed, strict=True):
            self.questions += [_hidden(part) for part in table.hidden if self._matters(part.text)]
            if not is_headed and (not any(headed) or _has_address(table)):
                self._ask(ListDoubt.NO_HEADINGS, text=table.name)

    def _matters(self, text: str) -> bool:
        """A name, a number or an address may be in it."""
        return bool(re.search(r"@|\d{5}", text)) or any(map(self._knows, text.split()))

    def _read(self, table: Table) -> bool:
        for at in range(min(len(table.rows), _SEARCHED)):
            names = _headings(table.rows[at])
            if names and (name_at := self._names_at(table, names, at + 1)) is not None:
                below = table.rows[at + 1] if at + 1 < len(table.rows) else ()
                divided = _divided(table.rows[at], below, name_at)
                begin = at + (2 if divided else 1)
                self._read_rows(_Rows(table, divided or names, begin, name_at))
                return True
        return False

    def _names_at(self, table: Table, names: Mapping[int, str], begin: int) -> int | None:
        """The column in which most known units stand; one without a fitting heading only if they
        are half of it."""
        rows = table.rows[begin:]
        known = {at: sum(self._knows(_text(row[at])) for row in rows) for at in names}
        units = [at for at, name in names.items() if column_of(name) is UnitColumn.NAME]
        units = units or [at for at in names if 2 * known[at] >= len(rows) > 0]
        return max(units, key=lambda at: known[at]) if units else None

    def _read_rows(self, rows: "_Rows") -> None:
        last: tuple[Cell, ListedUnit] | None = None
        for at in range(rows.begin, len(rows.table.rows)):
            row = rows.table.rows[at]
            is_over_all = len({id(cell) for cell in row}) == 1 and len(row) > 1
            if is_over_all or rows.is_head(row):
                continue
            cell = row[rows.name_at]
            number, place = rows.table.numbers[at], rows.place(at, rows.name_at)
            if cell and cell.struck:
                self._ask(
                    ListDoubt.STRUCK, number, place, rows.names[rows.name_at], text=_text(cell)
                )
                continue
            # One merged cell may stand beside several liaisons.
            goes_on = last is not None and cell is last[0]
            unit = last[1] if last and goes_on else ListedUnit(_text(cell), number, place)
            values = list(self._values(rows, at))
            if not unit.name and values:
                self._ask(ListDoubt.NO_UNIT, number, place, text=joined(values[0][1]))
                continue
            for column, found in values:
                unit.values[column] = tuple(dict.fromkeys((*unit.values.get(column, ()), *found)))
                unit.cells.setdefault(column, rows.place(at, rows.at(column)))
            if unit.name and not goes_on:
                self.units.append(unit)
            last = (cell, unit) if cell else None

    def _values(self, rows: "_Rows", at: int) -> Iterator[tuple[UnitColumn, list[str]]]:
        number = rows.table.numbers[at]
        for place, column in rows.columns.items():
            cell = rows.table.rows[at][place]
            if cell is None:
                continue
            here = (number, rows.place(at, place), rows.names[place])
            if cell.no_value or cell.struck:
                doubt = ListDoubt.STRUCK if cell.struck else ListDoubt.NO_RESULT
                self._ask(doubt, *here, text=_text(cell))
                continue
            found, doubts = READERS[column](cell.lines)
            for doubt, text in doubts:
                self._ask(doubt, *here, text=text)
            if found and not doubts:
                yield column, found

    def _ask(
        self, doubt: ListDoubt, row: int = 0, cell: str = "", heading: str = "", *, text: str
    ) -> None:
        self.questions.append(ListQuestion(doubt, row, cell, heading, text))


class _Rows:
    """The rows below the headings; `columns` by their place, without those of other people's
    numbers."""

    def __init__(self, table: Table, names: Mapping[int, str], begin: int, name_at: int) -> None:
        self.table, self.names, self.begin, self.name_at = table, names, begin, name_at
        self.columns = {
            at: column
            for at, name in names.items()
            if (column := column_of(name))
            and column is not UnitColumn.NAME
            and self._is_liaisons(at)
        }

    def _is_liaisons(self, at: int) -> bool:
        """Not the number behind the head of the unit, where the liaison has one of its own."""
        if column_of(self.names[at]) is not UnitColumn.PHONE or "联" in self.names[at]:
            return True
        people = [
            place for place, name in self.names.items() if place < at and _PERSON.search(name)
        ]
        return (
            not people
            or column_of(self.names[people[-1]]) is UnitColumn.CONTACT
            or not any(column_of(name) is UnitColumn.CONTACT for name in self.names.values())
        )

    def is_head(self, row: Sequence[Cell | None]) -> bool:
        """Repeated, as on a second page."""
        texts = [(at, _heading(cell)) for at, cell in enumerate(row) if cell and cell.text]
        return len(texts) > 1 and all(text in self.names.get(at, "") for at, text in texts)

    def at(self, column: UnitColumn) -> int:
        return next(place for place, one in self.columns.items() if one is column)

    def place(self, at: int, column: int) -> str:
        """As a sheet's cells are called; empty for other files."""
        from openpyxl.utils import get_column_letter  # with the sheet it was loaded

        letter = get_column_letter(column + 1) if self.table.name else ""
        return f"{letter}{self.table.numbers[at]}" if letter else ""


def column_of(name: str) -> UnitColumn | None:
    return next((column for column, words in _HEADINGS if re.search(words, name)), None)


def _headings(row: Sequence[Cell | None]) -> dict[int, str]:
    """The texts of a row that reads as headings, two at least; empty for any other."""
    names = {at: _heading(cell) for at, cell in enumerate(row) if cell and cell.text}
    if any(_NO_HEADING.search(name) or len(name) > LONGEST for name in names.values()):
        return {}
    says = {column_of(name) for name in names.values()} - {None, UnitColumn.NAME}
    is_head = says and len({id(row[at]) for at in names}) > 1
    return names if is_head else {}


def _divided(
    row: Sequence[Cell | None], below: Sequence[Cell | None], name_at: int
) -> dict[int, str]:
    """With the names of a second row, if that is one: 联络员 over 姓名 and 电话."""
    own = {at: c for at, c in enumerate(below) if c and c.text and c is not row[at]}
    names = {at: _heading(cell) for at, cell in enumerate(row) if cell and cell.text}
    if not own or name_at in own:
        return {}
    texts = {at: _heading(cell) for at, cell in own.items()}
    if any(_NO_HEADING.search(text) or not column_of(text) for text in texts.values()):
        return {}
    return {**names, **{at: f"{names.get(at, '')}{text}" for at, text in texts.items()}}


def _heading(cell: Cell) -> str:
    return plain_name(cell.text).lower()


def _text(cell: Cell | None) -> str:
    return UNSEEN.sub("", "".join(cell.lines)).strip() if cell else ""


def _hidden(hidden: Hidden) -> ListQuestion:
    return ListQuestion(ListDoubt.HIDDEN, cell=hidden.place, heading=hidden.part, text=hidden.text)


def _has_address(table: Table) -> bool:
    return any("@" in cell.text for row in table.rows for cell in row if cell)


def units_sheet(
    titles: Sequence[str],
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    note: Sequence[str],
) -> bytes:
    """A workbook to fill in; `titles` are those of its two sheets, the second has the note."""
    from openpyxl import Workbook  # a tenth of a second: only where it is used
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book, file = Workbook(), BytesIO()
    sheet, notes = book.active, book.create_sheet(titles[1])
    sheet.title = titles[0]
    for number, width in enumerate(WIDTHS, 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width = width
        column.number_format = "@"  # a number that is typed there stays as it was typed
    for at, row in enumerate([headings, *rows], 1):
        for number, text in enumerate(row, 1):
            cell = sheet.cell(at, number, text or None)
            cell.number_format = "@"
            cell.font = Font(bold=at == 1)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if text:
                cell.data_type = "s"  # never a formula, whatever it begins with
    sheet.freeze_panes = "B2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0  # as many pages as it takes
    notes.column_dimensions["A"].width = 100
    for at, line in enumerate(note, 1):
        notes.cell(at, 1, line).alignment = Alignment(wrap_text=True)
    book.save(file)
    return file.getvalue()
