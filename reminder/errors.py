"""Everything that can go wrong and has a name; `cli` turns each into words and an exit status."""

from dataclasses import dataclass


class ReminderError(Exception):
    """A failure with a sentence for its reader; `hint` says what to do next."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, order=True)
class Fault:
    """One mistake in a file that people edit. `line` counts from 1; 0 when it has no line."""

    path: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigurationError(ReminderError):
    """The mistakes of all files and of the environment, together."""

    exit_status = 2

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


class UsageError(ReminderError):
    """The command's own words are off."""

    exit_status = 2


class DeclinedError(ReminderError):
    """What somebody asked for on a page is not done.

    `reason` names the macro of `web/messages.html` that says why, of these `facts`; the message is
    for the command line.
    """

    exit_status = 2

    def __init__(self, reason: str, message: str = "", *, hint: str = "", **facts: object) -> None:
        super().__init__(message or reason.replace("_", " "), hint=hint)
        self.reason = reason
        self.facts = facts


class UnknownError(ReminderError):
    """A unit, task or notice that does not exist."""

    exit_status = 3


class LedgerError(ReminderError):
    """The ledger cannot be opened, read or written."""

    exit_status = 4


class ServerError(ReminderError):
    """The mail server failed before any message was put at risk: greeting to MAIL.

    `permanent` says that trying again soon is pointless (refused log-in, no STARTTLS).
    """

    exit_status = 5

    def __init__(self, message: str, *, permanent: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent


class ClaimLapsedError(ReminderError):
    """The sender no longer owns the notice that it was about to send."""
