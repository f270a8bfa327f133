"""config/workdays/YEAR.toml and the published holidays, as layers of working days."""

import os
import re
from datetime import date
from functools import lru_cache
from pathlib import Path

import chinese_calendar
from pydantic import BaseModel, ConfigDict

from reminder.documents.edited_file import EditedFile, is_folder, is_leftover, shown
from reminder.documents.settings import Settings
from reminder.domain.workdays import WorkingDays
from reminder.errors import ConfigurationError, Fault


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

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
    """Every `YEAR.toml` of the folder, below the settings' own overrides."""
    yearly: dict[date, bool] = {}
    overrides: dict[date, bool] = {}
    faults: list[Fault] = []
    if os.path.lexists(folder) and not is_folder(folder):
        faults.append(Fault(shown(folder), 0, "", "no folder, wanted one with a file a year"))
    for path in year_files(folder):
        try:
            file = EditedFile(path)
        except ConfigurationError as error:
            faults += error.faults
            continue
        table, wrong = file.validate(_File)
        faults += wrong
        if table:
            faults += _wrong_days(file, table)
            yearly |= dict.fromkeys(table.work, True) | dict.fromkeys(table.rest, False)
    if settings:
        overrides |= dict.fromkeys(settings.workdays.work, True)
        overrides |= dict.fromkeys(settings.workdays.rest, False)
    return WorkingDays(published, overrides, yearly), faults


def year_files(folder: Path) -> list[Path]:
    paths = folder.glob("*.toml") if is_folder(folder) else []
    return sorted(path for path in paths if not is_leftover(path.name))


def _wrong_days(file: EditedFile, table: _File) -> list[Fault]:
    both = "stands under work and under rest, wanted one of them"
    faults = [
        file.fault(("rest", index), f"{day} {both}")
        for index, day in enumerate(table.rest)
        if day in table.work
    ]
    year = file.path.stem
    if not re.fullmatch("[0-9]{4}", year):
        return [
            *faults,
            Fault(file.shown, 0, "", "is not named after a year, wanted e.g. 2026.toml"),
        ]
    return faults + [
        file.fault((key, index), f"is {day}, wanted a day of {year}")
        for key, days in (("work", table.work), ("rest", table.rest))
        for index, day in enumerate(days)
        if day.year != int(year)
    ]
