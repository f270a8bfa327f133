"""One family of colours for mails and pages, each readable on what it stands on (WCAG 2.1, AA)."""

import re
from itertools import product
from pathlib import Path

import pytest

TEMPLATES = Path("templates/zh-CN")
SCHEMES = ("light", "dark")
HEX = r"#[0-9a-fA-F]{3,8}\b"
TEXT = 4.5
LIGHTS = ("blue", "green", "yellow", "red", "review", "approve", "grey")
BESIDE_TEXT = ("ink", "soft", "accent", *LIGHTS)


def of_pages() -> dict[str, dict[str, str]]:
    sheet = (TEMPLATES / "web/style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{([^}]*)\}", sheet)[:2]
    found = [dict(re.findall(rf"--([a-z-]+): ({HEX});", block)) for block in blocks]
    return dict(zip(SCHEMES, found, strict=True))


def of_mails() -> dict[str, dict[str, str]]:
    text = (TEMPLATES / "mail/colours.txt").read_text(encoding="utf-8")
    blocks = re.findall(r"set (light|dark) = \{([^}]*)\}", text)
    return {name: dict(re.findall(rf'"([a-z-]+)": "({HEX})"', block)) for name, block in blocks}


PAGES, MAILS = of_pages(), of_mails()


def contrast(one: str, other: str) -> float:
    low, high = sorted(_luminance(each) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_black_on_white_is_the_most() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mails_have_the_colours_of_pages(scheme: str) -> None:
    assert MAILS[scheme].items() <= PAGES[scheme].items()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_colour_can_be_read_where_it_stands(scheme: str) -> None:
    colours = PAGES[scheme]
    pairs = [*product(BESIDE_TEXT, ("paper", "ground", "hover")), ("on-accent", "accent")]
    pairs += [(light, f"{light}-ground") for light in LIGHTS]
    poor = {
        (text, under): round(contrast(colours[text], colours[under]), 2)
        for text, under in pairs
        if contrast(colours[text], colours[under]) < TEXT
    }
    assert poor == {}


def test_no_template_has_a_colour_of_its_own() -> None:
    known = {colour for scheme in SCHEMES for colour in PAGES[scheme].values()}
    printed = {"#fff", "#000", "#333", "#999", "#eee"}  # of the sheet's part for print
    strays = {
        (path.name, colour)
        for path in [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.css")]
        for colour in re.findall(HEX, path.read_text(encoding="utf-8"))
        if colour not in known | (printed if path.name == "style.css" else set())
    }
    assert strays == set()


@pytest.mark.parametrize(
    ("word", "colour"), [("待复核", "review"), ("待确认", "red"), ("待审核", "approve")]
)
def test_what_waits_for_whom_has_one_colour_and_one_sign_everywhere(word: str, colour: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (TEMPLATES / "web").rglob("*.html")]
    shown = [found for page in pages for found in re.findall(rf'class="pill ([^"]*)">{word}', page)]
    shown += [found for page in pages for found in re.findall(rf'todo\("([^"]*)", "{word}"', page)]
    assert set(shown) == {colour}
    sheet = (TEMPLATES / "web/style.css").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^\.pill\.{colour}::before \{{[^}}]*border", sheet)
