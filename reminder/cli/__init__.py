"""The command line: words for people, JSON for scripts.

Commands import what they need when they run: `--help` answers without reading a plan, opening
a ledger or starting a web server.
"""

import sys

from reminder.cli.main import cli
from reminder.cli.words import explain
from reminder.errors import ReminderError


def main() -> None:
    """The one place where errors become words and an exit status."""
    try:
        cli()
    except ReminderError as error:
        if "--debug" in sys.argv:
            raise
        explain(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.exit(141)  # as if SIGPIPE had ended it: whoever read has read enough
