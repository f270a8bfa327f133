"""docs/reference/commands.md: every command with its options, as `--help` has them."""

from collections.abc import Iterator

import typer
from typer.core import TyperCommand, TyperGroup

from reminder.cli import cli

_HEAD = """# Commands

<!-- Made by `make docs`. -->

`reminder COMMAND --help` says the same, and `man reminder`. In a checkout the command is
`.venv/bin/reminder`, of a bundle `bin/reminder` in its folder. What people read is Chinese where
the locale is; JSON is English.

| exit status | says |
| --- | --- |
| 0 | done |
| 1 | failed, or something is asked |
| 2 | a mistake in the files, the settings or the command |
| 3 | no such unit, task or notice |
| 4 | the ledger |
| 5 | the mail server |

## Options of all commands

They may stand before the command or behind it. Where there are several plans, the one that began
first is meant, of several that began together the one with most units, and its table of today.
"""


def page() -> str:
    root = typer.main.get_group(cli)
    parts = [_HEAD, *_options(typer.Context(root, info_name="reminder"))]
    for words, command in commands(root):
        parts.append(f"\n## {' '.join(words)}\n")
        parts += _described(command, "reminder " + " ".join(words))
    return "\n".join(parts) + "\n"


def commands(group: TyperGroup, *outer: str) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Groups too: what one is about, and some are commands themselves."""
    for name, command in group.commands.items():
        yield (*outer, name), command
        if isinstance(command, TyperGroup):
            yield from commands(command, *outer, name)


def usage(command: TyperCommand, name: str) -> str:
    pieces = command.collect_usage_pieces(typer.Context(command, info_name=name))
    return " ".join([name, *(piece.replace("{", "").replace("}", "") for piece in pieces)])


def example(command: TyperCommand) -> str:
    return (command.epilog or "").removeprefix("Example: ")


def sentence(command: TyperCommand) -> str:
    return " ".join((command.help or "").split())


def records(context: typer.Context) -> Iterator[tuple[str, str]]:
    """Each argument and option but --help, and what it says."""
    for parameter in context.command.params:
        if record := parameter.get_help_record(context):
            yield record[0], " ".join(record[1].split())


def _described(command: TyperCommand, name: str) -> Iterator[str]:
    yield f"    {usage(command, name)}\n\n{sentence(command)}"
    context = typer.Context(command, info_name=name)
    if command.params:
        yield ""
        yield from _options(context)
    if example(command):
        yield f"\nExample: `{example(command)}`"


def _options(context: typer.Context) -> Iterator[str]:
    yield "| option | says |\n| --- | --- |"
    for name, words in records(context):
        yield f"| `{_cell(name)}` | {_cell(words)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
