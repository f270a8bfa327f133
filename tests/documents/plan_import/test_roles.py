"""Who leads and who is related, of one cell."""

import pytest

from reminder.documents.plan_import.building import read_roles
from tests.documents.plan_import.directory import NAMES, ids


@pytest.mark.parametrize(
    ("text", "lead", "related"),
    [
        ("牵头：办公厅；配合：代表工委、高院", ["office"], ["deputies", "court"]),
        ("牵头单位：办公厅\n配合单位：市、县（区）人大常委会", ["office"], ["local"]),
        ("办公厅（牵头）、代表工委", ["office"], ["deputies"]),
        ("办公厅\n（牵头）\n代表工委", ["office"], ["deputies"]),
        ("办公厅、代表工委（配合）", ["office"], ["deputies"]),
        ("由办公厅牵头，代表工委、高院配合", ["office"], ["deputies", "court"]),
        ("代表工委负责", ["deputies"], []),
        ("责任单位:代表工委", ["deputies"], []),
        ("办公厅", ["office"], []),
        ("/", [], []),
        ("无", [], []),
    ],
)
def test_roles_that_are_said(text: str, lead: list[str], related: list[str]) -> None:
    roles = read_roles(text, NAMES, mixed=True)
    assert (ids(roles.lead), ids(roles.related), roles.unsaid) == (lead, related, False)


@pytest.mark.parametrize(
    ("text", "mixed", "lead", "related"),
    [
        ("办公厅、代表工委", True, ["office"], ["deputies"]),
        ("办公厅、代表工委（牵头）、高院（配合）", False, ["deputies"], ["office", "court"]),
    ],
)
def test_roles_that_are_asked(text: str, mixed: bool, lead: list[str], related: list[str]) -> None:
    roles = read_roles(text, NAMES, mixed=mixed)
    assert (ids(roles.lead), ids(roles.related), roles.unsaid) == (lead, related, True)


def test_below_a_heading_of_one_role_all_have_it() -> None:
    assert ids(read_roles("办公厅、代表工委", NAMES).lead) == ["office", "deputies"]
