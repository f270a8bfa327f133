"""A year's working days: taken in from the notice of its holidays, and shown with who says so."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from reminder.documents.document_files import WORKDAYS, Contents, DocumentFiles
from reminder.documents.edited_file import EditedFile, shown
from reminder.documents.holiday_notice import Notice, read_notice
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.tables.reading import read_text, text_in
from reminder.documents.templates import office_templates, phrase, refusals
from reminder.documents.workdays_file import (
    file_days,
    overrides,
    published,
    read_workdays,
    with_days,
)
from reminder.domain.workdays import DAY, WorkingDays
from reminder.errors import ConfigurationError
from reminder.office.application import Application
from reminder.output_files import write_edited

TEMPLATE = "documents/workdays.txt"
DECEMBER = (12, 26)  # from here on the next year's notice may speak of a day


class Layer(StrEnum):
    """Who says what a day is; the first that does."""

    OPERATOR = "operator"
    FILE = "file"
    PACKAGE = "package"
    GUESS = "guess"


@dataclass(frozen=True)
class SaidDay:
    day: date
    works: bool
    layer: Layer


@dataclass
class WorkMonth:
    """What is not as in any week. Days off that follow one another are one `rest`, with the
    weekends among them, in the month in which it begins."""

    number: int
    working: int
    layers: list[Layer] = field(default_factory=list)
    rest: list[list[SaidDay]] = field(default_factory=list)
    work: list[SaidDay] = field(default_factory=list)


class WorkYear:
    """By the documents of working days among `contents`. Raises `ConfigurationError` for their
    mistakes."""

    def __init__(self, settings: Settings, contents: Contents, year: int) -> None:
        self.year = year
        self.settings = settings
        self.days, self._named = _read(settings, contents)
        self._overrides = overrides(settings)
        self.months = [self._month(number) for number in range(1, 13)]
        for run in self._runs():
            self.months[run[0].day.month - 1].rest.append(run)

    def said(self, day: date) -> SaidDay:
        layer = Layer.FILE if day.year in self.days.announced else Layer.GUESS
        if day in self._overrides:
            layer = Layer.OPERATOR
        elif day in self._named:
            layer = Layer.FILE
        elif published(day) is not None:
            layer = Layer.PACKAGE
        return SaidDay(day, self.days.is_working(day), layer)

    def _month(self, number: int) -> WorkMonth:
        days = [self.said(day) for day in _year(self.year) if day.month == number]
        layers = {said.layer for said in days}
        return WorkMonth(
            number,
            sum(said.works for said in days),
            layers=[layer for layer in Layer if layer in layers],
            work=[said for said in days if said.works and not _is_ordinary(said)],
        )

    def _runs(self) -> Iterator[list[SaidDay]]:
        run: list[SaidDay] = []
        for day in [*_year(self.year), None]:
            said = self.said(day) if day else None
            if said and not said.works:
                run.append(said)
                continue
            if not all(map(_is_ordinary, run)):
                yield run
            run = []

    def words(self) -> str:
        templates = office_templates(self.settings)
        return phrase(templates, TEMPLATE, "year", year=self.year, months=self.months)

    def facts(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "working_days": sum(month.working for month in self.months),
            "months": [
                {
                    "month": month.number,
                    "working_days": month.working,
                    "sources": month.layers,
                    "rest": [_fact(said) for run in month.rest for said in run],
                    "work": [_fact(said) for said in month.work],
                }
                for month in self.months
            ],
        }


def read_work_year(config: Path | None, year: int) -> WorkYear:
    """As the files are. Raises `ConfigurationError`."""
    settings = SettingsSources(config).load()
    files = DocumentFiles(settings.plan, config_dir(config))
    return WorkYear(settings, workday_contents(files), year)


@dataclass
class NoticeImport:
    """What a notice comes to. `texts` are of the documents that it fills, `others` days of which
    they say the contrary already."""

    notice: Notice
    settings: Settings
    texts: dict[str, str] = field(default_factory=dict)
    others: list[date] = field(default_factory=list)
    changes: list[SaidDay] = field(default_factory=list)
    unnamed: list[date] = field(default_factory=list)

    def questions(self, *, replace: bool) -> list[dict[str, Any]]:
        """What keeps it from being written; `replace`: not what a file says otherwise."""
        asked = [
            {"line": fault.line, "kind": fault.kind, "text": self.words("fault", it=fault)}
            for fault in self.notice.faults
        ]
        others = () if replace else self.others
        return asked + [
            {"line": 0, "kind": "other", "text": self.words("other", day=day)} for day in others
        ]

    def report(self, files: list[str], *, written: bool) -> str:
        outcome = self.words("outcome", files=files, written=written)
        return outcome if self.notice.faults else f"{self.words('holidays', it=self)}\n{outcome}"

    def facts(
        self, files: list[str], *, written: bool, questions: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            "year": self.notice.year or None,
            "holidays": [
                {"name": holiday.name, "rest": holiday.rest, "work": holiday.work}
                for holiday in self.notice.holidays
            ],
            "changes": [{"date": said.day, "working": said.works} for said in self.changes],
            "files": files,
            "written": written,
            "questions": questions,
        }

    def words(self, macro: str, **facts: Any) -> str:
        templates = office_templates(self.settings)
        return phrase(templates, TEMPLATE, macro, **facts)


@dataclass(frozen=True)
class NoticeFiles:
    """A notice, and the files of an office that it fills."""

    taken: NoticeImport
    files: DocumentFiles

    @property
    def shown(self) -> list[str]:
        return [shown(self.files.path_of(name)) for name in self.taken.texts]

    def write(self) -> None:
        for name, text in self.taken.texts.items():
            write_edited(self.files.path_of(name), text.encode())


def read_holidays(config: Path | None, path: Path, year: int | None) -> NoticeFiles:
    """Writes nothing. Raises `ConfigurationError`, also for settings and years' files."""
    settings = SettingsSources(config).load()
    files = DocumentFiles(settings.plan, config_dir(config))
    with refusals(office_templates(settings), path):
        notice = read_notice(read_text(path), year)
    return NoticeFiles(take_notice(settings, workday_contents(files), notice), files)


def text_of(app: Application, name: str, content: bytes) -> str:
    """Of a notice in a file. Raises `ConfigurationError`."""
    with refusals(office_templates(app.settings), Path(name)):
        return text_in(name, content)


def workday_contents(files: DocumentFiles) -> Contents:
    """As they lie there. Raises `ConfigurationError`."""
    opened = {n: f for n, f in files.opened(None).items() if n.startswith(f"{WORKDAYS}/")}
    if faults := [fault for file in opened.values() for fault in file.faults]:
        raise ConfigurationError(faults)
    return {name: file.content for name, file in opened.items()}


def take_notice(settings: Settings, contents: Contents, notice: Notice) -> NoticeImport:
    """Beside what the documents of working days among `contents` say. Raises
    `ConfigurationError`."""
    taken = NoticeImport(notice, settings)
    if notice.faults:
        return taken
    before, there = _read(settings, contents)
    is_full, days = not notice.lacks and len(notice.holidays) > 1, notice.days()
    for of in sorted({day.year for day in days}):
        own = {d: works for d, works in days.items() if d.year == of}
        if of != notice.year:  # its weekends are weekends without our saying so
            own = {d: works for d, works in own.items() if works is not (d.weekday() < 5)}
        if not own:
            continue
        taken.others += [day for day in own if there.get(day, own[day]) is not own[day]]
        name, complete = year_document(of), is_full and of == notice.year
        taken.texts[name] = _written(contents.get(name), own, taken, complete=complete)
    named = {**before.named, **days, **overrides(settings)}
    after = WorkingDays(published, named, before.announced)
    taken.changes = [
        SaidDay(day, works, Layer.FILE)
        for day in sorted(days)
        if (works := after.is_working(day)) is not before.is_working(day)
    ]
    if is_full:
        taken.unnamed = [day for day in _year(notice.year) if _only_published(day, named)]
    return taken


def year_document(year: int) -> str:
    return f"{WORKDAYS}/{year}.toml"


def _read(settings: Settings, contents: Contents) -> tuple[WorkingDays, dict[date, bool]]:
    """The days by all layers, and those that documents name."""
    names = [name for name in sorted(contents) if name.startswith(f"{WORKDAYS}/")]
    files = [EditedFile(Path(name), contents[name]) for name in names]
    days, faults = read_workdays(Path(), settings, files)
    if faults:
        raise ConfigurationError(faults)
    named: dict[date, bool] = {}
    for file in files:
        named |= file_days(file)
    return days, named


def _written(
    content: bytes | None, days: dict[date, bool], taken: NoticeImport, *, complete: bool
) -> str:
    if content is not None:
        return with_days(content.decode("utf-8-sig"), days, complete=complete)
    return f"{taken.words('file', it=taken, days=days, complete=complete)}\n"


def _only_published(day: date, named: dict[date, bool]) -> bool:
    """The package knows of it and the notice does not."""
    says = published(day)
    is_known = says is not None and says is not (day.weekday() < 5)
    return is_known and day not in named and (day.month, day.day) < DECEMBER


def _year(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += DAY


def _is_ordinary(said: SaidDay) -> bool:
    return said.works is (said.day.weekday() < 5)


def _fact(said: SaidDay) -> dict[str, Any]:
    return {"date": said.day, "source": said.layer}
