"""Every page while ten thousand notices lie in the ledger, beside the same pages with few.

python -m benchmarks.pages STATE COUNT    fills that ledger; says cookies and a link
"""

import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from benchmarks.daemon import daemon, fetch
from benchmarks.measuring import (
    REMINDER,
    Unavailable,
    in_turn,
    module,
    ratios,
    run,
    spread,
    workplace,
)
from benchmarks.page import Part, Target
from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.domain.notices import Kind, NoticeDraft, Reason, State
from reminder.ledger.access import PAGE, LinkView
from reminder.ledger.notices import Composed, NewNotice, add
from reminder.ledger.schema import recipient
from reminder.office.application import Application
from reminder.office.links import door_word
from reminder.office.login import begin_session
from reminder.web.page import cookie_name

MANY, QUICK = 10_000, 1_000
UNIT = "deputies"
PATHS = (
    "/console",
    "/console/month",
    "/console/units",
    f"/console/units/{UNIT}",
    "/console/ledger",
    "/console/ledger?state=refused",
    "/console/outgoing",
    "/console/meetings",
    "/console/links",
)


def measure(quick: bool) -> Part:
    rounds, many = (2, QUICK) if quick else (20, MANY)
    part = Part(
        "Pages",
        f"Each page from `reminder run` on the shipped plan, {rounds} times one after the other, "
        f"with the year's own notices in the ledger and with {many:,} more, in turn. By the wall "
        "clock, until the last byte is there.",
    )
    part.rows.append(("", "few, ms", f"{many:,}, ms", "many / few"))
    with workplace() as folder, ExitStack() as stack:
        offices = []
        for name, count in (("few", 0), ("many", many)):
            state = folder / name
            run([REMINDER, "tick"], {"STATE_DIR": state})
            said = run(module("pages", state, count), {"STATE_DIR": state}).said.split()
            offices.append((stack.enter_context(daemon(state)).base, *said))
        worst = spread([0.0])
        for path in (*PATHS, ""):
            few, much = in_turn(rounds, *(_Visit(path, *office) for office in offices))
            ratio, took = ratios(much, few), spread(much)
            name = f"`{path}`" if path else "a unit's page"
            part.rows.append((name, str(spread(few)), str(took), str(ratio)))
            worst = max(worst, took, key=lambda each: each.median)
    part.targets.append(
        Target(f"the slowest page at {many:,} notices", 10, worst, " ms", most=True)
    )
    return part


class _Visit:
    def __init__(self, path: str, base: str, cookies: str, page: str) -> None:
        self._url = base + (path or page)
        self._cookies = cookies

    def __call__(self) -> float:
        begun = time.perf_counter()
        status, body, _ = fetch(self._url, Cookie=self._cookies)
        took = 1000 * (time.perf_counter() - begun)
        if status != 200 or b"</html>" not in body or b'type="password"' in body:
            raise Unavailable(f"{self._url} answered {status}")
        return took


def fill(state: Path, count: int) -> str:
    """Notices of every state that ends, as if of many years; cookies and a unit's page."""
    app = Application(load_office(command_line={"state_dir": state}), Clock())
    at, plan = app.clock.now(), app.table.plan
    units = [unit for unit in app.table.directory.single if unit.has_address]
    for start in range(0, count, 500):
        entries = []
        for number in range(start, min(start + 500, count)):
            unit = units[number % len(units)]
            day = at.date() - timedelta(days=number // len(units))
            key = f"{plan.id}/{Kind.NUDGE}/{day}/{unit.id}"
            draft = NoticeDraft(key, Kind.NUDGE, f"{day}", unit.id, at, at + timedelta(days=1))
            content = Composed(f"<{number}@bench>", b"of no matter", at, unit.to)
            refused = NewNotice(draft, Reason.NO_ADDRESS, state=State.REFUSED)
            entries.append(refused if number % 50 == 0 else NewNotice(draft, composed=content))
        with app.database.write() as connection:
            add(connection, entries, at - timedelta(days=start // len(units)), stream="maildir")
            sent = {"state": State.SENT, "reason": Reason.ACCEPTED}
            connection.execute(update(recipient).values(sent))
    key = app.key
    with app.database.write() as connection:
        word, door = begin_session(connection, at), door_word(connection, key)
    cookies = ((cookie_name(app, "console"), word), (cookie_name(app, "door"), door))
    page = LinkView(PAGE, UNIT).address("", key)
    return f"{';'.join(f'{name}={value}' for name, value in cookies)} {page}"


if __name__ == "__main__":
    print(fill(Path(sys.argv[1]), int(sys.argv[2])))
