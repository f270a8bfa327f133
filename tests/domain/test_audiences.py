"""Units of one audience read the same, but for their names: so it is written once for all."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.documents.office import Office
from reminder.domain.digest import Content, digest, reminder
from reminder.domain.notices import Kind
from reminder.domain.occasions import digest_units
from reminder.domain.plan import TaskKind
from reminder.domain.status import Reader
from reminder.domain.timetable import Audience, Role, Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from tests.domain.builders import UNITS, at, standing, task, timetable, year_round

NAMES = ("a", "b", "c", "d", "east", "west")  # two groups among them
EAST, WEST = ("a", "b", "c"), ("b", "c", "d")


def audiences(table: Timetable) -> dict[Audience, list[str]]:
    found: dict[Audience, list[str]] = defaultdict(list)
    for unit in table.directory.single:
        found[table.audience(unit.id)].append(unit.id)
    return found


def mails(table: Timetable, unit: str, progress: Progress) -> list[Content]:
    """Every digest of the year, and a nudge and a 待确认 mail of all that the unit leads."""
    found = [
        digest(_reader(table, unit, progress), month, table.digest_due(month))
        for month in range(1, 13)
        if unit in table.reached(month)
    ]
    led = [t.id for t in table.leads(unit, table.plan.tasks) if t.kind is TaskKind.MONTH]
    kinds = (Kind.NUDGE, Kind.OVERDUE) if led else ()
    found += [reminder(kind, _reader(table, unit, progress), led, at(6, 1)) for kind in kinds]
    return [replace(content, reader=_reader(table, "", progress)) for content in found]


def _reader(table: Timetable, unit: str, progress: Progress) -> Reader:
    anybody = Unit("", "")
    return Reader(table, table.directory.units.get(unit, anybody), date(2026, 6, 1), progress)


@st.composite
def tables(draw: st.DrawFn) -> Timetable:
    rows = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
    leads = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
    tasks = [
        task(month, lead=draw(leads), related=draw(rows))
        for month in draw(st.lists(st.integers(1, 6), max_size=5, unique=True))
    ]
    tasks.append(year_round(lead=tuple(draw(leads)), related=tuple(draw(rows))))
    tasks.append(standing(lead=tuple(draw(leads))))
    tones = st.sampled_from([None, *Relation])
    units = [
        Unit(name, f"单位{name}", relation=draw(tones), to=draw(st.sampled_from([(), ("x@a.b",)])))
        for name in "abcd"
    ]
    groups = [Unit("east", "东片", members=EAST), Unit("west", "西片", members=WEST)]
    return timetable(*tasks, units=(*UNITS, *units, *groups))


@given(tables(), st.dates(date(2026, 1, 1), date(2026, 6, 30)))
def test_units_of_one_profile_read_the_same_but_for_their_names(
    table: Timetable, started: date
) -> None:
    progress = Progress(started=started)
    for units in audiences(table).values():
        first, *others = (mails(table, unit, progress) for unit in units)
        assert all(other == first for other in others)


@given(tables())
def test_a_unit_has_the_roles_of_the_rows_that_name_it_or_its_group(table: Timetable) -> None:
    for unit in table.directory.units:
        for each in table.plan.tasks:
            expanded = {
                Role.LEAD: table.directory.expand(each.lead),
                Role.RELATED: table.directory.expand(each.related),
            }
            wanted = next((role for role, units in expanded.items() if unit in units), None)
            assert table.role(unit, each) is wanted


@given(tables(), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_who_has_tasks_to_confirm_is_found_without_asking_each_unit(
    table: Timetable, on: date
) -> None:
    for month in range(1, 13):
        rows = table.reached(month)
        wanted = [
            unit.id
            for unit in table.directory.single
            if unit.id not in rows and table.unconfirmed(unit.id, month, on, Progress())
        ]
        assert digest_units(table, month, on, Progress()) == (*rows, *wanted)


def test_members_of_a_group_have_one_profile_and_one_named_besides_another() -> None:
    group = Unit("east", "东片", members=EAST)
    units = [Unit(name, f"单位{name}", to=("x@a.b",)) for name in EAST]
    table = timetable(task(4, lead=("east",), related=("c",)), units=(*UNITS, *units, group))
    assert table.audience("a") == table.audience("b") != table.audience("c")


@pytest.mark.parametrize("days", [0, 45, 120, 300])
def test_units_of_one_profile_of_the_shipped_plan_read_the_same(office: Office, days: int) -> None:
    progress = Progress(started=date(2026, 1, 1) + timedelta(days=days))
    shared = [units for units in audiences(office.table).values() if len(units) > 1]
    assert shared
    for units in shared:
        first, *others = (mails(office.table, unit, progress) for unit in units)
        assert all(other == first for other in others)
