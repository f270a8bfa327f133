"""What a nudge and a 待确认 mail say, and to whom they say it how."""

from datetime import date

import pytest

from reminder.domain.notices import Kind
from reminder.domain.plan import Task
from reminder.domain.units import Relation
from tests.domain.builders import LEADER, at, at_times, task, timetable
from tests.mail.written import Mail, reminded

BOTH = (task(4, 1, short="调研"), task(4, 2, short="座谈会"))


def nudge(*tasks: Task, on: int = 27, relation: Relation = Relation.OWN) -> Mail:
    table = timetable(*tasks, relations={LEADER: relation})
    return reminded(table, Kind.NUDGE, [t.id for t in tasks], at(4, on))


def overdue(*tasks: Task, relation: Relation = Relation.OWN) -> Mail:
    table = timetable(*tasks, relations={LEADER: relation})
    return reminded(table, Kind.OVERDUE, [t.id for t in tasks], at(5, 6))


def test_a_nudge_names_tasks_and_day_and_tells_whole_wordings_in_one_section() -> None:
    content = nudge(*BOTH)
    assert content.subject == "【代表工作·4月】临近提醒2项：调研、座谈会（至4月30日）"
    assert content.titles("nudge") == [found.title for found in BOTH]
    assert len(content.parts) == 1


@pytest.mark.parametrize(("on", "left"), [(27, "剩3个工作日"), (29, "剩1个工作日"), (30, "今日")])
def test_a_nudges_first_sentence_says_how_much_is_left(on: int, left: str) -> None:
    summary = nudge(*BOTH, on=on).summary
    assert [word for word in ("2项", "4月30日 周四", left) if word not in summary] == []


def test_a_nudge_counts_to_the_earliest_due_date() -> None:
    content = nudge(task(4, 1, due=date(2026, 4, 28)), task(4, 2))
    assert "（至4月28日）" in content.subject
    assert [line.status for line in content.parts[0].lines] == ["剩1个工作日", "剩3个工作日"]


def test_an_overdue_mail_asks_to_confirm_and_says_when_it_is_of_several_months() -> None:
    content = overdue(*BOTH)
    assert content.subject.startswith("【代表工作·4月】")
    assert content.subject.endswith("2项待确认：调研、座谈会")
    assert "请核对" in content.summary
    assert content.heading("overdue") == "待确认（2项）"
    assert overdue(task(3), task(4)).subject.startswith("【代表工作·4月】前期2项待确认：")


def test_two_times_of_one_task_are_told_apart() -> None:
    january, february = at_times("每月", title="报送信息")[:2]
    content = overdue(january, february)
    assert content.subject.endswith("前期2项待确认：报送信息（1月）、报送信息（2月）")
    assert [line.timing for line in content.lines] == ["1月", "2月"]
    assert overdue(january, task(1)).subject.endswith("2项待确认：报送信息、1月表列第1项工作")


@pytest.mark.parametrize(
    ("relation", "wanted"), [(Relation.OWN, "已逾期"), (Relation.LOCAL, "待确认")]
)
def test_overdue_is_said_to_the_own_house_alone_and_on_an_explicit_date(
    relation: Relation, wanted: str
) -> None:
    explicit, month = (
        overdue(task(4, 1, due=date(2026, 4, 15)), task(4, 2), relation=relation).parts[0].lines
    )
    assert explicit.status == wanted
    assert month.status in ("", "待确认")
