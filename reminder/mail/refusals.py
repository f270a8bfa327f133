"""Refusals that may be of this office and not of a mailbox.

A relay that does not know this host refuses every recipient, one by one and for good. Three
different ones in a row, answered alike, are the server's trouble: they wait, as all others do. A
few odd mailboxes must not pass for that, nor hold up anybody: who is refused beside others that
were accepted is refused, and a probe asks who was tried least.
"""

import re
from collections.abc import Mapping

from reminder.domain.notices import Answer, Reason, State
from reminder.ledger.deliveries import Claim, NoticeRecipient

ALIKE = 3  # different recipients in a row
PROBED = 10  # recipients that one probe asks of a server that refused them all

_FINAL = re.compile("5[0-9]{2} ")
# RFC 3463 sections 3.2 to 3.4: these speak of the mailbox, or of the mail's size; 5.1.0 and 5.2.0
# of neither: relays that do not know this host say them.
_OF_OTHERS = re.compile(r"5[0-9]{2} #?5\.(?:[12]\.[1-9][0-9]{0,2}|3\.4)\b")
_REFUSED = (Reason.RECIPIENT_REFUSED, Reason.MESSAGE_REFUSED)


class Refusals:
    """Of one pass; not for two threads at once. `refused_us` says that the server did so in an
    earlier one."""

    def __init__(self, *, refused_us: bool = False) -> None:
        self._refused_us = refused_us
        self._accepted = False
        self._blamed = False
        self._alike = ""  # what the replies of the row have in common
        self._reply = ""
        self._of_us = False
        self._row: dict[str, list[NoticeRecipient]] = {}  # by one recipient of each answer
        self._may_be_theirs: dict[str, list[tuple[NoticeRecipient, Reason]]] = {}

    @property
    def open(self) -> bool:
        """The last recipients were refused, and the server may be the reason."""
        return bool(self._row)

    def note(self, claim: Claim, answers: Mapping[str, Answer]) -> str:
        """The server's reply once it is to blame; `take_row` gives who is to wait."""
        accepted = any(answer.state is State.SENT for answer in answers.values())
        if accepted:
            self._accepted = True
            self._row.clear()
        for answer, addresses in _doubtful(answers):
            of_us = answer.state is State.RETRY
            # Tried before, beside others that were accepted: it goes on waiting by itself.
            if of_us and claim.attempts and not self._refused_us:
                continue
            people = [NoticeRecipient(claim.key, address) for address in addresses]
            if answer.otherwise:
                self._may_be_theirs[addresses[0]] = [(one, answer.otherwise) for one in people]
            if not accepted and not (self._refused_us and self._accepted):
                self._extend_row(answer, addresses[0], people, of_us=of_us)
        most = PROBED if self._refused_us else ALIKE
        self._blamed = self._blamed or len(self._row) >= most
        return self._reply if self._blamed and self._row else ""

    def _extend_row(
        self, answer: Answer, address: str, people: list[NoticeRecipient], *, of_us: bool
    ) -> None:
        """Begins another row when this reply is unlike the last ones."""
        words = "" if of_us or self._refused_us else alike(answer.reply, address)
        if words != self._alike:
            self._row.clear()
            self._of_us = False
        self._alike, self._reply = words, answer.reply
        self._of_us |= of_us
        self._row[address] = people

    def take_row(self) -> list[NoticeRecipient]:
        """Who was refused in that row, for once."""
        people = [person for same in self._row.values() for person in same]
        self._row.clear()
        return people

    def reply_of_all(self) -> str:
        """At the end: the server's reply, if nobody was accepted and it spoke of us."""
        spoke_of_us = self._refused_us or self._of_us
        return self._reply if spoke_of_us and self._row and not self._accepted else ""

    def theirs(self) -> list[tuple[NoticeRecipient, Reason]]:
        """At the end: who was refused for what they are, since others were accepted."""
        if not self._accepted or self._blamed or len(self._may_be_theirs) >= ALIKE:
            return []
        return [one for same in self._may_be_theirs.values() for one in same]


def _doubtful(answers: Mapping[str, Answer]) -> list[tuple[Answer, list[str]]]:
    """Each doubtful answer with its recipients: the one to a message speaks for them all."""
    doubtful: dict[int, tuple[Answer, list[str]]] = {}
    for address, answer in answers.items():
        if _is_doubtful(answer):
            doubtful.setdefault(id(answer), (answer, []))[1].append(address)
    return list(doubtful.values())


def _is_doubtful(answer: Answer) -> bool:
    """A server's final no that does not itself say of whom it speaks, or says: of us."""
    if not _FINAL.match(answer.reply):
        return False
    if answer.state is State.RETRY:
        return answer.reason in (Reason.SENDER_REFUSED, Reason.SERVER)
    return answer.reason in _REFUSED and not _OF_OTHERS.match(answer.reply)


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
