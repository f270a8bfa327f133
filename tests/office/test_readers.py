"""Copies: a message of its own for each reader, with a link of its own; what a unit and its readers
do without is written down."""

from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

import pytest

from reminder.domain.notices import Kind
from reminder.domain.preferences import Pause, Preference, QuietHours
from reminder.domain.registrations import Signature
from reminder.ledger.own_messages import own_content
from reminder.ledger.preferences import put_preference
from reminder.ledger.schema import own_message
from reminder.office import operations
from reminder.office.registrations import sign
from tests.daemon.trials import MARCH, NOBODY, Trial, parsed, text_of
from tests.office.approving import approve_all

SITE = {"web": {"base_url": "https://reminder.test"}}
DIGEST, NUDGE_DAY = "digest/2026-03/lead", "2026-03-27T09:00+08:00"
LEAD, CC = "lead@unit.test", "Chief@unit.test"
AT = datetime(2026, 3, 1, tzinfo=UTC)
OWN, READER = Preference("lead"), Preference("lead", CC.lower())
NEW = Preference("lead", "new@unit.test", extra=True, confirmed=AT)


@pytest.fixture
def copied(office: Trial) -> Trial:
    """The lead's chief has a copy."""
    office.edit_units('"second@unit.test"]', f'"second@unit.test"]\ncc = ["{CC}"]')
    return office


def choose(office: Trial, *chosen: Preference) -> None:
    app = office.app(MARCH)
    with app.database.write() as connection:
        for one in chosen:
            put_preference(connection, one, "chosen", "page", AT)


def copy_for(office: Trial, address: str, key: str = DIGEST) -> EmailMessage:
    with office.reading() as connection:
        content = own_content(connection, office.notice(key).key, address)
    assert content is not None
    return parsed(content)


def people(office: Trial, key: str = DIGEST) -> dict[str, str]:
    return {one.address: one.state for one in office.notice(key).recipients}


def test_a_copy_has_the_same_text_its_readers_link_and_a_way_to_leave(copied: Trial) -> None:
    copied.tick(MARCH, **SITE)
    common, copy = copied.mail(DIGEST), copy_for(copied, CC)
    assert people(copied) == dict.fromkeys((LEAD, "second@unit.test", CC), "sent")
    assert (common["Cc"], common["List-Unsubscribe"]) == (None, None)
    assert (copy["To"], copy["Cc"]) == (common["To"], CC)
    text, _, foot = text_of(copy).partition("\n您是")
    assert text.strip() == text_of(common).strip()
    link = foot.splitlines()[-1]
    assert link.startswith("https://reminder.test/readers/")
    assert copy["List-Unsubscribe"] == f"<{link}/leave>"
    assert copy["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    name, domain = str(common["Message-ID"])[1:-1].split("@")
    assert name not in copy.as_string()
    assert str(copy["Message-ID"]).endswith(f"@{domain}>")
    html = copy.get_body(("html",))
    assert html is not None
    assert str(html.get_content()).count(link) == 1
    assert {str(mail["Cc"]) for mail in copied.mails()} == {"None", CC}


@pytest.mark.parametrize("web", [{}, {"base_url": "http://10.0.0.8"}], ids=["no links", "http"])
def test_without_https_no_mail_program_is_told_to_leave_by_one_click(
    copied: Trial, web: dict[str, str]
) -> None:
    copied.tick(MARCH, web=web)
    if web:
        assert copy_for(copied, CC)["List-Unsubscribe"] is None
    else:
        assert copied.mail(DIGEST)["Cc"] == CC
    assert people(copied)[CC] == "sent"


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (replace(READER, left=AT), "left"),
        (replace(READER, declined=frozenset({Kind.DIGEST})), "declined"),
        (replace(READER, pause=Pause(date(2026, 3, 1), date(2026, 3, 9))), "paused"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
@pytest.mark.parametrize("site", [SITE, {}], ids=["links", "no links"])
def test_a_reader_who_wants_none_gets_none_and_the_ledger_says_why(
    copied: Trial, chosen: Preference, reason: str, site: dict[str, dict[str, str]]
) -> None:
    choose(copied, chosen)
    copied.tick(MARCH, **site)
    assert CC not in people(copied)
    assert copied.mail(DIGEST)["Cc"] is None
    assert (CC, "expired", reason) in copied.history(DIGEST)
    assert copied.outcome(DIGEST) == ("sent", "accepted")


def test_whom_the_unit_has_added_reads_from_when_they_confirm(copied: Trial) -> None:
    choose(copied, replace(NEW, confirmed=None))
    copied.tick(MARCH, **SITE)
    assert "new@unit.test" not in people(copied)
    choose(copied, NEW)
    copied.tick("2026-04-01T09:00+08:00", **SITE)
    assert people(copied, "digest/2026-04/lead")["new@unit.test"] == "sent"
    assert copy_for(copied, "new@unit.test", "digest/2026-04/lead")["To"] is not None


def test_what_a_unit_does_without_is_not_sent_and_not_asked_again(office: Trial) -> None:
    choose(office, replace(OWN, declined=frozenset({Kind.NUDGE})))
    office.tick(MARCH)
    office.tick(NUDGE_DAY)
    assert office.outcome("nudge/2026-03-27/lead") == ("expired", "declined")
    office.tick("2026-03-30T09:00+08:00")
    assert len(office.notices(kind=Kind.NUDGE)) == 1
    assert office.outcome(DIGEST) == ("sent", "accepted")


@pytest.mark.parametrize(
    ("last", "fates"),
    [
        (date(2026, 3, 27), {"nudge/2026-03-30/lead": ("sent", "accepted")}),
        (date(2026, 4, 20), {"nudge/2026-03-27/lead": ("expired", "paused")}),
    ],
    ids=["it ends in time", "it ends too late"],
)
def test_in_a_pause_a_reminder_waits_for_its_end_if_it_is_of_use_then(
    office: Trial, last: date, fates: dict[str, tuple[str, str]]
) -> None:
    choose(office, replace(OWN, pause=Pause(date(2026, 3, 20), last)))
    office.tick(MARCH)
    for day in ("03-27", "03-28", "03-30", "03-31"):
        office.tick(f"2026-{day}T09:00+08:00")
    nudges = {key: (one.state, one.reason) for key, one in office.notices(kind=Kind.NUDGE).items()}
    assert nudges == fates


def test_by_night_nothing_is_handed_over_and_in_the_morning_all_of_it(office: Trial) -> None:
    choose(office, replace(OWN, quiet=QuietHours.parse("08:00-10:30")))
    office.tick(MARCH)
    assert office.outcome(DIGEST)[0] == "queued"
    assert office.outcome("digest/2026-03/related")[0] == "sent"
    before = office.stored(DIGEST)
    office.tick("2026-03-02T10:30+08:00")
    assert office.outcome(DIGEST) == ("sent", "accepted")
    assert office.stored(DIGEST) == before


def test_no_choice_of_a_reader_changes_what_was_approved(copied: Trial) -> None:
    mail = {"approval": True, "operator": "operator@npc.test"}
    copied.tick("2026-02-26T09:00+08:00", mail=mail, **SITE)
    approve_all(copied.app("2026-02-26T10:00+08:00", mail=mail, **SITE))
    choose(copied, replace(READER, left=AT), NEW)
    copied.tick(MARCH, mail=mail, **SITE)
    assert copied.outcome(DIGEST) == ("sent", "accepted")
    assert set(people(copied)) == {LEAD, "second@unit.test", "new@unit.test"}


def test_sent_again_it_goes_to_whom_it_did_not_reach_with_a_copy_of_its_own(copied: Trial) -> None:
    copied.tick(MARCH, **SITE)
    choose(copied, NEW)
    app = copied.app("2026-03-03T09:00+08:00", **SITE)
    key = operations.resend(app, copied.notice(DIGEST).key)
    app.tick()
    assert people(copied, key.partition("/")[2]) == {"new@unit.test": "sent"}
    with copied.reading() as connection:
        assert len(connection.execute(own_message.select()).all()) == 2


def test_a_receipt_that_waited_for_days_goes_anew_with_its_copies(copied: Trial) -> None:
    later = "2026-03-05T12:00+08:00"
    app = copied.app(MARCH, **SITE, **NOBODY)
    app.tick()
    sign(app, app.table.directory["lead"], "2026-03", Signature("值班员", "page/lead/1"))
    app.tick()
    [key] = copied.notices(kind=Kind.RECEIPT)
    before = copy_for(copied, CC, key)
    copied.tick(later, **SITE, **NOBODY)
    after = copy_for(copied, CC, key)
    assert before["Date"] != after["Date"]
    assert text_of(after) == text_of(before)
    assert after["List-Unsubscribe"] == before["List-Unsubscribe"]
    assert after["Message-ID"] == before["Message-ID"]
    assert set(people(copied, key)) == {LEAD, "second@unit.test", CC}
