"""Mails that came back: whom they did not reach, in ledger, report and console; and who could
stop anybody's mail by a forged one."""

from pathlib import Path

import pytest
from sqlalchemy import update

from reminder.errors import UnknownError, UsageError
from reminder.ledger.bounces import bounced_addresses
from reminder.ledger.incoming import read_letters
from reminder.ledger.integrity import faults
from reminder.ledger.own_messages import own_content
from reminder.ledger.schema import recipient
from reminder.office import letters, operations
from reminder.office.inbox import take_in
from tests.daemon.trials import MARCH, Trial, parsed

LETTERS = Path(__file__).parents[1] / "data" / "letters"
DIGEST, LEAD, SECOND = "digest/2026-03/lead", "lead@unit.test", "second@unit.test"
LATER, APRIL = "2026-03-02T09:30+08:00", "2026-04-01T09:00+08:00"


def letter(office: Trial, name: str, of: str = DIGEST, to: str = "") -> bytes:
    """As that server would send it of that notice's mail."""
    content = (LETTERS / f"{name}.eml").read_bytes()
    message_id = office.notice(of).message_id
    assert message_id
    content = content.replace(b"<7c1f0a@npc.test>", message_id.encode())
    return content.replace(b"lead@unit.test", to.encode()) if to else content


def read(office: Trial, content: bytes, at: str = LATER) -> tuple[str, str]:
    """What became of it."""
    app = office.app(at)
    assert take_in(app, content)
    assert not take_in(app, content)
    with office.reading() as connection:
        newest = max(read_letters(connection), key=lambda one: one.id)
        assert list(faults(connection)) == []
    return newest.state, newest.reason


def stopped(office: Trial) -> list[str]:
    with office.reading() as connection:
        return [one.address for one in bounced_addresses(connection)]


def recipients(office: Trial, key: str) -> dict[str, tuple[str, str]]:
    return {one.address: (one.state, one.reason) for one in office.notice(key).recipients}


def test_one_of_two_came_back_and_no_mail_goes_there_any_more(either: Trial) -> None:
    either.tick(MARCH)
    assert read(either, letter(either, "postfix-no-such-user")) == ("noted", "bounce-noted")
    assert either.outcome(DIGEST) == ("refused", "partly")
    assert recipients(either, DIGEST) == {
        LEAD: ("bounced", "no-such-mailbox"),
        SECOND: ("sent", "accepted"),
    }
    assert "User unknown" in either.notice(DIGEST).recipients[0].reply
    assert either.history(DIGEST)[-1] == (LEAD, "bounced", "no-such-mailbox")
    either.tick(APRIL)
    assert recipients(either, "digest/2026-04/lead") == {
        LEAD: ("refused", "bounced-address"),
        SECOND: ("sent", "accepted"),
    }


def test_all_came_back(office: Trial) -> None:
    """The notice is refused, for that reason, and to be seen to."""
    office.tick(MARCH)
    related = letter(office, "qmail", "digest/2026-03/related", "related@unit.test")
    read(office, related)
    assert office.outcome("digest/2026-03/related") == ("refused", "bounced")
    assert read(office, related + b"\r\nonce more") == ("noted", "noted-before")
    office.tick(APRIL)
    assert office.outcome("digest/2026-04/related") == ("refused", "bounced-address")


def test_corrected_address_gets_it_and_a_cleared_one_again(office: Trial) -> None:
    office.tick(MARCH)
    read(office, letter(office, "exchange", "digest/2026-03/related", "related@unit.test"))
    with pytest.raises(UsageError, match="nobody is left"):
        operations.resend(office.app(LATER), "small/digest/2026-03/related")
    office.edit_units("related@unit.test", "new@unit.test")
    app = office.app("2026-03-03T09:00+08:00")
    key = operations.resend(app, "small/digest/2026-03/related")
    app.tick()
    assert recipients(office, key.partition("/")[2]) == {"new@unit.test": ("sent", "accepted")}
    office.edit_units("new@unit.test", "related@unit.test")
    app = office.app("2026-03-04T09:00+08:00")
    letters.clear(app, "Related@unit.test", "王某")
    with pytest.raises(UnknownError):
        letters.clear(app, "related@unit.test")
    again = operations.resend(app, "small/digest/2026-03/related")
    app.tick()
    reached = recipients(office, again.partition("/")[2])
    assert reached == {"related@unit.test": ("sent", "accepted")}


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("postfix-full", ("bounced", "bounced")),
        ("postfix-policy", ("bounced", "bounced")),
        ("postfix-expired", ("bounced", "bounced")),
        ("postfix-forwarded", ("bounced", "bounced")),
        ("qq-content-refused", ("bounced", "bounced")),
        ("postfix-delayed", ("sent", "accepted")),
        ("exim-delayed", ("sent", "accepted")),
        ("vacation-163", ("sent", "accepted")),
    ],
)
def test_address_that_exists_is_written_to_again(
    office: Trial, name: str, state: tuple[str, str]
) -> None:
    office.tick(MARCH)
    read(office, letter(office, name))
    assert recipients(office, DIGEST)[LEAD] == state
    assert stopped(office) == []


@pytest.mark.parametrize(
    ("change", "became"),
    [
        ((b"7c1f0a", b"7c1f0b"), ("waiting", "unmatched")),  # guessed
        ((b"lead@unit.test", b"bystander@unit.test"), ("waiting", "other-address")),
    ],
)
def test_forged_bounce_stops_nobodys_mail(
    office: Trial, change: tuple[bytes, bytes], became: tuple[str, str]
) -> None:
    """Who has got a mail can at most stop what goes to those who got the same one."""
    office.tick(MARCH)
    content = (LETTERS / "postfix-no-such-user.eml").read_bytes().replace(*change)
    message_id = office.notice(DIGEST).message_id
    assert message_id
    assert read(office, content.replace(b"<7c1f0a@npc.test>", message_id.encode())) == became
    assert recipients(office, DIGEST)[LEAD] == ("sent", "accepted")
    assert stopped(office) == []


def test_who_got_a_copy_cannot_stop_the_mail_of_the_unit(office: Trial) -> None:
    """Only its own: what a copy says of itself tells nothing of the mail beside it."""
    office.edit_units('"second@unit.test"]', '"second@unit.test"]\ncc = ["chief@unit.test"]')
    office.tick(MARCH, web={"base_url": "https://reminder.test"})
    with office.reading() as connection:
        content = own_content(connection, f"small/{DIGEST}", "chief@unit.test")
    assert content
    known = str(parsed(content)["Message-ID"])
    shared = office.notice(DIGEST).message_id
    assert shared
    assert shared[1:].partition("@")[0].encode() not in content
    report = (LETTERS / "postfix-no-such-user.eml").read_bytes()
    of_copy = report.replace(b"<7c1f0a@npc.test>", known.encode())
    read(office, of_copy)  # of lead@unit.test, it says: passed on there, as it seems
    assert stopped(office) == []
    assert recipients(office, DIGEST) == {
        LEAD: ("sent", "accepted"),
        SECOND: ("sent", "accepted"),
        "chief@unit.test": ("bounced", "bounced"),
    }


def test_what_still_waits_for_that_address_goes_no_more(either: Trial) -> None:
    """Of several mails on their way the bounce of the first ends the others, which say why."""
    either.tick(MARCH)
    content = letter(either, "postfix-no-such-user")
    either.tick(APRIL, transport="smtp", smtp={"host": "127.0.0.1", "port": 1, "security": "none"})
    assert recipients(either, "digest/2026-04/lead")[LEAD][0] == "retry"
    read(either, content, APRIL)
    assert recipients(either, "digest/2026-04/lead")[LEAD] == ("refused", "bounced-address")
    assert recipients(either, "digest/2026-04/lead")[SECOND][0] == "retry"


def test_operator_is_written_to_all_the_same(office: Trial) -> None:
    mail = {"operator": "operator@npc.test"}
    office.tick(MARCH, mail=mail)
    [key] = [key for key in office.notices(kind="report") if "digest" in key]
    read(office, letter(office, "postfix-no-such-user", key, "operator@npc.test"))
    assert office.outcome(key) == ("refused", "bounced")
    assert stopped(office) == []
    office.tick("2026-03-02T12:00+08:00", mail=mail)
    assert office.outcome(f"{key}#2") == ("sent", "accepted")


def test_mail_that_came_back_before_its_answer_is_recorded_is_read_again(either: Trial) -> None:
    """By a server that is quicker than the sender's own record."""
    either.tick(MARCH)
    content, app = letter(either, "postfix-no-such-user"), either.app(LATER)
    whose = recipient.c.address == LEAD
    with app.database.record() as connection:
        connection.execute(update(recipient).where(whose).values(state="sending", claim="a:1"))
    assert take_in(app, content) is None
    with app.database.record() as connection:
        connection.execute(update(recipient).where(whose).values(state="sent", claim=None))
    assert read(either, content) == ("noted", "bounce-noted")
