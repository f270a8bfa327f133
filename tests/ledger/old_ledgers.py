"""A small ledger as an earlier version of the program makes it, for tests/data/ledgers.

    git archive COMMIT | tar x -C /tmp/then
    python -m tests.ledger.old_ledgers /tmp/then tests/data/ledgers/NNNN

It goes through March with a mail server, through a task that is done and a feed's new address, into
an April that waits because the server has gone. Run it for a revision when the next one is begun.
"""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.daemon.trials import _PLAN, _UNITS
from tests.mail.servers import Inbox, real_server
from tests.postgresql import program, running

# The clock stands still at a moment, whatever a command says of itself.
FROZEN = """
import datetime, sys
import reminder.clock as clock
moment = datetime.datetime.fromisoformat(sys.argv.pop(1))
class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return moment.astimezone(tz)
clock.datetime = Frozen
from reminder.cli import main
sys.argv[0] = "reminder"
main()
"""
# Moment and command. One that a version does not have is passed over.
LIFE = (
    ("2026-03-02T09:00", "tick"),
    ("2026-03-10T09:00", "feed rotate --unit related"),
    ("2026-03-20T09:00", "task done 2026-03-1 --on 2026-03-20"),
    ("2026-03-20T09:10", "register sign related --who 某某"),
    ("2026-03-20T09:20", "register call lead --words 周五报来"),
    ("2026-03-20T09:30", "user add somebody --full-name 某某 --role read"),
    ("2026-03-20T10:00", "tick"),
)
AT_LAST = "2026-04-01T09:00"
LINKED = (" --unit lead", " --unit related")
NOISE = re.compile(r"^(--|SET |SELECT pg_catalog|\\|$)")


class Then:
    """That version, in a folder of its own."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree = tree
        (folder / "config").mkdir()
        (folder / "config" / "units.toml").write_text(_UNITS, encoding="utf-8")
        (folder / "plan.toml").write_text(_PLAN, encoding="utf-8")
        self._words = ["--config", str(folder / "config"), "--plan", str(folder / "plan.toml")]
        self._given = {"STATE_DIR": str(folder / "state"), "TRANSPORT": "smtp"}
        self._given |= {"SMTP__HOST": "127.0.0.1", "SMTP__SECURITY": "none", "SMTP__TIMEOUT": "5"}
        self._given |= {"MAIL__FIRST_START": "send", "WEB__BASE_URL": "https://reminder.test"}

    def run(self, at: str, words: str, **environ: str) -> str:
        given = {f"REMINDER_{name}": value for name, value in (self._given | environ).items()}
        command = [sys.executable, "-c", FROZEN, f"{at}+08:00", *self._words, *words.split()]
        env = os.environ | given | {"PYTHONPATH": str(self._tree), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, env=env, cwd=self._tree, capture_output=True, text=True)
        if done.returncode and "No such command" not in done.stderr:
            raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout


def rows(connection: sqlite3.Connection) -> Iterator[str]:
    """As both databases read them, but for bytes."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    for (table,) in connection.execute(query).fetchall():
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names = ", ".join(f'"{column[1]}"' for column in columns)
        quoted = " || ', ' || ".join(
            f"iif(\"{c[1]}\" IS NULL, 'NULL', iif(\"{c[1]}\", 'TRUE', 'FALSE'))"
            if c[2] == "BOOLEAN"
            else f'quote("{c[1]}")'
            for c in columns
        )
        for (values,) in connection.execute(f'SELECT {quoted} FROM "{table}" ORDER BY rowid'):
            yield f'INSERT INTO "{table}" ({names}) VALUES ({values});\n'


def tables(connection: sqlite3.Connection) -> str:
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name"
    return "".join(f"{sql.strip()};\n" for (sql,) in connection.execute(query))


def server_tables(then: Then) -> str:
    with running() as server:
        place = server.create("earlier")
        then.run("2026-02-02T09:00", "tick", DATABASE_URL=place.url, SMTP__PORT="1")
        dump = [
            program("pg_dump"),
            "--schema-only",
            "--no-owner",
            "--no-acl",
            server.nearby("earlier").url,
        ]
        text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if not NOISE.match(line)]
    return "\n".join(lines).replace("public.", "") + "\n"


def links(then: Then) -> str:
    said = "".join(then.run(AT_LAST, f"feed url{of}") for of in ("", *LINKED))
    found = re.findall(r"https://reminder\.test/(?:feeds|units)/\S+", said)
    return "".join(f"{link}\n" for link in sorted(set(found)))


def main() -> None:
    tree, target = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder, inbox = Path(name), Inbox()
        then = Then(tree, folder)
        with real_server(inbox) as port:
            for at, words in LIFE:
                then.run(at, words, SMTP__PORT=str(port))
        then.run(AT_LAST, "tick", SMTP__PORT="1")
        (target / "links.txt").write_text(links(then))
        with closing(sqlite3.connect(folder / "state" / "ledger.db")) as connection:
            (target / "sqlite.sql").write_text(tables(connection))
            (target / "rows.sql").write_text("".join(rows(connection)))
        mark = folder / "state" / "ledger.made"
        (target / "ledger.made").write_bytes(mark.read_bytes() if mark.exists() else b"")
        if any("postgresql://" in path.read_text() for path in tree.glob("reminder/**/*.py")):
            (target / "postgresql.sql").write_text(server_tables(then))
        print(f"{target.name}: {len(inbox.received)} mails had gone")


if __name__ == "__main__":
    main()
