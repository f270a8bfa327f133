"""docs/reference/reminder.1: the manual page, for `man reminder`."""

from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from reminder.cli import cli
from scripts.reference.commands import commands, example, records, sentence, usage

_ENVIRONMENT = {
    "REMINDER_CONFIG": "The folder with reminder.toml and units.toml.",
    "REMINDER_SECRETS_DIR": "The folder with secrets, else secrets beside reminder.toml.",
    "REMINDER_DATABASE_URL": "Where the ledger is, if not in a file of state_dir.",
    "REMINDER_…": "Every setting: smtp.host is REMINDER_SMTP__HOST.",
    "LC_ALL, LC_MESSAGES, LANG": "The first one that is set and begins with zh: Chinese.",
}
_STATUS = {
    "0": "Done.",
    "1": "Failed, or something is asked.",
    "2": "A mistake in the files, the settings or the command.",
    "3": "No such unit, task or notice.",
    "4": "The ledger.",
    "5": "The mail server.",
}
_FILES = {
    "reminder.toml": "Settings, each with a comment.",
    "units.toml": "Units, their addresses and contacts.",
    "plan/*.toml": "The office's tables, one for a year.",
    "workdays/YEAR.toml": "Days off and make-up days.",
    "secrets/": "A file for each secret: smtp__password.",
    "STATE_DIR/ledger.db": "The ledger. Copy it with reminder ledger backup.",
}


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    root = typer.main.get_group(cli)
    yield '.TH REMINDER 1 "" "reminder" "User Commands"'
    yield f".SH NAME\nreminder \\- {_roff(_summary(root))}"
    yield ".SH SYNOPSIS\n.B reminder\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]..."
    yield f".SH DESCRIPTION\n{_roff(sentence(root))}"
    yield ".SH OPTIONS\nThey may stand before the command or behind it."
    yield from _items(dict(records(typer.Context(root, info_name="reminder"))))
    yield ".SH COMMANDS"
    for words, command in commands(root):
        if isinstance(command, TyperGroup) and not command.invoke_without_command:
            continue
        name = "reminder " + " ".join(words)
        yield f".SS {_roff(usage(command, name))}\n{_roff(sentence(command))}"
        yield from _items(dict(records(typer.Context(command, info_name=name))))
        if example(command):
            yield f".PP\nExample: {_roff(example(command))}"
    for head, items in (("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES), ("EXIT STATUS", _STATUS)):
        yield f".SH {head}"
        yield from _items(items)


def _summary(root: TyperGroup) -> str:
    words = sentence(root).removesuffix(".")
    return words[:1].lower() + words[1:]


def _items(items: dict[str, str]) -> Iterator[str]:
    for name, words in items.items():
        yield f".TP\n\\fB{_roff(name)}\\fR\n{_roff(words)}"


def _roff(text: str) -> str:
    """A minus is typed to be copied; no line begins with what roff would obey."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
