"""The application in a folder of its own, at chosen moments, over a real ledger."""

import email
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.ledger.database import DatabaseServer, Place, open_database
from reminder.ledger.history import read_history
from reminder.ledger.notices import content_of
from reminder.ledger.senders import ServerTrouble, read_troubles
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.transports.maildir import messages
from reminder.office.application import Application
from tests.daemon.starter import Forked
from tests.ledgers import lay

# The first working day of March 2026, at the sending hour.
MARCH = "2026-03-02T09:00+08:00"
Start = Callable[..., subprocess.Popen[str]]
OPERATOR = {"operator": "operator@npc.test"}
# Three units: one leads and has two mailboxes, one is related, one must see nothing.
_UNITS = "".join(
    f'\n[[unit]]\nid = "{unit}"\nname = "{name}委员会"\nrelation = "own"\nto = [{to}]\n'
    for unit, name, to in (
        ("lead", "承办", '"lead@unit.test", "second@unit.test"'),
        ("related", "相关", '"related@unit.test"'),
        ("bystander", "无关", '"bystander@unit.test"'),
    )
)
_PLAN = """
[plan]
id = "small"
year = 2026
name = "2026年度安排表"
tag = "试"
office = "承办委员会"
timezone = "Asia/Shanghai"
""" + "".join(
    f'\n[[month]]\nmonth = {month}\nlead = ["承办委员会"]\nrelated = ["相关委员会"]\n'
    f'\n[[month.task]]\nid = "2026-{month:02}-1"\ntitle = "{title}"\n'
    for month, title in ((3, "一件事"), (4, "另一件事"))
)


def by_smtp(port: int, **more: Any) -> dict[str, Any]:
    """Settings of a plain mail server on this machine; `more` are its own."""
    server = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5}
    return {"transport": "smtp", "smtp": server | more}


NOBODY = by_smtp(1)  # which listens there: all waits for the mail server


class Trial:
    """`app` is a new process on that ledger: nothing is kept but what is on disk.

    Keys come without the plan's id. Not `made`, its ledger is for the first process to make.
    """

    def __init__(
        self, folder: Path, *, small: bool = False, place: Place | None = None, made: bool = True
    ) -> None:
        self.state = folder / "state"
        self.config: Path | None = None
        self._given: dict[str, Any] = {"state_dir": self.state}
        self.use(place or self.state / "ledger.db")
        if made and isinstance(self.place, Path) and not self.place.exists():
            lay(self.place)
        self._opened: list[Application] = []
        if small:
            self.config = folder / "config"
            self.config.mkdir()
            (self.config / "units.toml").write_text(_UNITS, encoding="utf-8")
            self._given["plan"] = folder / "plan.toml"
            (folder / "plan.toml").write_text(_PLAN, encoding="utf-8")

    def use(self, place: Place) -> None:
        """From now on: that ledger."""
        self.place = place
        url = place.url if isinstance(place, DatabaseServer) else f"sqlite:///{place}"
        self._given["database_url"] = url

    def use_plan(self, path: Path) -> None:
        """From now on: that file, or that folder of plans."""
        self._given["plan"] = path

    def edit_units(self, old: str, new: str) -> None:
        assert self.config is not None
        _edit(self.config / "units.toml", old, new)

    def edit_plan(self, old: str, new: str) -> None:
        _edit(self.plan_file, old, new)

    @property
    def plan_file(self) -> Path:
        return self.state.with_name("plan.toml")

    def app(self, at: str, **settings: Any) -> Application:
        """Its first start sends, by a mail server too, unless `mail` says otherwise."""
        settings["mail"] = {"first_start": "send"} | settings.get("mail", {})
        office = load_office(self.config, self._given | settings)
        app = Application(office, Clock(datetime.fromisoformat(at)))
        self._opened.append(app)
        return app

    def tick(self, at: str, **settings: Any) -> dict[str, int]:
        """What a pass counted, less its zeros."""
        counts = asdict(self.app(at, **settings).tick())
        del counts["delivers"]
        return {name: count for name, count in counts.items() if count}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        database = open_database(self.place)
        with closing(database), database.read() as connection:
            yield connection

    def trouble(self) -> ServerTrouble:
        """With the mail server, as the only replica of this ledger has found it."""
        with self.reading() as connection:
            [found] = read_troubles(connection).values()
        return found

    def notices(self, **filters: Any) -> dict[str, NoticeView]:
        with self.reading() as connection:
            views = read_notices(connection, **filters)
        return {view.key.partition("/")[2]: view for view in views}

    def notice(self, key: str) -> NoticeView:
        return self.notices()[key]

    def outcome(self, key: str) -> tuple[str, str]:
        notice = self.notice(key)
        return notice.state, notice.reason

    def states(self, **filters: Any) -> set[tuple[str, str]]:
        return {(view.state, view.reason) for view in self.notices(**filters).values()}

    def history(self, key: str) -> list[tuple[str | None, str, str]]:
        full = self.notice(key).key
        with self.reading() as connection:
            rows = read_history(connection, full)
        return [(row["address"], row["state"], row["reason"]) for row in rows]

    def stored(self, key: str) -> bytes:
        full = self.notice(key).key
        with self.reading() as connection:
            content = content_of(connection, full)
        assert content is not None
        return content

    def mail(self, key: str) -> EmailMessage:
        """As it stands in the ledger."""
        return parsed(self.stored(key))

    def text(self, key: str) -> str:
        return text_of(self.mail(key))

    def subject(self, key: str) -> str:
        return str(self.mail(key)["Subject"])

    def files(self) -> list[bytes]:
        return [path.read_bytes() for path in messages(self.state / "outbox")]

    def mails(self) -> list[EmailMessage]:
        return [parsed(content) for content in self.files()]

    def mail_to(self, address: str) -> EmailMessage:
        """The only one."""
        [mail] = [mail for mail in self.mails() if address in str(mail["To"])]
        return mail

    def close(self) -> None:
        for app in self._opened:
            if "database" in vars(app):
                app.database.close()


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def trial(
    folder: Path, *, small: bool = False, place: Place | None = None, made: bool = True
) -> Iterator[Trial]:
    opened = Trial(folder, small=small, place=place, made=made)
    try:
        yield opened
    finally:
        opened.close()


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def surroundings(state: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment of a process, with ours given without the prefix."""
    ours = {"STATE_DIR": str(state)} | environ
    return os.environ | {f"REMINDER_{name}": value for name, value in ours.items()}


def process(
    state: Path, *words: str, before: Sequence[str] = (), **environ: str
) -> subprocess.Popen[str]:
    """`reminder` as its own process; `environ` without the prefix, `before` another program's
    words."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "reminder", *words],
        env=surroundings(state, environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def forked(state: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    """The same without its imports: for what does not depend on how a process begins."""
    return Forked("reminder.cli:main", *words, environ=surroundings(state, environ))
