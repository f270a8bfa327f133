"""Who has a Chinese locale reads Chinese; scripts and logs read on as before."""

import re
from pathlib import Path

import pytest

from reminder.cli.output import language
from reminder.words import CHINESE, ENGLISH
from tests.cli.conftest import PLAN, Office


@pytest.fixture
def chinese(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return office


@pytest.mark.parametrize(
    ("locale", "reads"),
    [
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, CHINESE),
        ({"LC_ALL": "C", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, ENGLISH),
        ({"LC_ALL": "", "LANG": "zh_CN"}, CHINESE),
        ({}, ENGLISH),
    ],
)
def test_first_variable_that_is_set_says_which_language(
    monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], reads: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert language() == reads


def test_mistake_is_said_in_chinese_and_to_scripts_in_english(chinese: Office) -> None:
    chinese.put("plan.toml", PLAN.replace('lead = ["代表', 'lead = ["代裱', 1))
    ended = chinese("check")
    assert ended.status == 2
    assert ended.err.splitlines()[0].endswith(
        "plan.toml第11行，month.lead：没有名为“代裱工作委员会”的单位，是不是“代表工作委员会”？"
    )
    assert ended.err.splitlines()[-1] == "reminder: 共1处差错，没有启动"
    assert "unknown unit '代裱工作委员会'" in chinese("check", "--json").raw.decode()


def test_check_without_mistakes_is_chinese(chinese: Office) -> None:
    lines = chinese("check").out.splitlines()
    assert lines[:4] == [
        "年度安排表",
        "按月的任务2项，全年任务1项，备注0项",
        "单位3个，单位组0个，邮箱3个",
        "没有邮箱的单位：无",
    ]
    assert any(
        re.fullmatch("提醒：.*units.toml第15行，unit.id：高级人民法院全年.*", line)
        for line in lines
    )
    assert lines[-1] == "没有差错"


def test_status_has_its_columns_in_places_of_the_terminal(chinese: Office) -> None:
    """A Chinese character takes two."""
    chinese("tick")
    chinese("ledger", "hold", "--why", "等主任看过")
    lines = chinese("status").out.splitlines()
    assert lines[0].startswith("安排表     年度安排表（")
    assert "发信方式   发件箱文件夹，不经邮件服务器（maildir）" in lines
    assert "暂存       人工暂停：等主任看过，自2026-04-01 10:00起" in lines
    assert "           放行：reminder ledger release" in lines
    assert "上一批     2026-04 月度提示：应发2封，已接收2封" in lines


def test_status_says_the_same_facts_in_both_languages(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.put(
        "units.toml", (office.folder / "units.toml").read_text("utf-8").replace("to = ", "cc = ", 1)
    )
    office("tick")
    numbers = {}
    for locale in ("C", "zh_CN"):
        monkeypatch.setenv("LC_ALL", locale)
        numbers[locale] = sorted(re.findall(r"\d+", office("status").out.replace("+08:00", "")))
    assert numbers["C"] == numbers["zh_CN"]


REFUSED = [
    (
        "preview --unit nobody --period 2026-04",
        3,
        ["没有“nobody”这个单位", "  `reminder units`列出全部单位。"],
    ),
    (
        "preview --unit lead --period 2031-01",
        2,
        ["年度安排表中没有“2031-01”这个月", "  应如2026-03"],
    ),
    (
        "preview --unit outsider --period 2026-04",
        2,
        ["高级人民法院没有2026-04的月度提示", "  年度安排表的各行都没有它。"],
    ),
    (
        "preview --unit lead --period 2026-04 --send-to nobody",
        2,
        ["“nobody”不是邮箱地址（缺少@），应为“名字@域名”"],
    ),
    ("task done 2026-04-9", 3, ["没有“2026-04-9”这项任务", "  `reminder tasks`列出全部任务。"]),
    ("task reopen 2026-04-1", 2, ["本项没有登记办结"]),
    ("task done 2026-04-1 --on 4月", 2, ["“4月”不是日期", "  应如2026-03-02。"]),
    (
        "meeting set nothing 2026-05-27",
        3,
        ["没有“nothing”这个会议", "  `reminder meeting list`列出全部会议。"],
    ),
    (
        "plan export table.pdf",
        2,
        ["“table.pdf”既不是Word文件也不是Excel文件，应以.docx或.xlsx结尾"],
    ),
    ("tasks --plan-id other", 3, ["没有“other”这份安排表", "  应为small。"]),
    ("ledger drop --period 2026-04 --state away", 2, ["没有“away”这种状态"]),
    ("ledger hold --why \u202e", 2, ["--why：含有看不见的字符“\\u202e”，应为一行文字"]),
]


def test_trouble_with_the_ledger_is_chinese(chinese: Office, state: Path) -> None:
    chinese("tick")
    (state / "ledger.db").write_bytes(b"no ledger" * 1000)
    (state / "ledger.db-wal").unlink(missing_ok=True)
    ended = chinese("ledger", "verify")
    assert ended.status == 4
    first, second = ended.err.splitlines()[-2:]
    assert first.startswith(f"reminder: 台账{state / 'ledger.db'}已损坏，或不是台账：")
    assert second == "  请放上备份；这个文件没有动。"


@pytest.mark.parametrize(("command", "status", "lines"), REFUSED)
def test_refusal_is_chinese_with_what_to_do_next(
    chinese: Office, command: str, status: int, lines: list[str]
) -> None:
    ended = chinese(*command.split())
    assert ended.status == status
    said = ended.err.splitlines()
    assert said[: len(lines)] == [f"reminder: {lines[0]}", *lines[1:]]


def test_table_on_a_terminal_is_chinese_and_for_scripts_as_it_was(chinese: Office) -> None:
    shown = chinese("tasks", terminal=True).out.splitlines()
    assert shown[0].split() == ["编号", "主要内容", "承办单位", "相关部门", "状态", "时间"]
    assert shown[1].split()[3:] == ["组织部", "未办结", "3月"]
    assert chinese("tasks").out.split("\n")[0] == "id\ttitle\tlead\trelated\tstate\twhen"


DONE = [
    ("task done 2026-04-1", ["2026-04-1已登记办结"]),
    (
        "ledger hold",
        [
            "全部邮件已暂存",
            "查看：reminder ledger list --state held　放行：reminder ledger release",
        ],
    ),
    ("ledger release", ["没有暂存的邮件"]),
    ("plan export table.docx", ["已写入：table.docx（年度安排表）"]),
    ("register call lead --words 已转告", ["代表工作委员会：通话已记下"]),
    ("plan history", ["number\tat\torigin\tauthor\ttell\tdocuments"]),
]


@pytest.mark.parametrize(("command", "lines"), DONE)
def test_what_was_done_is_said_in_chinese(chinese: Office, command: str, lines: list[str]) -> None:
    chinese("tick")
    assert chinese(*command.split()).out.splitlines()[: len(lines)] == lines
