"""What the operator is told to do: let go what is held, open a page of the console."""

from reminder.documents.settings import Settings
from reminder.domain.outcomes import REASONS
from reminder.ledger.holds import Hold


def held_words(hold: Hold) -> str:
    """Why nothing goes, and what to do."""
    return f"{REASONS[hold.reason]}；核对后在服务器上运行 reminder ledger release 放行。"


def console_words(settings: Settings, path: str, name: str) -> str:
    """How to get to a page of the console: by an address that answers."""
    if settings.web.console == "anywhere":
        return f"登录 {settings.web.public_url}{path} "  # a mail program ends it at the blank
    return f"在服务器上用 reminder console url 给出的地址登录管理页面，打开“{name}”"
