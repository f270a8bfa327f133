"""A table that says its times in every form, as a calendar program reads it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.office import load_office
from reminder.ledger.database import Database
from tests.calendar.conftest import Desk

PLAN = Path(__file__).parents[1] / "data" / "plan_of_every_form.toml"


@pytest.fixture
def forms(database: Database) -> Desk:
    return Desk(database, load_office(command_line={"plan": PLAN}).table)


def shown(desk: Any, feed: str, query: str = "") -> dict[str, tuple[str, str]]:
    """By task: on which day, under which title."""
    return {
        uid.removeprefix("npc-forms.").removesuffix(".due"): (
            f"{entry['DTSTART'].dt:%m-%d}",
            str(entry["SUMMARY"]),
        )
        for uid, entry in desk.entries(feed, query).items()
    }


def test_each_time_of_a_task_is_one_event_over_its_window(forms: Desk) -> None:
    entries = forms.entries("plan")
    windows = forms.table.windows
    assert {uid for uid in entries if "-year." not in uid} == {
        f"npc-forms.{key}" for key in windows
    }
    for key, window in windows.items():
        entry = entries[f"npc-forms.{key}"]
        days = entry["DTSTART"].dt, entry["DTEND"].dt - timedelta(days=1)
        assert days == (window.opens, window.due), key


def test_titles_say_the_time_which_ends_for_who_leads_and_begins_for_others(forms: Desk) -> None:
    lead = shown(forms, "deputies", "view=due&year-round=0")
    wanted = {
        "span": ("10-30", "5—10月·条例实施专题调研"),
        "several@2026-12": ("12-31", "12月内·组织代表集中视察"),
        "monthly-day@2026-07": ("07-24", "7月24日前·联络站台账"),
        "monthly-soft@2026-07": ("07-31", "7月内·走访基层代表（适时）"),
        "half-yearly@2026-01": ("06-30", "1—6月·听取代表建议办理情况汇报"),
        "days": ("04-10", "4月10日—15日·举办新任代表培训班"),
        "day": ("12-04", "12月4日·举办宪法宣传日活动"),
        "part": ("11-30", "11月中下旬·筹备代表工作座谈会"),
        "after-meeting": ("06-29", "会后·印发常委会会议审议意见"),
        "undated": ("09-30", "9月内·提交第二十七次会议列席代表名单（会期待定）"),
    }
    assert {key: lead[key] for key in wanted} == wanted
    related = shown(forms, "helan", "view=due&year-round=0")
    assert related["span"] == ("05-06", "5—10月·条例实施专题调研（相关）")
    assert related["year-end"] == ("12-31", "年底前·完成代表履职档案电子化（相关）")


def test_one_time_is_ticked_and_no_other_moves(forms: Desk) -> None:
    before = forms.entries("deputies")
    forms.done["monthly@2026-07"] = forms.at.date()
    after = forms.entries("deputies")
    moved = {uid for uid in after if after[uid] != before[uid]}
    assert moved == {"npc-forms.monthly@2026-07"}
    assert str(after[moved.pop()]["SUMMARY"]).startswith("✓ ")
