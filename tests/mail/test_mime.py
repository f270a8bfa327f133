"""A mail's bytes: what was meant reads back, and no text can become a header."""

import email
import re
from datetime import datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import compat32, default
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.mail import mime
from reminder.mail.mime import HeaderAddress, MailText

SUBJECT = "【代表工作·4月】承办2项：换届选举部署会议、换届选举工作人员培训班；3月2项待确认"
UNIT = "自治区人大常委会代表工作委员会"
LONG_UNIT = "自治区第十三届人民代表大会常务委员会代表资格审查委员会办公室（人事代表选举工作）" * 2
AT = datetime(2026, 4, 1, 9, tzinfo=timezone(timedelta(hours=8)))
ADDRESS = "deputies@npc.example"
LONG_ADDRESS = f"{'a-very-long-name-of-an-office' * 2}@{'sub.' * 6}npc.example"


def built(subject: str = SUBJECT, *mailboxes: tuple[str, str], text: str = "正文\n") -> bytes:
    headers = [
        *mime.mailbox_headers([HeaderAddress("From", "代表工作提示", "reminder@npc.example")]),
        *mime.mailbox_headers(
            [HeaderAddress("To", *one) for one in mailboxes or [(UNIT, ADDRESS)]]
        ),
        mime.text_header("Subject", subject),
        mime.date_header(AT),
        "Message-ID: <a@npc.example>",
    ]
    return mime.message(headers, MailText(subject, text, f"<p>{text}</p>"), "=_boundary")


def modern(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def old(content: bytes) -> Message:
    return email.message_from_bytes(content, policy=compat32)


def decoded(message: Message, name: str) -> str:
    """Unfolded first (RFC 5322, 2.2.3): the old parser leaves that to its caller."""
    return str(make_header(decode_header(message[name].replace("\r\n", ""))))


def to_of(content: bytes) -> list[tuple[str, str]]:
    return [(a.display_name, a.addr_spec) for a in modern(content)["To"].addresses]


# Headers read back


SUBJECTS = (SUBJECT, SUBJECT * 4, "plain ASCII " * 14 + "x", "x" * 60, "a·b", "=?utf-8?q?a?=")
# What would be decoded, or is long: it reads back in short lines.
ENCODED = (LONG_UNIT, "=?utf-8?q?a=0D=0ABcc:_all=40x.cn?=", "x" * 1200, "x " * 600 + "x")
NAMES = (UNIT, "各市、县（区）人大", "Office, The (main)", 'the "old" one', "back\\slash",
         "a;b:c@d", "A b", *ENCODED)  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subject_reads_back_in_old_and_new_parsers(subject: str) -> None:
    content = built(subject)
    assert str(modern(content)["Subject"]) == subject
    assert decoded(old(content), "Subject") == subject


@pytest.mark.parametrize("name", NAMES)
def test_name_and_address_read_back(name: str) -> None:
    content = built(SUBJECT, (name, ADDRESS))
    [(shown, address)] = getaddresses([old(content)["To"]])
    assert (str(make_header(decode_header(shown))), address) == (name, ADDRESS)
    if name in ENCODED:
        assert max(map(len, content.split(b"\r\n"))) <= 78
    else:
        assert to_of(content) == [(name, ADDRESS)]


def test_each_of_several_addressees_reads_back_and_no_address_is_folded() -> None:
    mailboxes = [(UNIT, ADDRESS), ("", "bare@npc.example"), ("各市、县（区）", LONG_ADDRESS)]
    content = built(SUBJECT, *mailboxes)
    assert to_of(content) == mailboxes
    assert f"<{LONG_ADDRESS}>".encode() in content
    assert mime.mailbox_headers([HeaderAddress("To", "", ADDRESS)]) == [f"To: {ADDRESS}"]


def test_date_is_the_moment_in_its_own_zone() -> None:
    assert mime.date_header(AT) == "Date: Wed, 01 Apr 2026 09:00:00 +0800"
    assert parsedate_to_datetime(str(modern(built())["Date"])) == AT


# Bytes on the wire


@pytest.mark.parametrize("name", [UNIT, LONG_UNIT, "Plain Name", "x" * 40])
@pytest.mark.parametrize("subject", [SUBJECT, SUBJECT * 4, "plain ASCII " * 15])
def test_no_line_is_longer_than_78_octets(name: str, subject: str) -> None:
    lines = built(subject.strip(), (name, ADDRESS), text="很长的一行" * 200).split(b"\r\n")
    assert [line for line in lines if len(line) > 78] == []


def test_both_bodies_read_back_text_first_and_parsers_find_no_defect() -> None:
    message = modern(built(SUBJECT * 4, (LONG_UNIT, LONG_ADDRESS), text="第一行\n.\n第三行\n"))
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content() == "第一行\r\n.\r\n第三行\r\n"
    found = [part.defects for part in message.walk()]
    found += [message[name].defects for name in ("From", "To", "Subject", "Date", "Message-ID")]
    assert [list(defects) for defects in found if defects] == []


# Text that would be more


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("language", ["plain", "中文"])
def test_line_break_makes_no_header_and_no_addressee(end: str, language: str) -> None:
    subject = f"{language}{end}Bcc: all@npc.example{end}{end}body"
    name = f'{language}{end}Bcc: all@npc.example{end}"<other@npc.example>,'
    content = built(subject, (name, ADDRESS))
    assert [address for _, address in to_of(content)] == [ADDRESS]
    assert [address for _, address in getaddresses([old(content)["To"]])] == [ADDRESS]
    for message in (modern(content), old(content)):
        assert list(message.keys()) == built_keys()
    assert b"\0" not in content


def built_keys() -> list[str]:
    return list(old(built()).keys())


ANY = st.text(st.characters(codec="utf-8"), min_size=1, max_size=120)


@settings(deadline=None)
@given(ANY, ANY, st.text(max_size=200))
def test_any_text_stays_what_it_is(subject: str, name: str, text: str) -> None:
    content = built(subject, (name, ADDRESS), text=text)
    assert old(content).keys() == built_keys()
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert content.isascii()
    assert [address for _, address in getaddresses([old(content)["To"]])] == [ADDRESS]
    plain, _ = modern(content).iter_parts()
    assert isinstance(plain.get_content(), str)


@pytest.mark.parametrize(
    "subject",
    [
        "【代表工作·10月】承办3项：建议办理条例审议准备、履职评价办法评估等；前期14项待确认",
        "é" * 60,
        "a项" * 40,
    ],
    ids=["digits", "two-bytes", "mixed"],
)
def test_only_the_last_word_of_a_header_is_padded(subject: str) -> None:
    """GMime 3.2, and so mu and notmuch, would end the header at the padding."""
    header = mime.text_header("Subject", subject)
    words = re.findall(r"=\?utf-8\?b\?(\S*?)\?=", header)
    assert [word for word in words[:-1] if word.endswith("=")] == []
    assert max(map(len, header.split("\r\n"))) <= 76
    assert email.message_from_string(f"{header}\r\n\r\n", policy=default)["Subject"] == subject
