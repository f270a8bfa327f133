"""Offices of any size: a plan as the shipped one, units in a few groups each.

    python -m benchmarks.office UNITS FOLDER

The folder is one for `reminder --config`. Every unit is reached in every month.
"""

import argparse
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from reminder.documents.settings import SHIPPED

YEAR = 2026
TASKS = 60
CIRCLES = 6  # 代表小组, of which one leads a task each month
DOMAIN = "bulk.test"
OFFICE = "代表工作委员会"
# Of twenty units one is a committee of the own house, two are departments of another body.
OWN, PARALLEL, OF = 1, 2, 20

_SETTINGS = """\
plan = "plan.toml"
state_dir = "state"
[mail]
from = "代表工作提示 <reminder@bulk.test>"
contact = "综合处　0951-0000000"
[web]
port = 0
[log]
level = "warning"
"""


@dataclass(frozen=True)
class _Place:
    """What ids and names begin with, where there are several offices."""

    id: str = ""
    name: str = ""

    @property
    def office(self) -> str:
        return f"{self.name}{OFFICE}"


@dataclass(frozen=True)
class _Group:
    id: str
    name: str
    members: list[str]


def write_office(folder: Path, units: int, tasks: int = TASKS) -> Path:
    """`tasks` are the months' own; year-round ones come on top. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    named, plan = _office(_Place(), units, tasks)
    (folder / "units.toml").write_text(named, encoding="utf-8")
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    (folder / "reminder.toml").write_text(_SETTINGS, encoding="utf-8")
    return folder


def write_installation(folder: Path, plans: int, units: int, tasks: int) -> Path:
    """So many offices in one folder, each with a plan and units of its own."""
    (folder / "plan").mkdir(parents=True)
    with (folder / "units.toml").open("w", encoding="utf-8") as file:
        for number in range(plans):
            place = _Place(f"p{number}-", f"第{number}区")
            named, plan = _office(place, units, tasks)
            file.write(named)
            (folder / "plan" / f"{place.id}2026.toml").write_text(plan, encoding="utf-8")
    settings = _SETTINGS.replace("plan.toml", "plan")
    (folder / "reminder.toml").write_text(settings, encoding="utf-8")
    return folder


def _office(place: "_Place", units: int, tasks: int) -> tuple[str, str]:
    """The texts of its units and its plan."""
    everyone = list(_units(place, units))
    groups = [group for group in _groups(place, everyone) if group.members]
    named = [_unit(*each) for each in everyone]
    named += [_table("group", vars(group)) for group in groups]
    names = {group.id.removeprefix(place.id): group.name for group in groups}
    return "".join(named), "".join(_plan(place, names, tasks))


def _units(place: _Place, count: int) -> Iterator[tuple[str, str, str]]:
    """Id, name, relation; the first is the plan's office."""
    at, of = place.id, place.name
    yield f"{at}unit0", place.office, "own"
    for index in range(1, count):
        rest = index % OF
        if rest < OWN:
            yield f"{at}unit{index}", f"{of}第{index}工作委员会", "own"
        elif rest < OWN + PARALLEL:
            yield f"{at}unit{index}", f"{of}第{index}厅局", "parallel"
        else:
            yield f"{at}unit{index}", f"{of}第{index}县区人大常委会", "local"


def _groups(place: _Place, units: list[tuple[str, str, str]]) -> Iterator[_Group]:
    """By relation, and a circle for each county; the last one's relation would be inherited."""
    at, of = place.id, place.name
    by_relation: dict[str, list[str]] = {"own": [], "parallel": [], "local": []}
    for unit, _, relation in units[1:]:
        by_relation[relation].append(unit)
    for number in range(CIRCLES):
        circle = by_relation["local"][number::CIRCLES]
        yield _Group(f"{at}circle-{number}", f"{of}第{number + 1}代表小组", circle)
    yield _Group(f"{at}own", f"{of}各工作委员会", by_relation["own"])
    yield _Group(f"{at}parallel", f"{of}各厅局", by_relation["parallel"])
    yield _Group(f"{at}local", f"{of}各市、县（区）人大常委会", by_relation["local"])


def _unit(unit: str, name: str, relation: str) -> str:
    return (
        f'[[unit]]\nid = "{unit}"\nname = "{name}"\nrelation = "{relation}"\n'
        f'to = ["{unit}@{DOMAIN}"]\n'
    )


def _plan(place: _Place, groups: dict[str, str], count: int) -> Iterator[str]:
    """Rows of every month: all counties are related, committees lead, one circle leads."""
    shipped = tomllib.loads((SHIPPED / "plan" / "plan_2026.toml").read_text(encoding="utf-8"))
    head = {"id": place.id.rstrip("-") or shipped["plan"]["id"], "year": YEAR}
    yield _table("plan", shipped["plan"] | head | {"office": place.office}, array=False)
    titles = cycle(task for row in shipped["month"] for task in row["task"])
    for month in range(1, 13):
        tasks = list(islice(titles, count // 12 + (month <= count % 12)))
        circle = groups.get(f"circle-{month % CIRCLES}", place.office)
        rows = (
            (place.office, groups.get("local"), tasks[0::3]),
            (groups.get("own", place.office), groups.get("parallel"), tasks[1::3]),
            (circle, place.office, tasks[2::3]),
        )
        position = 0
        for lead, related, mine in rows:
            if not mine:
                continue
            named = {"lead": [lead], "related": [related] if related else []}
            yield _table("month", {"month": month} | named)
            for task in mine:
                position += 1
                wording = {"title": task["title"], "short": task["short"]}
                yield _table("month.task", {"id": f"{YEAR}-{month:02}-{position}"} | wording)
    for number, task in enumerate(shipped["year-round"], 1):
        wording = {"title": task["title"], "short": task["short"]}
        yield _table(
            "year-round", {"id": f"{YEAR}-year-{number}"} | wording | {"lead": [place.office]}
        )


def _table(name: str, values: dict[str, Any], *, array: bool = True) -> str:
    """JSON's strings, numbers and lists are TOML's too."""
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    return f"[[{name}]]\n{''.join(lines)}" if array else f"[{name}]\n{''.join(lines)}"


def main(words: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.office")
    parser.add_argument("units", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(list(words) if words is not None else None)
    print(write_office(given.folder, given.units))


if __name__ == "__main__":
    main()
