"""A mail of ours as the console shows it: its head, and its body in a frame without rights."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from zoneinfo import ZoneInfo

from starlette.responses import Response

from reminder.office.previews import part
from reminder.web.mail_view import MailView

_SHOWN = {
    "From": "发件人",
    "To": "收件人",
    "Cc": "抄送",
    "Reply-To": "回复至",
    "Date": "日期",
    "Message-ID": "Message-ID",
}


@dataclass(frozen=True)
class Letter:
    """What stands in the headers, by their Chinese names, and the text part."""

    subject: str
    headers: dict[str, str]
    text: str


def letter(content: bytes, zone: ZoneInfo) -> Letter:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    headers = {shown: str(message[name]) for name, shown in _SHOWN.items() if message[name]}
    if message["Date"] and (sent := message["Date"].datetime):
        headers["日期"] = f"{sent.astimezone(zone):%Y-%m-%d %H:%M}"
    return Letter(str(message["Subject"]), headers, part(content, "text").decode())


def subject(content: bytes) -> str:
    head = content.partition(b"\r\n\r\n")[0]
    return str(message_from_bytes(head, policy=default)["Subject"])


def body(content: bytes) -> Response:
    """The HTML part, in an origin of its own."""
    return MailView(content, ZoneInfo("UTC")).frame(links=False)
