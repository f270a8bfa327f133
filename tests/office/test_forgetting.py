"""Somebody who is to be forgotten is in no row any more, and the ledger is as sound as before."""

import zlib
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from reminder.domain.registrations import Signature
from reminder.errors import UsageError
from reminder.ledger.integrity import faults
from reminder.ledger.schema import history, metadata, recipient
from reminder.office import registrations
from reminder.office.forgetting import forget_word
from reminder.office.inbox import take_in
from reminder.office.publishing import publish_files
from tests.daemon.trials import MARCH, Trial
from tests.office.test_bounces import DIGEST, LATER, LEAD, letter

NAME, CALLED = "联络员甲", "0951-7654321"
THERE, GONE = f'"{LEAD}", "second@unit.test"]', '"second@unit.test"]'
CONTACT = f'\ncontact = "{NAME}"\nphone = "{CALLED}"'


def texts(office: Trial) -> Iterator[tuple[str, str]]:
    """All that can be read in the ledger but the mails themselves."""
    with office.reading() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for column, value in row._mapping.items():
                    if isinstance(value, bytes) and table.name == "version":
                        yield f"version.{column}", zlib.decompress(value).decode()
                    elif isinstance(value, str):
                        yield f"{table.name}.{column}", value


def places(office: Trial, word: str) -> set[str]:
    return {place for place, text in texts(office) if word in text}


def get_to_know(office: Trial) -> Trial:
    """They were written to, have signed, and their address has come to an end."""
    office.edit_units(THERE, THERE + CONTACT)
    publish_files(office.app(MARCH), author="")
    office.tick(MARCH)
    app = office.app(LATER)
    lead = app.table.directory["lead"]
    assert registrations.sign(app, lead, "2026-03", Signature(NAME, "page/lead/1"))
    assert take_in(app, letter(office, "postfix-no-such-user"))
    return office


def test_who_has_gone_is_in_no_row_any_more(either: Trial) -> None:
    known = get_to_know(either)
    assert {"recipient.address", "bounced_address.address"} <= places(known, LEAD)
    assert {"version.content", "registration.who"} <= places(known, NAME)
    known.edit_units(THERE + CONTACT, GONE)
    app = known.app(LATER)
    publish_files(app, author="")
    assert all(forget_word(app, word, "somebody") for word in (LEAD, NAME, CALLED))
    assert {word: places(known, word) for word in (LEAD, NAME, CALLED)} == {
        LEAD: set(),
        NAME: set(),
        CALLED: set(),
    }
    with known.reading() as connection:
        assert list(faults(connection)) == []
    known.tick("2026-04-01T09:00+08:00")  # nothing is held
    assert known.outcome("digest/2026-04/lead") == ("sent", "accepted")


def test_number_that_a_channel_wrote_to_is_forgotten(office: Trial) -> None:
    known = get_to_know(office)
    with known.app(LATER).database.write() as connection:
        for table in (recipient, history):  # as if the first mail had gone there
            came = update(table).where(table.c.address == LEAD)
            connection.execute(came.values(address=f"sms:{CALLED}"))
    known.edit_units(THERE + CONTACT, GONE)
    app = known.app(LATER)
    publish_files(app, author="")
    assert forget_word(app, CALLED, "somebody")
    assert places(known, CALLED) == set()
    with known.reading() as connection:
        assert list(faults(connection)) == []


def test_who_is_in_use_is_not_forgotten(office: Trial) -> None:
    known = get_to_know(office)
    app = known.app(LATER)
    for word, why in ((LEAD, "still stands in units.toml"), ("甲", "two characters")):
        with pytest.raises(UsageError, match=why):
            forget_word(app, word, "somebody")
    assert places(known, LEAD)
    assert known.outcome(DIGEST) == ("refused", "partly")
