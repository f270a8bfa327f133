"""What a log line is about: one word of this list on each, the same in every version.

`log.info("…", extra=Event.PLANNED.of())`; a test holds every call of a log to it.
"""

from enum import StrEnum
from typing import Any, Self

# Fields that may say who somebody is; in JSON no message repeats them.
PERSONAL = ("address", "client", "person", "reply", "like")


class Event(StrEnum):
    """Its word, and when it is said. Words are never changed: people search for them."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> Self:
        event = str.__new__(cls, word)
        event._value_ = word
        event.meaning = meaning
        return event

    # Notices
    PLANNED = "planned", "notices were put in to be sent"
    NOTICE_SENT = "notice-sent", "a mail server took a notice for an address"
    NOTICE_DEFERRED = "notice-retry", "it did not, and is asked again"
    NOTICE_REFUSED = "notice-refused", "it refused for good"
    PASS_ENDED = "pass-ended", "what was ready has been offered to the mail server"
    REQUEUED = "requeued", "what an interrupted sender left waits again"
    CLAIM_LAPSED = "claim-lapsed", "a sender had lost its claim, and left the rest to others"
    UNRECORDED = "answer-unrecorded", "an answer cannot be written down yet, and is kept"
    REPORTED = "reported", "the operator was written to"
    # The mail server
    SERVER_FAILED = "server-failed", "the mail server is in trouble: everything waits"
    SERVER_RECOVERED = "server-recovered", "it works again"
    SERVER_LIMITED = "server-limited", "it works, with fewer connections or commands at once"
    TOKEN_UNKEPT = "token-unkept", "a refresh token could not be written down or read"
    # The mailbox for answers
    LETTER_READ = "letter-read", "a mail came, and what it is taken for"
    LETTER_ODD = "letter-odd", "a mail could not be read; it waits for a person"
    INBOX_FAILED = "inbox-failed", "the mailbox cannot be read"
    INBOX_RECOVERED = "inbox-recovered", "it can be read again"
    # The daemon
    DELIVERS = "delivers", "a daemon begins, and by which way it delivers"
    STANDS_BY = "stands-by", "another process delivers; this one plans and serves"
    LEASE = "lease", "the right to send was not renewed in time"
    TICK_FAILED = "tick-failed", "a pass ended early; the next one tries again"
    TICK_LONG = "tick-long", "a pass has been at work for ten minutes"
    UNFORESEEN = "unforeseen", "a mistake of the program, with its traceback"
    PING_UNHEARD = "ping-unheard", "the watchdog of ping.url does not answer as it should"
    PING_HEARD = "ping-heard", "it does again"
    CLOCK_WRONG = "clock-wrong", "nothing is begun until the clock is right"
    UNTOLD = "systemd-untold", "systemd was not told how this process is"
    HELD = "held", "nothing goes until somebody has looked"
    ALARM_BEGUN = "alarm-begun", "what the operator must know of has begun"
    ALARM_OVER = "alarm-over", "it is over"
    # What people edit
    PUBLISHED = "published", "another version is in force"
    FILES_BROKEN = "files-broken", "an edit is not in force, and why"
    FILES_MENDED = "files-mended", "what stood in the way of an edit is gone"
    FILES_DOUBTFUL = "files-doubtful", "a setting is valid and odd"
    FILE_UNWRITTEN = "file-unwritten", "a published text could not be written into its file"
    UNREADABLE = "publication-unreadable", "a version cannot be read by this program"
    SETTINGS_CHANGED = "settings-changed", "settings changed while the daemon runs"
    NOT_WATCHED = "not-watched", "files are looked at every minute, not when they are saved"
    IDS_REUSED = "ids-reused", "a table uses ids of an earlier year again"
    SESSION_PASSED = "session-passed-over", "an old day of a session does not fit its plan"
    # The ledger
    NARROWED = "narrowed", "others could read a file of ours; now they cannot"
    UNMARKED = "unmarked", "how far the ledger has come cannot be noted"
    BACKED_UP = "backed-up", "the nightly backup was made"
    BACKUP_GONE = "backup-gone", "an old one was removed: later ones are kept"
    LEDGER_AWAY = "ledger-away", "a reader got no answer, for the ledger gave none"
    # Pages
    NOT_READY = "not-ready", "/readyz said no, and why"
    PAGE_FAILED = "page-failed", "a page or a document could not be made"
    LINK_UNNOTED = "link-unnoted", "that a link was used could not be written down"
    LOGGED_IN = "logged-in", "somebody has logged in at the console"
    LOGIN_REFUSED = "login-refused", "somebody was not let in"
    PROVIDER_FAILED = "provider-failed", "the identity provider gave no answer that counts"
    EXPORTED = "exported", "somebody has taken an export from the console"
    # Others' own
    LIBRARY = "library", "a library that the program uses has something to say"

    def of(self, notice: str = "", **fields: object) -> dict[str, Any]:
        """For `extra`: with the key of the notice that it is about, and what JSON has as fields."""
        return {"event": self, "notice": notice, "fields": fields}
