"""What a mail server says reaches ledger and report as words, nothing more."""

from pathlib import Path

from reminder.domain.characters import UNSEEN
from tests.daemon.trials import MARCH, OPERATOR, by_smtp, parsed, trial
from tests.mail.servers import bad_server

REPLY = "550 <b>no</b>\x1b]0;x\x07 {{ 7 * 7 }}\u202e\u200b\x9b2J &amp;"


def test_words_of_a_server_are_inert(tmp_path: Path) -> None:
    with (
        trial(tmp_path, small=True) as office,
        bad_server(RCPT=["250 ok", REPLY, "250 ok"]) as server,
    ):
        office.tick(MARCH, mail=OPERATOR, **by_smtp(server.port))
        replies = [p.reply for view in office.notices().values() for p in view.recipients]
        report = parsed(office.stored("report/digest/2026-03"))
    (reply,) = [reply for reply in replies if reply.startswith("550")]
    assert UNSEEN.search(reply) is None
    assert "{{ 7 * 7 }}" in reply
    text, html = (str(part.get_content()) for part in report.iter_parts())
    assert reply in text
    assert "&lt;b&gt;no&lt;/b&gt;" in html
