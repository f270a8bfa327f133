"""The 情况简报 as a Word document: its facts in the words of one template, laid out by another."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil
from typing import Any
from unicodedata import east_asian_width

from reminder.documents.templates import find_file, office_templates, phrase
from reminder.documents.word_template import BRIEF, fill
from reminder.domain.characters import UNSEEN
from reminder.office.application import Application
from reminder.office.brief import Brief, BriefPart, counts

Say = Callable[..., str]
Section = dict[str, Any]
_NAMED = (
    BriefPart.DONE,
    BriefPart.IN_HAND,
    BriefPart.REPORTED,
    BriefPart.TO_CONFIRM,
    BriefPart.WAITING,
    BriefPart.NOT_OPEN,
)
YEAR_ROUND, UNSIGNED, NEXT = "year-round", "unsigned", "next"
_ON_LINES = (BriefPart.IN_HAND, BriefPart.TO_CONFIRM, YEAR_ROUND)


def brief_file(app: Application, brief: Brief) -> bytes:
    """Raises `ConfigurationError` for an office's own template that cannot be used."""
    path = find_file(app.settings.templates, BRIEF, app.settings.language)
    return fill(path, document_facts(brief, _words_of(app)), brief.at)


def brief_name(app: Application, period: str) -> str:
    """Of the file, for a month or a year."""
    return f"{_words_of(app)('file', value=period)}.docx"


def _words_of(app: Application) -> Say:
    templates = office_templates(app.settings)

    def say(macro: str, **facts: object) -> str:
        # What units have typed may hold line ends, and what no document can.
        return UNSEEN.sub(" ", phrase(templates, "documents/brief.txt", macro, **facts))

    return say


def document_facts(brief: Brief, say: Say) -> dict[str, object]:
    """As `word_template.SAMPLE` has them."""
    plan, now, earlier = brief.table.plan, counts(brief.items), counts(brief.earlier)
    office = brief.table.directory[plan.office]
    year_round = counts(brief.year_round)
    summary = say("summary", brief=brief, now=now, earlier=earlier, year_round=year_round)
    return {
        "title": say("title", brief=brief),
        "subtitle": say("subtitle", brief=brief, office=office),
        "summary": summary,
        "sections": _fitting(brief, say, summary),
        "counts": {
            "planned": len(brief.items),
            **{part.replace("-", "_"): count for part, count in now.items()},
            "earlier": len(brief.earlier),
            "asked": brief.asked,
            "signed": brief.signed,
        },
    }


def _fitting(brief: Brief, say: Say, summary: str) -> list[Section]:
    """As many tasks of each kind as fit on half a page; one of each in any case. Until they do
    the longest section names one less: of those that are one text, then of those that are lists."""
    width, room = int(say("width")), int(say("room"))
    full = [(key, rows) for key, rows in _sections(brief) if rows]
    named = [min(len(rows), int(say("shown", section=key))) for key, rows in full]

    def worded(place: int) -> Section:
        key, rows = full[place]
        of = partial(say, section=key)
        return _worded(brief, of, key, place + 1, rows, named[place])

    sections = [worded(place) for place in range(len(full))]
    while True:
        lines = [_lines(section, width) for section in sections]
        shorter = [
            (key not in _ON_LINES, lines[at], at)
            for at, (key, _) in enumerate(full)
            if named[at] > 1 and lines[at] > (3 if key in _ON_LINES else 1)
        ]
        if not shorter or sum(lines) + _lines_of(summary, width) <= room:
            return sections
        *_, place = max(shorter)
        named[place] -= 1
        sections[place] = worded(place)


def _lines(section: Section, width: int) -> int:
    texts = [f"{section['heading']}{section['text']}", *section["lines"]]
    return sum(_lines_of(text, width) for text in texts)


def _lines_of(text: str, width: int) -> int:
    """Digits and Latin letters take half a place; the first two are empty."""
    places = 2 + sum(0.5 if east_asian_width(sign) in ("N", "Na", "H") else 1 for sign in text)
    return ceil(places / width)


def _sections(brief: Brief) -> Iterator[tuple[str, Sequence[object]]]:
    for part in _NAMED:
        if brief.month or part is not BriefPart.NOT_OPEN:  # of a year that is what comes next
            yield part, brief.of(part)
    yield YEAR_ROUND, [item for item in brief.year_round if item.told]
    yield UNSIGNED, brief.unsigned
    yield NEXT, brief.following


def _worded(
    brief: Brief, say: Say, key: str, number: int, rows: Sequence[object], named: int
) -> Section:
    count, few = len(rows), rows[:named]
    heading = say("heading", number=number, count=count, brief=brief)
    if key not in _ON_LINES:
        parts = [say("within", row=row, brief=brief) for row in few]
    elif count == 1:
        parts = [say("line", number=0, item=few[0], brief=brief)]
    else:
        lines = [say("line", number=n, item=item, brief=brief) for n, item in enumerate(few, 1)]
        more = [say("rest", count=count, shown=len(few))] if count > len(few) else []
        return {"heading": heading, "text": "", "lines": lines + more}
    return {"heading": heading, "text": say("joined", parts=parts, count=count), "lines": []}
