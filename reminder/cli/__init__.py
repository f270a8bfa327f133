"""The command line: words for people, JSON for scripts.

Commands import what they need when they run: `--help` answers without reading a plan, opening
a ledger or starting a web server.
"""

import os
import sys
from io import TextIOWrapper

from reminder.cli.main import cli
from reminder.cli.words import explain
from reminder.errors import ReminderError


def main() -> None:
    """The one place where errors become words and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show Chinese still runs
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            cli()
        finally:
            sys.stdout.flush()  # here, not at the interpreter's end, where nobody could catch it
    except BrokenPipeError:
        # Whoever read has read enough. What is still buffered goes nowhere, without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ReminderError as error:
        if "--debug" in sys.argv:
            raise
        explain(error)
        sys.exit(error.exit_status)
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        place = f"{error.filename}: " if error.filename else ""
        explain(ReminderError(f"{place}{error.strerror or error}"))
        sys.exit(1)
