"""Plans as files: what differs between two of them, and the table that an office prints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from reminder.documents.edited_file import is_folder, shown
from reminder.documents.office import Office, load_office
from reminder.documents.plan_tables import PlanTables
from reminder.documents.printed_plan import printed_table
from reminder.documents.tables.grid import Table
from reminder.documents.tables.look import Look
from reminder.documents.templates import environment, office_templates, phrase, render
from reminder.domain.plan import Meeting, Task
from reminder.domain.plan_changes import PlanChanges, RoleChange, TaskChange, compare
from reminder.domain.timetable import Timetable
from reminder.errors import ConfigurationError, Fault, UsageError


@dataclass(frozen=True)
class Comparison:
    """Two plan files, read with the same units, working days and settings."""

    before: Office
    after: Office
    changes: PlanChanges

    def words(self) -> str:
        """For the secretary."""
        templates = office_templates(self.after.settings)
        facts = {"before": self.before.table, "after": self.after.table, "changes": self.changes}
        return render(templates, "documents/changes.txt", facts)

    def facts(self) -> dict[str, Any]:
        """For programs: units by their ids."""
        before, after = self.before.table, self.after.table
        head = {key: [_head(table, key) for table in (before, after)] for key in self.changes.head}
        return {
            "equal": not self.changes,
            "plan": {key: {"before": was, "after": is_now} for key, (was, is_now) in head.items()},
            "meetings": [
                {
                    "id": name,
                    "before": _meeting(before.plan.meetings.get(name)),
                    "after": _meeting(after.plan.meetings.get(name)),
                }
                for name in self.changes.meetings
            ],
            "tasks": [_change(before, after, change) for change in self.changes.tasks],
            "units": [
                {
                    "id": unit,
                    "name": after.directory[unit].name,
                    "tasks": [
                        {"id": change.id, "changes": change.differences, **_role(role)}
                        for change, role in concerned
                    ],
                }
                for unit, concerned in self.changes.by_unit.items()
            ],
        }


def compare_files(config: Path | None, old: Path, new: Path) -> Comparison:
    """Raises `ConfigurationError` with the mistakes of both."""
    offices: list[Office] = []
    faults: list[Fault] = []
    for path in (old, new):
        if is_folder(path):
            faults.append(Fault(shown(path), 0, "", "plan_is_folder"))
            continue
        try:
            offices.append(load_office(config, {"plan": path}))
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    before, after = offices
    return Comparison(before, after, compare(before.table, after.table))


def _head(table: Timetable, key: str) -> str | int:
    value: object = getattr(table.plan, key)
    return value if isinstance(value, int) else str(value)


def _meeting(meeting: Meeting | None) -> dict[str, str | int | date | None] | None:
    if meeting is None:
        return None
    return {
        "name": meeting.name,
        "month": meeting.month,
        "date": meeting.day,
        "until": meeting.until,
    }


def _change(before: Timetable, after: Timetable, change: TaskChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "changes": change.differences,
        "same_wording_as": change.twin or None,
        "before": _row(before, change.before),
        "after": _row(after, change.after),
        "units": [{"id": role.unit, **_role(role)} for role in change.roles],
    }


def _role(role: RoleChange) -> Mapping[str, str | None]:
    return {"before": role.before, "after": role.after}


def _row(table: Timetable, tasks: tuple[Task, ...]) -> dict[str, Any] | None:
    if not tasks:
        return None
    first = tasks[0]
    windows = [table.windows[task.id] for task in tasks if task.id in table.windows]
    return {
        "kind": first.kind,
        "month": first.month or None,
        "when": first.when,
        "title": first.title,
        "short": first.short,
        "lead": first.lead,
        "related": first.related,
        "soft": first.timing.soft,
        "meetings": first.timing.meetings,
        "section": first.section,
        "remark": first.remark,
        "source": first.source,
        "windows": [
            {"occurrence": w.task, "opens": w.opens, "due": w.due, "rule": w.rule} for w in windows
        ],
    }


def export_plan(office: Office, path: Path) -> bytes:
    """Raises `UsageError` for a name that ends otherwise."""
    write = _writer(path)
    templates = environment(office.settings.templates, autoescape=False)
    say = partial(phrase, templates, "documents/table.txt")
    tables = office.plan_file.validated(PlanTables)
    assert tables is not None  # it was read already
    table, columns = printed_table(tables, say)
    return write(table, _look(columns, say))


def exported_name(office: Office, number: int | None, *, is_draft: bool) -> str:
    """Of the file, without its ending: with the publication, or that it is none yet."""
    templates = environment(office.settings.templates, autoescape=False)
    facts = {"title": office.table.plan.name, "number": number, "is_draft": is_draft}
    return phrase(templates, "documents/table.txt", "file", **facts)


def _writer(path: Path) -> Callable[[Table, Look], bytes]:
    """Both take a third of a second to import: only where they are used."""
    if path.suffix.lower() == ".docx":
        from reminder.documents.tables.word_printing import word_file

        return word_file
    if path.suffix.lower() == ".xlsx":
        from reminder.documents.tables.excel_printing import excel_file

        return excel_file
    raise UsageError.because("no_office_file", name=path.name)


def _look(columns: tuple[str, ...], say: Callable[..., str]) -> Look:
    return Look(
        beside=tuple(float(say("width", column=name)) for name in columns),
        font=say("font", of="text"),
        head_font=say("font", of="head"),
        title_font=say("font", of="title"),
    )
