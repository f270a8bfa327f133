"""Everything that can go wrong and has a name; `cli` turns each into words and an exit status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from reminder.words import ENGLISH, FAULTS, Sentence

REFUSALS = "cli/refusals.txt"
MESSAGES = "web/messages.html"


class ReminderError(Exception):
    """A failure with a sentence for its reader; `hint` says what to do next."""

    exit_status = 1
    said: Sentence | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @classmethod
    def because(cls, reason: str, /, **facts: object) -> Self:
        """As `cli/refusals.txt` says: the first line is what failed, the rest the hint."""
        said = Sentence(REFUSALS, reason, facts)
        message, _, hint = str(said).partition("\n")
        error = cls(message, hint=hint)
        error.said = said
        return error

    def lines(self, language: str) -> list[str]:
        """What failed, then what to do next: in English what has no other words."""
        text = self.said.words(language) if self.said else f"{self}\n{self.hint}"
        return [line for line in text.split("\n") if line]


class Mistake(ValueError):  # noqa: N818 - the word for it, here as in the files
    """A value that cannot be. `reason` names the macro of `faults.txt` that says why, of these
    `facts`; as text it is that sentence in English."""

    def __init__(self, reason: str, /, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts

    @property
    def sentence(self) -> Sentence:
        return Sentence(FAULTS, self.reason, self.facts)

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True)
class Fault:
    """One mistake in a file that people edit. `line` counts from 1; 0 when it has no line.

    `reason` names the macro of `faults.txt` that says what is wrong, of these `facts`.
    """

    path: str
    line: int
    key: str
    reason: str
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        return self.words(ENGLISH)

    def words(self, language: str) -> str:
        """What is wrong and what was wanted, without the place."""
        return Sentence(FAULTS, self.reason, self.facts).words(language)

    def line_in(self, language: str) -> str:
        """With its place, as a command prints it."""
        place = {"path": self.path, "line": self.line, "key": self.key}
        return Sentence(FAULTS, "place", place).words(language) + self.words(language)

    def __str__(self) -> str:
        return self.line_in(ENGLISH)

    def __lt__(self, other: "Fault") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, str, str]:
        return self.path, self.line, self.key, self.message


class ConfigurationError(ReminderError):
    """The mistakes of all files and of the environment, together."""

    exit_status = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
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

    def lines(self, language: str) -> list[str]:
        if language == ENGLISH:
            return super().lines(language)
        return [Sentence(MESSAGES, self.reason, self.facts).words(language)]


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

    @classmethod
    def lasting(cls, reason: str, /, **facts: object) -> Self:
        """As `because`; only a person can mend it."""
        error = cls.because(reason, **facts)
        error.permanent = True
        return error


class ClaimLapsedError(ReminderError):
    """The sender no longer owns the notice that it was about to send."""
