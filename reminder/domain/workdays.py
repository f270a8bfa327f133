"""Chinese working days: as somebody named them, as they were published, else as guessed."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

# State Council, Regulation on Public Holidays for National Festivals and Memorial Days, as
# amended on 10 November 2024: the days that stand on the solar calendar every year.
STATUTORY = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})

DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkingDays:
    """A day is looked up in `named`, then `published`; then it is guessed.

    `published` answers None for a year whose holidays are not yet announced; dates that rest
    on the guess are provisional. Of `announced` years `named` has all that is not as in any week.
    """

    published: Callable[[date], bool | None]
    named: Mapping[date, bool]
    announced: frozenset[int] = frozenset()

    def _known(self, day: date) -> bool | None:
        known = self.named[day] if day in self.named else self.published(day)
        return day.weekday() < 5 if known is None and day.year in self.announced else known

    def is_working(self, day: date) -> bool:
        known = self._known(day)
        guess = day.weekday() < 5 and (day.month, day.day) not in STATUTORY
        return guess if known is None else known

    def is_provisional(self, day: date) -> bool:
        return self._known(day) is None

    def on_or_before(self, day: date) -> date:
        return next(d for d in _days(day, -DAY) if self.is_working(d))

    def on_or_after(self, day: date) -> date:
        return next(d for d in _days(day, DAY) if self.is_working(d))

    def shift(self, day: date, count: int) -> date:
        """The working day `count` working days after `day`, or before it when negative."""
        step = DAY if count > 0 else -DAY
        for _ in range(abs(count)):
            day = next(d for d in _days(day + step, step) if self.is_working(d))
        return day

    def first_of_month(self, year: int, month: int) -> date:
        return self.on_or_after(first_day(year, month))

    def last_of_month(self, year: int, month: int) -> date:
        return self.on_or_before(last_day(year, month))

    def between(self, start: date, end: date) -> int:
        """Working days in (start, end]; 0 when end is not after start."""
        years = map(self._of_year, range(start.year, end.year + 1))
        return sum(max(bisect_right(days, end) - bisect_right(days, start), 0) for days in years)

    @cached_property
    def _years(self) -> dict[int, list[date]]:
        return {}

    def _of_year(self, year: int) -> list[date]:
        """Asked for each task of a page and of a tick: looked up once."""
        if year not in self._years:
            days = (date(year, 1, 1) + n * DAY for n in range(366))
            self._years[year] = [d for d in days if d.year == year and self.is_working(d)]
        return self._years[year]


def first_day(year: int, month: int) -> date:
    """Month 13 is January of the year after, 0 the December before."""
    years, index = divmod(month - 1, 12)
    return date(year + years, index + 1, 1)


def last_day(year: int, month: int) -> date:
    return first_day(year, month + 1) - DAY


def _days(start: date, step: timedelta) -> Iterator[date]:
    while True:
        yield start
        start += step
