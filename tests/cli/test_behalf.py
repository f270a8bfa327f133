"""What a unit has said by telephone, at the desk or by mail, noted by a command."""

import pytest

from tests.cli.conftest import Office

APRIL, YEAR = "2026-04-1", "2026-year-1"
WHO = ("--who", "联络员")


def console_row(office: Office) -> list[str]:
    return [row["state"] for row in office("tasks", "--json").json if row["id"] == APRIL]


def test_what_is_noted_follows_at_once(office: Office) -> None:
    office("tick")
    first = office("register", "sign", "lead", *WHO, "--channel", "visit")
    assert first.out == "代表工作委员会: 2026-04 is signed\n"
    assert office("register", "sign", "代表工作委员会", *WHO).out.endswith("as before\n")
    ended = office("register", "progress", "lead", APRIL, *WHO, "--percent", "60")
    assert ended.out == f"{APRIL}: progress of 代表工作委员会 is noted\n"
    assert office("register", "call", "lead", "--words", "下周报来").status == 0
    words = ("register", "done", "lead", APRIL, *WHO, "--channel", "mail")
    assert office(*words).out == f"{APRIL} is noted as done by 代表工作委员会\n"
    assert "before" in office(*words).out
    assert console_row(office) == ["open"]
    assert office(*words, "--on", "2026-03-31", "--close").out == f"{APRIL} is done\n"
    assert console_row(office) == ["done"]


def test_a_check_in_is_of_its_month(office: Office) -> None:
    office("tick")
    words = ("register", "done", "lead", YEAR, *WHO, "--close")
    assert office(*words, "--month", "2026-03").status == 0
    rows = office("windows", "--month", "3", "--at", "2026-04-29", "--json").json
    assert {row["id"]: row["light"] for row in rows}[YEAR] == "grey"


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("sign", "nobody", *WHO), 3, "no unit"),
        (("sign", "lead"), 2, "--who"),
        (("sign", "lead", "--who", " "), 2, "no name"),
        (("sign", "lead", "--who", "a\u202eb"), 2, "--who"),
        (("sign", "lead", "--who", "w" * 41), 2, "more than 40 characters"),
        (("sign", "lead", *WHO, "--channel", "dream"), 2, "--channel"),
        (("sign", "lead", *WHO, "--month", "2026-05"), 2, "not to sign"),
        (("progress", "lead", "2026-04-9", *WHO), 3, "no task"),
        (("progress", "lead", APRIL, *WHO), 2, "nothing to report"),
        (("progress", "related", APRIL, *WHO, "--percent", "5"), 2, "not a lead"),
        (("done", "lead", APRIL, *WHO, "--on", "2026-04-02"), 2, "done in the future"),
        (("done", "lead", APRIL, *WHO, "--month", "2026-04"), 2, "not a month"),
        (("call", "lead", "--words", " "), 2, "nothing said"),
        (("call", "lead", "--words", "w" * 501), 2, "too many words"),
    ],
)
def test_what_cannot_be_noted_says_why(
    office: Office, words: tuple[str, ...], status: int, why: str
) -> None:
    office("tick")
    ended = office("register", *words)
    assert (ended.status, why in ended.err) == (status, True)
