"""docs/reference/files.md: the keys of plans, units and working days, as the code reads them."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reminder.documents import plan_tables, units_file, workdays_file
from scripts.reference.settings import kind_of, table

_HEAD = """# Plans, units, working days

<!-- Made by `make docs`. -->

TOML files that people edit, at most 4 MiB each; `reminder check` says every mistake with its line.
What is saved comes into force within two seconds, whole or not at all. A day is written
`2026-04-15`. What `when` may say:
[README.md](../../README.md#from-a-line-of-the-plan-to-a-mailbox).
"""
_TABLES: dict[str, tuple[type[BaseModel], str]] = {
    "plan": (plan_tables.PlanHeader, "Of a plan, `plan/plan_2026.toml`: what table it is."),
    "[meeting]": (plan_tables.MeetingTable, "A session on which tasks depend."),
    "[month]": (plan_tables.MonthTable, "A row of the table."),
    "[month.task]": (plan_tables.MonthTaskTable, "A task of that row."),
    "[year-round]": (plan_tables.TimedTable, "A task of the whole year (全年)."),
    "[standing]": (plan_tables.TaskTable, "A remark behind the table: standing work."),
    "[unit]": (units_file._Unit, "Of `units.toml`: who takes part."),
    "[group]": (
        units_file._Group,
        "A unit made of units; what it says of relation, addresses and contact holds for members "
        "that say nothing.",
    ),
}
_WORDS = {
    "id": "never used again for another",
    "year": "in which its months begin",
    "starts": "the first day of a term that does not begin in January",
    "name": "as it is printed",
    "tag": "stands in every subject",
    "office": "who writes the mails",
    "timezone": "e.g. `Asia/Shanghai`",
    "retired": "of a plan, ids of tasks that earlier versions had; of a unit, that it is no more",
    "month": "its number",
    "date": "once it is announced (else 会期待定)",
    "until": "the last day of several",
    "section": "the table's heading above it",
    "remark": "what the table remarks",
    "source": "a document's number, a row",
    "when": "the time in the table's own words",
    "lead": "units that undertake it, as the table writes them",
    "related": "units that are told",
    "title": "the wording, to the letter",
    "short": "how lists and subjects name it; of a task 16 characters",
    "opens": "the day on which its window opens",
    "due": "the day on which it is due",
    "exact": "a rest day stays one",
    "part": "上旬, 上中旬, 中旬, 中下旬, 下旬",
    "meetings": "sessions it depends on; the last one decides",
    "before": "`{ workdays = 5 }`: due so long before that session",
    "soft": "适时: reminded of once at most, never late",
    "task": "the tasks, below",
    "aliases": "other ways in which plans write it",
    "relation": "to the office: 本机关, 市县人大, 党委部门和一府一委两院",
    "to": "one mail goes to all of them",
    "cc": "who reads by copy",
    "contact": "for the secretariat only",
    "phone": "for the secretariat only",
    "language": "of its mails, pages and calendar, if not the office's",
    "channels": "other ways to it: `wecom`, `sms:13800000000`",
    "mail": "`false`: by its channels alone",
    "members": "ids or names of units",
    "work": "a rest day on which one works (调休)",
    "rest": "a day off",
    "complete": "nothing else of that year is a guess",
}


def page() -> str:
    parts = [_HEAD]
    for name, (model, says) in _TABLES.items():
        parts.append(f"\n## `[{name}]`\n\n{says}\n\n{_keys(model)}")
    says = "Of `workdays/2027.toml`, in no table; the file's name is the year."
    parts.append(f"\n## Working days\n\n{says}\n\n{_keys(workdays_file._File)}")
    return "\n".join(parts) + "\n"


def _keys(model: type[BaseModel]) -> str:
    return table(["key", "is", "", "says"], _rows(model.model_fields))


def _rows(fields: dict[str, FieldInfo]) -> Iterator[list[str]]:
    for name, field in fields.items():
        key = field.alias or name
        yield [f"`{key}`", kind_of(field), "required" if field.is_required() else "", _WORDS[key]]
