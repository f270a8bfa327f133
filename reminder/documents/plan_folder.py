"""The plans of an office: one file, or a folder in which each file is one.

The same id in another year is the next table of the series; another id is another plan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import EditedFile, Location, is_folder, is_leftover, shown
from reminder.documents.plan_file import read_plan
from reminder.domain.plan import Plan
from reminder.domain.series import first_month, last_month
from reminder.domain.units import Directory
from reminder.domain.workdays import WorkingDays
from reminder.errors import Fault


@dataclass(frozen=True)
class KnownPlan:
    """A plan's file, what stands in it, and what that says."""

    path: Path
    content: bytes = field(repr=False)
    plan: Plan


@dataclass(frozen=True)
class PlanFile:
    """The same as it is read, with its lines."""

    file: EditedFile
    plan: Plan


def plan_files(path: Path) -> list[Path]:
    """In the order of their names; the file itself where it is one."""
    if not is_folder(path):
        return [path]
    found = sorted(path.glob("*.toml"))
    return [p for p in found if not is_leftover(p.name) and not p.name.startswith(".")]


def read_plans(
    path: Path,
    files: Sequence[EditedFile],
    directory: Directory,
    days: WorkingDays,
    known: Sequence[KnownPlan] = (),
) -> tuple[list[KnownPlan], list[Fault]]:
    """The files of that folder and those that are `known`, which were read before, in the order of
    ids and terms, with every mistake of all."""
    read = [(file, read_plan(file, directory, days)) for file in files]
    plans = [*known, *(KnownPlan(file.path, file.content, plan) for file, plan in read if plan)]
    plans.sort(key=lambda one: (one.plan.id, first_month(one.plan), one.path))
    opened = {file.path: file for file in files}
    for _, each in groupby(plans, key=lambda one: one.plan.id):
        series = list(each)
        if len(series) > 1 and any(one.path in opened for one in series):
            opened |= {
                o.path: EditedFile(o.path, o.content) for o in series if o.path not in opened
            }
            _refuse_clashes([PlanFile(opened[one.path], one.plan) for one in series])
    faults = [fault for file in opened.values() for fault in file.faults]
    if not plans and not files:
        faults.append(Fault(shown(path), 0, "plan", "empty_plan_folder"))
    return plans, faults


def _refuse_clashes(series: Sequence[PlanFile]) -> None:
    """Of the tables of one series: two of one year, terms that overlap, ids that come again."""
    used: dict[tuple[str, str], tuple[PlanFile, Location]] = {}
    for position, one in enumerate(series):
        before = series[position - 1] if position else None
        if before and before.plan.year == one.plan.year:
            names = {"plan": one.plan.id, "year": one.plan.year, "file": before.file.shown}
            one.file.refuse(("plan", "year"), "year_twice", **names)
            continue
        if before and first_month(one.plan) <= last_month(before.plan):
            one.file.refuse(("plan", "year"), "terms_overlap", file=before.file.shown)
        for kind, name, place in _ids(one.file):
            earlier, where = used.setdefault((kind, name), (one, place))
            if earlier is not one and not _is_same_session(kind, name, earlier.plan, one.plan):
                there = {"file": earlier.file.shown, "line": earlier.file.line_of(where)}
                facts = {"id": name, "kind": kind, "year": earlier.plan.year, **there}
                one.file.refuse(place, "id_of_other_year", **facts)


def _is_same_session(kind: str, name: str, before: Plan, after: Plan) -> bool:
    """It is prepared in one year and held in the next: one session, with one date."""
    known = (plan.meetings.get(name) for plan in (before, after))
    return kind == "session" and len({meeting and meeting.name for meeting in known}) == 1


def _ids(file: EditedFile) -> Iterator[tuple[str, str, Location]]:
    """Of sessions and tasks as they stand in the file, whatever else is wrong there."""
    places = [("session", place, table) for place, table in _tables(file.data, "meeting")]
    for here, row in _tables(file.data, "month"):
        places += [("task", (*here, *place), table) for place, table in _tables(row, "task")]
    for name in ("year-round", "standing"):
        places += [("task", place, table) for place, table in _tables(file.data, name)]
    for kind, place, table in places:
        if isinstance(table.get("id"), str):
            yield kind, table["id"], (*place, "id")


def _tables(data: dict[str, Any], name: str) -> Iterator[tuple[Location, dict[str, Any]]]:
    rows = data.get(name)
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield (name, number), row
