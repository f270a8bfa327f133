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
_CATEGORIES = ("zero", "one", "two", "few", "many", "other")


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
    said: dict[str, Callable[..., Any]] = {
        "month": lambda locale, number: locale.months["stand-alone"]["wide"][number],
        "day": lambda locale, value: _dated(value, "MMMMd", locale),
        "full_day": lambda locale, value: _dated(value, "yMMMMd", locale),
        "weekday": lambda locale, value: _dated(value, "MMMMEEEEd", locale),
        "days": _days,
        "months": _months,
        "plural": _plural,
    }
    # Which locale it is, is only asked where something is said.
    by_name = {name: _in(language, macro) for name, macro in said.items()}
    listed = pass_eval_context(lambda context, names: _listed(locale_of(language), context, names))
    return {**by_name, "listed": listed}


def _in(language: str, said: Callable[..., Any]) -> Callable[..., str]:
    """With blanks of one width: not every font of an office has thin ones."""
    blanks = str.maketrans({"\u2009": " ", "\u202f": " "})
    return lambda *facts: str(said(locale_of(language), *facts)).translate(blanks)


def _dated(value: date, skeleton: str, locale: Locale) -> str:
    from babel.dates import format_skeleton

    return format_skeleton(skeleton, value, locale=locale)


def _days(locale: Locale, ends: tuple[date, date]) -> str:
    """1 – 30 April; with their years where these differ."""
    from babel.dates import format_interval

    if ends[0].year == ends[1].year:
        return format_interval(*ends, "MMMMd", locale=locale)
    first, last = (_dated(day, "yMMMMd", locale) for day in ends)
    return str(locale.interval_formats[None].format(first, last))


def _months(locale: Locale, ends: tuple[date, date]) -> str:
    """May – October; with their years where these differ."""
    first, last = (
        locale.months["stand-alone"]["wide"][day.month]
        if ends[0].year == ends[1].year
        else _dated(day, "yMMMM", locale)
        for day in ends
    )
    return str(first if first == last else locale.interval_formats[None].format(first, last))


def _plural(locale: Locale, count: int, *words: str) -> str:
    """The words in the order of CLDR's categories: one, two, few, many, other."""
    order = [name for name in _CATEGORIES if name in {*locale.plural_form.tags, "other"}]
    return f"{count} {words[min(order.index(locale.plural_form(count)), len(words) - 1)]}"


def _listed(locale: Locale, context: EvalContext, names: Iterable[object]) -> str:
    from babel.lists import format_list

    as_text = escape if context.autoescape else str
    said = format_list([str(as_text(name)) for name in names], locale=locale)
    return Markup(said) if context.autoescape else said  # noqa: S704 - of escaped names
