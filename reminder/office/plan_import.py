"""A table in Word, Excel or text becomes a plan's file, and a list of what is not sure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from reminder.documents.edited_file import EditedFile, is_folder, shown
from reminder.documents.plan_import.draft import Draft, DraftTask
from reminder.documents.plan_import.importing import NoTasksError, draft_plan
from reminder.documents.plan_import.revising import revise
from reminder.documents.plan_import.titles import Known
from reminder.documents.plan_import.unit_names import Named
from reminder.documents.plan_import.writing import Words, plan_text, proposed_units
from reminder.documents.plan_tables import ALL_YEAR, PlanTables
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.documents.tables.grid import Table
from reminder.documents.tables.reading import read_tables
from reminder.documents.templates import office_templates, phrase, refusals
from reminder.documents.units_file import read_units
from reminder.domain.plan import TaskKind
from reminder.domain.units import Directory
from reminder.domain.when import parse_when
from reminder.errors import ConfigurationError, Fault, UsageError
from reminder.output_files import write_edited

TEMPLATE, TABLE = "documents/import.txt", "documents/table.txt"


@dataclass(frozen=True)
class PlanImport:
    draft: Draft
    say: Words

    @cached_property
    def text(self) -> str:
        return plan_text(self.draft, self.say)

    def write(self, path: Path) -> str:
        """What to do next, in words. Raises `UsageError` where a file is already."""
        if path.exists():
            raise UsageError(f"{shown(path)}: {self.say('exists')}")
        write_edited(path, self.text.encode())
        return self.say("written", path=path)

    @property
    def summary(self) -> str:
        return self.say("summary", draft=self.draft)

    @property
    def questions(self) -> list[dict[str, Any]]:
        return [
            {
                "row": question.place.row or None,
                "text": self.say("sentence", question=question),
                "kind": question.doubt.kind,
            }
            for question in self.draft.all_questions
        ]

    def facts(self) -> dict[str, Any]:
        """For programs."""
        head = self.draft.header
        return {
            "plan": {"id": head.id, "year": head.term.year, "name": head.name},
            "tasks": [self._task(task) for task in self.draft.tasks],
            "questions": self.questions,
            "units": {
                "unknown": [named.name for named in self.draft.unknown],
                "proposed": proposed_units(self.draft),
            },
        }

    def _task(self, task: DraftTask) -> dict[str, Any]:
        dated = task.when and task.kind is TaskKind.MONTH
        spans = parse_when(task.when, self.draft.header.term).spans if dated else ()
        return {
            "id": task.id,
            "kind": task.kind,
            "month": spans[0].last.month if len(spans) == 1 else None,
            "when": task.when or task.said or (ALL_YEAR if task.kind is TaskKind.YEAR else None),
            "title": task.title,
            "lead": [unit.full_name for unit in task.lead],
            "related": [unit.full_name for unit in task.related],
            "section": task.section or None,
            "remark": task.remark or None,
            "source": None,
            "state": "open",
        }


def import_plan(
    config: Path | None,
    path: Path,
    year: int,
    units: Path | None,
    today: int,
    revised: Path | None = None,
) -> PlanImport:
    """`year` is 0 where it was not given, `today` the year of now; `revised` is the plan of which
    the file is a later version. Raises `ConfigurationError`."""
    settings = SettingsSources(config).load()
    templates = office_templates(settings)
    file = EditedFile(units or config_dir(config) / "units.toml")
    directory = read_units(file)
    if file.faults:
        raise ConfigurationError(file.faults)
    with refusals(templates, path):
        tables = read_tables(path)
    plans = [EditedFile(one) for one in ([revised] if revised else _plan_files(settings.plan))]
    there = PlansThere(plans, directory, plans[0] if revised else None)
    try:
        return take_in(tables, there, templates, year, today)
    except NoTasksError as error:
        raise no_tasks(templates, path) from error


@dataclass(frozen=True)
class PlansThere:
    """`revised` is that of which the table is a later version, the only one of `plans` then, as it
    is where its series `goes_on` in the table, whatever the title says."""

    plans: Sequence[EditedFile]
    directory: Directory
    revised: EditedFile | None = None
    goes_on: bool = False

    @property
    def known(self) -> list[Known]:
        found = _known(self.plans, self.directory)
        return [replace(plan, goes_on=self.goes_on) for plan in found]


def take_in(
    tables: Sequence[Table], there: PlansThere, templates: Environment, year: int, today: int
) -> PlanImport:
    """Raises NoTasksError, and `ConfigurationError` for the plan that is revised."""
    known = there.known
    before = _before(there.revised, known) if there.revised else None
    known = [replace(plan, term=before.plan.term) if before else plan for plan in known]
    draft = draft_plan(tables, there.directory, known, year, today)
    if before:
        revise(draft, before, partial(phrase, templates, TABLE))
    return PlanImport(draft, partial(phrase, templates, TEMPLATE))


def no_tasks(templates: Environment, path: Path) -> ConfigurationError:
    words = {"words": phrase(templates, TEMPLATE, "no_tasks")}
    return ConfigurationError([Fault(shown(path), 0, "", "said", words)])


def _before(file: EditedFile, known: list[Known]) -> PlanTables:
    """The plan that is revised; it is the only one known."""
    tables = file.validated(PlanTables)
    if tables and not known:
        file.refuse(("plan", "office"), "unknown_unit", name=tables.plan.office, near="")
    if tables is None or file.faults:
        raise ConfigurationError(file.faults)
    return tables


def _plan_files(plan: Path) -> list[Path]:
    return sorted(plan.glob("*.toml")) if is_folder(plan) else [plan]


def _known(files: Iterable[EditedFile], directory: Directory) -> Iterator[Known]:
    """Plans that are there, as far as they can be read: their series may go on."""
    for file in files:
        head = file.data.get("plan")
        if not isinstance(head, dict):
            continue
        texts = {
            key: head[key]
            for key in ("id", "name", "tag", "office", "timezone")
            if isinstance(head.get(key), str)
        }
        unit = directory.by_name.get(texts.get("office", ""))
        if len(texts) == 5 and unit:
            office = Named(texts["office"], unit)
            yield Known(texts["id"], texts["name"], texts["tag"], office, texts["timezone"])
