"""config/workdays/YEAR.toml and the published holidays, as layers of working days."""

import os
import re
from datetime import date
from functools import lru_cache
from pathlib import Path

import chinese_calendar
from pydantic import BaseModel

from reminder.documents.edited_file import EditedFile, is_folder, is_leftover, shown
from reminder.documents.settings import Settings
from reminder.domain.workdays import WorkingDays
from reminder.errors import Fault


class _File(BaseModel, extra="forbid"):
    work: list[date] = []
    rest: list[date] = []


@lru_cache(maxsize=4096)
def published(day: date) -> bool | None:
    """What the State Council announced, by the chinesecalendar package; None: not yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def read_workdays(folder: Path, settings: Settings | None) -> tuple[WorkingDays, list[Fault]]:
    """Every `YEAR.toml` of the folder, below the settings' own overrides; and their mistakes."""
    named: dict[date, bool] = {}
    faults: list[Fault] = []
    if os.path.lexists(folder) and not is_folder(folder):
        faults.append(Fault(shown(folder), 0, "", "no folder, wanted one with a file a year"))
    for path in year_files(folder):
        file = EditedFile(path)
        if table := file.validated(_File):
            _refuse_days(file, table)
            named |= dict.fromkeys(table.work, True) | dict.fromkeys(table.rest, False)
        faults += file.faults
    if settings:
        named |= dict.fromkeys(settings.workdays.work, True)
        named |= dict.fromkeys(settings.workdays.rest, False)
    return WorkingDays(published, named), faults


def year_files(folder: Path) -> list[Path]:
    paths = folder.glob("*.toml") if is_folder(folder) else []
    return sorted(path for path in paths if not is_leftover(path.name))


def _refuse_days(file: EditedFile, table: _File) -> None:
    year = file.path.stem
    is_year = re.fullmatch("[0-9]{4}", year)
    if not is_year:
        words = "is not named after a year, wanted e.g. 2026.toml"
        file.faults.append(Fault(file.shown, 0, "", words))
    for key, days in (("work", table.work), ("rest", table.rest)):
        for index, day in enumerate(days):
            if key == "rest" and day in table.work:
                words = f"{day} stands under work and under rest, wanted one of them"
                file.refuse((key, index), words)
            if is_year and day.year != int(year):
                file.refuse((key, index), f"is {day}, wanted a day of {year}")
