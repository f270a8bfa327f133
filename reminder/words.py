"""Where words stand: Jinja files in a folder of their language, an operator's before the shipped.

Every sentence that people read is one of them; Python hands over facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

CHECKOUT = Path(__file__).resolve().parents[1]
IN_CHECKOUT = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "plan").is_dir()
# What travels with the program: the project's own folders, or their copies in the wheel.
SHIPPED = CHECKOUT if IN_CHECKOUT else Path(__file__).resolve().parent / "data"

CHINESE, ENGLISH = "zh-CN", "en"
FAULTS = "faults.txt"
SHOWN = 120  # characters of a wrong value


@cache
def environment(own: Path | None, *, autoescape: bool, language: str = CHINESE) -> Environment:
    """Names begin with the kind's folder: `mail/…`, `web/…`. A file in the operator's `own` folder
    hides the shipped one of that name. A name that a template uses and nobody gave is an error,
    not an empty place. Compiled once in a process."""
    from jinja2 import (
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )  # only where something is said

    folders = [root / language for root in (own, SHIPPED / "templates") if root]
    templates = Environment(
        loader=FileSystemLoader(folders, encoding="utf-8-sig"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"quoted": quoted, "cited": _cited}
    return templates


def sentence(language: str, name: str, reason: str, facts: Mapping[str, object]) -> str:
    """What the shipped template of that language says by its macro `reason`."""
    template = environment(None, autoescape=False, language=language).get_template(name)
    return str(getattr(template.module, reason)(**facts)).strip("\n")


def quoted(value: object) -> str:
    """A wrong value as an error repeats it: on one line, of a length to be read."""
    try:
        text = str(value) if isinstance(value, date | time) else repr(value)
    except RecursionError:
        text = "nested too deeply"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _cited(value: object) -> str:
    """The same between Chinese quotation marks, if it is text."""
    text = quoted(value)
    return f"“{text[1:].removesuffix(text[0])}”" if isinstance(value, str) else text
