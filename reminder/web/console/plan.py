"""The plan as a table: to read, to search, to print and take away; what is done with a row."""

from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.documents.plan_values import task_values
from reminder.domain.plan import calendar_month
from reminder.office import drafts, plan_edits
from reminder.office.plan_edits import PlanDraft
from reminder.office.plan_files import export_plan, exported_name
from reminder.office.plan_table import Wanted, read_plan_table
from reminder.web.console.access import console_form, console_page
from reminder.web.console.export import writing
from reminder.web.forms import Form
from reminder.web.page import Page, Refused

HERE = "/console/plan"
OFFERED = 1000  # units that a browser can show under a field
WORDS = 40  # characters that are looked for
_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def read_draft(page: Page) -> PlanDraft:
    _ = page.table  # brings what is in force
    return plan_edits.plan_draft(page.app, page.connection, page.person)


def units_by_name(page: Page) -> list[str]:
    """What a field for units offers: of thousands, those that the table names."""
    table, units = page.table, [u for u in page.table.directory.units.values() if not u.retired]
    if len(units) > OFFERED:
        named = {unit for task in table.plan.tasks for unit in (*task.lead, *task.related)}
        units = [unit for unit in units if unit.id in named]
    return [unit.name for unit in units]


def _table(page: Page) -> Response:
    draft, directory = read_draft(page), page.table.directory
    typed = page.query("unit").strip()
    labels = {unit.label: unit for unit in directory.single}
    unit = directory.named(typed) or labels.get(typed)
    wanted = Wanted(page.query("q").strip()[:WORDS], unit.id if unit else "")
    shown = read_plan_table(page.app, page.connection, page.at, draft, wanted)
    return page.render(
        "console/plan.html",
        here=HERE,
        table=page.table,
        shown=shown,
        words_wanted=wanted.words,
        unit_wanted=typed,
        no_such_unit=bool(typed) and unit is None,
        names=units_by_name(page),
        months=[calendar_month(month) for month in page.table.plan.months],
        number=page.app.office.publication,
    )


def _export(page: Page) -> Response:
    """What is in force or, on request, as one's own draft has it."""
    kind = page.part("kind")
    if kind not in _TYPES:
        raise HTTPException(404)
    _ = page.table
    office, is_draft = page.app.office, page.query("of") == "draft"
    if is_draft:
        draft = drafts.open_draft(page.connection, page.person.name)
        found = drafts.outcome(page.app, page.connection, draft) if draft else None
        if found is None or found.office is None:
            raise Refused(409, "draft_has_mistakes")
        office = found.office
    if not writing.acquire(blocking=False):
        raise Refused(503, "export_busy", {"Retry-After": "10"})
    try:
        content = export_plan(office, Path(f"plan.{kind}"))
    finally:
        writing.release()
    name = exported_name(office, page.app.office.publication, is_draft=is_draft)
    disposition = f"attachment; filename=\"plan.{kind}\"; filename*=UTF-8''{quote(name)}.{kind}"
    return Response(content, media_type=_TYPES[kind], headers={"Content-Disposition": disposition})


# What is done with a row at once


def _move(page: Page, form: Form) -> Response:
    """A task with days of its own asks for those, too."""
    task, words = page.part("task"), form.line("time", WORDS)
    draft = read_draft(page)
    page.end_reading()
    if plan_edits.move_task(page.app, page.person, draft, task, words):
        return page.done(HERE, "plan_saved", f"#t-{task}")
    return page.to(f"{HERE}/task/{task}?time={quote(words)}")


def _drop(page: Page, form: Form) -> Response:
    task, draft = page.part("task"), read_draft(page)
    if task_values(draft.content, task) is None and task_values(draft.in_force, task) is None:
        raise HTTPException(404)
    page.end_reading()
    plan_edits.drop_task(page.app, page.person, draft, task)
    return page.done(HERE, "plan_dropped", f"#t-{task}")


def _undo(page: Page, form: Form) -> Response:
    name, draft = form.line("id", 64), read_draft(page)
    page.end_reading()
    plan_edits.undo(page.app, page.person, draft, name)
    return page.done(HERE, "plan_undone", f"#t-{name}")


ROUTES = [
    console_page(HERE, _table),
    console_page(f"{HERE}/export.{{kind}}", _export),
    console_form(f"{HERE}/task/{{task}}/move", _move),
    console_form(f"{HERE}/task/{{task}}/drop", _drop),
    console_form(f"{HERE}/undo", _undo),
]
