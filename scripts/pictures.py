"""Draws the README's pictures anew: real digests, in headless Chromium (Debian: chromium)."""

import email
import subprocess
import tempfile
from datetime import date
from email.policy import default
from pathlib import Path

from reminder.delivery.message import Composer, Knowledge
from reminder.domain.occasions import digest_draft
from reminder.domain.windows import Progress
from reminder.storage.ledger.keys import InstallationKey
from reminder.storage.office import load_office

DOCS = Path(__file__).resolve().parents[1] / "docs"
LINK = "https://reminder.example/feeds/q2m7…/calendar.ics?view=due&year-round=0"


def draw(
    composer: Composer, unit: str, month: int, progress: Progress, name: str, size: str
) -> None:
    table = composer.office.table
    draft = digest_draft(table, month, unit)
    known = Knowledge(draft.due, progress, calendar_link=LINK)
    message = email.message_from_bytes(composer.compose(draft, known).content, policy=default)
    body = message.get_body(("html",))
    assert body is not None
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "mail.html")
        page.write_text(str(body.get_content()), encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"]
        picture = f"--screenshot={DOCS / name}"
        subprocess.run(["chromium", *options, picture, page.as_uri()], check=True)


def main() -> None:
    composer = Composer(load_office(), InstallationKey(b"only for pictures"))
    partly_done = Progress(done={"2026-03-3": date(2026, 3, 20)}, started=date(2026, 3, 1))
    draw(composer, "deputies", 4, partly_done, "mail-lead.png", "680,1420")
    draw(composer, "helan", 4, Progress(), "mail-phone.png", "375,960")


if __name__ == "__main__":
    main()
