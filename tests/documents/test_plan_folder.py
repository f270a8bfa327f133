"""A folder of plans: which of them stand beside each other, and which do not."""

from pathlib import Path

import pytest

from reminder.documents.office import Office, load_office
from reminder.errors import ConfigurationError
from tests.plans import plan_text

UNITS = "".join(
    f'[[unit]]\nid = "{unit}"\nname = "{name}"\nrelation = "own"\nto = ["{unit}@unit.test"]\n'
    for unit, name in (("lead", "承办委员会"), ("related", "相关委员会"))
)
SESSION = '\n[[meeting]]\nid = "plenary"\nname = "全体会议"\nmonth = 3\n'


def read(folder: Path, *plans: str) -> Office:
    config, place = folder / "config", folder / "plans"
    config.mkdir()
    place.mkdir()
    (config / "units.toml").write_text(UNITS, encoding="utf-8")
    for number, text in enumerate(plans):
        (place / f"{number}.toml").write_text(text, encoding="utf-8")
    (place / "notes.txt").write_text("no plan", encoding="utf-8")
    return load_office(config, {"plan": place, "state_dir": folder})


def test_each_file_is_a_plan_and_years_of_one_id_a_series(tmp_path: Path) -> None:
    plans = (
        plan_text("b"), plan_text("a", 2027, more=SESSION),
        plan_text("a", more=SESSION), plan_text("a", 2028),
    )  # fmt: skip
    office = read(tmp_path, *plans)
    assert list(office.positions) == [("a", 2026), ("a", 2027), ("a", 2028), ("b", 2026)]
    assert [path.name for path in office.paths] == ["2.toml", "1.toml", "3.toml", "0.toml"]
    assert [len(series) for series in office.series.values()] == [3, 1]


ALIKE = "wanted a new id: ids are never used again"


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        ((), ["plans: plan: no plan in this folder, wanted NAME.toml"]),
        (
            (plan_text(), plan_text()),
            ["1.toml:4: plan.year: the plan 'small' of 2026 stands in 0.toml too, wanted one"],
        ),
        (
            (plan_text(), plan_text(year=2027, ids="2026")),
            [
                "1.toml:16: month.task.id: '2026-03-1' is the id of a task of 2026 (0.toml:16), ",
                "1.toml:25: month.task.id: '2026-04-1' is the id of a task of 2026 (0.toml:25), ",
            ],
        ),
        (
            (plan_text(more=SESSION), plan_text(year=2027, more=SESSION.replace("全", "另"))),
            ["1.toml:11: meeting.id: 'plenary' is the id of a session of 2026 (0.toml:11), "],
        ),
        (
            (plan_text(), plan_text(year=2025, more="starts = 2025-09-01\n", months=[9])),
            ["0.toml:4: plan.year: its term begins before the one of 1.toml has ended, "],
        ),
    ],
    ids=["none", "a year twice", "last year's ids", "last year's session", "terms that overlap"],
)
def test_what_cannot_stand_side_by_side(
    tmp_path: Path, plans: tuple[str, ...], said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, *plans)
    faults = [str(fault).replace(f"{tmp_path}/plans/", "") for fault in caught.value.faults]
    assert len(faults) == len(said)
    assert all(words in fault for fault, words in zip(faults, said, strict=True)), faults


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    before = read(tmp_path, plan_text("a"), plan_text("a", 2027), plan_text("b"), plan_text("c"))
    changed = plan_text("b").replace("年度安排表", "年度计划表").encode()
    after = before.with_documents({**before.contents, "plan/2.toml": changed})
    kept = [one is other for one, other in zip(before.tables, after.tables, strict=True)]
    assert kept == [True, True, False, True]
    assert (after.contents["plan/2.toml"], after.paths) == (changed, before.paths)
    assert after.with_documents(before.contents).input_hash == before.input_hash


@pytest.mark.parametrize(
    ("document", "old", "new"),
    [("units.toml", "lead@", "other@"), ("plan/0.toml", 'id = "a"', 'id = "d"')],
)
def test_with_other_units_all_is_read_again_and_clashes_are_seen(
    tmp_path: Path, document: str, old: str, new: str
) -> None:
    before = read(tmp_path, plan_text("a"), plan_text("b"), plan_text("b", 2027))
    edited = {document: before.contents[document].decode().replace(old, new).encode()}
    again = before.with_documents({**before.contents, **edited})
    whole = load_office(before.config, before.command_line, {**before.contents, **edited})
    assert (again.input_hash, again.positions) == (whole.input_hash, whole.positions)
    assert again.tables[1].plan.id == whole.tables[1].plan.id
    twice = {**before.contents, "plan/0.toml": plan_text("b", 2027).encode()}
    with pytest.raises(ConfigurationError, match=r"2\.toml.*2027 stands in .*0\.toml too"):
        before.with_documents(twice)


def test_of_one_plan_alone_the_other_documents_stay(tmp_path: Path) -> None:
    before = read(tmp_path, plan_text("a"))
    contents = {**before.contents, "plan/0.toml": plan_text("b").encode()}
    after = before.with_documents(contents)
    assert (after.contents, after.tables[0].plan.id) == (contents, "b")
    assert after.tables[0].directory is before.tables[0].directory
