"""What every mail's head says, that nobody stands in it twice, and whose words it carries."""

import pytest

from reminder.domain.characters import UNSEEN
from reminder.domain.notices import Kind
from reminder.errors import UsageError
from reminder.office import operations
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp, parsed
from tests.mail.servers import Inbox, bad_server, real_server

LEAD = "digest/2026-03/lead"


def test_message_id_stands_under_the_domain_of_from_and_no_automatic_answer_is_asked_for(
    office: Trial,
) -> None:
    sender = {"from": "提示 <plan@Office.NPC.test>"}
    office.tick(MARCH, mail=OPERATOR | sender, uid_domain="uids.test")
    assert str(office.notice(LEAD).message_id).endswith("@office.npc.test>")
    assert {str(m["X-Auto-Response-Suppress"]) for m in office.mails()} == {"OOF, AutoReply"}
    assert {view.state for view in office.notices(kind=Kind.REPORT).values()} == {"sent"}


def test_address_that_differs_by_case_alone_is_one_recipient(office: Trial) -> None:
    office.edit_units(
        'to = ["lead@unit.test", "second@unit.test"]',
        'to = ["lead@unit.test", "LEAD@unit.test"]\ncc = ["Lead@unit.test", "second@unit.test"]',
    )
    with real_server(inbox := Inbox()) as port:
        office.tick(MARCH, **by_smtp(port))
    assert inbox.received[0].rcpt_tos == ["lead@unit.test", "second@unit.test"]
    mail = parsed(office.stored(LEAD))
    assert (len(mail["To"].addresses), str(mail["Cc"])) == (1, "second@unit.test")


def test_mail_sent_anew_passes_over_who_was_reached_under_another_case(office: Trial) -> None:
    office.tick(MARCH)
    office.edit_units('"lead@unit.test"', '"Lead@Unit.test"')
    with pytest.raises(UsageError, match="nobody is left to reach"):
        operations.resend(office.app(MARCH), office.notice(LEAD).key)


def test_words_of_a_server_are_inert(office: Trial) -> None:
    said = "550 <b>no</b>\x1b]0;x\x07 {{ 7 * 7 }}\u202e\u200b\x9b2J &amp;"
    with bad_server(RCPT=["250 ok", said, "250 ok"]) as server:
        office.tick(MARCH, mail=OPERATOR, **by_smtp(server.port))
    _, reply = (person.reply for person in office.notice(LEAD).recipients)
    assert UNSEEN.search(reply) is None
    assert "{{ 7 * 7 }}" in reply
    report = parsed(office.stored("report/digest/2026-03"))
    text, html = (str(part.get_content()) for part in report.iter_parts())
    assert reply in text
    assert "&lt;b&gt;no&lt;/b&gt;" in html
