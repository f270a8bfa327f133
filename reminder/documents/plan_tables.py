"""The form of plan/plan_YEAR.toml: its tables and their keys."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from reminder.documents.values import Id, Line, OptionalLine, Zone
from reminder.domain.characters import one_line
from reminder.domain.plan import Part
from reminder.domain.when import Term, listed
from reminder.errors import Mistake

SHORT = 16  # characters
ALL_YEAR = "全年"


def _short(value: str) -> str:
    if len(value) > SHORT:
        raise Mistake("too_long", value=value, most=SHORT)
    return one_line(value)


_PARTS = dict(zip(("上旬", "上中旬", "中旬", "中下旬", "下旬"), Part, strict=True))


def _part(value: object) -> object:
    """As the table would say it, too."""
    return _PARTS.get(str(value), value)


def part_words(months: str, part: str | None) -> str:
    """As `when` would say it of each of these months."""
    said = {str(value): words for words, value in _PARTS.items()}.get(part or "", part or "")
    return listed(*(f"{month}{said}" for month in months.split("、")))


class PlanHeader(BaseModel, extra="forbid"):
    id: Id
    year: int = Field(ge=2000, le=2100)
    starts: date | None = None
    name: Line
    tag: Line
    office: Line
    timezone: Zone
    retired: list[Id] = []  # of tasks that earlier versions had

    @property
    def term(self) -> Term:
        return Term(self.year, self.starts.month if self.starts else 1)


class MeetingTable(BaseModel, extra="forbid"):
    id: Id
    name: Line
    month: int = Field(ge=1, le=12)
    day: date | None = Field(None, alias="date")
    until: date | None = None


class BeforeTable(BaseModel, extra="forbid"):
    workdays: int = Field(ge=0, le=60)


class RemarkedTable(BaseModel, extra="forbid"):
    """What a table says beside its tasks; of a row it holds for tasks that say nothing."""

    section: OptionalLine = ""
    remark: OptionalLine = ""
    source: OptionalLine = ""  # a document's number, a row

    @property
    def remarks(self) -> dict[str, str]:
        return {"section": self.section, "remark": self.remark, "source": self.source}


class TaskTable(RemarkedTable):
    id: Id
    title: Line
    short: Annotated[str, AfterValidator(_short)] | None = None
    lead: list[str] | None = None
    related: list[str] | None = None


class TimedTable(TaskTable):
    when: Line | None = None


class MonthTaskTable(TimedTable):
    opens: date | None = None
    due: date | None = None
    exact: bool = False
    part: Annotated[Part, BeforeValidator(_part)] | None = None
    meetings: list[str] = []
    before: BeforeTable | None = None
    soft: bool = False


class MonthTable(RemarkedTable):
    month: int | None = Field(None, ge=1, le=12)
    when: Line | None = None
    lead: list[str] = []
    related: list[str] = []
    task: list[MonthTaskTable] = Field(min_length=1)

    @property
    def words(self) -> str:
        """What it says of its time; nothing where each task says its own."""
        return self.when or (f"{self.month}月" if self.month else "")


class PlanTables(BaseModel, extra="forbid"):
    plan: PlanHeader
    meeting: list[MeetingTable] = []
    month: list[MonthTable] = []
    year_round: list[TimedTable] = Field([], alias="year-round")
    standing: list[TaskTable] = []
