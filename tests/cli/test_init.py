"""`reminder init`: a folder that works, by questions or options, over nothing that is there."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reminder import output_files
from reminder.documents.settings_sources import SettingsSources
from reminder.office import new_office
from tests.cli.conftest import Ended, Reminder

FOLDER = "一个 office's folder"
FULL = [
    "--office", "某市人大常委会代表工委", "--from", "tishi@npc.gov.cn", "--contact", "综合处",
    "--reply-to", "a@npc.gov.cn", "--operator", "b@npc.gov.cn", "--transport", "smtp",
    "--smtp-host", "mail.npc.gov.cn", "--smtp-security", "tls", "--smtp-port", "994",
    "--smtp-username", "tishi", "--base-url", "https://tishi.npc.gov.cn", "--state-dir", "../data",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _by_the_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMINDER_STATE_DIR")


def made(reminder: Reminder, *words: str) -> Ended:
    ended = reminder("init", FOLDER, *words)
    assert ended.status == 0, ended.err
    return ended


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_what_is_made_has_no_mistakes_and_is_the_owners_alone(
    reminder: Reminder, mask: int
) -> None:
    before = os.umask(mask)
    try:
        ended = made(reminder, "--yes")
    finally:
        os.umask(before)
    assert "reminder check --config '/" in ended.out
    checked = reminder("check", "--config", FOLDER)
    assert (checked.status, "no mistakes" in checked.out) == (0, True)
    assert {path.name for path in Path(FOLDER).iterdir()} == {
        "reminder.toml", "units.toml", "plan", "workdays", "secrets", "state",
    }  # fmt: skip
    assert modes(Path(FOLDER)) == {0}
    ticked = reminder("tick", "--config", FOLDER)
    assert (ticked.status, "sent 31" in ticked.out) == (0, True)
    assert len(list(Path(FOLDER, "state", "outbox", "new").iterdir())) == 31


def test_ledger_is_made_with_its_key(reminder: Reminder) -> None:
    made(reminder)
    first = reminder("feed", "url", "--unit", "deputies", "--config", FOLDER).out
    assert first == reminder("feed", "url", "--unit", "deputies", "--config", FOLDER).out
    assert "/feeds/" in first


def test_what_was_said_stands_in_the_settings(reminder: Reminder) -> None:
    made(reminder, *FULL)
    settings = SettingsSources(Path(FOLDER)).load()
    mail, smtp = settings.mail, settings.smtp
    assert mail.sender == "某市人大常委会代表工委 <tishi@npc.gov.cn>"
    assert (mail.contact, mail.reply_to, mail.operator) == (
        "综合处", "a@npc.gov.cn", "b@npc.gov.cn",
    )  # fmt: skip
    assert (smtp.host, smtp.effective_port, smtp.username) == ("mail.npc.gov.cn", 994, "tishi")
    assert (settings.transport, settings.web.base_url) == ("smtp", "https://tishi.npc.gov.cn")
    assert (settings.uid_domain, settings.state_dir) == ("npc.gov.cn", Path("../data").resolve())
    units = reminder("units", "--config", FOLDER, "--json").json
    assert "某市人大常委会代表工委" in [unit["name"] for unit in units]


def test_examples_do_not_stand_beside_an_own_sender(reminder: Reminder) -> None:
    made(reminder, "--from", "办公室 <tishi@npc.gov.cn>", "--office", "自治区人大常委会办公厅")
    mail = SettingsSources(Path(FOLDER)).load().mail
    assert (mail.sender, mail.contact, mail.reply_to) == ("办公室 <tishi@npc.gov.cn>", "", "")
    text = Path(FOLDER, "plan", "plan_2026.toml").read_text("utf-8")
    assert 'office = "自治区人大常委会办公厅"' in text


def test_folder_may_move_with_all_that_is_in_it(reminder: Reminder) -> None:
    made(reminder)
    Path(FOLDER).rename("moved")
    settings, state = SettingsSources(Path("moved")).load(), Path("moved/state").resolve()
    assert (settings.state_dir, settings.backup.folder) == (state, state / "backups")
    assert reminder("check", "--config", "moved").status == 0


def test_folder_with_settings_is_refused_and_what_else_is_there_is_kept(
    reminder: Reminder,
) -> None:
    made(reminder)
    toml = Path(FOLDER, "reminder.toml")
    before = toml.read_bytes()
    ended = reminder("init", FOLDER, *FULL)
    assert (ended.status, "there is a reminder.toml in" in ended.err) == (2, True)
    assert toml.read_bytes() == before
    toml.unlink()
    units = Path(FOLDER, "units.toml")
    units.write_text(units.read_text("utf-8") + "\n# mine\n", "utf-8")
    assert "Left as it was: plan" not in (out := made(reminder).out)
    assert "Left as it was: units.toml" in out
    assert units.read_text("utf-8").endswith("# mine\n")
    assert toml.read_bytes() == before


WRONG = [
    ("--from nobody", "--from 'nobody' is not an address"),
    ("--smtp-port 0", "--smtp-port"),
    ("--base-url tishi.gov.cn", "--base-url"),
    ("--state-dir \udcff", "--state-dir"),
    ("--office \u202e", "--office"),
    ("--transport pigeon", "pigeon"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_answer_is_said_and_nothing_is_written(
    reminder: Reminder, words: str, said: str
) -> None:
    ended = reminder("init", FOLDER, *words.split())
    assert (ended.status, said in ended.err) == (2, True), ended.err
    assert not Path(FOLDER).exists()


def test_who_was_killed_begins_again(reminder: Reminder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file further each time."""
    write, left = output_files.write_file, 0

    def die_before_the_second(path: Path, content: Any, **more: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        write(path, content, **more)

    monkeypatch.setattr(new_office, "write_file", die_before_the_second)
    statuses = []
    while not statuses or statuses[-1]:
        left = 1
        statuses.append(reminder("init", FOLDER, *FULL).status)
    assert statuses == [130, 130, 130, 0]
    assert reminder("check", "--config", FOLDER).status == 0


def test_own_plan_stands_in_place_of_the_sample(reminder: Reminder) -> None:
    made(reminder, "--yes")
    plan = Path(FOLDER, "plan", "plan_2026.toml")
    plan.rename("mine.toml")
    ended = reminder("init", "other", "--plan", "mine.toml")
    assert (ended.status, "the sample" in ended.out) == (0, False)
    assert [path.name for path in Path("other/plan").iterdir()] == ["mine.toml"]


def typed(answers: Sequence[tuple[str, str]], locale: str) -> tuple[int, str]:
    """By a person at a terminal, each behind its question: the process's end, and the screen."""
    above, below = os.openpty()
    command = ["setsid", "--ctty", sys.executable, "-m", "reminder", "init", FOLDER]
    environ = os.environ | {"LC_ALL": locale}
    with (
        os.fdopen(above, "rb+", buffering=0) as terminal,
        subprocess.Popen(command, stdin=below, stdout=below, stderr=below, env=environ) as running,
        suppress(OSError),  # the terminal's end
    ):
        os.close(below)
        screen, left = b"", list(answers)
        while part := terminal.read(4096):
            screen += part
            if left and left[0][0] in screen.decode(errors="ignore").rpartition("\n")[2]:
                terminal.write(left.pop(0)[1].encode())
    return running.returncode, screen.decode()


def test_person_is_asked_in_their_language_and_again_after_a_mistake() -> None:
    answers = [
        ("全称", "\r"), ("发件地址［", "tishi\r"), ("发件地址［", "tishi@npc.gov.cn\r"),
        ("联系人", "综合处\r"), ("回复", "\r"), ("负责人", "\r"), ("maildir", "smtp\r"),
        ("邮件服务器［", "mail.npc.gov.cn\r"), ("加密", "\r"), ("端口", "\r"),
        ("用户名", "tishi\r"), ("网址", "https://tishi.npc.gov.cn\r"), ("文件夹［", "\r"),
        ("密码", "geheim of a server\r"),
    ]  # fmt: skip
    status, screen = typed(answers, "zh_CN.UTF-8")
    assert status == 0, screen
    assert "发件地址［代表工作提示 <reminder@npc.example>］：" in screen
    assert "“tishi”不是邮箱地址" in screen
    assert "已写入" in screen
    settings = SettingsSources(Path(FOLDER)).load()
    assert settings.mail.sender == "tishi@npc.gov.cn"
    assert "geheim" not in screen
    assert settings.smtp.password.get_secret_value() == "geheim of a server"
    assert modes(Path(FOLDER)) == {0}


def test_who_breaks_off_has_nothing_written() -> None:
    # A signal that comes before the read is seen when that ends.
    status, screen = typed([("issues the table", "\r"), ("come from", "\x03\r")], "C.UTF-8")
    assert status == 130
    assert "Traceback" not in screen
    assert not Path(FOLDER).exists()
