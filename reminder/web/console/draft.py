"""What was edited and is not published yet: what it moves, whom it concerns, and publishing it."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.domain.edits import DocumentDraft
from reminder.domain.versions import Tell
from reminder.errors import ConfigurationError, DeclinedError, ReminderError, UnknownError
from reminder.office import drafts
from reminder.office.draft_view import draft_view
from reminder.office.drafts import NOTE
from reminder.office.four_eyes import needs_other
from reminder.office.publishing import left_behind
from reminder.web.console.access import APPROVE, console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/draft"
WAITING = "/console/drafts/{number}"
UNITS = 40  # named one by one
WORDS = 500  # characters of why a draft comes back
_NOTHING = Form({})


def _mine(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    return _shown(page, drafts.open_draft(page.connection, page.person.name), form, refused)


def _waiting(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    return _shown(page, _submitted(page), form, refused)


def _submitted(page: Page) -> DocumentDraft:
    number = page.part("number")
    try:
        return drafts.find_submitted(page.connection, int(number) if number.isdecimal() else 0)
    except UnknownError:
        raise HTTPException(404) from None


def _shown(page: Page, draft: DocumentDraft | None, form: Form, refused: str) -> Response:
    table = page.table  # brings what is in force
    office = page.app.office
    return page.render(
        "console/draft.html",
        status=422 if refused else 200,
        here=HERE,
        view=draft_view(page.app, page.connection, draft) if draft else None,
        is_mine=not draft or draft.person == page.person.name,
        needs_other=draft is not None and needs_other(page.settings, page.who, draft.author),
        waiting=drafts.submitted_drafts(page.connection),
        typed=form.values,
        refused=refused,
        table=table,
        tables=dict(zip(map(office.document_at, office.paths), office.tables, strict=True)),
        today=table.local_day(page.at),
        stale_words=lambda error: _why(page, error),
        fault_words=lambda fault: fault.words(page.language),
        most=NOTE,
        most_units=UNITS,
    )


def _why(page: Page, error: ReminderError) -> str:
    if isinstance(error, ConfigurationError):
        return "".join(fault.words(page.language) for fault in error.faults[:3])
    assert isinstance(error, DeclinedError)
    return page.phrase(error.reason, **error.facts)


# What is done with one's own


def _drop(page: Page, form: Form) -> Response:
    drafts.drop(page.app, page.person, form["place"])
    return page.done(HERE, "edit_dropped")


def _discard(page: Page, form: Form) -> Response:
    drafts.discard(page.app, page.person)
    return page.done(HERE, "draft_discarded")


def _submit(page: Page, form: Form) -> Response:
    drafts.submit(page.app, page.person, form.line("note", NOTE), tell_of(form))
    return page.done(HERE, "draft_submitted")


def _publish_mine(page: Page, form: Form) -> Response:
    draft = drafts.open_draft(page.connection, page.person.name)
    if draft is None:
        raise DeclinedError("nothing_to_publish")
    return _publish(page, draft, form)


def tell_of(form: Form) -> Tell:
    return Tell(form["tell"]) if form["tell"] in list(Tell) else Tell.NOW


# What is done with what others submitted, or with one's own that waits


def _publish_waiting(page: Page, form: Form) -> Response:
    return _publish(page, _submitted(page), form)


def _publish(page: Page, draft: DocumentDraft, form: Form) -> Response:
    """Only what was shown: the form carries a mark of it."""
    view = draft_view(page.app, page.connection, draft)
    if view.seen != form["seen"]:
        raise DeclinedError("other_effects")
    page.end_reading()
    note, tell, seen = form.line("note", NOTE), tell_of(form), view.outcome
    drafts.publish_draft(page.app, draft, page.person, note=note, tell=tell, seen=seen)
    left = left_behind(page.app, view.outcome.changes)
    return page.done(HERE, "published_beside_files" if left else "published")


def _send_back(page: Page, form: Form) -> Response:
    words = form.text("words", WORDS)
    if not words:
        raise DeclinedError("no_reason_to_return")
    number = _submitted(page).id
    page.end_reading()
    drafts.take_up(page.app, number, words, page.who)
    return page.done(HERE, "draft_sent_back")


def _take_back(page: Page, form: Form) -> Response:
    draft = _submitted(page)
    if draft.person != page.person.name:
        raise HTTPException(404)
    page.end_reading()
    drafts.take_up(page.app, draft.id)
    return page.done(HERE, "draft_taken_back")


ROUTES = [
    console_page(HERE, _mine),
    console_form(f"{HERE}/drop", _drop, _mine),
    console_form(f"{HERE}/discard", _discard, _mine),
    console_form(f"{HERE}/submit", _submit, _mine),
    console_form(f"{HERE}/publish", _publish_mine, _mine, role=APPROVE),
    console_page(WAITING, _waiting),
    console_form(f"{WAITING}/publish", _publish_waiting, _waiting, role=APPROVE),
    console_form(f"{WAITING}/return", _send_back, _waiting, role=APPROVE),
    console_form(f"{WAITING}/back", _take_back, _waiting),
]
