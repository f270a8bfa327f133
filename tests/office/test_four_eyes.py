"""Nobody approves a mail that tells of what they have edited themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reminder.domain.versions import Origin, Tell
from reminder.errors import DeclinedError
from reminder.ledger import publications
from reminder.ledger.database import Database
from reminder.office.four_eyes import refuse_own_words

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("who", "told", "four_eyes", "refused"),
    [
        ("王某", None, True, True),
        ("王某", AT, True, True),  # the mail was made when that was told
        ("王某", AT + DAY, True, True),
        ("王某", AT - DAY, True, False),  # the mail before it has told that
        ("李某", None, True, False),
        ("王某", None, False, False),
        ("", None, True, False),  # what the program does
    ],
)
def test_who_has_written_what_a_mail_tells_does_not_approve_it(
    database: Database,
    office: Any,
    who: str,
    told: datetime | None,
    four_eyes: bool,
    refused: bool,
) -> None:
    settings = office.app("2026-04-01T09:00+08:00").settings
    console = settings.console.model_copy(update={"four_eyes": four_eyes})
    settings = settings.model_copy(update={"console": console})
    with database.write() as connection:
        for author in ("", "王某"):  # the first is what there was from the beginning
            number = publications.add(
                connection,
                {"units.toml": author.encode()},
                AT - 2 * DAY,
                origin=Origin.CONSOLE,
                author=author,
                tell=Tell.NOW,
            )
        if told:
            publications.note_told(connection, [number], told)
        if refused:
            with pytest.raises(DeclinedError, match="somebody else approves it"):
                refuse_own_words(connection, settings, who, AT)
        else:
            refuse_own_words(connection, settings, who, AT)
