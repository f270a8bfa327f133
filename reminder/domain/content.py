"""What a mail to a unit is made of, before it is laid out."""

from dataclasses import dataclass
from datetime import date, datetime

from reminder.domain import wording
from reminder.domain.plan import Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress, Rule, Window
from reminder.domain.wording import Mood


@dataclass(frozen=True)
class Line:
    label: str
    title: str
    timing: str = ""
    status: str = ""
    mood: Mood = Mood.PLAIN


@dataclass(frozen=True)
class Section:
    """`style` is lead, related, confirm, next, year or standing."""

    style: str
    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    numeral: str = ""


@dataclass(frozen=True)
class Content:
    """Of a digest, a nudge or a 待确认 mail: the same shape, so one template lays out all.

    `as_of` is in the plan's zone.
    """

    tag: str
    headline: str
    unit: str
    summary: str
    sections: tuple[Section, ...]
    office: str
    plan: str
    as_of: datetime
    parallel: bool
    dates_explained: bool
    late: bool = False
    first_of_year: bool = False
    to_sign: bool = False

    @property
    def leads(self) -> bool:
        """Whether something in it is for the unit to register."""
        return any(section.style in ("lead", "confirm") for section in self.sections)

    @property
    def subject(self) -> str:
        return f"【{self.tag}】{'〔补发〕' if self.late else ''}{self.headline}"


@dataclass(frozen=True)
class Reader:
    """For whom something is written, on which day and with what known."""

    table: Timetable
    unit: Unit
    on: date
    progress: Progress
    linked: bool = False  # to the unit's page, where it can answer

    @property
    def tone(self) -> Relation:
        return self.unit.tone

    def line(self, task: Task, position: int, count: int, found: Window, *, lead: bool) -> Line:
        label = wording.label(task, position, count)
        if not lead:
            firm = found.rule in (Rule.EXPLICIT, Rule.PART) and self.tone is not Relation.PARALLEL
            return Line(label, task.title, wording.short_timing(found, task) if firm else "")
        if self.tone is Relation.PARALLEL:
            short = wording.short_timing(found, task)
            return Line(label, task.title, "会期待定" if found.undated else short)
        words, mood = wording.status(self.table, found, self.on, self.progress, self.unit)
        return Line(label, task.title, wording.timing(found, task), words, mood)
