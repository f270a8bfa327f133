"""The three digests that readers asked for, on the real table, as the code writes them."""

from datetime import date

import pytest

from reminder.documents.office import Office, load_office
from reminder.domain.windows import Progress
from tests.mail.written import written


@pytest.fixture(scope="session")
def office() -> Office:
    return load_office()


def test_deputies_read_what_they_lead_and_what_is_unconfirmed(office: Office) -> None:
    """1 April: four of March's six tasks are registered as done."""
    names = ("2026-03-1", "2026-03-2", "2026-03-3", "2026-03-6")
    done = Progress(dict.fromkeys(names, date(2026, 3, 31)), started=date(2026, 3, 2))
    deputies = written(office.table, "deputies", 4, done)
    assert deputies.subject.startswith("【代表工作·4月】承办2项：换届选举部署会议、")
    assert deputies.subject.endswith("；3月2项待确认")
    said = "4月承办2项，均安排在月内（至4月30日 周四）；3月有2项尚未登记完成，请核对。"
    assert deputies.summary == said
    assert [(part.kind, part.title) for part in deputies.parts if part.kind != "confirm"] == [
        ("lead", "4月承办（2项）"),
        ("next-lead", "5月预告（承办2项，5月6日—5月29日）"),
        ("year-lead", "全年事项（承办3项，不设完成日期）"),
        ("standing", "常态化工作（根据工作需要开展）"),
    ]
    assert deputies.kinds[1] == "confirm"
    assert deputies.heading("confirm").startswith("3月待确认（2项；")
    # Each with its number, window and state.
    lead, confirm, following = (part.lines for part in deputies.parts[:3])
    assert [(line.number, line.status) for line in lead] == [(1, "进行中"), (2, "进行中")]
    assert {line.timing for line in lead} == {"4月内（4月1日—4月30日）"}
    assert [line.number for line in confirm] == [4, 5]
    assert confirm[0].title == "起草《关于全区县乡人大换届选举的意见》"
    assert following[0].timing == ""
    assert "会期待定，暂按5月" in following[1].timing
    notes = "\n".join(deputies.parts[0].notes)
    assert "自治区人大常委会办公厅、自治区人大常委会代表工作委员会" in notes
    assert "各市、县（区）人大常委会（27个）" in notes


def test_the_general_office_leads_in_april_and_is_not_related_as_well(office: Office) -> None:
    content = written(office.table, "general-office")
    assert content.kinds[:1] == ["lead"]
    assert "related" not in content.kinds


def test_helan_reads_under_its_groups_name_that_it_is_related_and_need_not_report(
    office: Office,
) -> None:
    helan = written(office.table, "helan")
    assert helan.subject.startswith("【代表工作·4月】相关2项：换届选举部署会议、")
    assert helan.summary == (
        "4月列为相关部门，涉及2项；会议、培训的时间和参加范围以正式通知为准，本月无需报送办结。"
    )
    assert helan.kinds == ["related", "next-related"]
    assert helan.heading("related").startswith("4月相关事项（2项，4月内")
    assert helan.heading("next-related") == "5月预告（相关2项）"
    notes = "\n".join(helan.parts[0].notes)
    assert "承办单位：自治区人大常委会办公厅、自治区人大常委会代表工作委员会" in notes
    assert "各市、县（区）人大常委会" in notes
    assert "按月列示，未逐项划分" in notes


def test_the_court_reads_of_its_rows_for_coordination_and_neither_preview_nor_date_nor_state(
    office: Office,
) -> None:
    court = written(office.table, "high-court", 2)
    assert court.subject.startswith("【代表工作·2月】相关3项：自治区十三届人大四次会议服务保障")
    assert court.summary == (
        "2月年度代表工作安排中列为相关部门，涉及3项，供工作衔接参考；具体事宜由承办单位另行商请。"
    )
    assert [(part.kind, part.title) for part in court.parts] == [
        ("related", "2月相关事项（3项，2月内；会议日期以正式通知为准）"),
        ("year-related", "全年相关事项（1项）"),
    ]
    assert court.titles("year-related") == ["做好常委会人事任免、代表资格审查、宪法宣誓工作"]
    assert {(line.timing, line.status) for line in court.lines} == {("", "")}
    notes = "\n".join(court.parts[0].notes)
    assert "承办单位：自治区人大常委会代表工作委员会" in notes
    assert (
        "自治区党委组织部、自治区人民政府办公厅、自治区监察委员会、"
        "自治区高级人民法院、自治区人民检察院"
    ) in notes
    assert "相关部门按月列示，未逐项划分" in notes


def test_the_government_reads_in_january_of_its_year_round_task(office: Office) -> None:
    content = written(office.table, "government", 1)
    assert content.subject == "【代表工作·1月】全年相关1项：人事任免、资格审查、宪法宣誓"
    assert content.summary.startswith("2026年度代表工作安排中列为全年事项相关部门，涉及1项")
    assert content.kinds == ["year-related"]
