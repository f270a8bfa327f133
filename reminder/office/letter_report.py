"""What the operator hears of letters that wait and of mails that came back, once a day at most."""

from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.incoming import LetterState
from reminder.ledger import bounces, incoming
from reminder.ledger.rows import put_setting, read_setting
from reminder.office.container import Container
from reminder.office.listings import listing
from reminder.office.reports import Report, console_url

LETTERS = "letters"
_TOLD = "letters-told"  # the setting: when that was


def report_letters(connection: Connection, parts: Container, at: datetime) -> int:
    """From the sending hour on. Returns how many mails."""
    table, settings = parts.table, parts.office.settings
    told = read_setting(connection, _TOLD)
    since = datetime.fromisoformat(told) if told else None
    is_today = since is not None and table.local_day(since) >= table.local_day(at)
    if not settings.inbox.is_set or is_today or at < table.moment(table.local_day(at)):
        return 0
    new = incoming.read_letters(connection, LetterState.WAITING, since=since)
    returned = bounces.bounced_since(connection, since)
    if not (new or returned):
        return 0
    put_setting(connection, _TOLD, at.isoformat())
    waiting = incoming.read_letters(connection, LetterState.WAITING)
    facts = {
        "count": incoming.count_waiting(connection),
        "returned": len(returned),
        "letters_url": console_url(settings, "/console/letters"),
        "has_console": settings.web.console != "off",
    }
    name_of, zone = table.directory.name_of, table.plan.zone
    letters = (
        {"letter": one, "unit": one.unit and name_of(one.unit), "at": one.at.astimezone(zone)}
        for one in waiting
    )
    came_back = ({"unit": name_of(one.unit), "of": one} for one in returned)
    listings = listing("letters", letters), listing("returned", came_back)
    report = Report(LETTERS, facts, listings)
    parts.reporter.send(connection, LETTERS, table.local_day(at).isoformat(), report, at)
    return 1
