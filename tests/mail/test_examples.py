"""The three digests that readers asked for, on the real table, as the code writes them."""

from datetime import date

import pytest

from reminder.documents.office import Office, load_office
from reminder.domain.windows import Progress
from tests.mail.written import Mail, written

NOTHING: Progress = Progress()


@pytest.fixture(scope="session")
def office() -> Office:
    return load_office()


@pytest.fixture
def deputies(office: Office) -> Mail:
    """1 April: four of March's six tasks are registered as done."""
    names = ("2026-03-1", "2026-03-2", "2026-03-3", "2026-03-6")
    done = Progress(dict.fromkeys(names, date(2026, 3, 31)), started=date(2026, 3, 2))
    return written(office.table, "deputies", 4, done)


@pytest.fixture
def helan(office: Office) -> Mail:
    return written(office.table, "helan")


@pytest.fixture
def court(office: Office) -> Mail:
    return written(office.table, "high-court", 2)


def test_deputies_subject_says_what_it_leads_and_what_is_unconfirmed(deputies: Mail) -> None:
    assert deputies.subject.startswith("【代表工作·4月】承办2项：换届选举部署会议、")
    assert deputies.subject.endswith("；3月2项待确认")


def test_deputies_summary_is_the_examples_sentence(deputies: Mail) -> None:
    assert (
        deputies.summary
        == "4月承办2项，均安排在月内（至4月30日 周四）；3月有2项尚未登记完成，请核对。"
    )


def test_deputies_sections_stand_in_the_examples_order(deputies: Mail) -> None:
    assert deputies.kinds == ["lead", "confirm", "next-lead", "year-lead", "standing"]


def test_deputies_headings_say_month_role_and_count(deputies: Mail) -> None:
    assert deputies.heading("lead") == "4月承办（2项）"
    assert deputies.heading("confirm").startswith("3月待确认（2项；")
    assert deputies.heading("next-lead") == "5月预告（承办2项，5月6日—5月29日）"
    assert deputies.heading("year-lead") == "全年事项（承办3项，不设完成日期）"
    assert deputies.heading("standing") == "常态化工作（根据工作需要开展）"


def test_deputies_tasks_carry_number_window_and_state(deputies: Mail) -> None:
    lines = deputies.parts[0].lines
    assert [(line.number, line.status) for line in lines] == [(1, "进行中"), (2, "进行中")]
    assert {line.timing for line in lines} == {"4月内（4月1日—4月30日）"}


def test_deputies_unconfirmed_tasks_are_the_two_not_registered(deputies: Mail) -> None:
    assert [line.number for line in deputies.parts[1].lines] == [4, 5]
    assert deputies.titles("confirm")[0] == "起草《关于全区县乡人大换届选举的意见》"


def test_deputies_next_month_says_which_date_is_open(deputies: Mail) -> None:
    first, second = deputies.parts[2].lines
    assert first.timing == ""
    assert "会期待定，暂按5月" in second.timing


def test_deputies_are_told_who_leads_and_who_else_gets_the_mail(deputies: Mail) -> None:
    notes = "\n".join(deputies.parts[0].notes)
    assert "自治区人大常委会办公厅、自治区人大常委会代表工作委员会" in notes
    assert "各市、县（区）人大常委会（27个）" in notes


def test_the_general_office_leads_in_april_and_is_not_related_as_well(office: Office) -> None:
    content = written(office.table, "general-office")
    assert content.kinds[:1] == ["lead"]
    assert "related" not in content.kinds


def test_helan_reads_that_it_is_related_and_need_not_report(helan: Mail) -> None:
    assert helan.subject.startswith("【代表工作·4月】相关2项：换届选举部署会议、")
    assert helan.summary == (
        "4月列为相关部门，涉及2项；会议、培训的时间和参加范围以正式通知为准，本月无需报送办结。"
    )


def test_helan_sees_the_months_row_under_its_groups_name(helan: Mail) -> None:
    assert helan.heading("related").startswith("4月相关事项（2项，4月内")
    notes = "\n".join(helan.parts[0].notes)
    assert "承办单位：自治区人大常委会办公厅、自治区人大常委会代表工作委员会" in notes
    assert "各市、县（区）人大常委会" in notes
    assert "按月列示，未逐项划分" in notes


def test_helan_sees_may_and_nothing_of_the_whole_year(helan: Mail) -> None:
    assert helan.kinds == ["related", "next-related"]
    assert helan.heading("next-related") == "5月预告（相关2项）"


def test_the_court_reads_one_sentence_for_coordination(court: Mail) -> None:
    assert court.subject.startswith("【代表工作·2月】相关3项：自治区十三届人大四次会议服务保障")
    assert court.summary == (
        "2月年度代表工作安排中列为相关部门，涉及3项，供工作衔接参考；具体事宜由承办单位另行商请。"
    )


def test_the_court_sees_its_row_and_its_year_round_task_and_no_preview(court: Mail) -> None:
    assert court.kinds == ["related", "year-related"]
    assert court.heading("related") == "2月相关事项（3项，2月内；会议日期以正式通知为准）"
    assert court.heading("year-related") == "全年相关事项（1项）"
    assert court.titles("year-related") == ["做好常委会人事任免、代表资格审查、宪法宣誓工作"]


def test_the_court_sees_the_related_departments_as_the_table_lists_them(court: Mail) -> None:
    notes = "\n".join(court.parts[0].notes)
    assert "承办单位：自治区人大常委会代表工作委员会" in notes
    assert (
        "自治区党委组织部、自治区人民政府办公厅、自治区监察委员会、"
        "自治区高级人民法院、自治区人民检察院"
    ) in notes
    assert "相关部门按月列示，未逐项划分" in notes


def test_the_court_sees_neither_date_nor_state(court: Mail) -> None:
    assert {(line.timing, line.status) for line in court.lines} == {("", "")}


def test_the_government_reads_in_january_of_its_year_round_task(office: Office) -> None:
    content = written(office.table, "government", 1)
    assert content.subject == "【代表工作·1月】全年相关1项：人事任免、资格审查、宪法宣誓"
    assert content.summary.startswith("2026年度代表工作安排中列为全年事项相关部门，涉及1项")
    assert content.kinds == ["year-related"]


def test_the_lead_is_told_whom_no_mail_reaches(office: Office) -> None:
    content = written(office.table, "deputies", 8)
    assert "自治区有关部门未登记邮箱，需另行告知" in content.whole
