"""Makes documents/brief.docx of templates/zh-CN and en, which offices then lay out in Word."""

from datetime import datetime
from pathlib import Path

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from lxml.etree import tostring

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
FILE = TEMPLATES / "zh-CN/documents/brief.docx"
ENGLISH_FILE = TEMPLATES / "en/documents/brief.docx"
# By style: font, size and space behind in points; the title's font is replaced by the other one
# where a machine has none.
STYLES = {
    "Normal": ("仿宋", 14, 0),
    "Title": ("方正小标宋简体", 20, 4),
    "Subtitle": ("楷体", 12, 8),
    "Strong": ("黑体", 14, None),
}
ENGLISH_SIZES = {"Normal": 12, "Title": 18, "Subtitle": 12, "Strong": 12}
LATIN = "Times New Roman"  # of letters and digits in English; names and wordings keep theirs
FALLBACKS = {
    "方正小标宋简体": "黑体",
    "仿宋": "仿宋_GB2312",
    "楷体": "楷体_GB2312",
    "黑体": "SimHei",
}
LINE, ENGLISH_LINE = 21, 18  # points
MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - as python-docx takes it
# Paragraphs by style; `**` is around what is set in the style Strong. Those that begin with a tag
# of the template engine alone are taken out.
TEXT = (
    ("Title", "{{ title }}"),
    ("Subtitle", "{{ subtitle }}"),
    ("Normal", "{{ summary }}"),
    ("Normal", "{%p for section in sections %}"),
    ("Normal", "**{{ section.heading }}**{{ section.text }}"),
    ("Normal", "{%p for line in section.lines %}"),
    ("Normal", "{{ line }}"),
    ("Normal", "{%p endfor %}"),
    ("Normal", "{%p endfor %}"),
)


def made(*, english: bool = False) -> WordDocument:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin = section.bottom_margin = Cm(2.2)
    section.left_margin = section.right_margin = Cm(2.5)
    for name, (font, size, behind) in STYLES.items():
        if english:
            _set_style(document, name, font, ENGLISH_SIZES[name], behind)
            _set_english(document, name)
        else:
            _set_style(document, name, font, size, behind)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    for style, text in TEXT:
        _add(document, style, text)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = "{{ title }}", "", ""
    properties.created = properties.modified = MADE
    _set_fallbacks(document)
    return document


def _set_style(document: WordDocument, name: str, font: str, size: int, behind: int | None) -> None:
    style = document.styles[name]
    style.font.size, style.font.bold, style.font.italic = Pt(size), False, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()  # a theme's fonts would go before these
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), font)
    if behind is None:
        return
    for border in list(style.element.iter(qn("w:pBdr"))):
        border.getparent().remove(border)
    spacing = style.paragraph_format
    spacing.space_before, spacing.space_after = Pt(0), Pt(behind)
    spacing.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    spacing.line_spacing = Pt(max(LINE, size + 8))
    is_text = name == "Normal"
    spacing.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY if is_text else WD_ALIGN_PARAGRAPH.CENTER
    spacing.first_line_indent = Pt(2 * size) if is_text else Pt(0)


def _set_english(document: WordDocument, name: str) -> None:
    style = document.styles[name]
    for script in ("ascii", "hAnsi", "cs"):
        style.element.rPr.rFonts.set(qn(f"w:{script}"), LATIN)
    style.font.bold = name in ("Title", "Strong")
    if name == "Normal":
        spacing = style.paragraph_format
        spacing.line_spacing, spacing.first_line_indent = Pt(ENGLISH_LINE), Pt(0)
        spacing.alignment = WD_ALIGN_PARAGRAPH.LEFT


def _add(document: WordDocument, style: str, text: str) -> None:
    paragraph = document.add_paragraph(style=style)
    for number, part in enumerate(text.split("**")):
        if part:
            paragraph.add_run(part, "Strong" if number % 2 else None)


def _set_fallbacks(document: WordDocument) -> None:
    """ECMA-376, 17.8.3.1: which font to take in place of one that is not there."""
    table = OxmlElement("w:fonts")
    for name, other in FALLBACKS.items():
        font, alternative = OxmlElement("w:font"), OxmlElement("w:altName")
        font.set(qn("w:name"), name)
        alternative.set(qn("w:val"), other)
        font.append(alternative)
        table.append(font)
    [part] = [p for p in document.part.package.iter_parts() if p.partname == "/word/fontTable.xml"]
    part._blob = tostring(table, encoding="UTF-8", xml_declaration=True, standalone=True)


if __name__ == "__main__":
    made().save(str(FILE))
    made(english=True).save(str(ENGLISH_FILE))
