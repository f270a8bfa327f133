"""Every mistake in an edited file is said with its line; `tests/data/bad` has one file a fault."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.office import Office, load_office
from reminder.documents.office_warnings import warnings
from reminder.errors import ConfigurationError, Fault
from reminder.words import CHINESE, quoted

OF_OTHERS = ("wanted", "expected", "error", "class_name", "why")  # their words are translated
CJK = re.compile("[\u4e00-\u9fff]")
BAD = Path(__file__).parents[1] / "data" / "bad"

PLAN = """\
[plan]
id = "small"
year = 2026
name = "年度安排表"
tag = "安排"
office = "代表工作委员会"
timezone = "Asia/Shanghai"

[[month]]
month = 4
lead = ["代表工作委员会"]
related = ["组织部"]

[[month.task]]
id = "2026-04-1"
title = "召开部署会议"
"""
UNITS = "\n".join(
    f'[[unit]]\nid = "{id}"\nname = "{name}"\nrelation = "{relation}"\nto = ["{id}@unit.example"]\n'
    for id, name, relation in [
        ("lead", "代表工作委员会", "own"),
        ("related", "组织部", "parallel"),
        ("outsider", "高级人民法院", "parallel"),
    ]
)
PLACES = {
    "plan": "plan.toml",
    "units": "units.toml",
    "settings": "reminder.toml",
    "workdays": "workdays/2026.toml",
}

FAULTS = {
    "settings/channel-of-a-report": "3: channel.chat.kinds",
    "settings/channel-of-no-service": "1: channel.chat: has a url that apprise does not know",
    "settings/channel-with-an-odd-name": "1: channel: has the name 'Chat', wanted small letters",
    "settings/channel-without-url": "1: channel.chat.url: is missing, wanted a value",
    "units/channel-misspelt": "6: unit.channels: is 'chat:', wanted a channel's name, or NAME:WHOM",
    "units/channel-unknown": "6: unit.channels: the settings have no channel 'chat', wanted",
    "plan/before-without-meetings": "22: month.task.before: counts from a meeting, wanted",
    "plan/control-character-in-title": "21: month.task.title: holds the control character '\\x1b'",
    "plan/day-of-another-year": "22: month.task.due: is 2025-04-10, wanted a day of 2026",
    "plan/direction-override-in-title": "21: month.task.title: holds the invisible character",
    "plan/day-outside-the-term": "23: month.task.due: is 2026-04-10, wanted a day from 2026-09-01",
    "plan/due-before-opens": "23: month.task.due: due 2026-04-10 stands before opens 2026-04-20",
    "plan/due-before-opens-on-working-days": (
        "23: month.task.due: due 2026-04-24 stands before opens 2026-04-27 (on working days)"
    ),
    "plan/duplicate-meeting-id": "24: meeting.id: 'session' is the id at line 10 too",
    "plan/duplicate-task-id": "24: year-round.id: '2026-04-1' is the id at line 20 too",
    "plan/retired-task-id": "16: month.task.id: '2026-04-1' is retired in [plan], wanted a new id",
    "plan/exact-without-dates": "22: month.task.exact: keeps dates, wanted opens or due",
    "plan/impossible-date": "22: month.task.due: is '2026-04-31', wanted a valid date",
    "plan/impossible-quoted-date": "22: month.task.due: is '2026-02-30', wanted a valid date",
    "plan/lead-missing": "18: month.task.lead: is missing, wanted a unit",
    "plan/meeting-date-out-of-reach": "13: meeting.date: ",
    "plan/meeting-that-ends-before-it-begins": "14: meeting.until: is 2026-04-18, wanted a day",
    "plan/meeting-that-ends-without-a-date": "13: meeting.until: is 2026-04-18, wanted a day",
    "plan/month-13": "15: month.month: is 13, wanted less than or equal to 12",
    "plan/month-and-when": "16: month.when: stands beside month, wanted one of the two",
    "plan/month-without-tasks": "14: month.task: is missing, wanted",
    "plan/neither-month-nor-when": "14: month.month: is missing, wanted month or when",
    "plan/nested-too-deeply": "22: not TOML: nested too deeply",
    "plan/no-tasks": "1: plan: has no tasks, wanted [[month]] rows",
    "plan/not-utf-8": "21: byte 0xd5 is not UTF-8, wanted UTF-8",
    "plan/number-of-many-digits": " cannot be read: Exceeds the limit",
    "plan/short-over-16-characters": "22: month.task.short: is '一二三四五六七八九十",
    "plan/starts-in-the-middle-of-a-month": "8: plan.starts: is 2026-09-15, wanted the first of a",
    "plan/task-id-with-spaces": "20: month.task.id: is '2026 04 1', wanted",
    "plan/time-zone-outside-its-folder": "7: plan.timezone: '../Shanghai' is no time zone, wanted",
    "plan/title-empty": "21: month.task.title: is empty, wanted words",
    "plan/title-missing": "19: month.task.title: is missing, wanted",
    "plan/toml-syntax": "15: not TOML: expected '=' after a key",
    "plan/unclosed-text-at-the-end": "22: not TOML: unterminated string",
    "plan/unknown-key": "22: month.task.shrot: unknown key, wanted short?",
    "plan/unknown-meeting": "22: month.task.meetings: unknown meeting 'sesion', wanted session?",
    "plan/unknown-office": "6: plan.office: unknown unit '代表委员会', wanted 代表工作委员会?",
    "plan/unknown-part-of-month": "22: month.task.part: is 'end', wanted 'early', 'early-middle'",
    "plan/unknown-time-zone": "7: plan.timezone: 'Asia/Beijing' is no time zone, wanted an IANA",
    "plan/unknown-unit": "19: month.related: unknown unit '组织邻', wanted 组织部?",
    "plan/when-contradicted": "23: month.task.due: contradicts when = '4月15日前', wanted one of",
    "plan/when-of-a-row-contradicted": "22: month.task.due: contradicts when = '3月、9月',",
    "plan/when-of-a-row-begins-twice-on-a-day": "15: month.when: '4月10日、4月10日—15日' begins on",
    "plan/when-of-a-row-that-is-a-number": "15: month.when: is 4, wanted a valid string",
    "plan/when-of-a-row-that-is-no-time": "15: month.when: ",
    "plan/when-that-is-no-time": "22: month.task.when: '6月31日' names a day that is none: 6月 has",
    "plan/when-twice-the-same-days": "22: month.task.when: '4月、4月1日—30日' says 2026-04-01 to",
    "plan/when-twice-the-same-window": (
        "22: month.task.when: comes to 2026-04-07 to 2026-04-07 twice (on working days), wanted it"
    ),
    "plan/when-without-its-meeting": "22: month.task.when: counts from a meeting, wanted",
    "plan/year-round-before-a-meeting": "27: year-round.when: counts from a meeting, wanted",
    "units/address-without-at": "14: unit.to: 'related.unit.example' is not an address",
    "units/alias-means-two-units": "11: unit.aliases: '代表工委' means 'lead' at line 4 and",
    "units/control-character-in-name": "16: unit.name: holds the control character '\\x07'",
    "units/duplicate-id": "26: unit.id: 'lead' is the id at line 1 too, wanted",
    "units/group-without-members": "23: group.members: is [], wanted",
    "units/id-in-capitals": "2: unit.id: is 'Lead', wanted",
    "units/id-taken-by-the-program": "15: unit.id: 'plan' is taken by the program, wanted another",
    "units/member-that-is-a-group": "28: group.members: 'all' is a group, wanted units",
    "units/member-that-is-no-unit": "23: group.members: no unit has the id 'outsidder', wanted",
    "units/unknown-key": "5: unit.relatoin: unknown key, wanted relation?",
    "units/unknown-language": "6: unit.language: is 'english', wanted one of zh-CN, en, or",
    "units/unknown-relation": "5: unit.relation: is 'friend', wanted 'own', 'local' or 'parallel'",
    "units/without-units": "1: unit: is missing, wanted",
    "workdays/day-of-another-year": "3: work: is 2027-02-20, wanted a day of 2026",
    "workdays/day-under-both": "3: rest: 2026-02-16 stands under work",
    "workdays/impossible-date": "2: rest: is '2026-02-30', wanted a valid date",
    "workdays/one-day-instead-of-a-list": "1: work: is ",
    "workdays/unknown-key": "2: holiday: unknown key, wanted one of complete, rest, work",
    "settings/address-without-at": "3: mail.operator: 'office.unit.example' is not an address",
    "settings/approval-without-a-console": "1: mail: wants approval and web.console is",
    "settings/console-anywhere-without-https": (
        "5: web.console: is 'anywhere', wanted an https web.base_url with it, or 'local'"
    ),
    "settings/day-under-both": "4: workdays: 2026-05-04 stands under work and under rest",
    "settings/impossible-time": "5: digest.at: is '25:00', wanted",
    "settings/overdue-every-without-times": "1: overdue: comes every 3 working days, wanted times",
    "settings/overdue-repeats-into-the-next-step": "4: overdue: steps stand at [1, 4, 7, 7],",
    "settings/overdue-steps-out-of-order": "4: overdue: steps stand at [7, 1], wanted each later",
    "settings/overdue-times-without-every": "1: overdue: comes 3 times, wanted every = so many",
    "settings/overdue-without-end": "4: overdue.times: is 13, wanted less than or equal to 12",
    "settings/sender-without-address": "2: mail.from: '代表工作提示' is not an address",
    "settings/step-to-a-secretariat-elsewhere": (
        "6: overdue.to: the secretariat's related@unit.example is the address of 组织部, wanted"
    ),
    "settings/step-to-a-secretariat-without-address": (
        "6: overdue.to: the secretariat has no address, wanted mail.reply_to or mail.operator"
    ),
    "settings/step-to-another-body": (
        "6: nudge.to: Related@unit.example is the address of 组织部, wanted one of the own house"
    ),
    "settings/step-to-the-world": "6: nudge.to: is 'everybody', wanted 'unit', 'secretariat' or",
    "settings/table-that-is-a-word": "1: smtp: is 'localhost', wanted",
    "settings/two-senders": "2: mail.from: ",
    "settings/unknown-choice": "1: transport: is 'sendmail', wanted 'maildir' or 'smtp'",
    "settings/unknown-language": "1: language: is '../en', wanted one of zh-CN, en, or a folder",
    "settings/unknown-key": "3: mail.replyto: unknown key, wanted reply_to?",
    "settings/unknown-key-in-a-step": "8: nudge.workday_left: unknown key, wanted workdays_left?",
    "settings/wrong-type": "5: smtp.port: is 'smtp', wanted a valid integer",
}


@dataclass
class Folder:
    """An office's folder without mistakes, until a test puts one in."""

    path: Path

    def put(self, kind: str, text: str) -> None:
        (self.path / PLACES[kind]).write_text(text, encoding="utf-8")

    def load(self, **command_line: Any) -> Office:
        return load_office(self.path, command_line or {"plan": self.path / "plan.toml"})

    def found(self, **command_line: Any) -> list[Fault]:
        with pytest.raises(ConfigurationError) as caught:
            self.load(**command_line)
        return caught.value.faults

    def faults(self, **command_line: Any) -> list[str]:
        """As `reminder check` run in that folder says them."""
        return [str(fault) for fault in self.found(**command_line)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    (tmp_path / "workdays").mkdir()
    folder = Folder(tmp_path)
    folder.put("plan", PLAN)
    folder.put("units", UNITS)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_said_at_its_line_with_its_key(folder: Folder, name: str) -> None:
    place = PLACES[name.partition("/")[0]]
    shutil.copy(BAD / f"{name}.toml", folder.path / place)
    (found,) = [fault for fault in folder.found() if fault.path == place]
    assert str(found).startswith(f"{place}:{FAULTS[name]}")
    english, chinese = found.message, found.words(CHINESE)
    assert CJK.search(chinese)
    for value in values(found.facts):
        assert (value in english) == (value in chinese)


def values(facts: Mapping[str, object]) -> Iterator[str]:
    """As a sentence repeats them."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from values(value)
        elif not isinstance(value, bool) and name not in OF_OTHERS:
            yield from (quoted(each).strip("'") for each in [value] if each)


def test_every_bad_file_has_its_fault() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in BAD.glob("*/*.toml")}
    assert names == FAULTS.keys()


def test_mistakes_of_all_files_are_said_at_once(folder: Folder) -> None:
    folder.put("plan", PLAN + 'part = "end"\n')
    folder.put("units", UNITS.replace('"own"', '"friend"'))
    folder.put("settings", 'transport = "sendmail"\n')
    folder.put("workdays", "work = [2025-01-01]\n")
    assert {fault.partition(":")[0] for fault in folder.faults()} == set(PLACES.values())


def test_one_mistake_hides_no_other_in_its_file(folder: Folder) -> None:
    folder.put("units", UNITS.replace('relation = "own"', 'relation = "own"\nrelatoin = "own"', 1))
    wrong = PLAN.replace("2026\n", "1926\n").replace('tag = "安排"\n', "")
    folder.put("plan", wrong + "due = 2026-04-31\n")
    assert [fault.partition(",")[0] for fault in folder.faults()] == [
        "plan.toml:1: plan.tag: is missing",
        "plan.toml:3: plan.year: is 1926",
        "plan.toml:16: month.task.due: is '2026-04-31'",
        "units.toml:5: unit.relatoin: unknown key",
    ]
    folder.put("plan", PLAN + 'due = 2026-04-31\nmeetings = ["nowhere"]\ncolour = "red"\n')
    assert [fault.partition(",")[0] for fault in folder.faults()] == [
        "plan.toml:17: month.task.due: is '2026-04-31'",
        "plan.toml:18: month.task.meetings: unknown meeting 'nowhere'",
        "plan.toml:19: month.task.colour: unknown key",
        "units.toml:5: unit.relatoin: unknown key",
    ]


@pytest.mark.parametrize(("more", "places"), [("", []), ('part = "end"\n', ["plan.toml:17"])])
def test_plan_named_in_a_wrong_settings_file_is_checked_all_the_same(
    folder: Folder, more: str, places: list[str]
) -> None:
    folder.put("settings", 'plan = "plan.toml"\ntransport = "sendmail"\n')
    folder.put("plan", PLAN + more)
    faults = folder.faults(state_dir=folder.path)
    assert [fault.partition(": ")[0] for fault in faults] == [*places, "reminder.toml:2"]


@pytest.mark.parametrize("fault", ["unknown-relation", "id-in-capitals", "duplicate-id"])
def test_wrong_units_file_brings_no_mistakes_of_the_plan(folder: Folder, fault: str) -> None:
    shutil.copy(BAD / "units" / f"{fault}.toml", folder.path / "units.toml")
    assert {said.partition(":")[0] for said in folder.faults()} == {"units.toml"}


@pytest.mark.parametrize("name", ["plan.toml", "units.toml"])
def test_missing_file_is_named_and_nothing_else(folder: Folder, name: str) -> None:
    (folder.path / name).unlink()
    assert folder.faults() == [f"{name}: no such file, wanted a TOML file here"]


def test_missing_settings_mean_defaults_and_a_missing_folder_is_named(folder: Folder) -> None:
    assert folder.load().settings.transport == "maildir"
    (folder.path / "reminder.toml").symlink_to("nowhere")
    assert folder.faults() == ["nowhere: no such file, wanted a TOML file here"]
    with pytest.raises(ConfigurationError, match=r"nobody: no such folder, wanted one with"):
        load_office(folder.path / "nobody")


@pytest.mark.parametrize("stem", ["holidays", "²²²²", "20260", "2026-1"])
def test_workdays_that_are_no_folder_of_years_are_named(folder: Folder, stem: str) -> None:
    path = folder.path / "workdays" / f"{stem}.toml"
    path.write_text("work = []\n")
    wanted = f"workdays/{stem}.toml: is not named after a year, wanted e.g. 2026.toml"
    assert folder.faults() == [wanted]
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("work = []\n")
    assert folder.faults() == ["workdays: no folder, wanted one with a file a year"]


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _disk_image(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50_000_000)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, _device, _loop, _disk_image])
@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_file_to_edit_is_named(
    folder: Folder, kind: str, make: Callable[[Path], None]
) -> None:
    path = folder.path / PLACES[kind]
    path.unlink(missing_ok=True)
    make(path)
    assert [fault.split(": ")[0].rsplit("/")[-1] for fault in folder.faults()] == [path.name]


def test_name_of_a_file_is_shown_on_one_line(folder: Folder) -> None:
    [fault] = folder.faults(plan=folder.path / "a\x1b\n\u202e.toml")
    assert fault.startswith(r"a\x1b\n\u202e.toml: no such file")


def test_settings_override_the_workdays_file_and_that_the_published_days(folder: Folder) -> None:
    folder.put("workdays", "rest = [2026-04-30]\n")
    assert folder.load().table.windows["2026-04-1"].due.isoformat() == "2026-04-29"
    folder.put("settings", "[workdays]\nwork = [2026-04-30]\n")
    assert folder.load().table.windows["2026-04-1"].due.isoformat() == "2026-04-30"


TOWNS = """
[[group]]
id = "towns"
name = "各镇"
members = ["town"]
relation = "local"
to = ["towns@unit.example"]
[[unit]]
id = "town"
name = "一镇"
"""


def test_group_gives_its_members_what_they_lack(folder: Folder) -> None:
    folder.put("units", UNITS + TOWNS)
    town = folder.load().table.directory["town"]
    assert (town.tone, town.to) == ("local", ("towns@unit.example",))


NO_ADDRESS = UNITS.replace('to = ["related@unit.example"]\n', "")
NO_RELATION = UNITS.replace('relation = "own"\n', "")
SMTP = 'transport = "smtp"\n[web]\n'


@pytest.mark.parametrize(
    ("kind", "text", "warning"),
    [
        ("units", UNITS, "units.toml:14: unit.id: 高级人民法院 is reached by no digest"),
        ("units", NO_ADDRESS, "units.toml:7: unit.to: 组织部 has no address"),
        ("units", NO_RELATION, "units.toml:1: unit.relation: 代表工作委员会 has no relation"),
        (
            *("units", UNITS.replace("outsider@", "Lead@")),
            "units.toml:17: unit.to: Lead@unit.example is the address of 代表工作委员会 too",
        ),
        (
            *("plan", PLAN.replace("召开部署会议", "4月15日前报送")),
            "plan.toml:16: month.task.title: names 4月15日前 and no field says it, wanted",
        ),
        ("settings", SMTP, "reminder.toml:2: web.base_url: is not set"),
        (
            *("settings", f'{SMTP}base_url = "http://127.0.0.1:8026"\n'),
            "reminder.toml:3: web.base_url: is a loopback address",
        ),
        ("settings", 'smtp.host = "mail.cn"\n', "settings: transport: is maildir though [smtp]"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning_with_its_line(
    folder: Folder, kind: str, text: str, warning: str
) -> None:
    folder.put(kind, text)
    assert any(str(found).startswith(warning) for found in warnings(folder.load()))
