"""What every mail's head says, and that nobody stands in it twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.trials import MARCH, OPERATOR, Trial, parsed, trial
from tests.mail.servers import Inbox, real_server

LEAD = "digest/2026-03/lead"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    """One unit leads, with two mailboxes; one is related; one must see nothing."""
    with trial(tmp_path, small=True) as opened:
        yield opened


def test_message_id_stands_under_the_domain_of_from(office: Trial) -> None:
    office.tick(MARCH, mail={"from": "提示 <plan@Office.NPC.test>"}, uid_domain="uids.test")
    assert str(office.notice(LEAD).message_id).endswith("@office.npc.test>")


def test_every_mail_asks_for_no_automatic_answer(office: Trial) -> None:
    office.tick(MARCH, mail=OPERATOR)
    assert office.mails()
    assert {str(m["X-Auto-Response-Suppress"]) for m in office.mails()} == {"OOF, AutoReply"}


def test_address_that_differs_by_case_alone_is_one_recipient(office: Trial) -> None:
    office.edit_units(
        'to = ["lead@unit.test", "second@unit.test"]',
        'to = ["lead@unit.test", "LEAD@unit.test"]\ncc = ["Lead@unit.test", "second@unit.test"]',
    )
    with real_server(inbox := Inbox()) as port:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
        office.tick(MARCH, transport="smtp", smtp=smtp)
    assert inbox.received[0].rcpt_tos == ["lead@unit.test", "second@unit.test"]
    mail = parsed(office.stored(LEAD))
    assert (len(mail["To"].addresses), str(mail["Cc"])) == (1, "second@unit.test")


def test_mail_sent_anew_passes_over_who_was_reached_under_another_case(office: Trial) -> None:
    from reminder.errors import UsageError
    from reminder.office import operations

    office.tick(MARCH)
    office.edit_units('"lead@unit.test"', '"Lead@Unit.test"')
    with pytest.raises(UsageError, match="nobody is left to reach"):
        operations.resend(office.app(MARCH), office.notice(LEAD).key)
