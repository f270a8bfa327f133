"""Setting the day of a session: what is shown before, and what follows."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from reminder.calendar.rendering import parse_query
from reminder.domain.notices import Kind
from reminder.domain.timetable import Role
from reminder.domain.windows import Rule
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger.views import read_notices
from reminder.office import meetings, previews
from reminder.office.application import Application
from reminder.office.meetings import Preview
from reminder.office.previews import part
from reminder.office.publishing import publish_files
from tests.daemon.trials import Trial, trial

APRIL, AT = datetime(2026, 4, 1, 1, tzinfo=UTC), "2026-04-01T09:00+08:00"
MAY_27 = date(2026, 5, 27)


@pytest.fixture
def app(shipped: Trial) -> Application:
    return shipped.app(AT)


def preview(app: Application, name: str, day: date | None) -> Preview:
    with app.database.read() as connection:
        return meetings.preview(app, connection, name, day)


def hold(app: Application, day: date | None, name: str = "sc-25") -> Preview:
    shown = preview(app, name, day)
    meetings.save(app, shown)
    return shown


def later_app(shipped: Trial, at: str) -> Application:
    """A process that works, so it goes by what is in force."""
    app = shipped.app(at)
    publish_files(app, author="")
    return app


def day_of(app: Application, name: str = "sc-25") -> date | None:
    return app.table.plan.meetings[name].day


def test_a_new_application_reads_no_ledger(tmp_path: Path) -> None:
    with trial(tmp_path, made=False) as opened:
        app = opened.app(AT)
        assert not app.refresh()
        assert "database" not in vars(app)


def test_a_preview_shows_window_notices_and_entries_and_changes_nothing(app: Application) -> None:
    shown = preview(app, "sc-25", MAY_27)
    [window] = shown.windows
    assert (window.before.due, window.after.due) == (date(2026, 5, 29), date(2026, 5, 26))
    assert {move.units for move in shown.notices} == {("deputies",)}
    [table] = shown.effects.tables
    lead, related = table.entries
    assert (lead.role, lead.feeds, related.feeds) == (Role.LEAD, 1, 28)
    assert lead.before == (date(2026, 5, 29), "5月内·常委会第25次会议服务保障（会期待定）")
    assert lead.after == (date(2026, 5, 26), "会前·常委会第25次会议服务保障")
    app.refresh()
    assert day_of(app) is None


def test_what_is_saved_is_in_force_at_once_and_elsewhere_when_it_looks(
    app: Application, shipped: Trial
) -> None:
    hold(app, MAY_27)
    assert app.table.windows["2026-05-2"].rule is Rule.MEETING
    found = {dated.meeting.id: dated for dated in meetings.dated_meetings(app)}
    assert [task.id for task in found["sc-25"].tasks] == ["2026-05-2"]
    other = shipped.app(AT)
    assert day_of(other) is None
    publish_files(other, author="")  # as every process does that works
    assert day_of(other) == MAY_27
    assert not other.refresh()


def test_session_of_several_days_is_as_long_on_another_first_day(app: Application) -> None:
    with app.database.read() as connection:
        shown = meetings.preview(app, connection, "sc-25", MAY_27, date(2026, 5, 29))
    meetings.save(app, shown)
    hold(app, date(2026, 6, 2))
    held = app.table.plan.meetings["sc-25"]
    assert (held.day, held.until) == (date(2026, 6, 2), date(2026, 6, 4))


def test_parts_that_hold_a_table_are_made_anew_and_the_rest_stays(app: Application) -> None:
    database, composer, sender, feeds = app.database, app.container.composer, app.sender, app.feeds
    hold(app, MAY_27)
    assert (app.database, app.sender, app.feeds) == (database, sender, feeds)
    assert app.container.composer is not composer
    assert app.container.reporter._table is app.table


def test_digests_reminders_and_feeds_follow_and_a_sync_elsewhere_leaves_them(
    app: Application, shipped: Trial
) -> None:
    app.tick()
    hold(app, MAY_27)
    mail = previews.preview(app, app.table.directory["deputies"], "2026-05").content
    assert "会前1个工作日".encode() in part(mail, "text")
    later = later_app(shipped, "2026-05-21T09:00+08:00")
    later.sync_feeds(APRIL)
    body = app.feeds.rendered("deputies", parse_query("view=due"))[0].decode()
    assert "会前·常委会第25次会议服务保障" in body
    later.tick()
    with later.database.read() as connection:
        [view] = read_notices(connection, kind=Kind.NUDGE)
    assert (view.period, view.unit) == ("2026-05-21", "deputies")


def test_day_that_is_taken_away_leaves_the_session_without_one(app: Application) -> None:
    for day in (MAY_27, date(2026, 5, 28)):
        hold(app, day)
    shown = hold(app, None)
    assert day_of(app) is None
    [window] = shown.windows
    assert window.after.rule is Rule.MEETING_UNDATED
    with app.database.read() as connection:
        found = [day for _, day, _ in meetings.date_changes(connection, "npc-deputies", "sc-25")]
    assert found == [None, date(2026, 5, 28), MAY_27]


def test_what_was_told_already_is_said(app: Application) -> None:
    hold(app, date(2026, 4, 8), "sc-24")
    app.tick()
    [found] = preview(app, "sc-25", MAY_27).effects.tables[0].notified
    assert (found.kind, found.period, found.units > 30) == ("digest", "2026-04", True)


def test_a_reminder_that_went_is_said_and_not_counted_as_to_come(
    app: Application, shipped: Trial
) -> None:
    hold(app, date(2026, 4, 8), "sc-25")
    later = later_app(shipped, "2026-04-03T09:00+08:00")
    later.tick()
    shown = preview(later, "sc-25", date(2026, 4, 9))
    assert ("nudge", "2026-04-03", "2026-05-2", 1) in {
        (told.kind, told.period, told.task, told.units) for told in shown.effects.tables[0].notified
    }
    # For the new due date it goes again: at once, for its day is reached.
    nudges = [move for move in shown.notices if move.kind == "nudge"]
    assert [(move.before, move.after) for move in nudges] == [(None, date(2026, 4, 3))]


def test_a_preview_that_shows_the_same_has_the_same_mark(app: Application, shipped: Trial) -> None:
    first = preview(app, "sc-25", MAY_27)
    assert preview(shipped.app(AT), "sc-25", MAY_27).seen == first.seen
    assert preview(app, "sc-25", date(2026, 5, 28)).seen != first.seen
    hold(app, date(2026, 4, 24), "sc-24")
    assert preview(app, "sc-25", MAY_27).seen != first.seen


def test_a_day_that_was_set_meanwhile_is_not_overwritten(app: Application) -> None:
    shown = preview(app, "sc-25", MAY_27)
    hold(app, date(2026, 5, 20))
    with pytest.raises(DeclinedError):
        meetings.save(app, shown)
    assert day_of(app) == date(2026, 5, 20)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2024, 5, 27), "date_far_off"),
        (date(2062, 5, 27), "date_far_off"),
        (None, "no_date_to_unset"),
        (MAY_27, "date_is_set"),
    ],
)
def test_a_day_that_cannot_be_is_refused(app: Application, day: date | None, reason: str) -> None:
    if day == MAY_27:
        hold(app, MAY_27)
    with pytest.raises(DeclinedError) as refused:
        preview(app, "sc-25", day)
    assert refused.value.reason == reason
    with pytest.raises(UnknownError):
        preview(app, "sc-99", MAY_27)
