"""What the styles of a Word document say of text: hidden, crossed out, numbered."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

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
