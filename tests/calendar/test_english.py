"""An entry says the same in English, whatever its time is."""

from datetime import date
from pathlib import Path

import pytest

from reminder.calendar.entries import CalendarEntry, FeedEvents
from reminder.documents.office import load_office
from reminder.documents.templates import environment, phrase
from reminder.domain.windows import Progress
from reminder.words import CHINESE, ENGLISH, SHIPPED
from tests.mail.facts import CJK, say_the_same

PLANS = (SHIPPED / "plan" / "plan_2026.toml", Path("tests/data/plan_of_every_form.toml"))


def entries(plan: Path) -> list[CalendarEntry]:
    table = load_office(command_line={"plan": plan}).table
    done = dict.fromkeys(list(table.windows)[::3], date(2026, 4, 20))
    contents = FeedEvents(table, Progress(done), "").contents()
    texts = {text: None for feed in contents.values() for text in feed.entries.values()}
    return [CalendarEntry.from_json(text) for text in texts]


def said(entry: CalendarEntry, macro: str) -> tuple[str, str]:
    chinese, english = (
        phrase(
            environment(None, autoescape=False, language=language),
            "calendar/entries.txt",
            macro,
            entry=entry,
        )
        for language in (CHINESE, ENGLISH)
    )
    return chinese, english


def names(entry: CalendarEntry) -> list[str]:
    units = [name for item in entry.items for name in (*item.leads, *item.related)]
    quoted = [words for item in entry.items for words in (item.title, item.brief)]
    return sorted({*units, *quoted, *filter(None, [entry.meeting])}, key=len, reverse=True)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_titles_and_descriptions_say_the_same_around_the_plans_words(plan: Path) -> None:
    found = entries(plan)
    assert len(found) > 40
    for entry in found:
        for macro in ("short_title", "full_title", "description", "category"):
            texts = list(said(entry, macro))
            for name in names(entry):
                texts = [text.replace(name, "") for text in texts]
            assert say_the_same(*texts), texts
            assert CJK.findall(texts[1]) == []
