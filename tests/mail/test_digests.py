"""What a digest says to whom: sections, roles, subject, what is left to confirm."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reminder.documents.templates import environment
from reminder.domain.digest import digest
from reminder.domain.plan import Part, Task
from reminder.domain.units import Relation, Unit
from reminder.domain.when import Span
from reminder.domain.windows import Progress
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
    UNITS,
    at,
    reader,
    standing,
    task,
    timetable,
    year_round,
)
from tests.mail.written import Mail, say, written

# --- roles and sections


def _done(name: str) -> Progress:
    return Progress({name: date(2026, 2, 10)})


RELATED_TO_IT = task(4, 2, lead=(RELATED,), related=(LEADER,))
NOT_ITS_OWN = {"lead": (OUTSIDER,), "related": ()}
ALL = ["lead", "related", "confirm", "next-lead", "year-lead", "standing"]
EVERYTHING = (task(3), task(4), RELATED_TO_IT, task(5), year_round(), standing())


@pytest.mark.parametrize(
    ("tasks", "more", "kinds"),
    [
        (EVERYTHING, {}, ALL),
        ([task(4, related=(LEADER, RELATED))], {}, ["lead"]),
        ([task(3), task(4, **NOT_ITS_OWN)], {}, ["confirm"]),
        ([task(4), task(5, **NOT_ITS_OWN)], {}, ["lead"]),
        ([task(12), task(11)], {"month": 12, "progress": _done("2026-11-1")}, ["lead"]),
        ([task(4), year_round()], {"progress": _done("2026-year-1")}, ["lead"]),
        ([task(3), task(4)], {"progress": Progress(started=date(2026, 4, 1))}, ["lead"]),
        ([task(4, due=date(2026, 4, 10)), task(4, 2)], {"on": 20}, ["lead"]),
        ([task(4), standing()], {"unit": RELATED}, ["related"]),
    ],
    ids=[
        "in order", "lead is not related", "only unconfirmed", "no part in the next month",
        "after december", "done for the year", "before the first start", "not yet earlier",
        "nothing standing for a related unit",
    ],
)  # fmt: skip
def test_sections_are_those_that_matter_in_their_order(
    tasks: Sequence[Task], more: dict[str, Any], kinds: list[str]
) -> None:
    content = written(timetable(*tasks), **more)
    assert content.kinds == kinds
    assert ("待确认" in content.subject) is ("confirm" in kinds)


def test_a_unit_reads_only_of_tasks_in_which_it_has_a_part_and_of_all_leads_in_order() -> None:
    table = timetable(task(4), task(4, 2, lead=(OUTSIDER,), related=()), task(5), standing())
    content = written(table, RELATED)
    assert content.titles("related") == ["4月表列第1项工作"]
    assert "4月表列第2项工作" not in content.whole
    content = written(timetable(task(4, lead=(OUTSIDER, LEADER))))
    assert content.parts[0].notes[0].endswith("中卫市人大常委会、自治区人大常委会代表工作委员会")


def test_the_earliest_is_named_only_among_several_that_have_a_day() -> None:
    days = [task(4, n, due=date(2026, 4, 10 + n)) for n in (2, 3)]
    assert "其中1项4月13日" in written(timetable(task(4), days[1])).summary
    assert "其中最早1项4月" in written(timetable(task(4), *days)).summary


def test_a_month_of_many_rows_with_units_of_their_own_is_still_numbered() -> None:
    pairs = [(RELATED,), (OUTSIDER,), ()]
    tasks = [task(4, n, related=pairs[n % 3]) for n in range(1, 13)]
    assert len(written(timetable(*tasks)).parts) == 12
    assert len({say("words.txt", "numeral", number=number) for number in range(1, 100)}) == 99


def test_rows_with_units_of_their_own_stand_under_one_heading() -> None:
    tasks = [task(4), task(4, 2, related=()), task(4, 3), task(5)]
    content = digest(reader(timetable(*tasks), LEADER, at(4, 1)), 4, at(4, 1))
    template = environment(None, autoescape=False).get_template("mail/sections.txt")
    heads = [line for line in template.render(content=content).splitlines() if "、" in line]
    assert heads == ["一、4月承办（3项）", "二、5月预告（承办1项，5月6日—5月29日）"]
    assert [item.number for section in content.sections for item in section.items] == [1, 2, 3, 1]


def test_numbers_of_other_rows_are_not_the_tables_own() -> None:
    span = Span(date(2026, 4, 1), date(2026, 5, 31))
    spring = replace(task(4, 8), months=range(4, 6), span=span)
    for tasks, numbers in (([task(4, 2), task(4, 8)], [2, 8]), ([task(4, 2), spring], [1, 2])):
        assert [line.number for line in written(timetable(*tasks)).parts[0].lines] == numbers


def test_days_are_explained_where_one_follows_from_a_month() -> None:
    day, month = task(4, due=date(2026, 4, 10)), task(4, 2)
    for tasks, explained in (([day], False), ([day, month], True)):
        content = digest(reader(timetable(*tasks), LEADER, at(4, 1)), 4, at(4, 1))
        assert content.dates_explained is explained


# --- what a related unit never learns


TIMINGS = ({}, {"soft": True}, {"due": date(2026, 4, 15)}, {"part": Part.EARLY})


@pytest.mark.parametrize("relation", [*Relation, None])
def test_a_related_unit_never_sees_a_state_and_nothing_moves_with_the_leads_progress(
    relation: Relation | None,
) -> None:
    months = (task(4, n, **timing) for n, timing in enumerate(TIMINGS, 1))
    table = timetable(*months, relations={RELATED: relation})
    assert {line.status for line in written(table, RELATED).lines} == {""}
    table = timetable(task(3), task(4), year_round(), relations={RELATED: relation})
    all_done = Progress(dict.fromkeys(("2026-03-1", "2026-04-1", "2026-year-1"), date(2026, 4, 1)))
    assert written(table, RELATED, on=15) == written(table, RELATED, on=15, progress=all_done)


# --- parallel units


def test_a_parallel_lead_is_asked_politely_and_sees_no_state() -> None:
    table = timetable(task(3), task(4), task(5), relations={LEADER: Relation.PARALLEL})
    content = written(table, on=28)
    assert {(line.status, line.state) for line in content.lines} == {("", "hidden")}
    assert "confirm" not in content.kinds
    said = content.subject + content.whole
    assert [word for word in ("待确认", "登记") if word in said] == []
    assert "敬请" in content.summary
    assert "商请" in content.summary


# --- subject and wording

LONG = "研究起草《关于进一步加强全区各级人大代表基层履职平台建设的指导意见》，" * 4 + "提请审议"


@pytest.mark.parametrize("unit", [LEADER, RELATED])
def test_a_wording_is_never_shortened_in_a_body(unit: str) -> None:
    tasks = (task(month, title=f"{LONG}{month}", short="指导意见") for month in (3, 4, 5))
    year = year_round(title=f"{LONG}全年", short="指导意见")
    content = written(timetable(*tasks, year), unit)
    found = [line.title for line in content.lines]
    assert {len(title) >= len(LONG) for title in found} == {True}
    assert f"{LONG}4" in found


def test_a_subject_says_when_it_is_late_and_names_short_titles_and_both_roles() -> None:
    tasks = [task(4, n, short=f"换届选举工作第{n}次调研") for n in range(1, 6)]
    related = task(4, 6, lead=(RELATED,), related=(LEADER,), short="座谈")
    assert written(timetable(*tasks)).subject == (
        "【代表工作·4月】承办5项：换届选举工作第1次调研、换届选举工作第2次调研等"
    )
    both = timetable(task(4, short="调研"), related)
    assert written(both).subject == "【代表工作·4月】承办1项：调研；相关1项"
    table = timetable(task(4))
    assert written(table, on=10, late=True).subject.startswith("【代表工作·4月】〔补发〕")
    assert table.is_late(table.digest_due(4), at(4, 2))
    assert not table.is_late(table.digest_due(4), at(4, 1, 23))


# --- 待确认


def months_to_confirm(content: Mail) -> list[str]:
    return [s.title.partition("待确认")[0] for s in content.parts if s.kind == "confirm"]


def test_unconfirmed_tasks_of_two_months_stand_one_by_one_and_older_ones_as_a_count() -> None:
    content = written(timetable(*(task(month) for month in (1, 2, 3, 4, 5, 6))), month=6)
    assert months_to_confirm(content) == ["4月", "5月"]
    assert content.titles("confirm") == ["4月表列第1项工作", "5月表列第1项工作"]
    assert "更早月份另有3项待确认。" in content.whole
    assert "前期5项待确认" in content.subject
    assert "前期有5项尚未登记完成" in content.summary
    older = written(timetable(task(1), task(2), task(6)), month=6)
    assert older.kinds == ["lead", "older"]
    assert older.heading("older").startswith("更早月份待确认（2项）")


def test_what_is_unconfirmed_is_left_out_without_tracking_and_told_a_local_lead() -> None:
    content = written(timetable(task(3), task(4), tracking=False))
    assert content.kinds == ["lead"]
    assert "待确认" not in content.subject + content.whole
    table = timetable(task(3), task(4), relations={LEADER: Relation.LOCAL})
    assert months_to_confirm(written(table)) == ["3月"]


# --- units


def test_a_group_is_named_with_its_count_and_who_has_no_address_to_the_lead_alone() -> None:
    group = Unit("congresses", "各市、县（区）人大常委会", members=(RELATED, OUTSIDER))
    nobody = Unit("departments", "自治区有关部门")
    found = task(4, related=("congresses", "departments"))
    table = timetable(found, units=(*UNITS, group, nobody))
    assert "各市、县（区）人大常委会（2个）" in written(table).whole
    assert "自治区有关部门未登记邮箱，需另行告知" in written(table).whole
    assert "需另行告知" not in written(table, RELATED).whole
