"""How a correction reads: what became of each row, in the tone of its reader's relation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.plan import Task
from reminder.domain.plan_changes import compare
from reminder.domain.supplements import corrections, supplement
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, RELATED, at, meeting, reader, task, timetable, year_round
from tests.domain.test_tone import PRESSURE
from tests.mail.written import Mail, worded

ROW = task(4, 1, title="召开部署会议，进行全面部署", short="部署会议")
BOTH = {LEADER: {4}, RELATED: {4}}
SIDES = Sequence[Task]


def mail(
    before: SIDES, after: SIDES, unit: str = LEADER, relation: Relation = Relation.OWN
) -> Mail:
    old, new = (
        timetable(*rows, task(12, 9), relations={unit: relation}) for rows in (before, after)
    )
    changes = compare(old, new).tasks
    items = corrections(old, new, changes, BOTH, Progress(), date(2026, 4, 15))[unit]
    moment = at(4, 15, 10)
    return worded(supplement(reader(new, unit, moment), items, moment, signed=False))


def due(day: int) -> Task:
    return replace(ROW, timing=task(due=date(2026, 4, day)).timing)


@pytest.mark.parametrize(
    ("before", "after", "headline", "said", "below"),
    [
        (
            [ROW],
            [due(24)],
            "〔更正〕时间调整1项：部署会议",
            "安排表有调整：“部署会议”由4月内改为4月24日 周五前，请按调整后的安排办理。",
            "时间：4月内（4月1日—4月30日） → 4月24日 周五前",
        ),
        (
            [ROW],
            [],
            "〔更正〕取消1项：部署会议",
            "安排表有调整：“部署会议”已取消，请知悉。",
            "取消 · 原为4月内（4月1日—4月30日）",
        ),
        (
            [],
            [ROW],
            "〔补充〕新增承办1项：部署会议",
            "安排表有调整：新增承办1项：部署会议，4月内（4月1日—4月30日），请按调整后的安排办理。",
            "新增承办 · 4月内（4月1日—4月30日）",
        ),
        (
            [ROW],
            [replace(ROW, lead=(RELATED,), related=(LEADER,))],
            "〔更正〕改为相关1项：部署会议",
            "安排表有调整：“部署会议”中，本单位由承办单位改为相关部门，请知悉。",
            "本单位：承办单位 → 相关部门",
        ),
        (
            [ROW],
            [replace(ROW, lead=(RELATED,), related=())],
            "〔更正〕不再承办1项：部署会议",
            "安排表有调整：“部署会议”不再列本单位为承办单位，请知悉。",
            "不再承办 · 原为4月内（4月1日—4月30日）",
        ),
        (
            [ROW],
            [replace(ROW, title="召开部署会议")],
            "〔更正〕文字修改1项：部署会议",
            "安排表有调整：“部署会议”的文字有修改，请按调整后的安排办理。",
            "原文：召开部署会议，进行全面部署",
        ),
        (
            [year_round(short="代表活动")],
            [],
            "〔更正〕取消1项：代表活动",
            "安排表有调整：“代表活动”已取消，请知悉。",
            "取消 · 原为全年",
        ),
    ],
    ids=["moved", "dropped", "added", "related now", "no part now", "reworded", "year-round"],
)
def test_a_change_in_words(
    before: SIDES, after: SIDES, headline: str, said: str, below: str
) -> None:
    found = mail(before, after)
    assert found.subject == f"【代表工作·4月】{headline}"
    assert found.summary == said
    assert [line.timing for line in found.lines] == [below]


@pytest.mark.parametrize(
    ("old", "below"),
    [(None, "时间：4月（会期待定） → "), (date(2026, 4, 22), "时间：会前（会议4月22日） → ")],
    ids=["its day is known", "its day is another"],
)
def test_a_related_unit_reads_the_days_of_a_session(old: date | None, below: str) -> None:
    row = task(4, 1, meetings=("sc-25",), before_workdays=5)
    before, after = (timetable(row, meetings=[meeting(day)]) for day in (old, date(2026, 4, 28)))
    items = corrections(
        before, after, compare(before, after).tasks, BOTH, Progress(), date(2026, 4, 15)
    )
    moment = at(4, 15, 10)
    found = worded(supplement(reader(after, RELATED, moment), items[RELATED], moment, signed=False))
    assert [line.timing for line in found.lines] == [f"{below}会前（会议4月28日）"]


def test_of_several_the_first_is_said_and_the_others_counted() -> None:
    found = mail([ROW, task(4, 2)], [due(24), task(4, 3, short="视察")])
    assert found.subject.endswith("〔更正〕时间调整1项：部署会议；取消1项；新增承办1项")
    assert "另有2项调整" in found.summary
    assert [line.number for line in found.lines] == [1, 2, 3]


@pytest.mark.parametrize("unit", [LEADER, RELATED])
@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize(
    "sides", [([ROW], [due(24)]), ([ROW], []), ([], [ROW])], ids=["moved", "dropped", "added"]
)
def test_nobody_is_pressed(unit: str, relation: Relation, sides: tuple[SIDES, SIDES]) -> None:
    found = mail(*sides, unit, relation)
    assert not [word for word in PRESSURE if word in found.subject + found.whole]
    is_parallel = relation is Relation.PARALLEL
    assert ("供工作衔接参考" in found.summary) == is_parallel
    assert not (is_parallel and ("请" in found.summary or "周" in found.whole))
