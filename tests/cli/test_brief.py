"""`reminder brief`: a Word document, by the name of its period or by another."""

from pathlib import Path

import pytest
import time_machine
from docx import Document

from tests.cli.conftest import Office


def title(path: Path) -> str:
    return Document(str(path)).paragraphs[0].text


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        ((), "情况简报-2026年4月.docx", "安排情况简报（2026年4月）"),
        (("--period", "2026-03"), "情况简报-2026年3月.docx", "安排情况简报（2026年3月）"),
        (("--period", "2026"), "情况简报-2026年.docx", "安排情况简报（2026年）"),
        (("--output", "half.docx"), "half.docx", "安排情况简报（2026年4月）"),
    ],
)
def test_it_is_written_where_one_finds_it(
    office: Office, words: tuple[str, ...], name: str, said: str
) -> None:
    office("tick")
    office("task", "done", "2026-03-1")
    ended = office("brief", *words)
    assert (ended.status, ended.out) == (0, f"written: {name}\n")
    assert title(Path(name)) == said
    assert ("reminder brief --period 2026" in ended.err) == ("--period" not in words)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--period", "2026-13"), 2, "no period '2026-13'"),
        (("--period", "april"), 2, "no period 'april'"),
        (("--period", "2025"), 3, "2025"),
        (("--output", "half.doc"), 2, "'half.doc' is not for Word, wanted .docx"),
        (("--output", "nowhere/half.docx"), 1, "nowhere/half.docx"),
    ],
)
def test_what_is_no_time_or_no_place_is_refused(
    office: Office, words: tuple[str, ...], status: int, said: str
) -> None:
    office("tick")
    ended = office("brief", *words)
    assert (ended.status, said in ended.err) == (status, True)
    assert not list(Path.cwd().iterdir())


def test_a_broken_template_of_the_office_is_named_by_check_and_refused(office: Office) -> None:
    own = office.folder / "own" / "zh-CN" / "documents"
    own.mkdir(parents=True)
    document = Document()
    document.add_paragraph("{{ titel }}")
    document.save(str(own / "brief.docx"))
    office.put("reminder.toml", 'plan = "plan.toml"\ntemplates = "own"\n')
    for command in ("check", "brief"):
        ended = office(command)
        assert ended.status == 2
        assert "brief.docx: cannot be filled in: 'titel' is undefined" in ended.err


def test_after_the_year_it_is_the_years(office: Office) -> None:
    office("tick")
    with time_machine.travel("2027-01-05T10:00+08:00"):
        assert office("brief").out == "written: 情况简报-2026年.docx\n"
