"""`reminder init`: asks a person at a terminal, a script by its options."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from reminder.cli.context import chosen
from reminder.cli.output import language, remark, say, words
from reminder.errors import Mistake, UsageError

if TYPE_CHECKING:
    from reminder.office.new_office import MadeOffice

cli = typer.Typer()
# In the order in which they are asked: the setting, or what else, and its option.
_OPTIONS = {
    "office": "--office",
    "mail.from": "--from",
    "mail.contact": "--contact",
    "mail.reply_to": "--reply-to",
    "mail.operator": "--operator",
    "transport": "--transport",
    "smtp.host": "--smtp-host",
    "smtp.security": "--smtp-security",
    "smtp.port": "--smtp-port",
    "smtp.username": "--smtp-username",
    "web.base_url": "--base-url",
    "state_dir": "--state-dir",
}
Answers = dict[str, str | int]


def _said(words: str, metavar: str | None = None) -> Any:
    return typer.Option(help=words, metavar=metavar)


@cli.command(epilog="Example: reminder init /etc/reminder --yes --from reminder@npc.example")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of its own.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; the rest is as shipped.")
    ] = False,
    office: Annotated[str | None, _said("The unit that issues the table.", "NAME")] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Which mails come from.")
    ] = None,
    contact: Annotated[str | None, _said("Whom to phone: stands in every mail.", "TEXT")] = None,
    reply_to: Annotated[str | None, _said("Where answers go.", "ADDRESS")] = None,
    operator: Annotated[str | None, _said("Who gets the reports.", "ADDRESS")] = None,
    transport: Annotated[
        Literal["maildir", "smtp"] | None, _said("Into an outbox folder, or to a mail server.")
    ] = None,
    smtp_host: Annotated[str | None, _said("The mail server.", "HOST")] = None,
    smtp_security: Annotated[
        Literal["none", "starttls", "tls"] | None, _said("How it encrypts.")
    ] = None,
    smtp_port: Annotated[int | None, _said("Its port.", "PORT")] = None,
    smtp_username: Annotated[str | None, _said("With which to log in.", "NAME")] = None,
    base_url: Annotated[str | None, _said("Where readers open the pages.", "URL")] = None,
    state_dir: Annotated[Path | None, _said("For the ledger; else DIR/state.", "FOLDER")] = None,
) -> None:
    """Make an office's folder: settings, units, a plan to begin with, the ledger."""
    from reminder.office.new_office import NewOffice, make_office, refuse_set_up, refuse_wrong

    folder = folder.absolute()
    refuse_set_up(folder)
    given = (
        office, sender, contact, reply_to, operator, transport, smtp_host, smtp_security,
        smtp_port, smtp_username, base_url, str(state_dir.resolve()) if state_dir else None,
    )  # fmt: skip
    answers = {name: a for name, a in zip(_OPTIONS, given, strict=True) if a is not None}
    for name, answer in answers.items():
        try:
            refuse_wrong(name, answer)
        except Mistake as error:
            facts = {"option": _OPTIONS[name], "wrong": error.sentence}
            raise UsageError.because("wrong_value", **facts) from None
    password = ""
    if sys.stdin.isatty() and not yes:
        password = _ask_all(folder, answers)
    name = str(answers.pop("office", ""))
    _tell(folder, make_office(folder, NewOffice(answers, name, password, chosen.plan)))


def _ask_all(folder: Path, answers: Answers) -> str:
    """What no option has said, into `answers`. Returns the mail server's password."""
    for line in words("init", "intro", folder=str(folder)).splitlines():
        remark(line)
    for name in _OPTIONS:
        if name in answers or (name.startswith("smtp.") and answers.get("transport") != "smtp"):
            continue
        if answer := _asked(name, folder, answers):
            answers[name] = int(answer) if name == "smtp.port" else answer
    return getpass(words("init", "ask_password")) if answers.get("smtp.username") else ""


def _asked(name: str, folder: Path, answers: Answers) -> str:
    """Until it can be; nothing for Enter alone."""
    from reminder.office.new_office import examples, refuse_wrong

    # Beside an office's own address the examples are nobody's.
    example = "" if "mail.from" in answers else examples().get(name, "")
    question = words("init", "question", name=name, example=example, folder=str(folder))
    while answer := input(f"{question} ").strip():
        if name == "state_dir":
            answer = str(_typed(answer))
        try:
            refuse_wrong(name, answer)
        except Mistake as error:
            remark(f"  {error.sentence.words(language())}")
        else:
            break
    return answer


def _typed(path: str) -> Path:
    with suppress(RuntimeError):  # a user who has no home
        return Path(path).expanduser().resolve()
    return Path(path).resolve()


def _tell(folder: Path, made: MadeOffice) -> None:
    for line in _lines(folder, made):
        say(line)


def _lines(folder: Path, made: MadeOffice) -> Iterator[str]:
    settings = made.settings
    plans = [name for name in made.written if name.startswith("plan/") and not chosen.plan]
    facts = {
        "folder": str(folder),
        "command": "reminder" if shutil.which("reminder") else shlex.quote(sys.argv[0]),
        "quoted": shlex.quote(str(folder)),
        "written": made.written,
        "kept": made.kept,
        "sample": " ".join(shlex.quote(str(folder / name)) for name in plans),
        "ledger": settings.ledger,
        "backups": str(settings.backup.folder),
        "outbox": str(settings.outbox) if settings.transport == "maildir" else "",
        "url": settings.web.public_url,
        "lacks_password": bool(settings.smtp.username and not settings.smtp.password),
        "is_root": os.geteuid() == 0,
    }
    yield from words("init", "made", it=facts).splitlines()
