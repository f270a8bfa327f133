"""The new words of a reply, as mail programs write it; and who has written it."""

import base64

import pytest

from reminder.mail.authentication import is_authentic
from reminder.mail.letter_text import parse
from reminder.mail.letters import read_letter
from reminder.mail.replies import new_words

NETEASE = '在 2026-03-02 09:00:00，"代表工作提示" <reminder@npc.test> 写道：'
HEADS = "发件人: x <a@b.test>\n发送时间: 2026年3月2日 9:00\n收件人: lead\n主题: y\n\n已完成"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("已签收", "已签收"),
        (f"已签收，谢谢。\n\n{NETEASE}\n> 3月提示\n> 已完成", "已签收，谢谢。"),
        ("收到\n\n\n------------------&nbsp;原始邮件&nbsp;------------------\n" + HEADS, "收到"),
        ("收到\n\n-----原始邮件-----\n" + HEADS, "收到"),
        ("已完成\n\n________________________________\n" + HEADS, "已完成"),
        ("已签收\n\n\n\n张某\n \n发件人： 代表\n发送时间： 2026-03-02\n正文", "已签收\n\n张某"),
        ("已签收\n| |\n张某\n|\n---- 回复的原邮件 ----\n| 发件人 | x |\n已完成", "已签收\n\n张某"),
        ("收到\n\n发自我的 iPhone\n\n> 在 2026年3月2日，09:00，x <a@b.test> 写道：\n> 已完成",
         "收到\n\n发自我的 iPhone"),
        ("2026年3月2日 09:00，x <a@b.test>写道：\n已完成", ""),
        ("Received.\n\nOn Mon, Mar 2, 2026 at 9:00 AM x <a@b.test> wrote:\n\n> done", "Received."),
        ("Received.\n\nFrom: x\nSent: Monday\nTo: y\nSubject: z\n\ndone", "Received."),
        ("收到\n-- \n张某\n已完成", "收到"),
        ("> 已完成", ""),
        ("> 已完成\n收到", ""),  # below the quotation: left to a person
    ],
)  # fmt: skip
def test_what_is_quoted_is_cut_off(text: str, words: str) -> None:
    assert new_words(text) == words


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, "> " * 9000, "在" * 9000, "On " * 6000, "|" * 9000]
)
def test_hostile_text_is_read_at_once(text: str) -> None:
    new_words(text)


def mail(body: str, *headers: str) -> bytes:
    head = "\r\n".join(("In-Reply-To: <7c1f0a@npc.test>", "MIME-Version: 1.0", *headers))
    return f"{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    "html",
    [
        "<div>已签收</div><div><br></div><div style='font-size:12px'>------------------&nbsp;"
        "原始邮件&nbsp;------------------</div><div>发件人: x</div><div>已完成</div>",
        "<p>已签收</p><blockquote id='isReplyContent'><p>已完成</p></blockquote>",
        "<html><head><style>p{}</style></head><body>已<b>签收</b><hr><b>发件人:</b> x<br>已完成",
        "<div dir='ltr'>已签收</div><br><div class='gmail_quote'><div>On Mon, x &lt;a@b.test&gt; "
        "wrote:<br></div><blockquote>已完成</blockquote></div>",
    ],
)
@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gb18030"])
def test_reply_in_html_alone(html: str, charset: str) -> None:
    body = base64.encodebytes(html.encode(charset)).decode()
    kind = f"Content-Type: text/html; charset={charset}"
    letter = read_letter(mail(body, kind, "Content-Transfer-Encoding: base64"), "reminder@npc.test")
    assert letter.said == "已签收"


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ("mx.npc.test; dmarc=pass header.from=unit.test", True),
        ("mx.npc.test; dmarc=pass header.from=other.test", False),
        ("mx.npc.test; dmarc=fail header.from=unit.test; dkim=pass header.d=unit.test", False),
        ("mx.npc.test; spf=pass smtp.mailfrom=lead@unit.test; dkim=none", True),
        ("mx.npc.test 1; dkim=pass (2048-bit key) header.d=unit.test; spf=softfail", True),
        ("mx.npc.test; dkim=pass header.d=evil.test; spf=pass smtp.mailfrom=x@evil.test", False),
        ("mx.npc.test; dkim=pass header.d=sub.unit.test", False),
        ("mx.npc.test; none", False),
        ("mx.npc.test; ;;garbage", False),
        ("other.test; dmarc=pass header.from=unit.test", None),
        ("", None),
    ],
)  # fmt: skip
def test_sender_is_who_the_receiving_server_vouches_for(results: str, verdict: bool | None) -> None:
    head = f"Authentication-Results: {results}\r\n" if results else ""
    message = parse(f"{head}From: x <lead@unit.test>\r\n\r\n".encode())
    assert is_authentic(message, "mx.npc.test") is verdict


def test_what_a_sender_has_written_below_the_servers_word_counts_for_nothing() -> None:
    real, forged = "spf=fail smtp.mailfrom=x@evil.test", "dmarc=pass header.from=unit.test"
    heads = "".join(f"Authentication-Results: mx.npc.test; {r}\r\n" for r in (real, forged))
    message = parse(f"{heads}From: x <lead@unit.test>\r\n\r\n".encode())
    assert is_authentic(message, "mx.npc.test") is False


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("=?utf-8?B?5byg5p+Q?= <Lead@unit.test>", "lead@unit.test"),
        ("张某 <lead@unit.test>", "lead@unit.test"),
        ("=?utf-8?B?PGxlYWRAdW5pdC50ZXN0Pg==?= <x@evil.test>", "x@evil.test"),
        ('"lead@unit.test" <x@evil.test>', "x@evil.test"),
        ("lead@unit.test, x@evil.test", ""),
        ("lead@unit.test\r\nFrom: x@evil.test", ""),
        ("", ""),
    ],
)
def test_name_that_looks_like_an_address_is_none(sender: str, address: str) -> None:
    letter = read_letter(mail("收到", f"From: {sender}"), "reminder@npc.test")
    assert letter.sender == address
