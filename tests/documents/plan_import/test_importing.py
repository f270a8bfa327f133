"""Tables of many kinds, and what comes out."""

from dataclasses import replace
from pathlib import Path

import pytest

from reminder.documents.office import load_office
from reminder.documents.plan_import.importing import NoTasksError, draft_plan
from reminder.documents.tables.grid import Cell, Hidden, HiddenPart, Table
from reminder.documents.tables.reading import read_tables
from tests.documents.plan_import.directory import DIRECTORY
from tests.documents.plan_import.grids import TITLE, asked, draft, row, rows, table

SOURCE = Path(__file__).parents[2] / "data" / "plan_2026_source.txt"


def test_the_official_table_gives_the_shipped_plan() -> None:
    office = load_office()
    plan, units = office.table.plan, office.table.directory
    taken = draft_plan(read_tables(SOURCE), units, ())
    assert [task.id for task in taken.tasks] == [task.id for task in plan.tasks]
    for ours, task in zip(taken.tasks, plan.tasks, strict=True):
        assert (ours.kind, ours.title, ours.soft) == (task.kind, task.title, task.timing.soft)
        for named, wanted in ((ours.lead, task.lead), (ours.related, task.related)):
            assert [unit.unit and unit.unit.id for unit in named] == list(wanted)
        assert ours.when == (f"{task.month}月" if task.month else "")
        assert ours.meetings == task.timing.meetings
        assert ours.at_meeting is (task.timing.before_workdays == 1)
    meetings = {meeting.id: (meeting.name, meeting.month) for meeting in taken.meetings}
    assert meetings == {m.id: (m.name, m.month) for m in plan.meetings.values()}
    assert (taken.header.name, taken.header.tag) == (plan.name, plan.tag)
    assert asked(taken) == [
        "47 units.joined",
        "99 units.joined",
        "107 units.joined",
        "125 empty.time",
        "133 empty.time",
    ]


HEAD = "时间|主要内容|相关部门|承办单位"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{HEAD}\n4月|召开会议。|高院|办公厅", ["4月|召开会议|office|court"]),
        # Other headings, other orders, a number before the row.
        (
            "序号|工作任务|牵头单位|完成时限\n1|召开会议|办公厅|4月底前",
            ["4月底前|召开会议|office|"],
        ),
        ("月份|工作内容|责任单位\n4|召开会议|办公厅", ["4月|召开会议|office|"]),
        # Two rows of headings.
        (
            "时间|工作事项|责任单位|<\n^|^|牵头|配合\n4月|召开会议|办公厅|高院",
            ["4月|召开会议|office|court"],
        ),
        # A month over several rows, and headings again on the next page.
        (
            f"{HEAD}\n4月|甲会|高院|办公厅\n^|乙会||代表工委\n{HEAD}\n5月|丙会||办公厅",
            ["4月|甲会|office|court", "4月|乙会|deputies|", "5月|丙会|office|"],
        ),
        (
            f"{HEAD}\n4月|甲会|高院|办公厅\n同上|乙会||〃",
            ["4月|甲会|office|court", "4月|乙会|office|"],
        ),
        (
            "日期|星期|时间|工作内容|责任单位\n3月5日|四|9:00|召开会议|办公厅",
            ["3月5日|召开会议|office|"],
        ),
        # What several rows are about, and what each of them says.
        (
            "重点任务|具体措施|时间|责任单位\n作风建设|召开会议|4月|办公厅\n^|组织培训|5月|代表工委",
            ["4月|召开会议|office|", "5月|组织培训|deputies|"],
        ),
        # A task over two rows, with a unit in each.
        (
            f"{HEAD}\n4月|甲会|高院|办公厅\n^|^||代表工委",
            ["4月|甲会|office,deputies|court"],
        ),
        # Sections that say the time, or what the work is about.
        (
            "工作内容|责任单位\n一、一季度|<\n召开会议|办公厅\n二、二季度|<\n组织视察|代表工委",
            ["一季度|召开会议|office|", "二季度|组织视察|deputies|"],
        ),
        ("3月|<|<\n时间|工作内容|责任单位\n15日前|报送总结|办公厅", ["3月15日前|报送总结|office|"]),
        (
            "时间|工作内容|责任单位\n3月|<|<\n15日前|报送总结|办公厅",
            ["3月15日前|报送总结|office|"],
        ),
        # Month and day in columns of their own.
        (
            "月份|时间|工作内容|责任单位\n3月|15日前|报送总结|办公厅\n^|下旬|召开会议|办公厅",
            ["3月15日前|报送总结|office|", "3月下旬|召开会议|office|"],
        ),
        (
            "开始时间|结束时间|工作内容|责任单位\n3月1日|4月15日|集中视察|办公厅",
            ["3月1日—4月15日|集中视察|office|"],
        ),
        # Nobody is named: it is the office's own.
        ("时间|工作内容\n4月|召开会议（草案）", ["4月|召开会议（草案）|office|"]),
        ("时间|工作内容\n4月|召开会议（责任单位：代表工委）", ["4月|召开会议|deputies|"]),
        ("时间|工作内容\n4月|召开会议（代表工委）", ["4月|召开会议|deputies|"]),
        # Both roles in one cell.
        (
            "时间|内容|牵头及配合单位\n4月|召开会议|办公厅（牵头）、高院",
            ["4月|召开会议|office|court"],
        ),
        # Several tasks in one cell.
        (
            f"{HEAD}\n4月|1.召开会议；↵2.组织培训↵班。||办公厅",
            ["4月|召开会议|office|", "4月|组织培训班|office|"],
        ),
        (
            f"{HEAD}\n4月|召开会议；↵组织培训班。||办公厅",
            ["4月|召开会议|office|", "4月|组织培训班|office|"],
        ),
        (
            f"{HEAD}\n4月|一、会议↵1.召开会议；↵二、培训↵1.组织培训。||办公厅",
            ["4月|召开会议|office|", "4月|组织培训|office|"],
        ),
        (
            "工作内容|责任单位\n一、一季度|<\n（一）会议|<\n召开会议|办公厅",
            ["一季度|召开会议|office|"],
        ),
        # Columns that are months.
        (
            "部门|1月|2月|3月\n办公厅|计划|总结|<\n代表工委|1.视察；↵2.走访||培训",
            [
                "1月|计划|office|",
                "2月—3月|总结|office|",
                "1月|视察|deputies|",
                "1月|走访|deputies|",
                "3月|培训|deputies|",
            ],
        ),
        (
            "工作内容|责任单位|1月|2月|3月|4月\n召开会议|办公厅|√|||√\n组织视察|代表工委||√|√|√",
            ["1月、4月|召开会议|office|", "2月—4月|组织视察|deputies|"],
        ),
        # Signs within a wording are no labels.
        (
            f"{HEAD}\n4月|1.开展“走访—慰问”活动；↵2.修订《办法》第三章（一）项，↵第二章—附则。||办公厅",
            [
                "4月|开展“走访—慰问”活动|office|",
                "4月|修订《办法》第三章（一）项，第二章—附则|office|",
            ],
        ),
        # What is no task.
        (
            f"{HEAD}\n4月|召开会议||办公厅\n合计|1项\n注：如有变化另行通知。|<|<|<",
            ["4月|召开会议|office|"],
        ),
        # Times of a wording within the row's.
        (f"{HEAD}\n4月|4月15日前报送总结||办公厅", ["4月15日前|4月15日前报送总结|office|"]),
        (f"{HEAD}\n全年|每季度召开会议||办公厅", ["每季度|每季度召开会议|office|"]),
        (f"{HEAD}\n常态化|受理来信||办公厅", ["standing|受理来信|office|"]),
        (f"{HEAD}\n适时|召开会议||办公厅", ["适时|召开会议|office|"]),
        (f"{HEAD}\n5—10月|开展检查||办公厅", ["5—10月|开展检查|office|"]),
        (f"{HEAD}\n1—12月|接待代表||办公厅", ["1—12月|接待代表|office|"]),
    ],
)
def test_tables_without_a_doubt(text: str, wanted: list[str]) -> None:
    taken = draft(text)
    assert (rows(taken), asked(taken)) == (wanted, [])


@pytest.mark.parametrize(
    ("text", "wanted", "questions"),
    [
        # Empty, and not merged.
        (
            f"{HEAD}\n4月|甲会||办公厅\n|乙会||办公厅",
            ["4月|甲会|office|", "4月|乙会|office|"],
            ["3 empty.time"],
        ),
        (f"{HEAD}\n4月|甲会||", ["4月|甲会|office|"], ["2 empty.lead"]),
        (f"{HEAD}\n|甲会||办公厅", ["year|甲会|office|"], ["2 empty.time"]),
        (f"{HEAD}\n4月|甲会||办公厅\n5月|||办公厅", ["4月|甲会|office|"], ["3 empty.content"]),
        (
            f"{HEAD}\n4月|甲会||办公厅\n5月|（略）||办公厅",
            ["4月|甲会|office|"],
            ["3 empty.content"],
        ),
        # Dates and times.
        (f"{HEAD}\n6月31日|甲会||办公厅", ["6月|甲会|office|"], ["2 date.impossible"]),
        (f"{HEAD}\n第3周|甲会||办公厅", ["?第3周|甲会|office|"], ["2 time.unread"]),
        (f"{HEAD}\n2025年4月|甲会||办公厅", ["4月|甲会|office|"], ["2 date.other-year"]),
        (
            f"{HEAD}\n会前5个工作日|印发材料||办公厅",
            ["?会前5个工作日|印发材料|office|"],
            ["2 time.no-meeting"],
        ),
        (f"{HEAD}\n4月|5月15日前报送||办公厅", ["4月|5月15日前报送|office|"], ["2 time.conflict"]),
        (
            f"{HEAD}\n4月|学习4月10日讲话||办公厅",
            ["4月10日|学习4月10日讲话|office|"],
            ["2 time.in-wording"],
        ),
        (
            f"{HEAD}\n3月、8月|开展8月的检查||办公厅",
            ["3月、8月|开展8月的检查|office|"],
            [],
        ),
        (
            f"{HEAD}\n3—4月、7—8月|分批于7—8月检查||办公厅",
            ["3—4月、7—8月|分批于7—8月检查|office|"],
            ["2 time.in-wording"],
        ),
        (
            f"{HEAD}\n4月|2025年4月5日前报送||办公厅",
            ["4月|2025年4月5日前报送|office|"],
            ["2 date.other-year"],
        ),
        (
            f"{HEAD}\n全年|上半年视察，下半年调研||办公厅",
            ["上半年、下半年|上半年视察，下半年调研|office|"],
            ["2 time.in-wording"],
        ),
        (f"{HEAD}\n一季度|<|<|<\n4月|甲会||办公厅", ["4月|甲会|office|"], ["3 time.conflict"]),
        (
            "工作内容|责任单位\n甲会|办公厅\n乙会|办公厅",
            ["year|甲会|office|", "year|乙会|office|"],
            ["2 time.none"],
        ),
        (
            f"{HEAD}\n2月|审议关于召开市十五届人大七次会议的决定||办公厅",
            ["2月|审议关于召开市十五届人大七次会议的决定|office|"],
            ["2 session.month"],
        ),
        # Units and who leads.
        (
            f"{HEAD}\n4月|甲会|各成员单位|市教育局",
            ["4月|甲会|市教育局|各成员单位"],
            ["2 units.unknown", "2 units.class"],
        ),
        (f"{HEAD}\n4月|甲会||厅办", ["4月|甲会|office|"], ["2 units.short"]),
        (f"{HEAD}\n4月|甲会||代表工作委员", ["4月|甲会|代表工作委员|"], ["2 units.near"]),
        (
            "时间|内容|牵头、配合单位\n4月|甲会|办公厅、高院",
            ["4月|甲会|office|court"],
            ["2 role.unsaid"],
        ),
        (
            "时间|内容|牵头单位|责任单位\n4月|甲会|办公厅|代表工委",
            ["4月|甲会|office,deputies|"],
            ["0 role.columns"],
        ),
        (
            f"{HEAD}\n4月|甲会|各市县（区）人大常委会|办公厅",
            ["4月|甲会|office|各市县（区）人大常委会"],
            ["2 units.near"],
        ),
        # Tasks in a cell.
        (
            f"{HEAD}\n4月|召开甲会↵组织第二期培训||办公厅",
            ["4月|召开甲会|office|", "4月|组织第二期培训|office|"],
            ["2 split.lines"],
        ),
        (
            f"{HEAD}\n4月|召开甲会；组织培训||办公厅",
            ["4月|召开甲会；组织培训|office|"],
            ["2 split.clauses"],
        ),
        # Over all columns at the end: a note, or a task.
        (
            f"{HEAD}\n4月|甲会||办公厅\n组织总结|<|<|<",
            ["4月|甲会|office|"],
            ["3 text.left-out"],
        ),
        # Without headings.
        (
            "4月|召开会议|办公厅\n5月|组织培训|高院",
            ["4月|召开会议|office|", "5月|组织培训|court|"],
            ["0 columns.guessed"],
        ),
    ],
)
def test_tables_with_doubts(text: str, wanted: list[str], questions: list[str]) -> None:
    taken = draft(text)
    assert (rows(taken), asked(taken)) == (wanted, questions)


@pytest.mark.parametrize(
    ("title", "year", "given", "first", "questions"),
    [
        ("2027年工作安排表", 2027, 0, 1, []),
        ("二〇二七年工作要点", 2027, 0, 1, []),
        ("2026—2027学年度第一学期工作计划", 2026, 0, 9, []),
        ("2025—2026学年第二学期工作计划", 2025, 0, 9, []),
        ("2026年春季学期工作计划", 2026, 0, 1, []),
        ("2026年第二学期工作计划", 2026, 0, 1, ["0 year.several"]),
        ("关于印发《2027年工作要点》的通知", 2027, 0, 1, []),
        ("工作安排表", 2026, 0, 1, ["0 year.missing"]),
        ("工作安排表", 2028, 2028, 1, []),
        ("2027年工作安排表", 2028, 2028, 1, ["0 year.differs"]),
        ("2026年、2027年工作安排表", 2027, 0, 1, ["0 year.several"]),
    ],
)
def test_the_year_is_in_the_title(
    title: str, year: int, given: int, first: int, questions: list[str]
) -> None:
    grid = table(f"{HEAD}\n10月|甲会||办公厅", title)
    taken = draft_plan([grid], DIRECTORY, (), given, 2026)
    assert (taken.header.term.year, taken.header.term.first) == (year, first)
    assert asked(taken) == questions


def test_whose_table_it_is_is_asked_where_it_matters() -> None:
    taken = draft("时间|工作内容\n4月|甲会", title="2026年工作计划")
    assert asked(taken) == ["0 units.office"]
    several = draft(f"{HEAD}\n4月|甲会||高院\n5月|乙会||办公厅", title="2026年工作计划")
    assert asked(several) == ["0 units.office"]
    alone = draft(f"{HEAD}\n4月|甲会||高院\n5月|乙会||高院", title="2026年工作计划")
    assert (asked(alone), alone.header.office.full_name) == ([], "自治区高级人民法院")


def test_tables_of_one_kind_go_on() -> None:
    taken = draft(f"{HEAD}\n4月|甲会||办公厅", table("5月|乙会||办公厅"))
    assert (rows(taken), asked(taken)) == (["4月|甲会|office|", "5月|乙会|office|"], [])


def test_a_table_of_another_kind_is_asked_about() -> None:
    taken = draft(f"{HEAD}\n4月|甲会||办公厅", "项目|负责单位|月份\n乙会|高院|5")
    assert rows(taken) == ["4月|甲会|office|", "5月|乙会|court|"]
    assert asked(taken) == ["0 table.other"]


def test_text_beside_a_table_is_asked_about() -> None:
    items = [f"{n}.组织第{n}次代表培训活动" for n in (1, 2, 3)]
    taken = draft(f"{HEAD}\n4月|甲会||办公厅", Table((), tuple(items)))
    assert asked(taken) == ["0 text.left-out"]


def test_what_nobody_sees_is_told() -> None:
    grid = table(f"{HEAD}\n4月|甲会||办公厅", TITLE)
    hidden = (Hidden(HiddenPart.ROW, "3", "5月 乙会"),)
    assert asked(draft(replace(grid, hidden=hidden))) == ["3 hidden.part"]


def test_what_is_crossed_out_is_not_taken() -> None:
    grid = table(f"{HEAD}\n4月|1.甲会；↵2.乙会。||办公厅", TITLE)
    cells = [*grid.rows[1]]
    cells[1] = Cell(("1.甲会；", "2.乙会。"), struck=("2.乙会。",))
    taken = draft(replace(grid, rows=(grid.rows[0], tuple(cells))))
    assert (rows(taken), asked(taken)) == (["4月|甲会|office|"], ["2 hidden.struck"])


def test_a_sheet_may_be_named_after_its_month() -> None:
    head = "工作内容|责任单位"
    sheets = [replace(table(f"{head}\n{n}会|办公厅", TITLE), name=n) for n in ("1月", "2月")]
    assert rows(draft(*sheets)) == ["1月|1月会|office|", "2月|2月会|office|"]


def test_what_stands_beside_the_columns_is_a_remark() -> None:
    text = "类别|时间|工作内容|责任单位|责任人|备注\n会议|4月|甲会|办公厅（李某某）|张某某|视频"
    [task] = draft(text).tasks
    assert (task.section, task.remark) == ("会议", "责任人：张某某；视频；办公厅（李某某）")


def test_a_file_without_tasks_is_none() -> None:
    with pytest.raises(NoTasksError):
        draft(table("甲|乙", "通讯录"))


def test_sessions_are_meetings_and_what_serves_them_is_due_before() -> None:
    taken = draft(f"{HEAD}\n4月|做好市六届人大常委会第22次会议服务保障工作||办公厅")
    [meeting], [task] = taken.meetings, taken.tasks
    assert (meeting.id, meeting.name, meeting.month) == ("sc-22", "市六届人大常委会第22次会议", 4)
    assert (task.meetings, task.at_meeting, row(task).split("|")[0]) == (("sc-22",), True, "4月")
