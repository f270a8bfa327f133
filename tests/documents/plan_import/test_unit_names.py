"""The units of a cell are told apart by the directory."""

import pytest

from tests.documents.plan_import.directory import NAMES, ids


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("常委会办公厅、各工作委员会", ["office", "working"]),
        ("常委会办公厅\n各工作委员会", ["office", "working"]),
        ("常委会办公厅和各工作委员会", ["office", "working"]),
        ("常委会办公厅 代表工委", ["office", "deputies"]),
        ("常委会办公厅；高院。", ["office", "court"]),
        # Blanks, line breaks and full-width signs within a name.
        ("自治区人大常委会\n代表工作委员会", ["deputies"]),
        ("代 表 工 作 委 员 会", ["deputies"]),
        ("市、 县(区)人大常委会", ["local"]),
        # A name is whole: what only begins like one is another.
        ("自治区人民政府办公厅", ["government-office"]),
        ("自治区人民政府、办公厅", ["government", "office"]),
        ("自治区人民政府督查室", ["自治区人民政府督查室"]),
        # Signs that stand within names.
        ("各市、县（区）人大常委会、甲、乙律师事务所", ["local", "firm"]),
        ("和平区人大常委会与高院", ["peace", "court"]),
        ("丙、丁律师事务所", ["丙、丁律师事务所"]),
        ("县（市、区）教育局、高院", ["县（市、区）教育局", "court"]),
        ("和平区教育局", ["和平区教育局"]),
        ("教育局和民政局", ["教育局", "民政局"]),
        ("教育局、市\n民政局", ["教育局", "市民政局"]),
        ("信访局（联席办） 、与会单位", ["信访局（联席办）", "与会单位"]),
        ("办公厅等部门", ["office", "等部门"]),
        ("", []),
    ],
)
def test_units_of_a_cell(text: str, units: list[str]) -> None:
    assert ids(NAMES.read(text)) == units


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("常委会办公厅、各工作委员会市、县（区）人大常委会", [False, False, True]),
        ("代表工作委员会办公厅", [False, True]),
        ("代表工作委员会\n办公厅", [False, False]),
    ],
)
def test_names_that_run_together_are_told(text: str, joined: list[bool]) -> None:
    assert [named.joined for named in NAMES.read(text)] == joined


def test_a_name_that_may_be_two_is_told() -> None:
    one, two = NAMES.read("自治区人民政府\n办公厅"), NAMES.read("自治区人民政府、办公厅")
    assert [named.parted for named in (*one, *two)] == ["自治区人民政府 办公厅", "", ""]


def test_what_stands_in_brackets_behind_a_name_is_no_part_of_it() -> None:
    office, court = NAMES.read("办公厅（张某某）、高院")
    assert (office.full_name, office.note, court.note) == ("自治区人大常委会办公厅", "张某某", "")


@pytest.mark.parametrize(
    ("name", "is_class"),
    [
        ("各成员单位", True),
        ("区直各部门", True),
        ("有关单位", True),
        ("等", True),
        ("市教育局", False),
        ("办公厅", False),
        ("各工作委员会", False),
    ],
)
def test_a_class_of_units_is_nobody_in_particular(name: str, is_class: bool) -> None:
    assert [named.is_class for named in NAMES.read(name)] == [is_class]


def test_a_slip_has_a_known_name_beside_it() -> None:
    assert NAMES.near("代表工作委员") == "代表工作委员会"
    assert NAMES.near("市教育局") == ""
