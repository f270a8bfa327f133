"""The words of a workbook's cells as Excel shows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from reminder.documents.tables.grid import Cell, clean_lines, shown_lines
from reminder.documents.tables.number_formats import BUILT_IN, GENERAL, plain_number, shown_number
from reminder.documents.tables.ooxml import Package

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001
TRUE = {"1", "true"}


@dataclass(frozen=True)
class _Text:
    """Of a cell that holds words; `struck` are the parts that are crossed out."""

    text: str
    struck: tuple[str, ...] = ()


class Book:
    """What its sheets share."""

    def __init__(self, package: Package, main: str) -> None:
        self.package = package
        self._references = package.related(main)
        self._parts = {r.kind: r.target for r in self._references.values()}
        self._root = package.xml(main)
        options = self._root.find("workbookPr")
        self._from_1904 = options is not None and options.get("date1904") in TRUE
        self._texts: list[_Text] = []
        self._formats: list[str] = []
        self._struck: list[bool] = []
        self._read_styles()
        if "sharedStrings" in self._parts:
            package.xml(self._parts["sharedStrings"], si=self._add_text)

    def sheets(self) -> Iterator[tuple[str, str, bool]]:
        """Name, part and whether it is hidden."""
        for sheet in self._root.iterfind("sheets/sheet"):
            found = self._references.get(sheet.get("r_id", ""))
            if found and found.kind == "worksheet":
                yield (
                    sheet.get("name", ""),
                    found.target,
                    sheet.get("state", "visible") != "visible",
                )

    def _add_text(self, element: Element) -> None:
        self._texts.append(_rich(element))

    def _read_styles(self) -> None:
        part = self._parts.get("styles", "")
        if part not in self.package:
            return
        root = self.package.xml(part)
        codes = {
            element.get("numFmtId", ""): element.get("formatCode", "")
            for element in root.iterfind("numFmts/numFmt")
        }
        struck = [_is_struck(font) for font in root.iterfind("fonts/font")]
        for style in root.iterfind("cellXfs/xf"):
            number, font = style.get("numFmtId", "0"), integer(style.get("fontId"), 0)
            self._formats.append(codes.get(number) or BUILT_IN.get(integer(number, 0), GENERAL))
            self._struck.append(struck[font] if 0 <= font < len(struck) else False)

    def cell(self, element: Element) -> Cell:
        style = integer(element.get("s"), 0)
        in_range = 0 <= style < len(self._formats)
        found = self._text(element, self._formats[style] if in_range else GENERAL)
        struck = found.struck
        if in_range and self._struck[style] and found.text:
            struck = (found.text,)
        is_formula = element.find("f") is not None
        no_value = is_formula and not found.text and element.get("t") != "str"
        return Cell(tuple(clean_lines(found.text.strip())), shown_lines(struck), no_value)

    def _text(self, element: Element, code: str) -> _Text:
        value = (element.findtext("v") or "").strip()
        match element.get("t", "n"):
            case "s":
                at = integer(value, -1)
                return self._texts[at] if 0 <= at < len(self._texts) else _Text("")
            case "inlineStr":
                inline = element.find("is")
                return _rich(inline) if inline is not None else _Text("")
            case "n":
                return _Text(self._number(value, code) if value else "")
            case "d":
                return _Text(self._day(value, code))
            case "b":
                return _Text("TRUE" if value == "1" else "FALSE")
        return _Text(_unescaped(element.findtext("v") or ""))

    def _day(self, value: str, code: str) -> str:
        """As the strict form may write it: 2026-04-15T00:00:00."""
        try:
            moment = datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return value
        return shown_number((moment - _FIRST_DAY) / timedelta(1), code)

    def _number(self, value: str, code: str) -> str:
        try:
            number = float(value)
            plain_number(number)
        except (ValueError, OverflowError):
            return value
        return shown_number(number, code, from_1904=self._from_1904)


def _rich(element: Element) -> _Text:
    """Text in one piece or in runs; how it is read aloud is left out."""
    parts, struck = [], []
    for part in element:
        text = part.text or "" if part.tag == "t" else ""
        if part.tag == "r":
            text = part.findtext("t") or ""
            font = part.find("rPr")
            if text.strip() and font is not None and _is_struck(font):
                struck.append(_unescaped(text).strip())
        parts.append(text)
    return _Text(_unescaped("".join(parts)), tuple(struck))


def _is_struck(font: Element) -> bool:
    strike = font.find("strike")
    return strike is not None and strike.get("val", "1") in TRUE


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else default
