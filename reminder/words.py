"""Where words stand: Jinja files in a folder of their language, an operator's before the shipped.

Every sentence that people read is one of them; Python hands over facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
WORDS = "words.txt"  # what all kinds of templates share
SHOWN = 120  # characters of a wrong value


def languages(own: Path | None) -> list[str]:
    """Those that have a folder with their words, among the shipped ones or in the operator's."""
    folders = [SHIPPED / "templates", *([own] if own else [])]
    found = {path.parent.name for folder in folders for path in folder.glob(f"*/{WORDS}")}
    return sorted(found, key=lambda name: (name != CHINESE, name))


@cache
def environment(own: Path | None, *, autoescape: bool, language: str = CHINESE) -> Environment:
    """Names begin with the kind's folder: `mail/…`, `web/…`. A file in the operator's `own` folder
    hides the shipped one of that name, but for what it lacks of a set of macros. A name that a
    template uses and nobody gave is an error, not an empty place. Compiled once in a process.

    What a language's folders lack comes from the Chinese ones: style sheets, colours, layouts.
    """
    # Only where something is said.
    from jinja2 import Environment, StrictUndefined

    from reminder import cldr
    from reminder.own_templates import loader_of

    templates = Environment(
        loader=loader_of(own, SHIPPED / "templates", dict.fromkeys((language, CHINESE))),
        autoescape=autoescape,  # noqa: S701 - pages escape, plain text must not
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"quoted": quoted, "cited": _cited, "in_words": _in(language)}
    templates.filters |= cldr.filters(language)
    templates.globals["language"] = language
    return templates


@dataclass(frozen=True)
class Sentence:
    """What a shipped template says by its macro `reason`; as text it is English.

    It is said when somebody reads it, in that reader's language.
    """

    template: str
    reason: str
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)

    def words(self, language: str) -> str:
        templates = environment(None, autoescape=False, language=language)
        try:
            said = templates.get_template(self.template).module
        except OSError:  # no descriptors are left, or an upgrade has just taken the files away
            return f"{self.reason} {dict(self.facts)}"
        return str(getattr(said, self.reason)(**self.facts)).strip("\n")

    def __str__(self) -> str:
        return self.words(ENGLISH)


def _in(language: str) -> Callable[[object], object]:
    """A sentence within another is in its language."""
    return lambda value: value.words(language) if isinstance(value, Sentence) else value


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
