"""What styles and lists of a Word document make of text: hidden, crossed out, 一、 （一） 1. ①."""

import re
from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reminder.documents.tables.numerals import OF_LISTS

_OFF = {"0", "false", "off", "none"}
_LONGEST_CHAIN = 20  # of styles that rest on each other; a circle ends there


def value(element: Element, path: str) -> str:
    """The `w_val` of what stands at that path; empty where there is none."""
    found = element.find(path)
    return found.get("w_val", "") if found is not None else ""


def switch(element: Element, path: str) -> bool | None:
    """Whether it is on; None where it does not stand."""
    found = element.find(path)
    return None if found is None else found.get("w_val", "true") not in _OFF


class Styles:
    """By their ids."""

    def __init__(self, part: Element | None) -> None:
        styles = part.findall("w_style") if part is not None else []
        self._styles = {style.get("w_styleId", ""): style for style in styles}
        self._default = next(
            (
                style.get("w_styleId", "")
                for style in styles
                if style.get("w_type") == "paragraph" and style.get("w_default") in ("1", "true")
            ),
            "",
        )
        self._switches: dict[tuple[str, str], bool | None] = {}

    def of_paragraph(self, paragraph: Element) -> str:
        return value(paragraph, "w_pPr/w_pStyle") or self._default

    def chain(self, name: str) -> Iterator[Element]:
        """The style and what it rests on."""
        for _ in range(_LONGEST_CHAIN):
            if (style := self._styles.get(name)) is None:
                return
            yield style
            name = value(style, "w_basedOn")

    def is_on(self, run: Element, paragraph_style: str, name: str) -> bool:
        """That property of a run: its own, its style's, its paragraph's style's."""
        own = switch(run, f"w_rPr/{name}")
        for style in (value(run, "w_rPr/w_rStyle"), paragraph_style):
            if own is None and style:
                own = self._switch(style, name)
        return bool(own)

    def _switch(self, style: str, name: str) -> bool | None:
        if (style, name) not in self._switches:
            found = (switch(element, f"w_rPr/{name}") for element in self.chain(style))
            self._switches[style, name] = next((on for on in found if on is not None), None)
        return self._switches[style, name]


DEEPEST_LEVEL = 8
_LARGEST = 9_999  # of a count


class Numbering:
    """Counts on with every paragraph that is asked for: ask in the document's order, once each."""

    def __init__(self, part: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._levels: dict[tuple[str, int], Element] = {}  # of `#` and an abstract list, or a list
        self._starts: dict[tuple[str, int], int] = {}
        self._abstract: dict[str, str] = {}
        self._links: dict[str, str] = {}  # an abstract list to the style that defines it
        self._counts = defaultdict[str, dict[int, int]](dict)
        self._begun: set[tuple[str, int]] = set()
        for element in part if part is not None else ():
            if element.tag == "w_abstractNum":
                self._add_abstract(element)
            elif element.tag == "w_num":
                self._add_list(element)

    def _add_abstract(self, element: Element) -> None:
        name = element.get("w_abstractNumId", "")
        self._links[name] = value(element, "w_numStyleLink")
        for level in element.iterfind("w_lvl"):
            self._levels[f"#{name}", _number(level.get("w_ilvl"), 0)] = level

    def _add_list(self, element: Element) -> None:
        name = element.get("w_numId", "")
        self._abstract[name] = value(element, "w_abstractNumId")
        for override in element.iterfind("w_lvlOverride"):
            at = _number(override.get("w_ilvl"), 0)
            if (level := override.find("w_lvl")) is not None:
                self._levels[name, at] = level
            if (start := override.find("w_startOverride")) is not None:
                self._starts[name, at] = _number(start.get("w_val"), 1)

    def label(self, paragraph: Element) -> str:
        """With the blank behind it, if Word has one there; empty outside of lists."""
        name, at = self._place(paragraph)
        level = self._level(name, at)
        if level is None:
            return ""
        counts = self._counts[self._root(name)]
        self._count(name, at, counts)
        text = self._text(name, level, counts)
        return text + ("" if value(level, "w_suff") == "nothing" or not text else " ")

    def _place(self, paragraph: Element) -> tuple[str, int]:
        """The list's id and the level, by the paragraph itself or by its style."""
        own = paragraph.find("w_pPr/w_numPr")
        name, at = (value(own, "w_numId"), value(own, "w_ilvl")) if own is not None else ("", "")
        if not name:
            style = self._styles.of_paragraph(paragraph)
            name, inherited = self._of_style(style)
            at = at or inherited or self._level_of_style(name, style)
        return name, min(_number(at, 0), DEEPEST_LEVEL)

    def _of_style(self, style: str) -> tuple[str, str]:
        for element in self._styles.chain(style):
            numbered = element.find("w_pPr/w_numPr")
            if numbered is not None and value(numbered, "w_numId"):
                return value(numbered, "w_numId"), value(numbered, "w_ilvl")
        return "", ""

    def _level_of_style(self, name: str, style: str) -> str:
        """A list may say itself which of its levels a style has."""
        names = {element.get("w_styleId") for element in self._styles.chain(style)}
        levels = (self._level(name, at) for at in range(DEEPEST_LEVEL + 1))
        linked = (at for at, level in enumerate(levels) if level is not None)
        return next((str(at) for at in linked if self._style_of(name, at) in names), "")

    def _style_of(self, name: str, at: int) -> str:
        level = self._level(name, at)
        return value(level, "w_pStyle") if level is not None else ""

    def _root(self, name: str) -> str:
        """The abstract list: all lists made of one count together."""
        abstract = self._abstract.get(name, "")
        if style := self._links.get(abstract):
            linked = self._abstract.get(self._of_style(style)[0], "")
            return linked or abstract
        return abstract

    def _level(self, name: str, at: int) -> Element | None:
        if name not in self._abstract:
            return None  # 0 takes a paragraph out of its style's list
        own = self._levels.get((name, at))
        return own if own is not None else self._levels.get((f"#{self._root(name)}", at))

    def _count(self, name: str, at: int, counts: dict[int, int]) -> None:
        start = self._start(name, at)
        if (name, at) in self._starts and (name, at) not in self._begun:
            counts.pop(at, None)  # a list that starts anew does so when it is first met
        self._begun.add((name, at))
        for above in range(at):
            counts.setdefault(above, self._start(name, above))  # left out, and yet it counts
        counts[at] = min(counts.get(at, start - 1) + 1, _LARGEST)
        for deeper in [level for level in counts if level > at]:
            level = self._level(name, deeper)
            restart = _number(value(level, "w_lvlRestart"), deeper) if level is not None else deeper
            if at < restart:
                del counts[deeper]

    def _start(self, name: str, at: int) -> int:
        level = self._level(name, at)
        start = _number(value(level, "w_start"), 0) if level is not None else 0
        return self._starts.get((name, at), start)

    def _text(self, name: str, level: Element, counts: dict[int, int]) -> str:
        if value(level, "w_numFmt") == "bullet":
            return ""
        legal = level.find("w_isLgl") is not None

        def count(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            shown_as = self._level(name, at)
            form = value(shown_as, "w_numFmt") if shown_as is not None else ""
            if form == "bullet":
                return ""
            return OF_LISTS.get("" if legal else form, str)(counts.get(at, 0))

        return re.sub("%([1-9])", count, value(level, "w_lvlText"))


def _number(text: str | None, default: int) -> int:
    try:
        return max(0, min(int(text or default), _LARGEST))
    except ValueError:
        return default
