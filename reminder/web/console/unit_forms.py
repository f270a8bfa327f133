"""The form of a unit: names, addresses, whom to phone. What is typed goes into the draft."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.domain.units import Relation
from reminder.office import unit_edits
from reminder.office.plan_edits import FieldMistakesError
from reminder.office.unit_edits import NOTHING, UnitsDraft, lines, values_of
from reminder.web.console.access import EDIT, console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page
from reminder.words import languages

UNITS, HERE = "/console/units", "/console/unit"
LINE, LINES = 200, 2000  # characters
_BETWEEN = ",，;；、\t "  # addresses in one field
Values = Mapping[str, Any]


def read_draft(page: Page) -> UnitsDraft:
    _ = page.table  # brings what is in force
    return unit_edits.units_draft(page.app, page.connection, page.person)


def _new(page: Page) -> Response:
    return _shown(page, NOTHING)


def _unit(page: Page) -> Response:
    draft, unit = read_draft(page), page.part("unit")
    values = draft.values(unit) or values_of(draft.in_force, unit)
    if values is None:
        raise HTTPException(404)
    return _shown(page, values)


def _shown(
    page: Page, values: Values, wrong: Mapping[str, str] | None = None, refused: str = ""
) -> Response:
    """`wrong` is what is wrong with a field, in words."""
    if wrong:
        refused = page.phrase("fields_are_wrong", count=len(wrong))
    draft, unit = read_draft(page), page.part("unit")
    known = page.table.directory.units.get(unit)
    return page.render(
        "console/unit_form.html",
        status=422 if refused else 200,
        here=UNITS,
        unit=unit,
        known=known,
        values=values,
        before=values_of(draft.in_force, unit) if unit else None,
        state=draft.touched.get(unit, ""),
        groups=[g for g in page.table.directory.groups if unit in g.members],
        tasks=unit_edits.tasks_of(page.app, unit) if known else [],
        wrong=wrong or {},
        refused=refused,
        most={"line": LINE, "lines": LINES},
        languages=_languages(page),
        channels=page.settings.channel,
    )


def _save(page: Page, form: Form) -> Response:
    draft, unit = read_draft(page), page.part("unit")
    page.end_reading()
    if unit and draft.values(unit) is None:
        raise HTTPException(404)
    values = _typed(page, form)
    try:
        name = unit_edits.save_unit(page.app, page.person, draft, unit, values)
    except FieldMistakesError as error:
        words = {key: fault.words(page.language) for key, fault in error.fields.items()}
        return _shown(page, values, words)
    return page.done(UNITS, "plan_saved", f"#u-{name}")


def _again(page: Page, form: Form, refused: str) -> Response:
    return _shown(page, _typed(page, form), refused=refused)


def _typed(page: Page, form: Form) -> dict[str, Any]:
    chosen = {
        key: form[key] if form[key] in known else ""
        for key, known in (("relation", list(Relation)), ("language", _languages(page)))
    }
    addresses = {key: lines(form.text(key, LINES), _BETWEEN) for key in ("to", "cc", "channels")}
    texts = {key: form.line(key, LINE) for key in ("name", "short", "contact", "phone")}
    aliases, retired = lines(form.text("aliases", LINES)), bool(form["retired"])
    mail = {"yes": True, "no": False}.get(form["mail"])
    return {**texts, **addresses, **chosen, "aliases": aliases, "mail": mail, "retired": retired}


def _languages(page: Page) -> list[str]:
    return languages(page.settings.templates)


def _drop(page: Page, form: Form) -> Response:
    draft, unit = read_draft(page), page.part("unit")
    if draft.values(unit) is None:
        raise HTTPException(404)
    page.end_reading()
    unit_edits.drop_unit(page.app, page.person, draft, unit)
    return page.done(UNITS, "unit_dropped")


def _undo(page: Page, form: Form) -> Response:
    draft, unit = read_draft(page), page.part("unit")
    page.end_reading()
    unit_edits.undo(page.app, page.person, draft, unit)
    return page.done(UNITS, "plan_undone", f"#u-{unit}")


def _drop_again(page: Page, form: Form, refused: str) -> Response:
    draft, unit = read_draft(page), page.part("unit")
    return _shown(page, draft.values(unit) or NOTHING, refused=refused)


ROUTES = [
    console_page(f"{HERE}/new", _new, EDIT),
    console_form(f"{HERE}/new", _save, _again),
    console_page(f"{HERE}/{{unit}}", _unit, EDIT),
    console_form(f"{HERE}/{{unit}}", _save, _again),
    console_form(f"{HERE}/{{unit}}/drop", _drop, _drop_again),
    console_form(f"{HERE}/{{unit}}/undo", _undo),
]
