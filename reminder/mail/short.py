"""The short text of a notice, for a channel: a chat's robot, a text message."""

from collections.abc import Callable, Mapping

from reminder.domain.digest import Content
from reminder.mail.mime import MailText

LONGEST = 500  # characters, title and all: WeCom takes 2,048 bytes
_NAMED = 5  # tasks at most
_TEMPLATE = "mail/short.txt"


def shortened(
    phrase: Callable[..., str], content: Content, facts: Mapping[str, object]
) -> MailText:
    """With as many tasks as there is room for; `phrase` says a macro of a template."""
    of_kind = f"mail/{content.kind}.txt"
    headline = phrase(of_kind, "headline", content=content)
    title = phrase(_TEMPLATE, "title", content=content, headline=headline)
    summary = phrase(of_kind, "summary", content=content, contact=facts["contact"])
    said = {"content": content, "summary": summary}
    said |= {name: facts[name] for name in ("unit", "page_link")}
    room, text = LONGEST - len(title) - 1, ""
    for most in range(_NAMED, -1, -1):
        text = phrase(_TEMPLATE, "text", **said, most=most).strip()
        if len(text) <= room:
            return MailText(title, text, "")
    head, _, rest = text.partition("\n")
    return MailText(title, f"{head[: max(room - len(rest) - 2, 0)]}…\n{rest}", "")
