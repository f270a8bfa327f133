"""The 情况简报: each task once, half a page, and a template that an office makes its own."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from reminder.documents.settings_sources import SettingsSources
from reminder.documents.templates import check_templates
from reminder.documents.word_template import BRIEF, SAMPLE, fill
from reminder.domain.registrations import Signature
from reminder.domain.status import TaskState
from reminder.errors import ConfigurationError
from reminder.office import brief as briefs
from reminder.office import lookup, registrations
from reminder.office.application import Application
from reminder.office.brief_document import _words_of, brief_file, brief_name, document_facts
from reminder.words import ENGLISH
from scripts.brief_template import ENGLISH_FILE, FILE, made
from tests.daemon.trials import MARCH, Trial

LATE = "2026-03-20T09:00+08:00"
BY = Signature("值班员", "page/lead/1")
HOSTILE = "<w:p> & {{ 7*7 }} {% x %} ]]>\n第二行\x0b\u202e完"


def document(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs]


def written(app: Application, period: str = "") -> list[str]:
    app, month = briefs.about_brief(app, period, app.clock.now())
    with app.database.read() as connection:
        found = briefs.read_brief(app, connection, app.clock.now(), month)
    return document(brief_file(app, found))


def test_a_task_is_in_one_part_whatever_its_state() -> None:
    assert set(briefs._PARTS) == set(TaskState) - {TaskState.HIDDEN}


def test_what_units_have_typed_stays_text(office: Trial) -> None:
    office.tick(MARCH)
    app = office.app(LATE)
    task, unit = lookup.find_task(app, "2026-03-1"), lookup.find_unit(app, "lead")
    registrations.report_progress(app, unit, task, BY, words=HOSTILE, percent=None)
    text = "\n".join(written(app))
    assert "<w:p> & {{ 7*7 }} {% x %} ]]> 第二行  完" in text
    assert "（承办委员会 值班员，3月20日）" in text


def test_a_month_without_tasks_reads_as_well(office: Trial) -> None:
    office.tick(MARCH)
    title, _, summary, *rest = written(office.app(LATE), "2026-08")
    assert title == "试情况简报（2026年8月）"
    assert summary == "2026年8月安排表中没有事项。此前安排的尚有1项未办结：推进中1项。"
    assert rest == ["一、推进中（1项）：一件事，未反馈进展（承办委员会）。"]
    office.edit_plan("month = 3", "month = 9")
    office.edit_plan("month = 4", "month = 9")
    _, _, summary, *rest = written(office.app(LATE), "2026-03")
    assert summary == "2026年3月安排表中没有事项，此前各月也没有待办结的事项。"
    assert rest == []


def test_an_office_that_speaks_english_reads_it_in_english(office: Trial) -> None:
    office.tick(MARCH)
    app = office.app(LATE, language=ENGLISH)
    assert written(app, "2026-03") == [
        "试: brief on March 2026",
        "承办委员会, 20 March 2026",
        "The plan has 1 task for March 2026: 1 in hand."
        " Of 2 units asked to acknowledge this month’s reminder, none did.",
        "I. In hand (1 task): 一件事, no progress told (承办委员会).",
        "II. Not acknowledged (2 units): 承办委员会, 相关委员会.",
        "III. Next month (April, 1 task): 另一件事.",
    ]
    assert brief_name(app, "2026-03") == "brief-2026-03.docx"


def test_of_many_and_long_ones_a_few_are_named(office: Trial) -> None:
    office.tick(MARCH)
    long = "对全区县乡人大换届选举工作进行全面部署" * 4
    more = "".join(
        f'\n[[month.task]]\nid = "2026-03-{n}"\ntitle = "{n}{long}"\n' for n in range(2, 20)
    )
    office.plan_file.write_text(
        office.plan_file.read_text(encoding="utf-8").replace(
            "\n[[month]]\nmonth = 4", f"{more}\n[[month]]\nmonth = 4"
        ),
        encoding="utf-8",
    )
    lines = written(office.app(LATE), "2026-03")
    assert "2026年3月安排19项：推进中19项。" in lines[2]
    assert "等19项，其余16项从略。" in lines
    assert sum(-(-(len(line) + 2) // 32) for line in lines[2:]) <= 17
    lines = written(office.app(MARCH), "2026-02")
    [following] = [line for line in lines if "下月安排（3月19项）" in line]
    assert following.endswith("等19项。")


def test_a_year_that_is_over_is_what_is_meant_after_it(office: Trial) -> None:
    office.tick(MARCH)
    app = office.app("2027-01-05T09:00+08:00")
    assert written(app)[0] == "试情况简报（2026年）"
    assert brief_name(app, "2026") == "情况简报-2026年.docx"
    assert briefs.offered_periods(app, app.clock.now()) == ["2026"]


# The template


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize(("path", "english"), [(FILE, False), (ENGLISH_FILE, True)])
def test_the_template_is_what_its_script_makes(path: Path, english: bool) -> None:
    file = io.BytesIO()
    made(english=english).save(file)
    assert parts(file.getvalue()) == parts(path.read_bytes())


def own(folder: Path, content: bytes) -> Path:
    path = folder / "zh-CN" / BRIEF
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def saying(*texts: str) -> bytes:
    """An office's own document with these paragraphs."""
    document, file = Document(), io.BytesIO()
    for text in texts:
        document.add_paragraph(text)
    document.save(file)
    return file.getvalue()


def with_part(name: str, old: bytes, new: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made_anew:
        for part, content in parts(FILE.read_bytes()).items():
            made_anew.writestr(part, content.replace(old, new) if part == name else content)
    return file.getvalue()


def test_an_office_lays_it_out_in_its_own_folder(office: Trial, tmp_path: Path) -> None:
    own(
        tmp_path / "own",
        saying(
            "绝密★",
            "{{ title }}，办结{{ counts.done }}项",
            "{%p for s in sections %}",
            "{{ s.heading }}",
            "{%p endfor %}",
        ),
    )
    office.tick(MARCH)
    app = office.app(LATE, templates=tmp_path / "own")
    check_templates(app.settings)
    assert written(app, "2026-03") == [
        "绝密★",
        "试情况简报（2026年3月），办结0项",
        "一、推进中（1项）",
        "二、未签收（2个单位）",
        "三、下月安排（4月1项）",
    ]


def broken() -> Iterator[tuple[bytes, str]]:
    yield b"", "is no Word document"
    yield b"PK\x03\x04 cut off", "is no Word document"
    yield FILE.read_bytes()[:9000], "is no Word document"
    yield saying("{{ titel }}"), "'titel' is undefined"
    yield saying("{{ counts.dune }}"), "has no attribute 'dune'"
    yield saying("第一段", "{% for s in sections %}"), "near '{% for s in sections %}'"
    yield saying("{{ title | upperr }}"), "No filter named 'upperr'"
    yield saying("{{ 1 // 0 }}"), "division"
    yield saying("{{ title.__class__.__mro__ }}"), "is unsafe"
    yield saying("{{ ''.format.__globals__ }}"), "is unsafe"
    yield saying("{% for n in range(10**9) %}{% endfor %}"), "Range too big"
    yield saying("{% include '/etc/passwd' %}"), "no loader"
    yield with_part("word/document.xml", b"<w:body>", b"<w:bod"), "cannot be filled in"
    yield (
        with_part("[Content_Types].xml", b"document.main", b"template.main"),
        "cannot be filled in",
    )
    yield with_part("word/styles.xml", b"<w:docDefaults>", b" " * (65 << 20)), "unpacks to more"


@pytest.mark.parametrize(("content", "words"), list(broken()))
def test_a_broken_one_is_refused_with_what_is_wrong(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = own(tmp_path, content)
    for act in (
        lambda: fill(path, SAMPLE),
        lambda: check_templates(SettingsSources(None, {"templates": tmp_path}).load()),
    ):
        with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
            act()
        [fault] = caught.value.faults
        assert fault.path.endswith("brief.docx")


def test_the_sample_has_every_fact_that_a_template_may_know(office: Trial) -> None:
    app = office.app(LATE)
    with app.database.read() as connection:
        found = briefs.read_brief(app, connection, app.clock.now(), 3)
    facts: Any = document_facts(found, _words_of(app))
    sample: Any = SAMPLE
    assert facts.keys() == SAMPLE.keys()
    assert facts["counts"].keys() == sample["counts"].keys()
    for section in facts["sections"]:
        assert section.keys() == sample["sections"][0].keys()
