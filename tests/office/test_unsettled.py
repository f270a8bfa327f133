"""What did not arrive stays in sight until somebody has sent it again or dropped it."""

from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.errors import UsageError
from reminder.office import operations
from reminder.office.overview import read_overview
from reminder.office.status import read_status
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp
from tests.mail.servers import Picky, bad_server, real_server

LEAD, RELATED = "digest/2026-03/lead", "digest/2026-03/related"
APRIL = "2026-04-10T09:00+08:00"
GONE = "550 5.1.1 no such user"


def refused(office: Trial, **more: Any) -> dict[str, Any]:
    """March's digests, all to mailboxes that are not there."""
    with bad_server(RCPT=[GONE]) as server:
        options = by_smtp(server.port) | more
        office.tick(MARCH, **options)
    return options


def in_sight(office: Trial, at: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """On the status, and on the console's front page alike."""
    app = office.app(at, **options)
    months = [
        {name: month[name] for name in ("period", "refused", "expired")}
        for month in read_status(app)["unsettled"]
    ]
    with app.database.read() as connection:
        unsettled = read_overview(app, connection, app.clock.now())["unsettled"]
    overview = [(one.period, one.refused, one.expired) for one in unsettled]
    assert overview == [tuple(month.values()) for month in months]
    return months


def test_refused_digests_are_in_sight_a_month_later(either: Trial) -> None:
    options = refused(either)
    assert in_sight(either, APRIL, options) == [
        {"period": "2026-03", "refused": ["lead", "related"], "expired": []}
    ]


def test_digests_that_were_too_late_are_in_sight(office: Trial) -> None:
    for at in (MARCH, APRIL):
        office.tick(at, **NOBODY)
    [march] = in_sight(office, APRIL, NOBODY)
    assert march["expired"] == ["lead", "related"]


def test_what_was_sent_again_or_dropped_is_out_of_sight(office: Trial) -> None:
    options = refused(office)
    app = office.app(MARCH, **options)
    operations.resend(app, office.notice(LEAD).key)
    operations.drop(app, office.notice(RELATED).key)
    assert in_sight(office, APRIL, options) == []
    assert office.outcome(RELATED) == ("expired", "dropped")
    with pytest.raises(UsageError, match="can be dropped"):
        operations.drop(app, office.notice(RELATED).key)


def test_unit_without_address_is_in_sight_only_once_it_has_one(office: Trial) -> None:
    office.edit_units('to = ["related@unit.test"]', "to = []")
    with bad_server() as server:
        options = by_smtp(server.port)
        office.tick(MARCH, **options)
    assert in_sight(office, APRIL, options) == []
    office.edit_units("to = []", 'to = ["related@unit.test"]')
    assert [one["refused"] for one in in_sight(office, APRIL, options)] == [["related"]]


def test_next_preflight_names_what_did_not_arrive(office: Trial) -> None:
    refused(office, mail=OPERATOR)
    with bad_server() as server:
        office.tick("2026-03-27T09:00+08:00", **by_smtp(server.port), mail=OPERATOR)
    [key] = [key for key in office.notices(kind=Kind.REPORT) if "preflight" in key]
    text = office.text(key)
    assert "此前未送达，尚未处理" in text
    assert "2026-03 月度提示　被拒收：承办委员会、相关委员会" in text


def test_refused_report_comes_again_to_the_operators_address_of_now(office: Trial) -> None:
    with real_server(inbox := Picky(["operator@npc.test"], GONE)) as port:
        for hour, asked in (("09:00", 1), ("09:00", 1), ("10:30", 2), ("10:40", 2)):
            office.tick(f"2026-03-02T{hour}+08:00", **by_smtp(port), mail=OPERATOR)
            assert inbox.asked.count("operator@npc.test") == asked
        for day in ("02", "03"):
            another = {"operator": "boss@npc.test"}
            office.tick(f"2026-03-{day}T13:00+08:00", **by_smtp(port), mail=another)
    assert inbox.reached.count("boss@npc.test") == 1
