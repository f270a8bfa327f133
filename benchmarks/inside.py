"""What can only be timed within the product: each a process of its own, answering in JSON.

    python -m benchmarks.inside plan FOLDER STATE | compose | rebuild FOLDER STATE

All figures are in milliseconds.
"""

import email
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

from benchmarks.trial import BEFORE, DUE
from reminder.app import Application
from reminder.clock import VirtualClock
from reminder.delivery.message import Composer, Knowledge
from reminder.domain.occasions import digest_draft
from reminder.domain.windows import Progress
from reminder.feed.feeds import sync
from reminder.feed.query import Query
from reminder.storage.ledger.keys import InstallationKey
from reminder.storage.office import load_office

PASSES = 9  # ticks with nothing due
CHANGES = 20
MAILS = 200


def milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def application(folder: Path, state: Path) -> Application:
    os.environ["REMINDER_STATE_DIR"] = str(state)
    return Application(load_office(folder), VirtualClock(datetime.fromisoformat(BEFORE)))


def plan(folder: Path, state: Path) -> dict[str, object]:
    """A month's digests planned at once, then ticks that find nothing due."""
    app, due = application(folder, state), datetime.fromisoformat(DUE)
    app.plan(datetime.fromisoformat(BEFORE), hold_first_start=False)
    new: list[str] = []

    def tick(number: int) -> float:
        at = due + timedelta(seconds=30 * number)
        return milliseconds(lambda: new.extend(app.plan(at, hold_first_start=False).new))

    first, *idle = (tick(number) for number in range(1 + PASSES))
    return {"notices": len(new), "first": first, "idle": idle}


def compose() -> dict[str, object]:
    """A county's digest, and a mail of the same content by Python's own EmailMessage, in turn."""
    composer = Composer(load_office(), InstallationKey(b"only for a benchmark"))
    draft = digest_draft(composer.office.table, 4, "helan")
    known = Knowledge(draft.due, Progress())
    content = composer.compose(draft, known).content
    parsed = email.message_from_bytes(content, policy=default)
    assert isinstance(parsed, EmailMessage)
    headers = [(name, str(parsed[name])) for name in ("From", "To", "Subject", "Message-ID")]
    bodies = [part.get_payload(decode=True) for part in parsed.iter_parts()]
    text, html = (body.decode() for body in bodies if isinstance(body, bytes))

    def with_email_message() -> bytes:
        message = EmailMessage(policy=SMTP)
        for name, value in headers:
            message[name] = value
        message.set_content(text, cte="base64")
        message.add_alternative(html, subtype="html", cte="base64")
        return message.as_bytes()

    theirs, ours = [], []
    for _ in range(MAILS):
        theirs.append(milliseconds(with_email_message))
        ours.append(milliseconds(lambda: composer.compose(draft, known)))
    return {"bytes": len(content), "ours": ours, "theirs": theirs}


def rebuild(folder: Path, state: Path) -> dict[str, object]:
    """The whole plan's feed, in step again after a task's wording was changed."""
    app = application(folder, state)
    at = datetime.fromisoformat(DUE)
    app.sync_feeds(at)
    shown = app.feeds.render("plan", Query()).body.count(b"BEGIN:VEVENT")
    table = app.table
    task, *others = table.plan.tasks

    def change(number: int) -> float:
        tasks = (replace(task, title=f"{task.title}{number}"), *others)
        changed = replace(table, plan=replace(table.plan, tasks=tasks))
        app.office = replace(app.office, table=changed)
        now = at + timedelta(minutes=number)

        def follow() -> None:
            assert sync(app.database, changed, Progress(), now)
            app.feeds.render("plan", Query())

        return milliseconds(follow)

    times = [change(number) for number in range(1, CHANGES + 1)]
    return {"events": shown, "rebuild": times}


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    works: dict[str, Callable[..., object]] = {"plan": plan, "compose": compose, "rebuild": rebuild}
    print(json.dumps(works[name](*map(Path, folders))))
