"""A table as a .docx to print."""

from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import _Cell

from reminder.documents.tables.grid import Table
from reminder.documents.tables.look import (
    A4,
    MARGIN,
    PADDING,
    POINTS,
    SIZE,
    TITLE_SIZE,
    Area,
    Look,
    areas,
)


def word_file(table: Table, look: Look) -> bytes:
    document = Document()
    _set_page(document, look)
    document.core_properties.author, document.core_properties.title = "", table.before[0]
    for line in table.before:
        title = document.add_paragraph()
        title.alignment, title.paragraph_format.space_after = WD_ALIGN_PARAGRAPH.CENTER, Pt(12)
        _write(title, line, look.title_font, TITLE_SIZE, bold=True)
    _add_grid(document, table, look)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _add_grid(document: WordDocument, table: Table, look: Look) -> None:
    """Its first row is repeated on each page, and no row is cut by a page's end."""
    grid = document.add_table(len(table.rows), len(look.widths), "Table Grid")
    grid.autofit = False
    for column, width in zip(grid.columns, look.widths, strict=True):
        column.width = Cm(width)
    margins = _element("w:tblCellMar")
    for side in ("top", "left", "bottom", "right"):
        margins.append(_element(f"w:{side}", w=str(round(PADDING * POINTS * 20)), type="dxa"))
    grid._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)
    rows = [row._tr for row in grid.rows]
    for row in rows:
        is_head = row is rows[0]
        row.get_or_add_trPr().append(_element("w:tblHeader" if is_head else "w:cantSplit"))
    places = [list(row.tc_lst) for row in rows]
    for area in areas(table.rows):
        _fill(places, area, look, grid)


def _set_page(document: WordDocument, look: Look) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = map(Cm, look.page)
    section.orientation = WD_ORIENT.PORTRAIT if look.page == A4 else WD_ORIENT.LANDSCAPE
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Cm(MARGIN))
    style = document.styles["Normal"]
    style.font.name, style.font.size = look.font, Pt(SIZE)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), look.font)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("\u2014 ")
    page = _element("w:fldSimple", instr="PAGE")
    page.append(foot.add_run("1")._r)
    foot._p.append(page)
    foot.add_run(" \u2014")


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _fill(places: list[list[Any]], area: Area, look: Look, grid: Any) -> None:
    """Straight in the file's form: to merge by python-docx takes minutes for a thousand rows."""
    for number in range(area.top, area.bottom + 1):
        row = places[number]
        for part in row[area.left + 1 : area.right + 1]:
            part.getparent().remove(part)
        row[area.left].width = sum(part.width for part in row[area.left : area.right + 1])
        if area.right > area.left:
            row[area.left].grid_span = area.right - area.left + 1
        if area.bottom > area.top:
            row[area.left].vMerge = "restart" if number == area.top else "continue"
    cell = _Cell(places[area.top][area.left], grid)
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    for index, line in enumerate(area.cell.lines):
        paragraph = cell.add_paragraph() if index else cell.paragraphs[0]
        paragraph.alignment = None if look.is_left(area) else WD_ALIGN_PARAGRAPH.CENTER
        font = look.head_font if area.top == 0 else look.font
        _write(paragraph, line, font, SIZE, bold=False)


def _write(paragraph: Any, text: str, font: str, size: int, *, bold: bool) -> None:
    run = paragraph.add_run(text)
    run.font.name, run.font.size, run.bold = font, Pt(size), bold
    run._r.rPr.rFonts.set(qn("w:eastAsia"), font)
