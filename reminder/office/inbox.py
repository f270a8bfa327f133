"""Reads the mailbox for answers: each mail becomes a row of the ledger once, before it is put away.

Killed between the two it is read again, and found there. What it says is acted upon in the same
transaction as its row.
"""

import hashlib
import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection

from reminder.clock import monotonic
from reminder.domain.incoming import (
    Became,
    Failure,
    Letter,
    LetterKind,
    LetterReason,
    LetterState,
)
from reminder.domain.notices import Reason, is_to_operator
from reminder.errors import ServerError, UsageError
from reminder.events import Event
from reminder.ledger import bounces, incoming, senders
from reminder.ledger.database import DatabaseServer
from reminder.ledger.incoming import Answered
from reminder.ledger.senders import ServerTrouble
from reminder.mail.inbox import opened
from reminder.mail.letters import name_of, read_letter
from reminder.mail.oauth import TokenSource, token_source
from reminder.mail.replicas import replica_name
from reminder.office.application import Application
from reminder.office.passes import Pass
from reminder.office.replies import read_reply

log = logging.getLogger(__name__)

AT_ONCE = 50  # mails in one pass
SECONDS = 20.0  # of one pass, after which no other mail is begun
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)  # between tries of one that fails


@dataclass
class InboxReader:
    """For whoever delivers. Keeps nothing but what stands in the ledger."""

    app: Application
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, at: datetime) -> int:
        """Returns how many are new. A mailbox in trouble is tried ever more seldom; the trouble
        is a row until it is over."""
        settings, database = self.app.settings.inbox, self.app.database
        if not settings.is_set or self.app.settings.rehearsal or self.app.waits_for_clock(at):
            return 0
        trouble = self._trouble()
        if trouble and trouble.server == self._mark and at < trouble.not_before <= at + LONGEST:
            return 0
        try:
            count = self._read()
        except ServerError as error:
            self._note(error, trouble, at)
            return 0
        if trouble:
            log.warning("the inbox can be read again", extra=Event.INBOX_RECOVERED.of())
            with database.write() as connection:
                senders.clear_trouble(connection, self._replica, senders.INBOX)
        return count

    def read_now(self) -> int:
        """Raises `ServerError`, and `UsageError` where none is set."""
        if not self.app.settings.inbox.is_set:
            raise UsageError.because("no_inbox")
        return self._read()

    def _read(self) -> int:
        begun, count = monotonic(), 0
        with opened(self.app.settings.inbox, self._tokens) as box:
            for name, content in box.unread(AT_ONCE):
                if self.stop.is_set() or monotonic() - begun > SECONDS:
                    break
                is_new = take_in(self.app, content)
                if is_new is not None:
                    count += is_new
                    box.put_away(name)
        return count

    @cached_property
    def _tokens(self) -> TokenSource | None:
        return token_source(self.app.settings, "inbox")

    @property
    def _replica(self) -> str:
        return replica_name() if isinstance(self.app.settings.ledger, DatabaseServer) else ""

    @property
    def _mark(self) -> str:
        """Of the settings: others are tried at once."""
        settings = self.app.settings.inbox
        secrets = (settings.password.get_secret_value(), *settings.oauth.secrets)
        return hashlib.sha256(f"{settings!r}{secrets}".encode()).hexdigest()[:16]

    def _trouble(self) -> ServerTrouble | None:
        with self.app.database.read() as connection:
            return senders.read_troubles(connection, senders.INBOX).get(self._replica)

    def _note(self, error: ServerError, before: ServerTrouble | None, at: datetime) -> None:
        same = before if before and before.server == self._mark else None
        if not same:
            facts = Event.INBOX_FAILED.of()
            log.error("%s. It is tried again. %s", error, error.hint, extra=facts)
        failures = same.failures + 1 if same else 1
        wait = LONGEST if error.permanent else min(LONGEST, FIRST * 2 ** min(failures - 1, 10))
        reason = Reason.SETTINGS if error.permanent else Reason.SERVER
        since = same.since if same else at
        row = (self._replica, self._mark, failures, since, at + wait, str(error), reason)
        with self.app.database.write() as connection:
            senders.note_trouble(connection, ServerTrouble(*row, senders.INBOX))


def tick(app: Application) -> Pass:
    """One pass of all work, from what has come in on."""
    if app.settings.inbox.is_set:
        InboxReader(app).read(app.clock.now())
    return app.tick()


def take_in(app: Application, content: bytes) -> bool | None:
    """False for a mail that is known; None for one that is too early, to be read again: it has
    come back before what the server said of it was recorded.

    What it says is acted upon in the transaction of its row.
    """
    letter = _read_letter(app, content)
    at = app.clock.now()
    with app.database.write() as connection:
        if incoming.is_known(connection, letter.name):
            return False
        if letter.kind is LetterKind.BOUNCE and incoming.is_being_sent(connection, letter.answers):
            return None
        number = incoming.add(connection, letter, at)
        became = _handle(connection, app, letter, number, at)
        incoming.note_became(connection, number, **vars(became))
        incoming.forget_texts(connection, at)
    if became.state is LetterState.REGISTERED:
        app.wake()
        app.sync_feeds(at)
    facts = Event.LETTER_READ.of(became.notice, address=letter.sender)
    log.info("a mail came: %s, %s", letter.kind, became.reason, extra=facts)
    return True


def _read_letter(app: Application, content: bytes) -> Letter:
    settings = app.settings
    try:
        return read_letter(content, settings.mail.sender_address, settings.inbox.authserv_id)
    except Exception:  # whatever a stranger writes must not hold up what comes after
        log.exception("a mail that cannot be read waits for a person", extra=Event.LETTER_ODD.of())
        return Letter(name_of(content), LetterKind.UNKNOWN, subject="?")


def _handle(
    connection: Connection, app: Application, letter: Letter, number: int, at: datetime
) -> Became:
    if letter.kind in (LetterKind.OWN, LetterKind.AUTOMATIC):
        return Became(LetterState.PASSED_OVER, LetterReason(letter.kind))
    mail = incoming.answered(connection, letter.answers) if letter.answers else None
    if mail is None:
        unit = _unit_of(app, letter) if letter.kind is not LetterKind.BOUNCE else ""
        return Became(LetterState.WAITING, LetterReason.UNMATCHED, unit=unit)
    if letter.kind is LetterKind.BOUNCE:
        return _note_bounce(connection, letter, mail, at)
    return read_reply(connection, app, letter, mail, number)


def _unit_of(app: Application, letter: Letter) -> str:
    """By its address alone, for whoever reads it: empty where that is not one unit's."""
    units = {
        unit.id
        for unit in app.table.directory.single
        if letter.sender in map(str.lower, (*unit.to, *unit.cc))
    }
    return units.pop() if len(units) == 1 else ""


def _note_bounce(connection: Connection, letter: Letter, mail: Answered, at: datetime) -> Became:
    """Believed where it says the Message-ID, which only who has got that mail can know, of an
    address to which it went."""
    reached = {address.lower(): address for address in mail.addresses}
    hit = {reached[one.address]: one for one in letter.failures if one.address in reached}
    if not hit and len(mail.addresses) == 1:
        # It was passed on from there: the mailbox itself may be well.
        hit = {mail.addresses[0]: Failure("", "", letter.failures[0].words)}
    if not hit:
        return Became(LetterState.WAITING, LetterReason.OTHER_ADDRESS, mail.key, mail.unit)
    new = [_bounced(connection, mail, address, one, at) for address, one in hit.items()]
    reason = LetterReason.BOUNCED if any(new) else LetterReason.BOUNCED_BEFORE
    return Became(LetterState.NOTED, reason, mail.key, mail.unit)


def _bounced(
    connection: Connection, mail: Answered, address: str, failure: Failure, at: datetime
) -> bool:
    """The operator is written to all the same: nobody else would notice."""
    reason = Reason.NO_SUCH_MAILBOX if failure.is_no_mailbox else Reason.BOUNCED
    is_new = bounces.note_bounce(connection, mail.key, address, reason, failure.words, at)
    if is_new and failure.is_no_mailbox and not (mail.rehearsal or is_to_operator(mail.key)):
        bounces.stop_address(connection, address, reason, failure.words, mail.key, at)
    return is_new
