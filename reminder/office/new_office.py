"""An office's own folder, made of what the program ships: settings, units, a plan, the ledger."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from pydantic import ValidationError

from reminder.clock import Clock
from reminder.documents import edited_file
from reminder.documents.document_files import PLAN, UNITS, WORKDAYS
from reminder.documents.edited_file import EditedFile, read_file
from reminder.documents.office import load_office
from reminder.documents.plan_folder import plan_files
from reminder.documents.plan_text import PlanText
from reminder.documents.settings import Settings
from reminder.documents.settings_text import Given, filled
from reminder.documents.units_file import read_units, with_units
from reminder.domain.addresses import is_reserved, mailbox
from reminder.domain.characters import one_line
from reminder.errors import Mistake, UsageError
from reminder.office.application import Application
from reminder.output_files import make_folder, write_file
from reminder.words import SHIPPED

SETTINGS, SECRETS, STATE = "reminder.toml", "secrets", "state"
_PASSWORD = "smtp__password"  # noqa: S105 - the name of its file
# Examples in the shipped file that are of no use beside an office's own sender.
_EXAMPLES = ("mail.contact", "mail.reply_to")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class NewOffice:
    """`values` are settings by dotted name; all that is not said is as in the shipped file.
    `name` is of the unit that issues the table."""

    values: Given
    name: str = ""
    password: str = ""  # of the mail server
    plan: Path | None = None  # a file or a folder, instead of the shipped sample


@dataclass(frozen=True)
class MadeOffice:
    """Names in the folder: what was written, and what was there and is as it was."""

    settings: Settings
    written: tuple[str, ...]
    kept: tuple[str, ...]


def examples() -> Mapping[str, str]:
    """What the shipped settings say of a sender, by dotted name."""
    mail = tomllib.loads(_shipped_settings()).get("mail", {})
    return {f"mail.{key}": value for key, value in mail.items()}


def refuse_wrong(name: str, value: str | int) -> None:
    """Raises `Mistake` for what that setting cannot be; `office` is the office's name."""
    if name in ("office", "state_dir"):  # no path that a text cannot hold
        one_line(str(value))
    if name == "office":
        return
    *sections, key = name.split(".")
    given: dict[str, object] = {key: value}
    for section in reversed(sections):
        given = {section: given}
    try:
        Settings(file={"state_dir": "."} | given)  # type: ignore[call-arg]
    except ValidationError as error:
        raise edited_file.explain(error.errors()[0], Settings) from None


def refuse_set_up(folder: Path) -> None:
    """Raises `UsageError` where there are settings already."""
    if os.path.lexists(folder / SETTINGS):
        raise UsageError.because("already_set_up", folder=str(folder))


def make_office(folder: Path, new: NewOffice) -> MadeOffice:
    """What is there stays as it is. The settings come last: who was killed before begins again.

    Raises `UsageError` where there are settings already, `ConfigurationError` where something
    that was there has mistakes, `LedgerError`.
    """
    folder = folder.absolute()
    refuse_set_up(folder)
    settings = _settings(folder, new)
    for name in ("", PLAN, WORKDAYS, SECRETS):
        make_folder(folder / name)
    make_folder(folder / str(new.values.get("state_dir", STATE)))
    written, kept = [], []
    for name, content in (*_documents(folder, new), (SETTINGS, settings)):
        path = folder / name
        if path.exists():
            kept.append(name)
            continue
        rights = None if name.startswith(SECRETS) else path.parent.stat()
        write_file(path, [content], rights=rights)
        written.append(name)
    app = Application(load_office(folder), Clock())
    assert app.key  # makes the ledger
    app.database.close()
    return MadeOffice(app.settings, tuple(written), tuple(kept))


def _settings(folder: Path, new: NewOffice) -> bytes:
    values: dict[str, str | int | None] = {"plan": PLAN, "state_dir": STATE}
    values["backup.folder"] = f"{new.values.get('state_dir', STATE)}/backups"
    sender = str(new.values.get("mail.from", ""))
    if sender:
        values |= dict.fromkeys(_EXAMPLES)
        domain = parseaddr(sender)[1].rpartition("@")[2].lower()
        if _DOMAIN.fullmatch(domain) and not is_reserved(f"@{domain}"):
            values["uid_domain"] = domain
    values |= new.values
    if sender and new.name and not parseaddr(sender)[0]:
        values["mail.from"] = _named(new.name, sender)
    return filled(_shipped_settings(), values).encode()


def _shipped_settings() -> str:
    return (SHIPPED / "config" / SETTINGS).read_text(encoding="utf-8")


def _named(name: str, address: str) -> str:
    """The bare address where that name would be no name before it."""
    with suppress(Mistake):
        if parseaddr(sender := f"{name} <{mailbox(address)}>") == (name, mailbox(address)):
            return sender
    return address


def _documents(folder: Path, new: NewOffice) -> Iterator[tuple[str, bytes]]:
    """Paths in the folder, and what is to be written there."""
    units = read_file(SHIPPED / "config" / UNITS)
    directory = read_units(EditedFile(Path(UNITS), units))
    is_known = not new.name or new.name in directory.by_name
    if not any(plan_files(folder / PLAN)):
        for path in plan_files(new.plan or SHIPPED / PLAN):
            content = read_file(path)
            is_sample = new.plan is None and bool(new.name) and is_known
            yield f"{PLAN}/{path.name}", _issued_by(new.name, content) if is_sample else content
    yield UNITS, units if is_known else _with_office(new.name, units)
    for path in sorted((SHIPPED / "config" / WORKDAYS).iterdir()):
        yield f"{WORKDAYS}/{path.name}", read_file(path)
    if new.password:
        yield f"{SECRETS}/{_PASSWORD}", new.password.encode()


def _issued_by(office: str, content: bytes) -> bytes:
    plan = PlanText(content, PLAN)
    plan.header.put("office", office)
    return plan.content()


def _with_office(name: str, units: bytes) -> bytes:
    """The sample's issuing unit under that name; what its plan calls it stays an alias."""
    file = EditedFile(Path(UNITS), units)
    [sample] = plan_files(SHIPPED / PLAN)[:1]
    office = read_units(file).by_name[str(EditedFile(sample).data["plan"]["office"])]
    changes = {"name": name, "short": "", "aliases": [office.name, *office.aliases]}
    return with_units(file, units.decode(), {office.id: changes}, []).encode()
