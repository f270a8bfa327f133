"""What can only be timed within the product: each a process of its own, answering in JSON.

    python -m benchmarks.inside plan FOLDER STATE | compose | rebuild FOLDER STATE
        | installation FOLDER STATE

All figures are in milliseconds of the wall clock.
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
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from benchmarks.measuring import memory
from benchmarks.trial import BEFORE, DUE
from reminder.calendar.entries import PLAN
from reminder.calendar.rendering import Query
from reminder.clock import VirtualClock
from reminder.documents.office import load_office
from reminder.domain.occasions import digest_draft
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer
from reminder.mail.render_context import RenderContext
from reminder.mail.replicas import sending_right
from reminder.office.application import Application
from reminder.office.publishing import publish_files
from reminder.web.feeds import FeedAnswer

PASSES = 9  # ticks with nothing due
CHANGES = 20
TICKS = 250
EDITS = 3
MAILS = 200
Made = TypeVar("Made")


def timed(work: Callable[[], Made]) -> tuple[Made, float]:
    begun = time.perf_counter()
    made = work()
    return made, 1000 * (time.perf_counter() - begun)


def milliseconds(work: Callable[[], object]) -> float:
    return timed(work)[1]


def application(folder: Path, state: Path) -> Application:
    os.environ["REMINDER_STATE_DIR"] = str(state)
    return Application(load_office(folder), VirtualClock(datetime.fromisoformat(BEFORE)))


def plan(folder: Path, state: Path) -> dict[str, object]:
    """A month's digests planned at once, then ticks that find nothing due: while all of them
    wait, and when all have gone."""
    app, due = application(folder, state), datetime.fromisoformat(DUE)
    app.plan(datetime.fromisoformat(BEFORE))
    new: list[int] = []
    numbers = count()

    def tick() -> float:
        at = due + timedelta(seconds=30 * next(numbers))
        return milliseconds(lambda: new.append(len(app.plan(at))))

    first = tick()
    waiting = [tick() for _ in range(PASSES)]
    with sending_right(app.settings, app.database, config_hash=app.config_hash):
        app.sender.send_ready()
    idle = [tick() for _ in range(PASSES)]
    return {"notices": sum(new), "first": first, "waiting": waiting, "idle": idle}


def compose() -> dict[str, object]:
    """A county's digest, and a mail of the same content by Python's own EmailMessage, in turn."""
    composer = Composer(load_office(), InstallationKey(b"only for a benchmark"))
    draft = digest_draft(composer.office.table, 4, "helan")

    def composed() -> bytes:
        return RenderContext(composer, draft.due, Progress()).compose(draft).content

    content = composed()
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
        ours.append(milliseconds(composed))
    return {"bytes": len(content), "ours": ours, "theirs": theirs}


def rebuild(folder: Path, state: Path) -> dict[str, object]:
    """The whole plan's feed after a task's wording was changed, the ledger in step with it."""
    app = application(folder, state)
    at = datetime.fromisoformat(DUE)
    app.sync_feeds(at)
    shown, _ = polled(app)
    task, *others = app.table.plan.tasks
    anew = []
    for number in range(1, CHANGES + 1):
        tasks = (replace(task, title=f"{task.title}{number}"), *others)
        changed = replace(app.table, plan=replace(app.table.plan, tasks=tasks))
        app.office = replace(app.office, tables=(changed,))
        assert app.feeds.sync(lambda _: [(app.table, Progress())], at + timedelta(minutes=number))
        before, (shown, took) = shown, polled(app)
        anew.append(took)
        assert shown != before
    return {"events": shown.count(b"BEGIN:VEVENT"), "anew": anew}


def installation(folder: Path, state: Path) -> dict[str, object]:
    """Many plans: read, a month's digests, ticks with nothing due, one plan edited."""
    app, loading = timed(lambda: application(folder, state))
    publish_files(app, author="")
    app.plan(datetime.fromisoformat(BEFORE))
    due = datetime.fromisoformat(DUE)
    planned, first = timed(lambda: app.plan(due))
    with sending_right(app.settings, app.database, config_hash=app.config_hash):
        app.sender.send_ready()
    idle, sizes = [], []
    for number in range(1, TICKS + 1):
        at = due + timedelta(seconds=30 * number)
        idle.append(milliseconds(partial(app.plan, at)) + milliseconds(partial(app.look, at, [])))
        if number > TICKS // 5:  # caches are full
            sizes.append(memory(os.getpid())[0])
    edits = []
    for number in range(EDITS):
        path = app.office.paths[number]
        path.write_text(path.read_text("utf-8") + "# edited\n", "utf-8")
        edits.append(milliseconds(lambda: publish_files(app, author="")))
        assert app.office.publication == number + 2
    return {
        "loading": loading, "notices": len(planned), "first": first, "idle": idle,
        "edit": edits, "memory": sizes[-1], "grown": sizes[-1] - sizes[0],
    }  # fmt: skip


def polled(app: Application) -> tuple[bytes, float]:
    """As the product does it on a poll: events read, ETag and gzip form made."""

    def poll() -> bytes:
        body, changed = app.feeds.rendered(PLAN, Query())
        assert FeedAnswer(body, changed, {}, {}).size
        return body

    return timed(poll)


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    works: dict[str, Callable[..., object]] = {"plan": plan, "compose": compose, "rebuild": rebuild}
    works["installation"] = installation
    print(json.dumps(works[name](*map(Path, folders))))
