"""A mail server in trouble, by its own failure or because it refuses whatever this office sends.

One alarm when it begins, and notices that wait for the next probe. A relay that does not know this
host refuses every recipient, one by one and for good. Three different ones in a row, answered
alike, are the server's trouble: they wait, as all others do. A few odd mailboxes must not pass
for that, nor hold up anybody: who is refused beside others that were accepted is refused, and a
probe asks who was tried least.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from reminder.domain.notices import ON_ITS_WAY, Answer, Reason, State
from reminder.errors import ServerError
from reminder.events import Event
from reminder.ledger import deliveries, senders
from reminder.ledger.claiming import Claim
from reminder.ledger.counts import count
from reminder.ledger.senders import ServerTrouble
from reminder.mail.claims import REFUSED, Claims, back_off

ALIKE = 3  # different recipients in a row
PROBED = 10  # recipients that one probe asks of a server that refused them all

_FINAL = re.compile("5[0-9]{2} ")
# RFC 3463 sections 3.2 to 3.4: these speak of the mailbox, or of the mail's size; 5.1.0 and 5.2.0
# of neither: relays that do not know this host say them.
_OF_OTHERS = re.compile(r"5[0-9]{2} #?5\.(?:[12]\.[1-9][0-9]{0,2}|3\.4)\b")
_REFUSALS = (Reason.RECIPIENT_REFUSED, Reason.MESSAGE_REFUSED)

log = logging.getLogger(__name__)


class Outage:
    """Of one pass: `trouble` is what an earlier one left in the ledger, `begun` is whether the
    server has failed in this one."""

    def __init__(self, claims: Claims) -> None:
        self.begun = False
        self._claims = claims
        self._database = claims.database
        self._route = claims.route
        self._replica = claims.replica
        with self._database.read() as connection:
            self.trouble = self._read_trouble(connection)
        if self.trouble and self.trouble.server != self._route.mark:
            # Whatever waited for another server, or for other settings of this one, is ready.
            self.trouble = None
            with self._database.write() as connection:
                self._clear_trouble(connection)
                now, route = claims.clock.now(), self._route
                deliveries.hurry(connection, route.stream, now, route.way)

    def lasts(self) -> bool:
        """The next probe is yet to come: until then what is new waits, unless other replicas
        get through."""
        now = self._claims.clock.now()
        if self.trouble is None or self.trouble.not_before <= now:
            return False
        with self._database.write() as connection:
            if not self._claims.others_are_well(connection):
                deliveries.put_off(connection, self._route.stream, now, self.trouble)
        return True

    def begin(self, error: ServerError, claims: Sequence[Claim], refused: Sequence[Claim]) -> None:
        """Notices wait, those of `claims` and those that the server `refused` because of us
        among them: for other replicas at once if their way is well, else for the next probe."""
        is_first, self.begun = not self.begun, True
        now, stream = self._claims.clock.now(), self._route.stream
        with self._database.write() as connection:
            earlier = trouble = self._read_trouble(connection)
            if is_first or trouble is None:
                trouble = self._described(error, earlier, of_us=bool(refused))
                senders.note_trouble(connection, trouble)
            others_send = self._claims.others_are_well(connection)
            until = now if others_send else trouble.not_before
            for claim in refused:
                deliveries.wait_after_all(connection, claim, now, until, trouble.detail)
            if others_send:
                deliveries.requeue(connection, claims, now)
            else:
                deliveries.put_off(connection, stream, now, trouble, *claims)
            waiting = count(connection, *ON_ITS_WAY)
        if is_first and not earlier:
            words = f"{error}: {waiting} notices wait. {error.hint}".rstrip()
            log.error("%s", words, extra=Event.SERVER_FAILED.of(waiting=waiting))

    def _described(
        self, error: ServerError, earlier: ServerTrouble | None, *, of_us: bool
    ) -> ServerTrouble:
        now, failures = self._claims.clock.now(), earlier.failures if earlier else 0
        bounds = REFUSED if error.permanent else self._route.probe
        reason = Reason.SETTINGS if error.permanent else self._route.failing
        return ServerTrouble(
            self._replica.name,
            self._route.mark,
            failures + 1,
            since=earlier.since if earlier else now,
            not_before=now + back_off(failures, bounds, self._claims.dice),
            detail=str(error),
            reason=Reason.SENDER_REFUSED if of_us else reason,
            route=self._route.way,
        )

    def _read_trouble(self, connection: Connection) -> ServerTrouble | None:
        return senders.read_troubles(connection, self._route.way).get(self._replica.name)

    def _clear_trouble(self, connection: Connection) -> bool:
        return senders.clear_trouble(connection, self._replica.name, self._route.way)

    def end(self) -> None:
        with self._database.write() as connection:
            if self._clear_trouble(connection):
                log.warning("%s works again", self._route.name, extra=Event.SERVER_RECOVERED.of())


class Refusals:
    """What may be about this office and not about the mailbox, in one pass; not for two threads
    at once. `earlier` is the trouble that another pass has left."""

    def __init__(self, earlier: ServerTrouble | None) -> None:
        self._refused_us = earlier is not None and earlier.reason == Reason.SENDER_REFUSED
        self._accepted = False
        self._blamed = False
        self._alike = ""  # what the replies of the row have in common
        self._reply = ""
        self._of_us = False
        self._row: dict[str, Claim] = {}  # by one recipient of each answer
        self._may_be_theirs: dict[str, tuple[Claim, Reason]] = {}

    @property
    def open(self) -> bool:
        """The last recipients were refused, and the server may be the reason."""
        return bool(self._row)

    def note(self, claim: Claim, answers: Mapping[str, Answer]) -> tuple[str, list[Claim]]:
        """The server's reply once it is to blame, and who is to wait: each is told of once."""
        accepted = any(answer.state is State.SENT for answer in answers.values())
        if accepted:
            self._accepted = True
            self._row.clear()
        for answer, addresses in _doubtful(answers):
            of_us = answer.state is State.RETRY
            # Tried before, beside others that were accepted: it goes on waiting by itself.
            if of_us and claim.attempts and not self._refused_us:
                continue
            # Without its mail: thousands may be refused.
            refused = replace(claim, addresses=tuple(addresses), content=b"")
            if answer.otherwise:
                self._may_be_theirs[addresses[0]] = refused, answer.otherwise
            if accepted or (self._refused_us and self._accepted):
                continue
            words = "" if of_us or self._refused_us else alike(answer.reply, addresses[0])
            if words != self._alike:  # unlike the last ones: another row
                self._row.clear()
                self._of_us = False
            self._alike, self._reply = words, answer.reply
            self._of_us |= of_us
            self._row[addresses[0]] = refused
        self._blamed |= len(self._row) >= (PROBED if self._refused_us else ALIKE)
        return self._take_row() if self._blamed else ("", [])

    def at_end(self) -> tuple[str, list[Claim]]:
        """The same when nothing is left to ask: if nobody was accepted and it spoke of us."""
        spoke_of_us = self._refused_us or self._of_us
        return self._take_row() if spoke_of_us and not self._accepted else ("", [])

    def _take_row(self) -> tuple[str, list[Claim]]:
        row = list(self._row.values())
        self._row.clear()
        return self._reply, row

    def theirs(self) -> list[tuple[Claim, Reason]]:
        """At the end: who was refused for what they are, since others were accepted."""
        if not self._accepted or self._blamed or len(self._may_be_theirs) >= ALIKE:
            return []
        return list(self._may_be_theirs.values())


def _doubtful(answers: Mapping[str, Answer]) -> list[tuple[Answer, list[str]]]:
    """Each final no that does not itself say of whom it speaks, or says: of us. With all its
    recipients: the one to a message is for them all."""
    doubtful: dict[int, tuple[Answer, list[str]]] = {}
    for address, answer in answers.items():
        of_us = answer.reason in (Reason.SENDER_REFUSED, Reason.SERVER)
        of_whom = answer.reason in _REFUSALS and not _OF_OTHERS.match(answer.reply)
        if _FINAL.match(answer.reply) and (of_us or of_whom):
            doubtful.setdefault(id(answer), (answer, []))[1].append(address)
    return list(doubtful.values())


def alike(reply: str, address: str) -> str:
    """The words that replies to different recipients have in common: without the address, in
    whatever form, and without what numbers the mail or the session."""
    name, _, domain = address.lower().partition("@")
    own = {address.lower(), name, domain, _unicode(domain), f"{name}@{_unicode(domain)}"}
    code, _, text = reply.lower().partition(" ")
    words = [word.strip("<>()[]{}'\";:,.") for word in re.split(r"[\s<>=]+", text)]
    kept = [w for w in words if w and w not in own and "@" not in w and not _is_number(w)]
    return " ".join([code, *kept])


def _is_number(word: str) -> bool:
    """Whether it counts or names this one mail; an enhanced code (RFC 3463) does not."""
    return bool(re.search("[0-9]", word)) and not re.fullmatch(r"#?[245](?:\.[0-9]{1,3}){2}", word)


def _unicode(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain
