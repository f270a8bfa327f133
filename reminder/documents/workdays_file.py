"""config/workdays/YEAR.toml and the published holidays, as layers of working days."""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import chinese_calendar
from pydantic import BaseModel

from reminder.documents.edited_file import EditedFile, is_folder, is_leftover, shown
from reminder.documents.settings import Settings
from reminder.domain.workdays import WorkingDays
from reminder.errors import ConfigurationError, Fault


class _File(BaseModel, extra="forbid"):
    """`complete`: all other days of the year are as in any week."""

    work: list[date] = []
    rest: list[date] = []
    complete: bool = False

    def days(self) -> dict[date, bool]:
        """Whether one works."""
        return dict.fromkeys(self.work, True) | dict.fromkeys(self.rest, False)


@lru_cache(maxsize=4096)
def published(day: date) -> bool | None:
    """What the State Council announced, by the chinesecalendar package; None: not yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def read_workdays(
    folder: Path, settings: Settings | None, files: Iterable[EditedFile] | None = None
) -> tuple[WorkingDays, list[Fault]]:
    """Every `YEAR.toml` of the folder, or these files in their place, below the settings' own
    overrides; and their mistakes."""
    named: dict[date, bool] = {}
    announced: set[int] = set()
    faults: list[Fault] = []
    if os.path.lexists(folder) and not is_folder(folder):
        faults.append(Fault(shown(folder), 0, "", "no_workdays_folder"))
    for file in map(EditedFile, year_files(folder)) if files is None else files:
        if table := file.validated(_File):
            _refuse_days(file, table)
            named |= table.days()
            if table.complete and not file.faults:
                announced.add(int(file.path.stem))
        faults += file.faults
    if settings:
        named |= overrides(settings)
    return WorkingDays(published, named, frozenset(announced)), faults


def overrides(settings: Settings) -> dict[date, bool]:
    """The settings' own word, above that of any file."""
    days = settings.workdays
    return dict.fromkeys(days.work, True) | dict.fromkeys(days.rest, False)


def file_days(file: EditedFile) -> dict[date, bool]:
    """Of one year's file. Raises `ConfigurationError`."""
    if table := file.validated(_File):
        _refuse_days(file, table)
    if file.faults or table is None:
        raise ConfigurationError(file.faults)
    return table.days()


def with_days(text: str, days: Mapping[date, bool | None], *, complete: bool = False) -> str:
    """A year's file with these days added, turned round or, by None, named no more; all else as it
    was."""
    import tomlkit  # only where a file is edited

    file = tomlkit.parse(text)
    for key, works in (("work", True), ("rest", False)):
        array = file.setdefault(key, tomlkit.array())
        for day in [day for day in array if day in days and days[day] is not works]:
            array.remove(day)
        for day in sorted(day for day in days if days[day] is works and day not in array):
            if "\n" in array.as_string():
                array.add_line(day)
            else:
                array.append(day)
    if complete:
        file["complete"] = True
    return tomlkit.dumps(file)


def year_files(folder: Path) -> list[Path]:
    paths = folder.glob("*.toml") if is_folder(folder) else []
    return sorted(path for path in paths if not is_leftover(path.name))


def _refuse_days(file: EditedFile, table: _File) -> None:
    year = file.path.stem
    is_year = re.fullmatch("[0-9]{4}", year)
    if not is_year:
        file.faults.append(Fault(file.shown, 0, "", "no_name_of_year"))
    for key, days in (("work", table.work), ("rest", table.rest)):
        for index, day in enumerate(days):
            if key == "rest" and day in table.work:
                file.refuse((key, index), "work_and_rest", day=day)
            if is_year and day.year != int(year):
                file.refuse((key, index), "not_in_year", value=day, year=year)


def _edit_day(content: bytes | None, args: Mapping[str, Any]) -> bytes:
    """`id` is the day, `works` whether one works, or null for as it is without this file."""
    text = (content or b"").decode("utf-8-sig")
    return with_days(text, {date.fromisoformat(args["id"]): args["works"]}).encode()


DAY_EDITORS = {"day": _edit_day}
