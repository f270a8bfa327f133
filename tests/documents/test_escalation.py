"""Whom the steps' lists come to; what of them would leave the own house is refused."""

from pathlib import Path

import pytest

from reminder.documents.office import escalation, escalation_faults
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, load_settings
from reminder.domain.notices import Kind
from reminder.domain.timetable import Addressees
from reminder.domain.units import Directory, Relation, Unit

HOUSE = Directory(
    {
        unit.id: unit
        for unit in (
            Unit("lead", "代表工委", relation=Relation.OWN, to=("lead@npc.test",)),
            Unit("court", "法院", relation=Relation.PARALLEL, to=("a@court.test",)),
            Unit("helan", "贺兰", relation=Relation.LOCAL, to=("b@npc.test",), cc=("c@hl.test",)),
            Unit("nameless", "未定", to=("d@other.test",)),
        )
    }
)
OVERDUE = "[[overdue]]\nworkdays_after = 7\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def settings(folder: Path, text: str) -> Settings:
    (folder / "reminder.toml").write_text(text, encoding="utf-8")
    return load_settings(folder)


def faults(folder: Path, to: str) -> list[str]:
    loaded = settings(folder, f"{OVERDUE}to = [{to}]\n")
    return [fault.message for fault in escalation_faults(loaded, HOUSE, SettingsSources(folder))]


@pytest.mark.parametrize("to", ['"unit"', '"boss@npc.test"', '"lead@npc.test"', '"x@new.test"'])
def test_addresses_of_the_own_house_are_taken(folder: Path, to: str) -> None:
    assert faults(folder, to) == []


@pytest.mark.parametrize(
    ("to", "unit"),
    [
        ('"A@Court.test"', "法院"),
        ('"president@court.test"', "法院"),
        ('"b@npc.test"', "贺兰"),
        ('"c@hl.test"', "贺兰"),
        ('"mayor@hl.test"', "贺兰"),
        ('"d@other.test"', "未定"),
    ],
)
def test_addresses_of_other_bodies_are_refused(folder: Path, to: str, unit: str) -> None:
    [words] = faults(folder, f'"unit", {to}')
    assert unit in words
    assert "wanted one of the own house" in words


def test_every_address_of_another_body_is_said(folder: Path) -> None:
    assert len(faults(folder, '"a@court.test", "c@hl.test"')) == 2


def test_a_step_from_the_environment_is_faulted_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_NUDGE", '[{"to": ["a@court.test"]}]')
    [fault] = escalation_faults(settings(folder, ""), HOUSE, SettingsSources(folder))
    assert str(fault).startswith("environment: REMINDER_NUDGE: a@court.test is the address of")


@pytest.mark.parametrize(
    ("mail", "address"),
    [
        ('reply_to = "s@npc.test"\noperator = "o@npc.test"', "s@npc.test"),
        ('operator = "o@npc.test"', "o@npc.test"),
    ],
)
def test_the_secretariat_is_where_answers_go_or_the_operator(
    folder: Path, mail: str, address: str
) -> None:
    loaded = settings(folder, f'[mail]\n{mail}\n{OVERDUE}to = ["secretariat"]\n')
    assert escalation(loaded)[Kind.OVERDUE, 7] == Addressees(False, (address,))


def test_a_step_that_comes_again_goes_to_the_same_each_time(folder: Path) -> None:
    text = f'{OVERDUE}every = 5\ntimes = 3\nto = ["unit", "boss@npc.test"]\n'
    found = escalation(settings(folder, text))
    steps = {step: to for (kind, step), to in found.items() if kind is Kind.OVERDUE}
    assert steps == dict.fromkeys((7, 12, 17), Addressees(named=("boss@npc.test",)))


def test_nobody_but_the_lead_is_told_unless_it_is_set(folder: Path) -> None:
    assert set(escalation(settings(folder, "")).values()) == {Addressees()}


def test_two_nudges_on_one_day_are_one(folder: Path) -> None:
    steps = '[[nudge]]\nto = ["unit"]\n[[nudge]]\nto = ["boss@npc.test"]\n'
    found = escalation(settings(folder, steps))
    assert found[Kind.NUDGE, 3] == Addressees(named=("boss@npc.test",))
