"""What stands in style sheet, script and pages is known to Chromium 79, which many offices have."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WEB = Path("templates/zh-CN/web")
SHEETS = (WEB / "style.css", WEB / "sheet.css", WEB / "preview.html")
STYLE, SHEET, PREVIEW = (
    re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in SHEETS
)
SCRIPT = re.sub(r"//.*", "", (WEB / "page.js").read_text(encoding="utf-8"))
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in WEB.rglob("*.html"))
OLD = 79
# What a sheet of ours might come to use, and the Chromium that first knew it.
STYLES = {
    r":is\(|:where\(": 88,
    r":not\([^()]*,": 88,
    r":has\(": 105,
    r"::marker": 86,
    r"::file-selector-button": 89,
    r"(^|[\s;{])inset(-[a-z-]+)?:": 87,
    r"(margin|padding|border)-(inline|block)\s*:": 87,
    r"aspect-ratio": 88,
    r"appearance:": 84,
    r"content-visibility|contain-intrinsic": 85,
    r"overflow(-[xy])?:\s*clip": 90,
    r"overflow-wrap:\s*anywhere": 80,
    r"color-mix\(|oklch\(|oklab\(|light-dark\(": 111,
    r"@layer|@container|@property|@scope|@starting-style": 85,
    r"\d(dv|sv|lv)[hw]\b": 108,
    r"text-wrap:|text-box": 114,
    r"@media[^{]*(<|>)": 104,
    r"(^|[\s;])(scale|rotate|translate):": 104,
    r"scrollbar-(gutter|width|color)": 94,
    r"(^|[\s;{])&": 112,
    r"mask(-[a-z]+)?:": 120,
    r"\b(round|mod|rem|sin|cos|pow|sqrt)\(": 111,
    r"font-palette|size-adjust": 92,
}
SCRIPTS = {
    r"\?\.": 80,
    r"\?\?": 80,
    r"(\|\||&&)=": 85,
    r"\.at\(|Object\.hasOwn|\.findLast": 92,
    r"replaceAll\(": 85,
    r"Promise\.any|WeakRef|AggregateError": 85,
    r"#[a-z]\w*\s*(\(|=|;)": 84,
    r"structuredClone|\.toSorted|\.groupBy|\.replaceChildren": 86,
    r"^await ": 89,
    r"import\.meta|static \{": 94,
}
MARKUP = {
    r"<dialog|<search": 118,
    r"\bpopover|popovertarget": 114,
    r"\binert\b": 102,
    r"<details[^>]*\bname=": 120,
    r"enterkeyhint|fetchpriority|shadowrootmode": 101,
}
# A browser that does not know it leaves out the whole rule, and shows the ring at a click too.
HARMLESS = ":focus:not(:focus-visible)"


def rules() -> Iterator[tuple[list[str], str]]:
    """The innermost blocks: selectors and what is declared of them."""
    for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", STYLE):
        yield [selector.strip() for selector in head.split(",")], body


def of_display(kind: str) -> set[str]:
    wanted = re.compile(rf"display:\s*(inline-)?{kind}\b")
    return {each for selectors, body in rules() if wanted.search(body) for each in selectors}


@pytest.mark.parametrize(
    ("text", "newer"), [(STYLE + SHEET + PREVIEW, STYLES), (SCRIPT, SCRIPTS), (PAGES, MARKUP)]
)
def test_style_sheet_script_and_pages_use_nothing_newer(text: str, newer: dict[str, int]) -> None:
    assert min(newer.values()) > OLD
    assert [pattern for pattern in newer if re.search(pattern, text, re.MULTILINE)] == []


def test_a_ring_that_is_shown_too_often_does_no_harm() -> None:
    """86 knows :focus-visible; it stands in a rule of its own, after one for all."""
    assert STYLE.count(":focus-visible") == STYLE.count(HARMLESS) == 1
    assert ([HARMLESS], " outline: none; ") in list(rules())
    assert re.search(r"(?m)^:focus \{ outline: 2px", STYLE)


def test_boxes_in_a_row_keep_their_distance_and_are_aligned_in_old_words() -> None:
    """84 knows a gap between flex boxes, 93 start and end; between the cells of a grid all do."""
    new = re.compile(r"(align|justify)-(items|content|self):\s*(start|end|self-start|self-end)\b")
    gapped, aligned = (
        {each for selectors, body in rules() if words.search(body) for each in selectors}
        for words in (re.compile("gap:"), new)
    )
    assert gapped
    assert gapped <= of_display("grid")
    assert aligned <= of_display("grid") | {".answer .fields"}


def test_a_field_in_the_dark_has_its_own_colours() -> None:
    """81 knows color-scheme: before it, fields stay white whatever the ink."""
    fields = "input:not([type=checkbox]):not([type=radio]):not([type=hidden])"
    [body] = [body for selectors, body in rules() if fields in selectors and "width" in body]
    assert "background: var(--paper)" in body
    assert re.search(r"option \{ background: var\(--paper\); color: var\(--ink\); \}", STYLE)
