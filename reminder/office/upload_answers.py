"""Answers to what is not sure of an uploaded table; those that cannot be are asked again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reminder.documents import plan_answers
from reminder.documents.document_files import UNITS
from reminder.documents.edited_file import EditedFile
from reminder.documents.editing import apply_each
from reminder.documents.plan_answers import Asked
from reminder.documents.plan_import.unit_names import UnitNames
from reminder.documents.plan_rows import PlanRows
from reminder.documents.plan_values import task_values
from reminder.documents.units_file import read_units
from reminder.domain.edits import Edit
from reminder.domain.occurrences import Said, is_all_year
from reminder.domain.persons import Person
from reminder.domain.units import Directory
from reminder.domain.when import parse_when
from reminder.errors import DeclinedError, Fault, Mistake
from reminder.ledger.drafts import open_draft
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.plan_edits import FieldMistakesError
from reminder.office.table_uploads import Upload, uploads
from reminder.office.unit_edits import NOTHING, lines, save_unit, units_draft

KEEP, NEAR, NEW = "keep", "near", "new"


@dataclass(frozen=True)
class GivenAnswer:
    """`choice` is KEEP (as it was taken), NEAR (the unit that was proposed), NEW (a new unit), or
    empty; what is typed counts more."""

    choice: str = ""
    text: str = ""
    lead: str = ""
    related: str = ""


def answer(
    app: Application, by: Person, mark: str, answers: Mapping[int, GivenAnswer]
) -> dict[int, Fault]:
    """By the numbers of questions. Returns what is wrong with answers that were not taken.

    Raises `DeclinedError` where the table was sent again meanwhile.
    """
    upload = find_upload(app, by, mark)
    given = {n: upload.asked[n] for n in answers if n < len(upload.asked)}
    wrong = _new_units(app, by, given, answers)
    taking = _Answering(_directory(app, by), upload.content)
    done = set()
    for n, asked in given.items():
        if n in wrong:
            continue
        try:
            if taking.take(asked, answers[n]):
                done.add(n)
        except Mistake as error:
            wrong[n] = Fault("", 0, "", error.reason, error.facts)
    if done:
        asked_now = [
            {**asked, "done": True} if n in done else asked for n, asked in enumerate(upload.asked)
        ]
        args = {**upload.edit.args, "text": taking.content.decode(), "asked": asked_now}
        drafts.add(app, by, Edit(upload.edit.document, "text", args))
    return wrong


def find_upload(app: Application, by: Person, mark: str) -> Upload:
    with app.database.read() as connection:
        app.refresh_from(connection)
        found = [one for one in uploads(app, connection, by) if one.mark == mark]
    if not found:
        raise DeclinedError("other_upload")
    return found[0]


def _new_units(
    app: Application, by: Person, given: Mapping[int, Asked], answers: Mapping[int, GivenAnswer]
) -> dict[int, Fault]:
    wrong = {}
    for n, asked in given.items():
        if answers[n].choice != NEW or answers[n].text or asked["field"] != "name":
            continue
        if asked["said"] in _directory(app, by).by_name:
            continue
        with app.database.read() as connection:
            draft = units_draft(app, connection, by)
        try:
            save_unit(app, by, draft, "", {**NOTHING, "name": asked["said"]})
        except FieldMistakesError as error:
            wrong[n] = next(iter(error.fields.values()))
    return wrong


def _directory(app: Application, by: Person) -> Directory:
    with app.database.read() as connection:
        draft = open_draft(connection, by.name)
    contents = apply_each(app.office.contents, draft.edits if draft else ()).contents
    return read_units(EditedFile(Path(UNITS), contents[UNITS]))


@dataclass
class _Answering:
    """`take` says whether that was an answer. Raises `Mistake`."""

    directory: Directory
    content: bytes

    def take(self, asked: Asked, given: GivenAnswer) -> bool:
        acts = {
            "name": self._name,
            "office": self._office,
            "time": self._time,
            "units": self._units,
            "title": self._title,
            "same": self._same,
            "month": self._month,
        }
        act = acts.get(asked["field"])
        return bool(act and act(asked, given)) or (
            given.choice == KEEP and asked["field"] != "name"
        )

    def _name(self, asked: Asked, given: GivenAnswer) -> bool:
        text = given.text or {NEAR: asked["taken"], NEW: asked["said"]}.get(given.choice, "")
        if text:
            names = self._known(text)
            self.content = plan_answers.rename_units(self.content, {asked["said"]: names})
        return bool(text)

    def _known(self, text: str) -> list[str]:
        names = UnitNames(self.directory)
        found = names.read(text)
        unknown = [named.name for named in found if named.unit is None]
        if unknown:
            raise Mistake("unknown_unit", name=unknown[0], near=names.near(unknown[0], 0.5))
        return list(dict.fromkeys(named.name for named in found))

    def _office(self, asked: Asked, given: GivenAnswer) -> bool:
        if given.text:
            name = self._known(given.text)[0]
            self.content = plan_answers.put_office(self.content, name, asked["tasks"])
        return bool(given.text)

    def _time(self, asked: Asked, given: GivenAnswer) -> bool:
        if given.text:
            term = PlanRows.read(self.content).term
            when = parse_when(given.text, term)
            is_year = is_all_year(Said(given.text, when), term)
            place = "year-round" if is_year else "month"
            tasks = self._there(asked)
            self.content = plan_answers.put_time(self.content, given.text, place, tasks)
        return bool(given.text)

    def _there(self, asked: Asked) -> list[str]:
        return [task for task in asked["tasks"] if task_values(self.content, task)]

    def _units(self, asked: Asked, given: GivenAnswer) -> bool:
        tasks = self._there(asked)
        found = task_values(self.content, tasks[0]) if tasks else None
        if found is None:
            return False
        names = UnitNames(self.directory)
        typed = [[named.name for named in names.read(text)] for text in (given.lead, given.related)]
        if typed == [found.values["lead"], found.values["related"]] or not typed[0]:
            return False
        lead, related = self._known(given.lead), self._known(given.related)
        self.content = plan_answers.put_units(self.content, lead, related, tasks)
        return True

    def _title(self, asked: Asked, given: GivenAnswer) -> bool:
        tasks, titles = self._there(asked), lines(given.text)
        found = [one.values["title"] for t in tasks if (one := task_values(self.content, t))]
        if not (titles and tasks) or titles == found:
            return False
        self.content = plan_answers.put_titles(self.content, titles, tasks)
        return True

    def _same(self, asked: Asked, given: GivenAnswer) -> bool:
        if given.choice == NEW:
            for task in self._there(asked):
                self.content = plan_answers.part_from(self.content, task)
        return given.choice == NEW

    def _month(self, asked: Asked, given: GivenAnswer) -> bool:
        if given.text:
            if given.text not in map(str, range(1, 13)):
                raise Mistake("no_month", item=given.text)
            self.content = plan_answers.put_month(self.content, asked["session"], int(given.text))
        return bool(given.text)


def open_questions(upload: Upload) -> list[int]:
    return [n for n, asked in enumerate(upload.asked) if not asked.get("done")]
