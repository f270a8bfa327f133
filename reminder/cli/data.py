"""`reminder data`: what the ledger keeps of somebody."""

from typing import Annotated

import typer

from reminder.cli.context import application, publish_edits, user
from reminder.cli.output import announce

cli = typer.Typer(help="What the ledger keeps of somebody.", no_args_is_help=True)


@cli.command(epilog="Example: reminder data forget liaison@unit.example")
def forget(
    word: Annotated[
        str, typer.Argument(metavar="WORD", help="An address, a full name, a telephone number.")
    ],
) -> None:
    """Take somebody out of all rows and past versions; stored mails keep it for 24 months."""
    from reminder.office.forgetting import forget_word

    app = application()
    publish_edits(app)
    announce("forgotten", count=forget_word(app, word, user()))
