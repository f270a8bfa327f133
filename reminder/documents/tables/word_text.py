"""A paragraph as Word shows it: with insertions, without deletions and hidden text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from xml.etree.ElementTree import Element

from reminder.documents.tables.word_styles import Styles, switch

# They wrap text that is shown; everything else that is not named here is left out.
_INLINE = {
    *("w_r", "w_ins", "w_moveTo", "w_hyperlink", "w_smartTag", "w_customXml", "w_sdtContent"),
    *("w_fldSimple", "w_dir", "w_bdo", "w_ruby", "w_rubyBase", "m_oMath", "m_oMathPara", "m_r"),
}
_BLOCK = {"w_ins", "w_moveTo", "w_customXml", "w_sdtContent", "w_smartTag"}
_PROMPT = re.compile("单击|点击|键入|选择一项|click|choose an item|enter ", re.IGNORECASE)
_SIGNS = {
    "w_noBreakHyphen": "-",
    "w_tab": "\t",
    "w_ptab": "\t",
    "w_br": "\n",
    "w_cr": "\n",
}
# Ticks and boxes of the fonts Wingdings and Wingdings 2, by the last two digits of their code.
_SYMBOLS = {
    "Wingdings": {"fc": "✓", "fe": "☑", "a8": "□", "6f": "□", "fb": "✗", "fd": "☒"},
    "Wingdings 2": {"50": "✓", "52": "☑", "a3": "□", "4f": "✗", "53": "☒"},
}


def shown_blocks(container: Element) -> Iterator[Element]:
    """Paragraphs, tables, rows or cells of it, out of what only wraps them."""
    for child in container:
        if child.tag in _BLOCK or (child.tag == "w_sdt" and not _is_placeholder(child)):
            yield from shown_blocks(child)
        elif child.tag == "mc_AlternateContent":
            yield from shown_blocks(_choice(child))
        else:
            yield child


def _is_placeholder(control: Element) -> bool:
    """Of a content control: nobody has filled it in. Programs that do may leave the mark."""
    marked = switch(control, "w_sdtPr/w_showingPlcHdr")
    return bool(marked and _PROMPT.search("".join(control.itertext())))


def _choice(alternatives: Element) -> Element:
    """The newer of two ways to write the same thing."""
    choice = alternatives.find("mc_Choice")
    choice = choice if choice is not None else alternatives.find("mc_Fallback")
    return choice if choice is not None else Element("nothing")


@dataclass
class ShownText:
    """`parts` with whether each is crossed out; `boxes` are text boxes that hang on it."""

    parts: list[tuple[str, bool]] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)

    @property
    def struck(self) -> list[str]:
        runs = groupby(self.parts, key=lambda part: part[1])
        texts = ("".join(text for text, _ in parts).strip() for struck, parts in runs if struck)
        return [text for text in texts if text]


class Paragraphs:
    """Ask in the document's order: a field may begin in one paragraph and end in another."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._fields: list[bool] = []  # of each open field: whether its result has begun

    def of(self, paragraph: Element) -> ShownText:
        words = ShownText()
        self._add(paragraph, self._styles.of_paragraph(paragraph), words)
        # A field that is not in order costs no more than its own paragraph.
        self._fields = [True for _ in self._fields]
        return words

    def mark_is_shown(self, paragraph: Element) -> bool:
        """Else the next paragraph goes on in the same line."""
        mark = paragraph.find("w_pPr/w_rPr")
        if mark is None:
            return True
        gone = mark.find("w_del") is not None or mark.find("w_moveFrom") is not None
        return not gone and not switch(mark, "w_vanish")

    def _add(self, container: Element, style: str, words: ShownText) -> None:
        for child in container:
            if child.tag == "w_r":
                self._add_run(child, style, words)
            elif child.tag == "mc_AlternateContent":
                self._add(_choice(child), style, words)
            elif child.tag in _INLINE or (child.tag == "w_sdt" and not _is_placeholder(child)):
                self._add(child, style, words)
            elif child.tag == "m_t":
                words.parts.append((child.text or "", False))
            elif child.tag.startswith(("m_", "other_")):
                self._add(child, style, words)

    def _add_run(self, run: Element, style: str, words: ShownText) -> None:
        hidden = self._styles.is_on(run, style, "w_vanish")
        struck = any(self._styles.is_on(run, style, f"w_{name}") for name in ("strike", "dstrike"))
        for child in run:
            if child.tag == "w_fldChar":
                self._follow_field(child.get("w_fldCharType", ""))
            elif hidden or not all(self._fields):
                continue
            elif child.tag in ("mc_AlternateContent", "w_drawing", "w_pict", "w_object"):
                words.boxes += _boxes(child)
            elif child.tag == "w_ruby":
                self._add(child, style, words)
            else:
                words.parts.append((_text(child), struck))

    def _follow_field(self, step: str) -> None:
        if step == "begin":
            self._fields.append(False)
        elif step == "separate" and self._fields:
            self._fields[-1] = True
        elif step == "end" and self._fields:
            self._fields.pop()


def _boxes(drawn: Element) -> Iterator[Element]:
    """Text boxes of a drawing; those within a box come with its paragraphs."""
    if drawn.tag == "mc_AlternateContent":
        drawn = _choice(drawn)
    for child in drawn:
        if child.tag == "w_txbxContent":
            yield child
        else:
            yield from _boxes(child)


def _text(child: Element) -> str:
    if child.tag == "w_t":
        text = child.text or ""
        # Blanks at the ends are meant only where the file says so.
        return text if child.get("xml_space") == "preserve" else text.strip(" \t\r\n")
    if child.tag == "w_sym":
        return _SYMBOLS.get(child.get("w_font", ""), {}).get(
            child.get("w_char", "")[-2:].lower(), ""
        )
    return _SIGNS.get(child.tag, "")
