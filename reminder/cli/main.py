"""The commands, put together."""

import os

import typer

from reminder.cli import console, feeds, ledger, mails, meeting, office, simulate, tasks
from reminder.cli.context import Config, Debug, PlanFile, keep

# Typer's own error panels draw boxes that scripts and logs have no use for.
os.environ.setdefault("TYPER_USE_RICH", "0")

cli = typer.Typer(
    name="reminder",
    help="Turns an office's yearly table of tasks into monthly mails and calendar feeds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@cli.callback()
def _all(config: Config = None, plan: PlanFile = None, debug: Debug = False) -> None:
    keep(config, plan)


for group in (office.cli, mails.cli, simulate.cli):
    cli.registered_commands += group.registered_commands
cli.add_typer(tasks.cli, name="task")
cli.add_typer(meeting.cli, name="meeting")
cli.add_typer(ledger.cli, name="ledger")
cli.add_typer(feeds.cli, name="feed")
cli.add_typer(console.cli, name="console")
