"""A real Postfix that finds out too late that nobody is there, and a real Dovecot, in which what
came back is read by IMAP."""

import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from reminder.ledger.incoming import read_letters
from reminder.office.inbox import InboxReader
from tests.daemon.trials import MARCH, Trial, by_smtp
from tests.mail.dovecot import until
from tests.mail.postfix import Postfix, postfix
from tests.mail.test_real_server import pytestmark as pytestmark

# It takes mail for whomever, and asks afterwards who is there.
SETTINGS = """
mynetworks = 127.0.0.0/8
smtpd_sasl_auth_enable = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
virtual_transport = virtual
virtual_mailbox_domains = unit.test, npc.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
"""
BOXES = "reminder@npc.test office/\nsecond@unit.test second/\nrelated@unit.test related/\n"
DIGEST = "digest/2026-03/lead"


def settings(server: Postfix, imap: int) -> dict[str, Any]:
    box = {"host": "127.0.0.1", "port": imap, "security": "none", "username": "office"}
    return by_smtp(server.port) | {
        "mail": {"from": "提示 <reminder@npc.test>", "first_start": "send"},
        "inbox": box | {"password": "secret", "trust": True},
    }


def answer(server: Postfix, office: Trial, said: str) -> None:
    """As the second mailbox of the unit would, in its own time."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "second@unit.test", "reminder@npc.test", "Re:"
    mail["In-Reply-To"] = office.notice(DIGEST).message_id
    mail.set_content(said)
    with smtplib.SMTP("127.0.0.1", server.port) as connection:
        connection.send_message(mail)


def test_mail_to_nobody_comes_back_and_a_reply_is_registered(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminder.mail.transports.smtp_connection.is_reserved", lambda _: False)
    with postfix({"office": "secret"}, settings=SETTINGS) as server:
        (server.folder / "boxes").write_text(BOXES)
        given = settings(server, server.imap)
        office.tick(MARCH, **given)
        assert office.outcome(DIGEST) == ("sent", "accepted")
        came = server.folder / "mail" / "office" / "new"
        until(lambda: came.exists() and len(list(came.iterdir())) == 1)
        answer(server, office, "已签收，谢谢。")
        until(lambda: len(list(came.iterdir())) == 2)
        app = office.app("2026-03-02T09:10+08:00", **given)
        assert InboxReader(app).read(app.clock.now()) == 2
        assert InboxReader(app).read(app.clock.now()) == 0
        assert len(list((server.folder / "mail/office/.reminder/cur").iterdir())) == 2
    assert office.outcome(DIGEST) == ("refused", "partly")
    lost = {one.address: one for one in office.notice(DIGEST).recipients}["lead@unit.test"]
    assert (lost.state, lost.reason) == ("bounced", "no-such-mailbox")
    assert "unknown user" in lost.reply
    with office.reading() as connection:
        assert {(one.kind, one.state) for one in read_letters(connection)} == {
            ("bounce", "noted"), ("reply", "registered"),
        }  # fmt: skip
