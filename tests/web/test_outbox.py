"""The outbox, and who may look into it."""

import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from starlette.testclient import TestClient

NAME = "0a1b2c.reminder"


def mail(
    subject: str = "【代表工作·4月】承办2项", html: str = "<p>承办<script>x</script>"
) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message["To"] = "deputies@npc.example"
    message["Date"] = "Wed, 01 Apr 2026 01:00:00 +0000"
    message.set_content("4月承办2项\n")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_fifty_mails_stand_on_a_page_with_subject_and_time(house: Any, client: TestClient) -> None:
    assert "还没有邮件" in client.get("/outbox").text
    house.put(NAME, mail("【演练】【代表工作·4月】〔补发〕承办2项 <b>"))
    page = client.get("/outbox").text
    assert "【演练】【代表工作·4月】〔补发〕承办2项 &lt;b&gt;" in page
    assert "deputies@npc.example" in page
    assert "2026-04-01 09:00" in page
    assert f'href="/outbox/{NAME}"' in page
    for number in range(50):
        house.put(f"{number}.reminder", mail())
    assert client.get("/outbox").text.count('class="subject"') == 50
    assert client.get("/outbox?page=2").text.count('class="subject"') == 1


def test_a_mail_is_shown_in_a_sandbox_with_text_and_source(house: Any, client: TestClient) -> None:
    stored = mail()
    house.put(f"{NAME}:2,S", stored, "cur")
    assert f'src="/outbox/{NAME}/html"' in client.get(f"/outbox/{NAME}").text
    html = client.get(f"/outbox/{NAME}/html")
    assert html.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "承办" in html.text
    assert client.get(f"/outbox/{NAME}/text").text == "4月承办2项\n"
    source = client.get(f"/outbox/{NAME}/source")
    assert source.content == stored
    assert source.headers["Content-Type"].startswith("text/plain")
    house.put("plain", b"Subject: x\r\nContent-Type: text/plain; charset=none\r\n\r\nwords\r\n")
    page = client.get("/outbox/plain").text
    assert ("words" in page, "iframe" in page) == (True, False)
    assert client.get("/outbox/plain/html").status_code == 404


@pytest.mark.parametrize("header", ["To: <", "To: a@[", "Message-ID: <", "Date: rubbish"])
def test_a_broken_mail_hides_no_other(house: Any, client: TestClient, header: str) -> None:
    house.put("broken", f"{header}\r\n\r\nwords\r\n".encode())
    house.put(NAME, mail())
    assert client.get("/outbox").text.count('class="subject"') == 2
    assert "words" in client.get("/outbox/broken").text


def test_only_a_file_of_the_folder_is_a_mail(
    house: Any, client: TestClient, tmp_path: Path
) -> None:
    house.put(NAME, mail())
    new = house.settings.outbox / "new"
    (tmp_path / "secret").write_bytes(mail("secret"))
    (new / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(new / "pipe")
    (new / "folder").mkdir()
    assert client.get("/outbox").text.count('class="subject"') == 1
    elsewhere = ("..", "%2e%2e", "%2e%2e%2f%2e%2e%2fledger.db", "*", "no.such", "a" * 300)
    for name in ("link", "pipe", "folder", *elsewhere):
        assert client.get(f"/outbox/{name}/source").status_code == 404


HEADERS = st.sampled_from(
    ["Subject", "To", "Date", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
)
VALUES = st.text(st.characters(max_codepoint=0xFF), max_size=20).map(lambda text: text.encode())


@given(
    st.builds(
        lambda head, body: b"".join(b"%b: %b\r\n" % field for field in head) + b"\r\n" + body,
        st.lists(st.tuples(HEADERS.map(str.encode), VALUES), max_size=4),
        st.binary(max_size=30),
    )
)
@example(b"Subject: =?utf-7?q?+2AA-?=\r\n\r\n")
@example(b"Content-Disposition: =?utf-7?q?+2AA-?=\r\n\r\n")
@example(b"To: \xe9<\r\n\r\n")
@example(b"To: " + b"(" * 6000 + b"\r\n\r\n")
@example(b"Date: Fri, 31 Dec 9999 23:59:59 -2300\r\n\r\n")
@fuzz(max_examples=30, deadline=None, suppress_health_check=(HealthCheck.function_scoped_fixture,))
def test_no_mail_is_too_odd_to_be_read(house: Any, client: TestClient, content: bytes) -> None:
    house.put("odd", content)
    assert client.get("/outbox").text.count('class="subject"') == 1
    assert client.get("/outbox/odd").status_code == 200
    assert client.get("/outbox/odd/html").status_code in (200, 404)
    assert client.get("/outbox/odd/source").content == content


@pytest.mark.parametrize("charset", ['"\0"', "idna", "undefined", "unicode_escape", "base64"])
def test_words_in_an_odd_charset_are_shown_as_far_as_can_be(
    house: Any, client: TestClient, charset: str
) -> None:
    html = f"Content-Type: text/html; charset={charset}\r\n\r\n\\ud800 words"
    house.put("odd", html.encode())
    assert "words" in client.get("/outbox/odd/html").text


PATHS = ["/outbox", *(f"/outbox/{NAME}{part}" for part in ("", "/html", "/text", "/source"))]


@pytest.mark.parametrize("path", PATHS)
def test_only_who_has_opened_the_door_may_look(house: Any, path: str) -> None:
    house.put(NAME, mail())
    assert house.client("203.0.113.9", "reminder.example").get(path).status_code == 200
    stranger = house.client(is_inside=False)
    answer = stranger.get(path, headers={"Host": "127.0.0.1"})
    assert (answer.status_code, "承办" in answer.text) == (403, False)
    assert "reminder console url" in answer.text
    assert answer.text == stranger.get("/outbox/nothing").text  # what is not there looks the same


def test_with_smtp_there_is_no_outbox(house: Any) -> None:
    house.set(transport="smtp")
    assert house.client().get("/outbox").status_code == 404
    assert "/outbox" not in house.client().get("/").text
