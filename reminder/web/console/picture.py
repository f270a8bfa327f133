"""The whole plan's year as one picture, each task in its light."""

from collections.abc import Iterator
from datetime import date

from reminder.domain.looks import Look
from reminder.domain.timetable import Timetable
from reminder.domain.year import Bar, Year
from reminder.office.lights import Standing
from reminder.office.overview import Overview
from reminder.web.timeline import Timeline, timeline


def picture_of(table: Timetable, overview: Overview, on: date) -> Timeline:
    today = on if on.year == table.plan.year else None
    return timeline(Year(table.plan.year, today, tuple(_bars(table, overview))))


def _bars(table: Timetable, overview: Overview) -> Iterator[Bar]:
    first, last = date(table.plan.year, 1, 1), date(table.plan.year, 12, 31)
    for row in (row for rows in overview.months.values() for row in rows):
        found = table.windows[row.task.id]
        opens = max(found.opens, first)
        due = max(opens, min(found.due, last))
        yield Bar(row.task.brief, opens, due, True, row.timing, _look(row))
    for row in overview.year_round:
        yield Bar(f"全年·{row.task.brief}", first, last, True, "全年", all_year=True)


def _look(row: Standing) -> Look:
    mark = row.lamp.short if row.lamp.colour in ("yellow", "red", "wait") else ""
    return Look(row.lamp.colour, row.lamp.word, "✓" if row.done_on else mark)
