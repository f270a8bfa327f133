"""Signed links: who opens what, and for how long."""

from datetime import UTC, datetime
from typing import Any

from reminder.ledger import access
from reminder.ledger.access import FEED, PAGE, InstallationKey, LinkView
from reminder.ledger.database import Database
from reminder.ledger.feeds import read_version
from reminder.office.links import open_link

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
KEY = InstallationKey(b"a key of the tests, no other")
HELAN = LinkView(FEED, "helan")


def opens(database: Database, link: LinkView, token: str | None = None) -> bool:
    given = link.token(KEY) if token is None else token
    with database.read() as connection:
        return open_link(connection, KEY, link.purpose, link.subject, given) is not None


def write(database: Database, change: Any, *given: Any) -> Any:
    with database.write() as connection:
        return change(connection, *given, "console", AT)


def version(database: Database) -> str:
    with database.read() as connection:
        return read_version(connection)


def test_a_link_opens_what_it_names_and_nothing_else_does(database: Database) -> None:
    token, foreign = HELAN.token(KEY), HELAN.token(InstallationKey(b"another installation"))
    assert opens(database, HELAN)
    for other in (LinkView(FEED, "deputies"), LinkView(PAGE, "helan"), LinkView(FEED, "helan~1")):
        assert not opens(database, other, token)
    for forged in ("", "x", "a" * 32, "签名", "\ud800", foreign):
        assert not opens(database, HELAN, forged)


def test_rotating_kills_the_old_link_of_that_unit_alone_and_revives_a_revoked_one(
    database: Database,
) -> None:
    new = write(database, access.rotate, HELAN)
    assert new.generation == 2
    assert [opens(database, link) for link in (HELAN, new)] == [False, True]
    assert opens(database, LinkView(FEED, "deputies"))
    write(database, access.revoke, new)
    with database.write() as connection:
        access.put_link(connection, FEED, "helan", last_use=AT)  # which revives nothing
    assert not opens(database, new)
    newer = write(database, access.rotate, new)
    assert [opens(database, link) for link in (new, newer)] == [False, True]


def test_the_link_that_is_handed_out_asks_for_short_entries() -> None:
    site = "https://reminder.example"
    url = f"{site}/feeds/{HELAN.token(KEY)}/helan.ics"
    assert HELAN.address(site, KEY) == url
    assert HELAN.address(site, KEY, handed_out=True) == f"{url}?view=due&year-round=0"
    page = LinkView(PAGE, "helan")
    assert page.address(site, KEY, handed_out=True) == f"{site}/units/{page.token(KEY)}/helan"


def test_only_what_readers_see_moves_the_version_of_the_feeds(database: Database) -> None:
    seen = [version(database)]
    acts = [(access.rotate, HELAN), (access.revoke, HELAN), (access.add_reader, "helan", "值班员")]
    for act, *of in acts:
        write(database, act, *of)
        seen.append(version(database))
    assert len(set(seen)) == 4
    with database.write() as connection:
        access.put_link(connection, FEED, "helan", last_use=AT)
    assert version(database) == seen[-1]


def test_readers_are_numbered_on_and_no_number_comes_again(database: Database) -> None:
    for number in range(1, 12):
        link = write(database, access.add_reader, "helan", "读者")
        assert link.subject == f"helan~{number}"
    write(database, access.revoke, link)
    assert write(database, access.add_reader, "helan", "读者").subject == "helan~12"
    assert write(database, access.add_reader, "helan-2", "读者").subject == "helan-2~1"
    with database.read() as connection:
        subjects = {link.subject for link in access.read_readers(connection, "helan")}
    assert subjects == {f"helan~{number}" for number in range(1, 13)}


def test_a_readers_link_opens_once_it_is_made_and_keeps_its_label_through_use_and_rotation(
    database: Database,
) -> None:
    reader = LinkView(FEED, "helan~1")
    assert not opens(database, reader)
    made = write(database, access.add_reader, "helan", "值班员")
    assert opens(database, reader)
    assert not opens(database, HELAN, reader.token(KEY))
    write(database, access.rotate, made)
    with database.write() as connection:
        access.put_link(connection, FEED, "helan~1", last_use=AT)
        link = access.read_link(connection, FEED, "helan~1")
        changes = [(change.act, change.by) for change in access.link_changes(connection, link)]
    assert link == LinkView(FEED, "helan~1", 2, False, AT, "值班员", AT)
    assert changes == [("made", "console"), ("rotated", "console")]
