"""Small plans to stand beside each other: one unit leads, one is related."""

from collections.abc import Iterable
from pathlib import Path

from tests.daemon.trials import Trial

_HEAD = """
[plan]
id = "{id}"
year = {year}
name = "{id}{year}年度安排表"
tag = "{id}"
office = "{office}"
timezone = "Asia/Shanghai"
"""
_ROW = """
[[month]]
month = {month}
lead = ["{lead}"]
related = ["{related}"]

[[month.task]]
id = "{task}"
title = "{id}的{month}月工作"
"""


def plan_text(
    plan: str = "small",
    year: int = 2026,
    months: Iterable[int] = (3, 4),
    *,
    ids: str = "",
    lead: str = "承办委员会",
    related: str = "相关委员会",
    office: str = "",
    more: str = "",
) -> str:
    """A task a month, `YEAR-MM-1` unless its id begins otherwise."""
    facts = {"id": plan, "year": year, "lead": lead, "related": related}
    facts |= {"office": office or lead}
    rows = [
        _ROW.format(month=month, task=f"{ids or year}-{month:02}-1", **facts) for month in months
    ]
    return _HEAD.format(**facts) + more + "".join(rows)


def put_plans(trial: Trial, **texts: str) -> Path:
    """In place of its one plan a folder with these, by their files' names."""
    folder = trial.state.with_name("plans")
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    trial.use_plan(folder)
    return folder
