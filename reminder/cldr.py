"""Dates, lists and plurals as a language writes them (Unicode CLDR): filters of the templates.

Chinese templates say theirs by macros of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import pass_eval_context
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from babel import Locale
    from jinja2.nodes import EvalContext

# English is written as in most of the world: 15 April, A, B and C.
_REGIONS = {"en": "en_001"}
_OTHERWISE = "en_001"  # for a language that CLDR does not know


@cache
def locale_of(language: str) -> Locale:
    # Loaded by who says something in another language than Chinese: it takes nine MiB.
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(_REGIONS.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_OTHERWISE)


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """`month`, `day`, `full_day`, `weekday` of a day, `days` and `months` of the first and the
    last one, `listed` of names, `plural` of a number with its words."""

    def plural(count: int, *words: str) -> str:
        """The words in the order of CLDR's categories: one, two, few, many, other."""
        locale = locale_of(language)
        order = [name for name in _CATEGORIES if name in {*locale.plural_form.tags, "other"}]
        return f"{count} {words[min(order.index(locale.plural_form(count)), len(words) - 1)]}"

    return {
        "month": lambda number: _month(number, language),
        "day": _skeleton("MMMMd", language),
        "full_day": lambda value: _long(value, language),
        "weekday": _skeleton("MMMMEEEEd", language),
        "days": lambda ends: _days(ends, language),
        "months": lambda ends: _months(ends, language),
        "listed": pass_eval_context(lambda context, names: _listed(context, names, language)),
        "plural": plural,
    }


_CATEGORIES = ("zero", "one", "two", "few", "many", "other")


def _skeleton(pattern: str, language: str) -> Callable[[date], str]:
    def said(value: date) -> str:
        from babel.dates import format_skeleton

        return _plain(format_skeleton(pattern, value, locale=locale_of(language)))

    return said


def _plain(text: str) -> str:
    """With blanks of one width: not every font of an office has thin ones."""
    return text.replace("\u2009", " ").replace("\u202f", " ")


def _long(value: date, language: str) -> str:
    from babel.dates import format_date

    return _plain(format_date(value, "long", locale=locale_of(language)))


def _days(ends: tuple[date, date], language: str) -> str:
    """1 – 30 April; with their years where these differ."""
    from babel.dates import format_interval

    locale, (first, last) = locale_of(language), ends
    if first.year == last.year:
        return _plain(format_interval(first, last, "MMMMd", locale=locale))
    return _between(_long(first, language), _long(last, language), locale)


def _month(number: int, language: str) -> str:
    return str(locale_of(language).months["stand-alone"]["wide"][number])


def _months(ends: tuple[date, date], language: str) -> str:
    """May – October; with their years where these differ."""
    is_one_year = ends[0].year == ends[1].year
    first, last = (
        _month(day.month, language) if is_one_year else _skeleton("yMMMM", language)(day)
        for day in ends
    )
    return first if first == last else _between(first, last, locale_of(language))


def _between(first: str, last: str, locale: Locale) -> str:
    return _plain(locale.interval_formats[None].format(first, last))


def _listed(context: EvalContext, names: Iterable[object], language: str) -> str:
    from babel.lists import format_list

    as_text = escape if context.autoescape else str
    said = format_list([str(as_text(name)) for name in names], locale=locale_of(language))
    return Markup(said) if context.autoescape else said  # noqa: S704 - of escaped names
