"""The forms of the plan's table: a task, a session, the head. What is typed goes into the draft."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.documents.plan_tables import SHORT
from reminder.documents.plan_values import NOTHING, PLACES, session_values, task_values
from reminder.domain.plan import calendar_month
from reminder.office import plan_edits
from reminder.office.plan_edits import FieldMistakesError, TypedTask
from reminder.web.console.access import EDIT, console_form, console_page
from reminder.web.console.plan import HERE, read_draft, units_by_name
from reminder.web.forms import Form, parse_day
from reminder.web.page import Page

LINE, TITLE, UNITS = 100, 500, 2000  # characters
Values = Mapping[str, Any]


def _new_task(page: Page) -> Response:
    time = page.query("time") or page.query("place")
    place = time if time in PLACES else "month"
    return _task_form(page, {**NOTHING, "place": place, "time": "" if time == place else time})


def _task(page: Page) -> Response:
    draft, task = read_draft(page), page.part("task")
    found = task_values(draft.content, task) or task_values(draft.in_force, task)
    if found is None:
        raise HTTPException(404)
    values = {**found.values, "time": page.query("time") or found.values["time"]}
    return _task_form(page, values)


def _task_form(
    page: Page, values: Values, wrong: Mapping[str, str] | None = None, refused: str = ""
) -> Response:
    """`wrong` is what is wrong with a field, in words."""
    if wrong:
        refused = page.phrase("fields_are_wrong", count=len(wrong))
    draft, task = read_draft(page), page.part("task")
    now, before = task_values(draft.content, task), task_values(draft.in_force, task)
    edit = draft.edit_of("task", task)
    return page.render(
        "console/plan_task.html",
        status=422 if refused else 200,
        here=HERE,
        table=page.table,
        task=task,
        values=values,
        wrong=wrong or {},
        refused=refused,
        before=before.values if before else None,
        beside=now.beside if now else (),
        is_edited=bool(edit or draft.edit_of("row", task)),
        is_dropped=bool(edit and edit.args.get("drop")),
        sessions=draft.tables.meeting,
        names=units_by_name(page),
        months=[calendar_month(month) for month in page.table.plan.months],
        most={"line": LINE, "title": TITLE, "short": SHORT, "units": UNITS},
    )


def _save_task(page: Page, form: Form) -> Response:
    draft, task = read_draft(page), page.part("task")
    page.end_reading()
    values, wrong = _typed_task(page, form)
    typed = TypedTask(values, with_row=bool(form["with_row"]))
    return _kept(
        page, wrong, lambda: plan_edits.save_task(page.app, page.person, draft, task, typed),
        lambda words: _task_form(page, values, words),
    )  # fmt: skip


def _task_again(page: Page, form: Form, refused: str) -> Response:
    return _task_form(page, _typed_task(page, form)[0], refused=refused)


def _typed_task(page: Page, form: Form) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {
        **{key: form.line(key, LINE) for key in ("time", "short", "section", "remark", "source")},
        **{key: _names(form, key) for key in ("lead", "related")},
        **{key: bool(form[key]) for key in ("exact", "soft")},
        "title": form.line("title", TITLE),
        "place": form["place"] if form["place"] in PLACES else "month",
        "meetings": sorted(
            (name[len("meeting-") :] for name in form.values if name.startswith("meeting-")),
            key=lambda name: _number(form, f"meeting-{name}") or 0,
        ),
        "before": _number(form, "before"),
    }
    days, wrong = _days(page, form, "opens", "due")
    return {**values, **days}, wrong


def _number(form: Form, key: str) -> int | None:
    typed = form[key]
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else None


def _names(form: Form, key: str) -> str:
    """What stands there, and one that was chosen from the list."""
    return "\n".join(filter(None, (form.text(key, UNITS), form.line(f"{key}_more", LINE))))


def _days(page: Page, form: Form, *keys: str) -> tuple[dict[str, str], dict[str, str]]:
    days = {key: parse_day(form[key]) for key in keys}
    values = {key: str(day) if day else form.line(key, LINE) for key, day in days.items()}
    bad = [key for key in keys if form[key] and not days[key]]
    return values, {key: page.phrase("no_date", typed=form[key][:40]) for key in bad}


def _kept(
    page: Page,
    wrong: Mapping[str, str],
    save: Callable[[], str],
    again: Callable[[Mapping[str, str]], Response],
) -> Response:
    if wrong:
        return again(wrong)
    try:
        name = save()
    except FieldMistakesError as error:
        return again({key: fault.words(page.language) for key, fault in error.fields.items()})
    return page.done(HERE, "plan_saved", f"#t-{name}")


# Sessions, and the head


def _new_session(page: Page) -> Response:
    return _session_form(page, {"name": "", "month": None, "date": "", "until": ""})


def _session(page: Page) -> Response:
    draft, name = read_draft(page), page.part("session")
    found = session_values(draft.content, name) or session_values(draft.in_force, name)
    if found is None:
        raise HTTPException(404)
    return _session_form(page, found.values)


def _session_form(page: Page, values: Values, wrong: Mapping[str, str] | None = None) -> Response:
    draft, name = read_draft(page), page.part("session")
    now, before = session_values(draft.content, name), session_values(draft.in_force, name)
    edit = draft.edit_of("session", name)
    return page.render(
        "console/plan_session.html",
        status=422 if wrong else 200,
        here=HERE,
        session=name,
        values=values,
        wrong=wrong or {},
        refused=page.phrase("fields_are_wrong", count=len(wrong)) if wrong else "",
        before=before.values if before else None,
        tasks=now.tasks if now else (),
        is_edited=bool(edit),
        is_dropped=bool(edit and edit.args.get("drop")),
        months=[calendar_month(month) for month in page.table.plan.months],
        most=LINE,
    )


def _save_session(page: Page, form: Form) -> Response:
    draft, name = read_draft(page), page.part("session")
    page.end_reading()
    days, wrong = _days(page, form, "date", "until")
    values = {"name": form.line("name", LINE), "month": _number(form, "month"), **days}
    return _kept(
        page, wrong, lambda: plan_edits.save_session(page.app, page.person, draft, name, values),
        lambda words: _session_form(page, values, words),
    )  # fmt: skip


def _drop_session(page: Page, form: Form) -> Response:
    draft, name = read_draft(page), page.part("session")
    page.end_reading()
    plan_edits.drop_session(page.app, page.person, draft, name)
    return page.done(HERE, "plan_dropped", f"#t-{name}")


def _head(page: Page) -> Response:
    header = read_draft(page).tables.plan
    return _head_form(page, {"name": header.name, "tag": header.tag})


def _head_form(page: Page, values: Values, wrong: Mapping[str, str] | None = None) -> Response:
    return page.render(
        "console/plan_head.html",
        status=422 if wrong else 200,
        here=HERE,
        values=values,
        wrong=wrong or {},
        refused=page.phrase("fields_are_wrong", count=len(wrong)) if wrong else "",
        most=LINE,
    )


def _save_head(page: Page, form: Form) -> Response:
    draft, values = read_draft(page), {key: form.line(key, LINE) for key in ("name", "tag")}
    page.end_reading()

    def save() -> str:
        plan_edits.save_head(page.app, page.person, draft, values)
        return ""

    return _kept(page, {}, save, lambda words: _head_form(page, values, words))


ROUTES = [
    console_page(f"{HERE}/new", _new_task, EDIT),
    console_form(f"{HERE}/new", _save_task, _task_again),
    console_page(f"{HERE}/task/{{task}}", _task, EDIT),
    console_form(f"{HERE}/task/{{task}}", _save_task, _task_again),
    console_page(f"{HERE}/session/new", _new_session, EDIT),
    console_form(f"{HERE}/session/new", _save_session),
    console_page(f"{HERE}/session/{{session}}", _session, EDIT),
    console_form(f"{HERE}/session/{{session}}", _save_session),
    console_form(f"{HERE}/session/{{session}}/drop", _drop_session),
    console_page(f"{HERE}/head", _head, EDIT),
    console_form(f"{HERE}/head", _save_head),
]
