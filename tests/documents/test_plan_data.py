"""The shipped plan and units, held against an independent reading of the official table."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from reminder.documents.office import Office, load_office
from reminder.domain.occasions import digest_units
from reminder.domain.plan import Plan, Task
from reminder.domain.units import Directory, Relation
from reminder.domain.windows import Progress, Rule

SOURCE = Path(__file__).parents[1] / "data" / "plan_2026_source.txt"
COUNTS = [3, 3, 6, 2, 2, 3, 2, 3, 3, 3, 2, 1]
GROUP = "各市、县（区）人大常委会"
DEPUTIES = "自治区人大常委会代表工作委员会"

# Every way in which the table writes a unit, and its canonical full name.
OFFICE, COMMITTEES = "自治区人大常委会办公厅", "自治区人大常委会各工作委员会"
OWN = {"自治区人大各专门委员会", COMMITTEES, OFFICE, DEPUTIES}
PARALLEL = {
    *("自治区党委组织部", "自治区人民政府", "自治区人民政府办公厅", "自治区人民政府督查室"),
    *("自治区监察委员会", "自治区高级人民法院", "自治区人民检察院"),
}
NAMES = {
    **{name: name for name in (*OWN, *PARALLEL, "自治区有关部门", GROUP)},
    **dict.fromkeys(("常委会各工作委员会", "各工作委员会"), COMMITTEES),
    **dict.fromkeys(("常委会办公厅", "办公厅"), OFFICE),
    **{"代表工作委员会": DEPUTIES, "市、县（区）人大常委会": GROUP},
}
CITIES = ["银川市", "石嘴山市", "吴忠市", "固原市", "中卫市"]
COUNTIES = [
    "兴庆区", "西夏区", "金凤区", "永宁县", "贺兰县", "灵武市", "大武口区", "惠农区",
    "平罗县", "利通区", "红寺堡区", "盐池县", "同心县", "青铜峡市", "原州区", "西吉县",
    "隆德县", "泾源县", "彭阳县", "沙坡头区", "中宁县", "海原县",
]  # fmt: skip
LOCAL = {f"{place}人大常委会" for place in CITIES + COUNTIES}

# As they were agreed, month by month; then those of the year-round tasks.
SHORT = """
    年度代表工作计划|常委会第22、23次会议服务保障|在宁全国人大代表视察、议案建议
    自治区十三届人大四次会议服务保障|重点督办建议、交办方案|全国人大四次会议参会准备
    全国人大四次会议服务保障|议案建议交办、评选表扬|换届选举时间决定（草案）|县乡换届选举意见|主题实践活动方案|常委会第24次会议服务保障
    换届选举部署会议|换届选举工作人员培训班
    换届选举工作调研|常委会第25次会议服务保障
    代表视察调研意见|四中全会精神学习班|代表家站、网络平台指导督促
    常委会第26次会议服务保障|基层履职平台指导意见
    代表建议督办活动|建议办理条例（草案）修订|交叉专题调研
    列席代表座谈会|重点督办代表建议|常委会第27次会议服务保障
    建议办理条例审议准备|履职评价办法评估|赴外省区调研
    常委会第28次会议服务保障|议案建议督办情况汇报
    十三届人大五次会议筹备
    邀请代表列席会议、参加活动|人事任免、资格审查、宪法宣誓|全国人大代表培训、调研、视察
"""

Row = tuple[str, list[str], list[str], list[str]]


def read_source() -> tuple[list[Row], list[str]]:
    """Rows of (time, wordings, related, lead), and the remarks at the table's foot.

    A tab begins a cell; lines without one go on with it; the header stands on every page.
    """
    _, *cells = [cell.strip() for cell in re.split(r"(?m)^\t", SOURCE.read_text("utf-8"))]
    *cells, foot = cells
    fours = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    rows: list[Row] = []
    for time, wordings, related, lead in (row for row in fours if row[0] != "时间"):
        when = time or rows[-1][0]
        rows.append(
            (when, [_wording(w) for w in wordings.split("\n")], _split(related), _split(lead))
        )
    _, *remarks = re.split(r"(?<=。)\d\.", foot)
    return rows, [_wording(remark) for remark in remarks]


def _wording(line: str) -> str:
    return re.fullmatch(r"(?:\d\.)?(.+?)[；。]", line.strip())[1]  # type: ignore[index]


def _split(cell: str) -> list[str]:
    """Full names; what runs together is told apart by the longest name that fits."""
    found, rest = [], cell
    while rest := rest.lstrip("、\n "):
        written = max((name for name in NAMES if rest.startswith(name)), key=len)
        found.append(NAMES[written])
        rest = rest.removeprefix(written)
    return found


ROWS, REMARKS = read_source()
MONTH_ROWS = {int(row[0].removesuffix("月")): row for row in ROWS if row[0] != "全年"}
YEAR_ROWS = [row for row in ROWS if row[0] == "全年"]


@pytest.fixture(scope="module")
def office() -> Office:
    return load_office()


@pytest.fixture(scope="module")
def plan(office: Office) -> Plan:
    return office.table.plan


@pytest.fixture(scope="module")
def units(office: Office) -> Directory:
    return office.table.directory


def names(units: Directory, ids: Iterable[str]) -> list[str]:
    return [units[unit].name for unit in ids]


def test_the_reading_of_the_source_is_whole() -> None:
    assert [len(row[1]) for row in MONTH_ROWS.values()] == COUNTS
    assert list(MONTH_ROWS) == list(range(1, 13))
    assert (len(YEAR_ROWS), len(REMARKS)) == (3, 3)


def of_month(plan: Plan, month: int) -> list[Task]:
    return [task for task in plan.month_tasks if task.month == month]


def test_ids_numbers_and_short_titles_are_those_agreed(plan: Plan) -> None:
    wanted = [f"2026-{m:02}-{n}" for m, count in enumerate(COUNTS, 1) for n in range(1, count + 1)]
    wanted += [f"2026-{kind}-{n}" for kind in ("year", "standing") for n in (1, 2, 3)]
    assert [task.id for task in plan.tasks] == wanted
    assert (plan.id, len(plan.tasks)) == ("npc-deputies", 33 + 3 + 3)
    # A row that is numbered keeps its numbers, and a single task has none.
    assert [task.number for task in of_month(plan, 3)] == [1, 2, 3, 4, 5, 6]
    assert [task.number for task in of_month(plan, 12)] == [0]
    rows = [*(of_month(plan, month) for month in range(1, 13)), plan.year_round]
    agreed = [line.strip().split("|") for line in SHORT.strip().split("\n")]
    assert [[task.short for task in row] for row in rows] == agreed


@pytest.mark.parametrize("month", range(1, 13))
def test_a_months_wordings_and_units_are_the_tables_character_for_character(
    plan: Plan, units: Directory, month: int
) -> None:
    _, wordings, related, lead = MONTH_ROWS[month]
    assert [task.title for task in of_month(plan, month)] == wordings
    for task in of_month(plan, month):
        assert (names(units, task.related), names(units, task.lead)) == (related, lead)


def test_year_round_tasks_and_remarks_are_the_tables(plan: Plan, units: Directory) -> None:
    found = [
        ([task.title], names(units, task.related), names(units, task.lead))
        for task in (*plan.year_round, *plan.standing)
    ]
    remarks = [([remark], [], [DEPUTIES]) for remark in REMARKS]
    assert found == [*(row[1:] for row in YEAR_ROWS), *remarks]


def test_every_spelling_of_the_table_is_found_as_its_unit(units: Directory) -> None:
    assert {written: units.by_name[written].name for written in NAMES} == NAMES


def test_a_months_digest_goes_to_the_units_of_its_row(office: Office, units: Directory) -> None:
    done = Progress({task.id: date(2026, 1, 4) for task in office.table.plan.tasks})
    for month, (_, _, related, lead) in MONTH_ROWS.items():
        written = {name for name in lead + related if name != GROUP}
        members = LOCAL if GROUP in related else set()
        year_only = {"自治区人民政府"} if month == 1 else set()
        day = office.table.digest_day(month)
        found = digest_units(office.table, month, day, done)
        assert set(names(units, found)) == written | members | year_only


def test_each_unit_has_its_relation_and_an_address_of_its_own(units: Directory) -> None:
    relations = {Relation.OWN: OWN, Relation.PARALLEL: PARALLEL, Relation.LOCAL: LOCAL}
    wanted = {name: relation for relation, all_names in relations.items() for name in all_names}
    nobody = {"自治区有关部门": None}
    assert {unit.name: unit.relation for unit in units.single} == wanted | nobody
    assert {unit.name for unit in units.single if not unit.has_address} == set(nobody)
    addresses = [address for unit in units.single for address in (*unit.to, *unit.cc)]
    assert len(addresses) == len(set(addresses)) == 38
    assert all(address.endswith(".example") for address in addresses)
    assert set(names(units, units.by_name[GROUP].members)) == LOCAL
    assert (len(CITIES), len(COUNTIES)) == (5, 22)


SESSION = re.compile(
    r"(?:十[三四]届(?:全国)?人大(?:常委会)?)(?:第?[一二三四五六七八九十]+、?)+次会议"
)
HELD_BEFORE = "十三届人大三次会议"


def sessions(wording: str) -> list[str]:
    """As a task names them, one by one, without the region before them."""
    found = []
    for written in SESSION.findall(wording):
        body, numbers = re.fullmatch(r"(.+?)(第?[一二三四五六七八九十、]+次会议)", written).groups()  # type: ignore[union-attr]
        first, *more = numbers.removesuffix("次会议").split("、")
        found += [body + n + "次会议" for n in (first, *(f"第{n}" for n in more))]
    return found


def test_sessions_of_a_wording_are_told_apart() -> None:
    assert sessions(MONTH_ROWS[1][1][1]) == [
        "十三届人大常委会第二十二次会议",
        "十三届人大常委会第二十三次会议",
    ]
    assert HELD_BEFORE in sessions(MONTH_ROWS[3][1][1])


def test_every_session_that_a_task_names_is_its_meeting_and_none_has_a_date(
    office: Office, plan: Plan
) -> None:
    names = {name: held.name.removeprefix("自治区") for name, held in plan.meetings.items()}
    for task in plan.tasks:
        named = [names[name] for name in task.timing.meetings]
        assert sorted(named) == sorted(sessions(task.title)), task.title
        if named:
            assert office.table.windows[task.id].rule is Rule.MEETING_UNDATED
            assert named[-1] != HELD_BEFORE  # what was held the year before decides nothing
    assert set(names.values()) == {name for task in plan.tasks for name in sessions(task.title)}


def test_tasks_to_be_done_at_a_fit_time_are_soft_and_no_others(plan: Plan) -> None:
    soft = {task.id for task in plan.tasks if task.timing.soft}
    assert soft == {task.id for task in plan.tasks if "适时" in task.title}
    assert len(soft) == 2


def test_what_a_row_says_beside_its_tasks_holds_where_they_say_nothing(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "plan/plan_2026.toml").read_text("utf-8")
    row = 'month = 2\nsection = "会议"\nremark = "视频会议"\nsource = "宁人办发〔2026〕1号"'
    text = text.replace("month = 2\nlead", f"{row}\nlead")
    text = text.replace('id = "2026-02-2"', 'id = "2026-02-2"\nremark = "另行通知"')
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    tasks = load_office(command_line={"plan": path}).table.plan.by_id
    one, two, other = (tasks[name] for name in ("2026-02-1", "2026-02-2", "2026-03-1"))
    assert (one.section, one.remark, one.source) == ("会议", "视频会议", "宁人办发〔2026〕1号")
    assert (two.section, two.remark) == ("会议", "另行通知")
    assert (other.section, other.remark, other.source) == ("", "", "")
