"""check and preview with a channel: what a unit gets by it, and a word to try it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.mail.channel_server import URLS, services

LEAD = ("preview", "--period", "2026-04", "--unit", "lead")


@pytest.fixture
def chat(office: Office) -> Office:
    """The unit that leads is reached by a chat."""
    settings = (office.folder / "reminder.toml").read_text(encoding="utf-8")
    office.put("reminder.toml", f'{settings}\n[channel.chat]\nurl = "{URLS["wecom"]}"\n')
    units = (office.folder / "units.toml").read_text(encoding="utf-8")
    office.put("units.toml", units.replace('id = "lead"', 'id = "lead"\nchannels = ["chat"]', 1))
    return office


def test_preview_shows_what_the_channel_gets(chat: Office) -> None:
    title, blank, text, *more = chat(*LEAD, "--channel", "chat").out.splitlines()
    assert blank == ""
    assert "4月" in title
    assert text.endswith("。")
    assert more[-1] == text.partition("：")[0]
    assert chat(*LEAD, "--channel", "sms").status == 2


def test_check_names_channels_and_sends_a_word_by_one(
    chat: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "channel chat: WeCom Bot (units: 1)" in chat("check", "--channels").out
    with services(tmp_path) as (server, leading):
        for name, value in leading.items():
            monkeypatch.setenv(name, value)
        assert "a word was sent by chat: HTTP 200" in chat("check", "--send", "chat").out
        assert "渠道测试" in server.asked[0].text
        server.instead = [(200, {"errcode": 40014, "errmsg": "bad token"})]
        refused = chat("check", "--send", "chat")
    assert refused.status == 5
    assert "40014 bad token" in refused.err
    assert chat("check", "--send", "chat:somebody").status == 2
