"""Times and sessions that a wording names itself."""

import tomllib
from pathlib import Path

import pytest

from reminder.domain.wordings import sessions_named, times_named

SHIPPED = tomllib.loads((Path(__file__).parents[2] / "plan/plan_2026.toml").read_text("utf-8"))
ROWS = [*SHIPPED["month"], {"task": [*SHIPPED["year-round"], *SHIPPED["standing"]]}]
TITLES = [task["title"] for row in ROWS for task in row["task"]]


@pytest.mark.parametrize(
    ("title", "times"),
    [
        ("3月20日前报送工作总结", ["3月20日前"]),
        ("于4月15日召开座谈会", ["4月15日"]),
        ("2025年4月15日之前报送", ["4月15日之前"]),
        ("完成自查，5月底前报送报告", ["5月底前"]),
        ("十二月二十五日以前办结", ["十二月二十五日以前"]),
        ("4月10日—15日集中视察", ["4月10日—15日"]),
        ("4月10日至5月8日公示", ["4月10日至5月8日"]),
        ("每季度听取一次汇报", ["每季度"]),
        ("每季度首月20日前报送报表", ["每季度首月20日前"]),
        ("每月25日前上报信息", ["每月25日前"]),
        ("每月第一个星期五接待代表", ["每月第一个星期五"]),
        ("上半年召开座谈会，下半年组织视察", ["上半年", "下半年"]),
        ("计划一季度完成换届", ["一季度"]),
        ("一季度末前完成", ["一季度末前"]),
        ("5—10月开展防汛检查", ["5—10月"]),
        ("10月至次年3月供暖检查", ["10月至次年3月"]),
        ("3、4月份组织培训", ["3、4月份"]),
        ("年底前完成考核", ["年底前"]),
        ("会前5个工作日印发材料", ["会前5个工作日"]),
        ("于20日前报送", ["20日前"]),
        ("4月上旬报名，中旬开班", ["4月上旬"]),
        ("2026年底前建成", ["年底前"]),
        # As a whole, though no field says it.
        ("每月5日、20日报送", ["每月5日、20日"]),
        ("5月第二个星期日活动", ["5月第二个星期日"]),
        ("上、下半年各组织一次视察", ["上、下半年"]),
        # What a task is about, not when it is done.
        ("制定2026年度工作计划", []),
        ("研究上半年工作总结", []),
        ("上半年工作总结", []),
        ("听取一季度经济运行情况汇报", []),
        ("审查2025年全年预算执行情况", []),
        ("学习《关于3月20日前完成换届的通知》", []),
        ("开展“4月15日”国家安全教育活动", []),
        ("筹备6月的会议", []),
        ("提前15日前发出通知", []),
        ("召开为期三个月的专项检查部署会", []),
        ("代表会前集中视察", []),
    ],
)
def test_times_of_a_wording(title: str, times: list[str]) -> None:
    assert [named.words for named in times_named(title)] == times


def test_the_year_before_a_day_stands_apart() -> None:
    assert [named.year for named in times_named("2025年4月15日前报送，5月20日前答复")] == [2025, 0]


@pytest.mark.parametrize(
    ("title", "sessions"),
    [
        (
            "做好自治区十三届人大常委会第二十二、二十三次会议有关服务保障工作",
            [
                "自治区十三届人大常委会第二十二次会议",
                "自治区十三届人大常委会第二十三次会议",
            ],
        ),
        ("做好宁夏代表团向十四届全国人大四次会议提交议案工作", ["十四届全国人大四次会议"]),
        (
            "做好自治区十三届人大四次会议代表议案建议交办及十三届人大三次会议评选表扬工作",
            ["自治区十三届人大四次会议", "十三届人大三次会议"],
        ),
        ("召开常委会第30次会议", ["常委会第30次会议"]),
        (
            "筹备市六届人大常委会第22至24次会议",
            [f"市六届人大常委会第{n}次会议" for n in (22, 23, 24)],
        ),
        ("组织贺兰县第十八届人民代表大会第五次会议", ["贺兰县第十八届人民代表大会第五次会议"]),
        ("印发自治区十三届人大五次会议通知", ["自治区十三届人大五次会议"]),
        ("召开第一百零三次主任会议", ["第一百零三次主任会议"]),
        ("召开主任会议第103次会议", ["主任会议第103次会议"]),
        ("召开四次会议，听取汇报", []),
        ("每年召开2次会议", []),
        ("学习党的二十届四中全会精神", []),
        ("学习第二十届中央委员会第四次全体会议精神", []),
        ("召开二届三次教职工代表大会", ["二届三次教职工代表大会"]),
        ("召开第三届第二次理事会", ["第三届第二次理事会"]),
        ("学习《常委会第三十次会议纪要》", []),
    ],
)
def test_sessions_of_a_wording(title: str, sessions: list[str]) -> None:
    assert [named.words for named in sessions_named(title)] == sessions


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("第三十次会议", "自治区十三届人大常委会第三十次会议", True),
        ("常委会第30次会议", "自治区十三届人大常委会第三十次会议", True),
        ("十三届人大三次会议", "自治区十三届人大三次会议", True),
        ("十三届人大三次会议", "自治区十三届人大四次会议", False),
        ("十三届人大三次会议", "自治区十二届人大三次会议", False),
        ("自治区十三届人大三次会议", "自治区十三届人大常委会第三次会议", False),
    ],
)
def test_a_session_is_known_by_what_both_say(one: str, other: str, same: bool) -> None:
    [session], [meeting] = sessions_named(one), sessions_named(other)
    assert session.is_same_as(meeting) is same


def test_shipped_wordings_name_no_time_and_only_their_meetings() -> None:
    names = {meeting["name"] for meeting in SHIPPED["meeting"]}
    assert len(TITLES) == 39
    assert [named for title in TITLES for named in times_named(title)] == []
    named = {session.words for title in TITLES for session in sessions_named(title)}
    assert named - {"十三届人大三次会议"} <= names
    assert len(named) == 11
