"""The year's turn: what is open of earlier years is done, carried over or ended."""

from starlette.responses import Response
from starlette.routing import Route

from reminder.errors import DeclinedError
from reminder.office import completion, turn
from reminder.office.registrations import refuse_impossible
from reminder.web.console.access import console_form, console_page
from reminder.web.console.tasks import NOTE, Act
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/turn"
_NOTHING = Form({})


def _shown(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    return page.render(
        "console/turn.html",
        status=422 if refused else 200,
        here=HERE,
        turn=turn.read_turn(page.app, page.connection, page.at),
        table=page.table,
        today=page.table.local_day(page.at),
        typed=form.values,
        refused=refused,
    )


def _finish(page: Page, form: Form) -> str:
    """In the table of its own year."""
    left = turn.read_turn(page.app, page.connection, page.at).left
    year = next((one.year for one in left if one.task.id == form["task"]), None)
    if year is None:
        raise DeclinedError("no_task_of_an_earlier_year")
    app, day = page.app.about(page.table.plan.id, year), form.day("done_on")
    refuse_impossible(app.table, day, page.table.local_day(page.at), "")
    page.end_reading()
    note = form.line("note", NOTE)
    completion.register(app, [form["task"]], None, day, note, page.signature)
    return "done"


def _carry(page: Page, form: Form) -> str:
    turn.carry(page.app, form["task"], form["onto"], page.signature)
    return "carried"


def _end(page: Page, form: Form) -> str:
    turn.end(page.app, form["task"], form.text("why", turn.WHY), page.signature)
    return "ended"


def _undo(page: Page, form: Form) -> str:
    turn.undo(page.app, form["task"], page.signature)
    return "open_again"


def _form(name: str, act: Act) -> Route:
    def acted(page: Page, form: Form) -> Response:
        return page.done(HERE, act(page, form))

    return console_form(f"{HERE}/{name}", acted, _shown)


ROUTES = [
    console_page(HERE, _shown),
    _form("done", _finish),
    _form("carry", _carry),
    _form("end", _end),
    _form("undo", _undo),
]
