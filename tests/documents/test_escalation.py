"""Whom the steps' lists come to; what of them would leave the own house is refused."""

import pytest

from reminder.documents.escalation import escalation, escalation_faults
from reminder.documents.settings_sources import SettingsSources
from reminder.domain.notices import Kind
from reminder.domain.schedule import Addressees
from reminder.domain.units import Directory, Relation, Unit
from tests.documents.conftest import Sources

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


def faults(sources: Sources, to: str) -> list[str]:
    sources.file(f"{OVERDUE}to = [{to}]\n")
    read = SettingsSources(sources.folder)
    return [fault.message for fault in escalation_faults(read.load(), HOUSE, read)]


def told(sources: Sources, text: str) -> dict[tuple[Kind, int], Addressees]:
    sources.file(text)
    return escalation(sources.load())


@pytest.mark.parametrize("to", ['"unit"', '"boss@npc.test"', '"lead@npc.test"', '"x@new.test"'])
def test_addresses_of_the_own_house_are_taken(sources: Sources, to: str) -> None:
    assert faults(sources, to) == []


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
def test_addresses_of_other_bodies_are_refused(sources: Sources, to: str, unit: str) -> None:
    [words] = faults(sources, f'"unit", {to}')
    assert unit in words
    assert "wanted one of the own house" in words


def test_every_address_of_another_body_is_said(sources: Sources) -> None:
    assert len(faults(sources, '"a@court.test", "c@hl.test"')) == 2


def test_a_step_from_the_environment_is_faulted_there(sources: Sources) -> None:
    sources.environment("REMINDER_NUDGE", '[{"to": ["a@court.test"]}]')
    read = SettingsSources(sources.folder)
    [fault] = escalation_faults(read.load(), HOUSE, read)
    assert str(fault).startswith("environment: REMINDER_NUDGE: a@court.test is the address of")


BOSS = Addressees(named=("boss@npc.test",))
REPLY, OPERATOR = 'mail.reply_to = "s@npc.test"\n', 'mail.operator = "o@npc.test"\n'
SECRETARIAT = f'{OVERDUE}to = ["secretariat"]\n'


@pytest.mark.parametrize(
    ("text", "steps", "wanted"),
    [
        (f"{REPLY}{OPERATOR}{SECRETARIAT}", [7], Addressees(False, ("s@npc.test",))),
        (f"{OPERATOR}{SECRETARIAT}", [7], Addressees(False, ("o@npc.test",))),
        (f'{OVERDUE}every = 5\ntimes = 3\nto = ["unit", "boss@npc.test"]\n', [7, 12, 17], BOSS),
        ("", [1, 7], Addressees()),
    ],
)
def test_whom_a_step_comes_to_each_time(
    sources: Sources, text: str, steps: list[int], wanted: Addressees
) -> None:
    found = told(sources, text)
    assert {step: to for (kind, step), to in found.items() if kind is Kind.OVERDUE} == (
        dict.fromkeys(steps, wanted)
    )


def test_two_nudges_on_one_day_are_one(sources: Sources) -> None:
    steps = '[[nudge]]\nto = ["unit"]\n[[nudge]]\nto = ["boss@npc.test"]\n'
    assert told(sources, steps)[Kind.NUDGE, 3] == BOSS
