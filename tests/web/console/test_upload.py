"""A table that is sent to the console: into the draft, its doubts answered, published."""

import html
import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reminder.office import drafts
from reminder.office.plan_files import export_plan
from reminder.web.uploads import LARGEST, plain_file_name
from tests.documents.tables.test_refusals import MACROS, OLE, word
from tests.web.console.conftest import XSS, Secretary, as_person

HERE, SEND, ANSWERS = "/console/upload", "/console/plan/upload", "/console/upload/answers"
PLAN = "plan/plan_2026.toml"
NEXT = f"""2027年度代表工作安排表
时间\t主要内容\t牵头单位\t相关单位
2月\t召开座谈会\t选联任代办\t代表工作委员会
3月\t办理{XSS}的建议\t信访督办处\t
某时\t组织代表视察\t代表工作委员会\t
"""


@pytest.fixture
def editor(house: Any) -> Secretary:
    return as_person(house, "edit")


@pytest.fixture
def approver(house: Any) -> Secretary:
    return as_person(house, "approve")


def send(who: Secretary, content: str | bytes, name: str = "table.txt", **fields: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return who.client.post(SEND, data=fields, files={"file": (name, io.BytesIO(data))})


def edits(house: Any, person: str = "wang") -> list[Any]:
    with house.database.read() as connection:
        draft = drafts.open_draft(connection, person)
    return list(draft.edits) if draft else []


def mark(page: Any) -> str:
    return re.search('name="mark" value="([^"]+)"', page.text)[1]


def asked(page: Any) -> dict[str, str]:
    """The headings of questions by their numbers."""
    found = re.findall(r'id="q(\d+)">\s*<h2>(.*?)</h2>', page.text)
    return {number: html.unescape(words) for number, words in found}


def reply(who: Secretary, page: Any, **answers: str) -> Any:
    numbers = " ".join(asked(page))
    return who.post(ANSWERS, {"mark": mark(page), "of": "", "numbers": numbers, **answers})


def test_the_next_years_table_is_taken_in_answered_and_published(
    house: Any, approver: Secretary
) -> None:
    sent = send(approver, NEXT, of=f"next:{PLAN}")
    assert sent.headers["Location"] == f"{HERE}?of=plan/plan_2027.toml"
    page = approver.get(HERE)
    assert XSS not in page.text
    assert list(asked(page).values()) == [
        "第3行“牵头单位”：“选联任代办”不在单位名录中",
        "第4行“牵头单位”：“信访督办处”不在单位名录中",
        "第5行“时间”：“某时”说的是什么时候？暂列入全年",
    ]
    assert "还有3处需要核对" in page.text
    draft = approver.get("/console/draft").text
    assert "有3处读得不确定" in draft
    assert "处有误" in draft
    reply(approver, page, choice0="new", answer1="代表工作委员会", answer2="4月上旬")
    assert "各处都已核对" in approver.get(HERE).text
    shown = approver.get("/console/draft")
    assert "读得不确定" not in shown.text
    seen = re.search('name="seen" value="([^"]+)"', shown.text)[1]
    assert approver.post("/console/draft/publish", {"seen": seen}).status_code == 303
    house.application.tick()  # which sees the new file
    table = next(one for one in house.application.office.tables if one.plan.year == 2027)
    units = {t.title: [table.directory.name_of(u) for u in t.lead] for t in table.plan.tasks}
    assert units["召开座谈会"] == ["选联任代办"]
    assert {str(table.window(t).due) for t in table.plan.tasks} >= {"2027-02-26", "2027-04-09"}
    assert house.application.office.path.with_name("plan_2027.toml").is_file()


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_the_table_as_it_is_printed_changes_nothing(
    house: Any, editor: Secretary, kind: str
) -> None:
    content = export_plan(house.application.office, Path(f"plan.{kind}"))
    send(editor, content, f"plan.{kind}")
    assert [edit.document for edit in edits(house)] == [PLAN]
    assert "没有时间、提醒、日历或单位随之变动" in editor.get("/console/draft").text


def test_answers_that_cannot_be_stay_typed_and_the_others_count(
    house: Any, editor: Secretary
) -> None:
    send(editor, NEXT, of=f"next:{PLAN}")
    page = editor.get(HERE)
    again = reply(editor, page, answer0="没有的单位", answer1="代表工作委员会", answer2="十三月")
    assert again.status_code == 422
    assert list(asked(again)) == ["0", "2"]
    for words in ("有2处填写有误", 'value="没有的单位"', 'value="十三月"'):
        assert words in again.text
    text = edits(house)[0].args["text"]
    assert "信访督办处" not in text
    assert "选联任代办" in text


def test_answers_to_a_table_that_was_sent_again_are_not_taken(
    house: Any, editor: Secretary
) -> None:
    send(editor, NEXT, of=f"next:{PLAN}")
    page = editor.get(HERE)
    send(editor, NEXT.replace("3月", "5月"), of=f"next:{PLAN}")
    again = reply(editor, page, answer1="代表工作委员会")
    assert again.status_code == 422
    assert "已经重新上传" in again.text
    assert 'value="代表工作委员会"' in again.text
    assert len(edits(house)) == 1
    assert "信访督办处" in edits(house)[0].args["text"]


def test_what_was_typed_is_there_to_be_copied_when_the_session_is_over(
    house: Any, editor: Secretary
) -> None:
    send(editor, NEXT, of=f"next:{PLAN}")
    page = editor.get(HERE)
    editor.client.cookies.delete(house.cookie("console"))
    lost = reply(editor, page, answer0="代表工作委员会", answer2="4月上旬")
    assert lost.status_code == 403
    assert all(
        f'<pre class="card">{words}</pre>' in lost.text for words in ("代表工作委员会", "4月上旬")
    )
    assert len(edits(house)) == 1


def test_a_wording_is_divided_into_tasks_line_by_line(house: Any, editor: Secretary) -> None:
    row = "2月\t召开座谈会；组织代表视察\t代表工作委员会\n"
    send(editor, f"2027年度代表工作安排表\n时间\t主要内容\t牵头单位\n{row}", of=f"next:{PLAN}")
    page = editor.get(HERE)
    assert "一句里有分号" in page.text
    reply(editor, page, answer0="召开座谈会\n组织代表视察\n通报情况")
    text = edits(house)[0].args["text"]
    assert re.findall('id = "2027-02-(.)"\ntitle = "(.*)"', text) == [
        ("1", "召开座谈会"),
        ("2", "组织代表视察"),
        ("3", "通报情况"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", "", "请先选择文件|文件是空的"),
        ("a.pdf", "%PDF-1.7", "不是 Word、Excel 或文本文件"),
        ("a.txt", "一段话", "没有读到任务"),
        ("a.doc", OLE + "_VBA_PROJECT".encode("utf-16-le"), "文件含有宏"),
        ("表.txt", "2027年度别的安排表\n时间\t主要内容\n2月\t召开座谈会\n", "看不出是哪一份表"),
        ("../../e\u202eil<b>.pdf", "%PDF-1.7", "没有读入e il&lt;b&gt;.pdf："),
    ],
)
def test_files_that_are_not_read_are_refused_in_words(
    house: Any, editor: Secretary, name: str, content: str | bytes, words: str
) -> None:
    answer = send(editor, content, name)
    assert answer.status_code == 422
    assert re.search(words, answer.text), re.findall("没有读入.*", answer.text)
    assert edits(house) == []


def test_macros_and_bombs_are_refused(house: Any, editor: Secretary, tmp_path: Path) -> None:
    word(tmp_path / "a.docm", b"<a/>", MACROS)
    with zipfile.ZipFile(tmp_path / "b.docx", "w", zipfile.ZIP_DEFLATED) as file:
        word(tmp_path / "c.docx", b"")
        with zipfile.ZipFile(tmp_path / "c.docx") as other:
            for part in ("[Content_Types].xml", "_rels/.rels"):
                file.writestr(part, other.read(part))
        with file.open("document.xml", "w", force_zip64=True) as document:
            for _ in range(600):
                document.write(b" " * (1 << 20))
    for name, why in (("a.docm", "含有宏"), ("b.docx", "展开后过大")):
        answer = send(editor, (tmp_path / name).read_bytes(), name)
        assert answer.status_code == 422
        assert why in answer.text
    assert edits(house) == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nhalf", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken\r\n--x--\r\n", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 600 + b"--x--", 400),
        ("multipart/form-data; boundary=" + "x" * 71, b"", 415),
        ("multipart/form-data", b"", 415),
        ("application/x-www-form-urlencoded", b"of=", 415),
        ("multipart/form-data; boundary=x", bytes(LARGEST + 1), 413),
    ],
)
def test_what_is_no_such_form(editor: Secretary, kind: str, body: bytes, status: int) -> None:
    headers = {"Content-Type": kind, "Accept": "text/html"}
    answer = editor.client.post(SEND, content=body, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\表\\a.docx", "a.docx"),
        ("/etc/passwd", "passwd"),
        ("a\r\nb\x00.txt", "a b .txt"),
        ("..", ".."),
    ],
)
def test_names_of_files_are_one_line_and_no_path(name: str, plain: str) -> None:
    assert plain_file_name(name) == plain


def test_what_another_published_meanwhile_is_not_taken_back_unseen(
    house: Any, editor: Secretary
) -> None:
    drafts.begin(house.application)
    send(editor, export_plan(house.application.office, Path("plan.docx")), "plan.docx")
    li = as_person(house, "approve", "li", "林某")
    li.post("/console/plan/head", {"name": "代表工作安排", "tag": "代表工作"})
    seen = re.search('name="seen" value="([^"]+)"', li.get("/console/draft").text)[1]
    assert li.post("/console/draft/publish", {"seen": seen}).status_code == 303
    assert "他人的修改不保留" in editor.get("/console/draft").text


def test_two_files_at_once_are_both_there(house: Any, editor: Secretary) -> None:
    tables = {f"next:{PLAN}": NEXT, "other": NEXT.replace("代表工作安排表", "别的安排表")}
    with ThreadPoolExecutor() as both:
        sent = [both.submit(send, editor, text, of=of) for of, text in tables.items()]
    assert {one.result().status_code for one in sent} == {303}
    assert len({edit.document for edit in edits(house)}) == 2
    ids = [re.search('id = "(.*)"', edit.args["text"])[1] for edit in edits(house)]
    assert sorted(ids) == ["npc-deputies", "plan-1"]
