"""A plan before it is written: its tasks, and what is not sure of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reminder.documents.plan_import.unit_names import Named
from reminder.domain.plan import TaskKind
from reminder.domain.when import Term


class Doubt(StrEnum):
    """What is not sure. Before the dot stands the kind that programs tell apart."""

    YEAR_MISSING = "year.missing"
    YEAR_SEVERAL = "year.several"
    YEAR_DIFFERS = "year.differs"  # from the year that was given
    TIME_UNREAD = "time.unread"
    TIME_NONE = "time.none"  # nowhere in the file
    TIME_NO_MEETING = "time.no-meeting"  # counts from a meeting that the wording does not name
    TIME_IN_WORDING = "time.in-wording"
    TIME_CONFLICT = "time.conflict"  # between the cell and its section or a second time column
    DATE_IMPOSSIBLE = "date.impossible"
    DATE_OTHER_YEAR = "date.other-year"
    DATE_REVERSED = "date.reversed"
    DATE_POINT = "date.point"  # 2026.1, 4.1: Excel drops the zero of 10
    DATE_WEEKDAY = "date.weekday"
    UNITS_UNKNOWN = "units.unknown"
    UNITS_NEAR = "units.near"  # unknown, and nearly a known name
    UNITS_SHORT = "units.short"  # a short name, which is no alias
    UNITS_OFFICE = "units.office"  # whose table it is
    UNITS_CLASS = "units.class"  # 各成员单位: nobody in particular
    UNITS_JOINED = "units.joined"
    UNITS_PARTED = "units.parted"  # one name, or two
    ROLE_COLUMNS = "role.columns"  # two that say who leads
    ROLE_UNSAID = "role.unsaid"  # who leads, of those in one cell
    SESSION_MONTH = "session.month"  # named by tasks that are not for it
    EMPTY_TIME = "empty.time"
    EMPTY_LEAD = "empty.lead"
    EMPTY_CONTENT = "empty.content"
    SPLIT_LINES = "split.lines"
    SPLIT_CLAUSES = "split.clauses"
    SPLIT_NESTED = "split.nested"
    HIDDEN_PART = "hidden.part"  # a row, column or sheet that nobody sees
    HIDDEN_STRUCK = "hidden.struck"  # crossed out
    HIDDEN_RESULT = "hidden.result"  # a formula whose result is not in the file
    COLUMNS_GUESSED = "columns.guessed"
    COLUMNS_SEVERAL = "columns.several"  # which of them is the wording
    TABLE_OTHER = "table.other"
    TABLE_UNREAD = "table.unread"
    TEXT_AS_TASKS = "text.as-tasks"  # numbered remarks at the foot
    TEXT_LEFT_OUT = "text.left-out"
    TASK_REWORDED = "task.reworded"  # so much that it may be another one

    @property
    def kind(self) -> str:
        return self.value.partition(".")[0]


@dataclass(frozen=True)
class Place:
    """As a person counts, from 1; `table` is 0 where there is only one, `row` for the whole."""

    row: int = 0
    table: int = 0
    column: str = ""  # its heading


@dataclass(frozen=True)
class Question:
    """`said` is what stands there, `taken` what was made of it, as far as anything was."""

    doubt: Doubt
    place: Place
    said: str = ""
    taken: str = ""


@dataclass
class DraftTask:
    """`when` is its time for the plan, `row_when` that of its row; `said` what the table says,
    where it could not be read."""

    title: str
    place: Place
    kind: TaskKind = TaskKind.MONTH
    when: str = ""
    row_when: str = ""
    said: str = ""
    lead: tuple[Named, ...] = ()
    related: tuple[Named, ...] = ()
    meetings: tuple[str, ...] = ()
    lead_said: bool = True
    at_meeting: bool = False  # to be done for the meeting itself, so before it
    soft: bool = False
    section: str = ""
    remark: str = ""
    id: str = ""
    short: str = ""
    source: str = ""
    kept: tuple[str, ...] = ()  # lines about its time, of the plan that is revised
    questions: list[Question] = field(default_factory=list)

    @property
    def units(self) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
        return self.lead, self.related


@dataclass
class DraftMeeting:
    id: str
    name: str
    month: int
    day: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Header:
    """The [plan] of the file; `office` is a unit."""

    id: str
    term: Term
    name: str
    tag: str
    office: Named
    zone: str


@dataclass
class Draft:
    header: Header
    tasks: list[DraftTask]
    meetings: list[DraftMeeting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what stands below the table and is no task
    known_ids: frozenset[str] = frozenset()  # of units
    dropped: list[str] = field(default_factory=list)  # tasks of the plan that is revised
    retired: list[str] = field(default_factory=list)  # ids that it has or had, and this has not
    questions: list[Question] = field(default_factory=list)  # of the whole file

    @property
    def all_questions(self) -> Sequence[Question]:
        """In the order of the file's rows."""
        own = [question for task in self.tasks for question in task.questions]
        found = dict.fromkeys((*self.questions, *own))
        return sorted(found, key=lambda question: (question.place.table, question.place.row))

    @property
    def units(self) -> list[Named]:
        """All that are named, each once."""
        return list(
            {u.name: u for task in self.tasks for u in (*task.lead, *task.related)}.values()
        )

    @property
    def unknown(self) -> list[Named]:
        return [named for named in self.units if named.unit is None]
