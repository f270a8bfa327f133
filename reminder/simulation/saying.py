"""What people register in a simulated year, through the same doors as in a real one."""

from reminder.domain.registrations import Signature
from reminder.office.application import Application
from reminder.office.completion import register
from reminder.office.lookup import find_task
from reminder.office.registrations import confirm, finish, send_back
from reminder.simulation.faults import Registration, Said

_UNIT, _OFFICE = Signature("联络员", "page"), Signature("", "console")


def say(app: Application, one: Registration) -> None:
    """Raises `RegistrationError` where it is not accepted."""
    task = find_task(app, one.task)
    unit = app.table.directory[app.table.lead_units(task)[0]]
    match one.said:
        case Said.DONE:
            register(app, [task.id], None, None, "")
        case Said.FINISH:
            today = app.table.local_day(app.clock.now())
            finish(app, unit, task, _UNIT, done_on=today)
        case Said.CONFIRM:
            confirm(app, unit.id, task.id, "", _OFFICE)
        case Said.RETURN:
            send_back(app, unit.id, task.id, "", "请补充", _OFFICE)
