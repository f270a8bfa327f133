"""What `check` says of a plan that is valid and probably not meant."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reminder.documents.edited_file import EditedFile
from reminder.documents.plan_file import read_plan
from reminder.documents.plan_warnings import plan_warnings
from reminder.documents.units_file import read_units
from reminder.documents.workdays_file import read_workdays
from reminder.domain.timetable import Timetable

SHIPPED = (Path(__file__).parents[2] / "plan/plan_2026.toml").read_text("utf-8")
UNITS = read_units(EditedFile(Path(__file__).parents[2] / "config/units.toml"))

Warned = Callable[[str], list[str]]


@pytest.fixture
def warned(tmp_path: Path) -> Warned:
    """Each as `key: words`, by their lines."""

    def warned(text: str) -> list[str]:
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        file = EditedFile(tmp_path / "plan.toml")
        days, _ = read_workdays(tmp_path / "workdays", None)
        plan = read_plan(file, UNITS, days)
        assert plan, file.faults
        assert not file.faults
        return [f"{w.key}: {w.message}" for w in plan_warnings(file, Timetable(plan, UNITS, days))]

    return warned


HEAD = SHIPPED[SHIPPED.index("[plan]") : SHIPPED.index("# Sessions")]
MEETING = '[[meeting]]\nid = "sc-30"\nname = "自治区十三届人大常委会第三十次会议"\nmonth = 4\n'
ON = 'meetings = ["sc-30"]'


def table(*rows: str) -> str:
    """`4: title | fields / title`, with the row's own fields before the colon: `4 lead = …: title`.
    What names no month stands as it is."""
    text = HEAD
    for row in rows:
        if not row[0].isdigit():
            text += row
            continue
        month, fields, tasks = re.fullmatch(r"(\d+) ?([^:]*): (.*)", row, re.DOTALL).groups()
        text += f"[[month]]\nmonth = {month}\n{fields or LEAD}\n"
        for task in tasks.split(" / "):
            title, _, more = task.partition(" | ")
            text += f'[[month.task]]\nid = "t{len(text)}"\ntitle = "{title}"\n{more}\n'
    return text


LEAD = 'lead = ["代表工作委员会"]'
OTHERS = 'lead = ["自治区人大各专门委员会"]'
LONG = "召开全区县乡人大换届选举工作部署会议"


def test_the_shipped_plan_is_as_it_is_meant(warned: Warned) -> None:
    assert warned(SHIPPED) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["4: 甲", "4: 乙", "5: 丙"], "month.month: is 4 as at line 10, with the same units"),
        (["3: 甲", "5: 乙", "4: 丙"], "month.month: month 4 stands below month 5, wanted"),
        (["3: 甲", "4: 乙", "6: 丙"], "month.month: no row is of month 5, wanted one if"),
        (
            ["4: 3月20日前报送总结"],
            'month.task.title: names 3月20日前 and no field says it, wanted when = "3月20日前"',
        ),
        (["4: 报送总结（4月15日前）"], "month.task.title: names 4月15日前 and no field says it"),
        (["4: 每季度听取一次汇报"], "month.task.title: names 每季度 and no field says it"),
        (
            ["4: 每月第一个星期五接访"],
            "month.task.title: names 每月第一个星期五 and no field says it, wanted when, due",
        ),
        (["4: 2025年4月15日前报送"], "month.task.title: names 4月15日前 of 2025, wanted a day of"),
        (
            ["4: 4月15日前报送 | due = 2026-04-20"],
            "month.task.title: names 4月15日前 and its fields make it due 2026-04-20, wanted",
        ),
        (
            ["4: 4月15日前报送 | when = '4月20日前'"],
            "month.task.title: names 4月15日前 and its fields make it due 2026-04-20, wanted",
        ),
        (
            ["4: 报送 | when = '5月15日前'"],
            "month.task.when: '5月15日前' is not in month 4, the row's, wanted one of them changed",
        ),
        (
            ["4: 做好会议 | due = 2026-05-20"],
            "month.task.due: 2026-05-20 is not in month 4, the row's, wanted",
        ),
        (
            ["4: 做好常委会第三十次会议工作"],
            "month.task.title: names 常委会第三十次会议, wanted the id of a [[meeting]] for it",
        ),
        (
            [MEETING, f"4: 做好常委会第30次会议工作 / 准备 | {ON}"],
            'month.task.title: names 常委会第30次会议, wanted "sc-30" in the task\'s meetings',
        ),
        ([MEETING, "4: 准备"], f"meeting.id: no task hangs on it, wanted {ON} beside one"),
        (
            [MEETING, f"5: 筹备 | {ON}"],
            "meeting.month: is 4 and its tasks stand in month 5, wanted the month in which",
        ),
        (
            [f"{MEETING}date = 2026-05-08\n", f"4: 筹备 | {ON}"],
            "meeting.date: 2026-05-08 is not in month 4, wanted the month in which it is held",
        ),
        (
            [f"4: 甲 / {LONG} / 关于{LONG}的通知"],
            "month.task.title: is longer than 16 characters (2 such titles): subjects and",
        ),
    ],
)
def test_a_slip_is_said_once(warned: Warned, rows: list[str], said: str) -> None:
    [warning] = warned(table(*rows))
    assert warning.startswith(said)


@pytest.mark.parametrize(
    "rows",
    [
        ["4: 甲", f"4 {OTHERS}: 乙", "5: 丙"],
        [f"4: 任务{n}" for n in range(5)],  # a row for each task
        [f"{month}: 听取汇报" for month in (3, 6, 9, 12)],
        ["4: 4月报送总结", "5: 报送总结 | due = 2026-05-29"],
        ["4: 4月18日前报送 | due = 2026-04-17"],  # the 18th is a Saturday
        ["4: 4月上旬报送 | part = '上旬'"],
        ["4: 4月上旬报名，20日前开班 | due = 2026-04-10"],
        ["4: 学习《3月20日前完成的通知》"],
        ["4: 每季度报送 | when = '每季度'", "5: 每月25日前报送 | when = '每月25日前'"],
        [MEETING, f"4: 会前5个工作日报送 | when = '会前5个工作日'\n{ON}"],
        ["7: 研究上半年工作总结"],
        [f'[[year-round]]\nid = "y"\ntitle = "全年不少于4次"\n{LEAD}\n'],
        # TOML's numbers and days may stand in quotes.
        [
            MEETING.replace("= 4", '= "4"') + 'date = "2026-04-28"\nuntil = "2026-05-02"\n',
            f"4: 报送 | {ON}\ndue = '2026-04-15'",
        ],
        [MEETING, f"3: 准备 | {ON}", f"4: 做好第三十次会议工作 | {ON}"],
    ],
)
def test_what_is_the_way_of_a_table_is_no_slip(warned: Warned, rows: list[str]) -> None:
    assert warned(table(*rows)) == []


def test_last_years_file_with_another_year_is_known_by_its_name(warned: Warned) -> None:
    year, name = warned(table("4: 甲").replace("year = 2026", "year = 2050"))
    assert name == "plan.name: names 2026 in the plan of 2050, wanted one of them changed"
    # Nobody knows the holidays of that year.
    assert year.startswith("plan.year: no holidays are published for 2050-01 to 2050-12: days")
