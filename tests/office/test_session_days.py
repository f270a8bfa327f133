"""Days of sessions that an earlier release kept beside the plan become part of it, once."""

from datetime import date

import pytest

from reminder.calendar.rendering import parse_query
from reminder.domain.versions import Origin
from reminder.ledger import publications
from reminder.ledger.registrations import read_dates
from reminder.ledger.schema import meeting_date
from reminder.office.application import Application
from reminder.office.publishing import FileLook, publish_files
from reminder.office.versions import open_office
from tests.daemon.trials import MARCH, Trial

MARCH_20 = date(2026, 3, 20)
HANGING = 'title = "一件事"\nmeetings = ["sc-25"]\nbefore = { workdays = 1 }\n'
SESSIONS = "".join(
    f'\n[[meeting]]\nid = "{name}"\nname = "第{name}次会议"  # 待定\nmonth = 3\n'
    for name in ("sc-25", "sc-26")
)


@pytest.fixture
def office(either: Trial) -> Trial:
    either.edit_plan('title = "一件事"\n', HANGING)
    either.plan_file.write_text(either.plan_file.read_text("utf-8") + SESSIONS, "utf-8")
    return either


def keep(office: Trial, **days: date) -> Application:
    """As that release has left it."""
    app = office.app(MARCH)
    rows = [
        {
            "plan": "small",
            "meeting": name.replace("_", "-"),
            "day": str(day),
            "recorded": app.clock.now(),
        }
        for name, day in days.items()
    ]
    with app.database.write() as connection:
        connection.execute(meeting_date.insert(), rows)
    return app


def feed(app: Application) -> bytes:
    return app.feeds.rendered("lead", parse_query(""))[0]


def test_day_becomes_part_of_the_plan_and_no_calendar_moves(office: Trial) -> None:
    plain = office.plan_file.read_text("utf-8")
    dated = plain.replace("month = 3\n\n[[meeting]]", "month = 3\ndate = 2026-03-20\n\n[[meeting]]")
    office.plan_file.write_text(dated, "utf-8")
    old = office.app(MARCH)
    old.sync_feeds(old.clock.now())
    before = feed(old)
    office.plan_file.write_text(plain, "utf-8")
    app = keep(office, sc_25=MARCH_20)
    assert publish_files(app, author="") == FileLook(1, ())
    assert app.table.plan.meetings["sc-25"].day == MARCH_20
    assert feed(app) == before
    assert office.plan_file.read_text("utf-8") == dated
    with app.database.read() as connection:
        last = publications.read_publications(connection)[0]
        assert not read_dates(connection)
    assert (last.number, last.origin, last.told) == (2, Origin.CONSOLE, last.at)
    assert publish_files(app, author="") == FileLook(0, ())


def test_commands_know_the_day_before_the_first_publication(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = keep(office, sc_25=MARCH_20)
    monkeypatch.setenv("REMINDER_PLAN", str(office.plan_file))
    read = open_office(office.config, {"database_url": app.settings.database_url})
    assert read.table.plan.meetings["sc-25"].day == MARCH_20


def test_day_that_the_plan_forbids_is_left_out_and_the_others_are_kept(office: Trial) -> None:
    office.edit_plan(HANGING, HANGING + "opens = 2026-03-25\n")
    app = keep(office, sc_25=MARCH_20, sc_26=MARCH_20, gone=MARCH_20)
    publish_files(app, author="")
    days = {name: held.day for name, held in app.table.plan.meetings.items()}
    assert days == {"sc-25": None, "sc-26": MARCH_20}
