"""Tables side by side: the years of one plan id are a series, other ids are other plans."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from types import MappingProxyType

from reminder.domain.plan import Plan
from reminder.domain.timetable import Timetable


def first_month(plan: Plan) -> int:
    """Counted from January of the year 0, so that months of two plans can be compared."""
    return 12 * plan.year + plan.months[0]


def last_month(plan: Plan) -> int:
    return 12 * plan.year + plan.months[-1]


def by_series(tables: Sequence[Timetable]) -> Mapping[str, tuple[Timetable, ...]]:
    """Of tables in order."""
    return {name: tuple(same) for name, same in groupby(tables, key=lambda table: table.plan.id)}


def running(series: Sequence[Timetable], on: date) -> Timetable:
    """The one whose term has begun last; before all terms the first."""
    month = 12 * on.year + on.month
    begun = [table for table in series if first_month(table.plan) <= month]
    return begun[-1] if begun else series[0]


def main_plan(
    tables: Sequence[Timetable], begun: Mapping[str, datetime] = MappingProxyType({})
) -> str:
    """Who names no plan means this one: the one that has `begun` first, or else the one with most
    units, of equal ones the first. So one that comes later takes no reader from it."""
    first = min((begun[t.plan.id] for t in tables if t.plan.id in begun), default=None)
    oldest = [table for table in tables if begun.get(table.plan.id) == first]
    return max(oldest, key=_size).plan.id if len(oldest) > 1 else oldest[0].plan.id


def table_with(
    series: Sequence[Timetable], period: str, tasks: Collection[str] = ()
) -> Timetable | None:
    """The latest that has one of the tasks, or the one with that month; `period` may be a day of
    it."""
    latest_first = reversed(series)
    by_task = (table for table in latest_first if not table.plan.by_id.keys().isdisjoint(tasks))
    by_month = (table for table in series if table.plan.month_of(period[:7]))
    return next(by_task, None) or next(by_month, None)


def turning_tables(series: Sequence[Timetable], on: date) -> Sequence[Timetable]:
    """Those that have a next one, or whose term is over."""
    last = series[-1].plan
    return series if last.month_at(on) > last.months[-1] else series[:-1]


def is_next_missing(series: Sequence[Timetable], on: date) -> bool:
    """From the first day of the last table's last month."""
    last = series[-1].plan
    return last.month_at(on) >= last.months[-1]


def _size(table: Timetable) -> int:
    """How many units it names; a group is its members."""
    names = (name for task in table.plan.tasks for name in (*task.lead, *task.related))
    return len(table.directory.expand(names))


def _is_same(one: Timetable, other: Timetable) -> bool:
    """Made of the same reading."""
    same = one.plan is other.plan and one.directory is other.directory and one.days is other.days
    return same and one.schedule == other.schedule


def linked(
    tables: Sequence[Timetable], known: Mapping[str, Sequence[Timetable]] | None = None
) -> tuple[Timetable, ...]:
    """In order, each with the tables of the years around it. A series that is `known` is taken from
    there, with all that was worked out for it."""
    found: list[Timetable] = []
    for plan, series in by_series(
        [replace(t, previous=None, following=None) for t in tables]
    ).items():
        old = (known or {}).get(plan, ())
        if len(old) == len(series) and all(map(_is_same, old, series)):
            found += old
            continue
        before: Timetable | None = None
        for table, after in zip(series, (*series[1:], None), strict=True):
            before = replace(table, previous=before)
            found.append(replace(before, following=after))
    return tuple(found)
