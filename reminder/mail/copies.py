"""Copies for readers beside a unit's own mailboxes: the same text with a line at its foot, and a
way to leave that mail programs know.

The headers of what the unit gets name none of them: who reads a copy, and whether at all, is no
matter of a mail that somebody has approved. A copy names the unit and its own reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reminder.mail.mime import HeaderAddress, MailText

_END = "</body>"


@dataclass(frozen=True)
class Copy:
    """A reader, and the address at which they choose what they get: without one, as where no
    links are mailed, they stand under Cc of the unit's mail."""

    address: str
    link: str = ""

    def headers(self) -> list[str]:
        """RFC 2369, and RFC 8058, which asks for https: mail programs leave by one click."""
        if not self.link.startswith("https:"):
            return []
        return [
            f"List-Unsubscribe: <{self.link}/leave>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]

    def mailboxes(self, of_unit: Sequence[HeaderAddress]) -> list[HeaderAddress]:
        to = [one for one in of_unit if one.header == "To"]
        return [*to, HeaderAddress("Cc", "", self.address)]


def with_foot(said: MailText, foot: MailText) -> MailText:
    """Behind everything, so that it stands in a mail of an operator's own template too."""
    html, end, rest = said.html.rpartition(_END)
    if not end:
        html, rest = said.html, ""
    text = f"{said.text.rstrip()}\n\n{foot.text.strip()}\n"
    return MailText(said.subject, text, f"{html}{foot.html.strip()}\n{end}{rest}")
