"""Refusals that may be of this office and not of a mailbox.

A relay that does not know this host refuses every recipient, one by one and for good. Three
different ones in a row, answered alike, are the server's trouble: they wait, as all others do. A
few odd mailboxes must not pass for that, nor hold up anybody: who is refused beside others that
were accepted is refused, and a probe asks who was tried least.
"""

import re
from collections.abc import Iterator, Mapping

from reminder.domain.notices import Answer, Reason, State
from reminder.ledger.deliveries import Claim, NoticeRecipient

ALIKE = 3  # different recipients in a row
PROBED = 10  # recipients that one probe asks of a server that refused them all

_FINAL = re.compile("5[0-9]{2} ")
# RFC 3463 sections 3.2 to 3.4: these speak of the mailbox, or of the mail's size; 5.1.0 and 5.2.0
# of neither: relays that do not know this host say them.
_OF_OTHERS = re.compile(r"5[0-9]{2} #?5\.(?:[12]\.[1-9][0-9]{0,2}|3\.4)\b")
_REFUSED = (Reason.RECIPIENT_REFUSED, Reason.MESSAGE_REFUSED)


class Doubts:
    """Of one pass; not for two threads at once. `known` is a server that refused us before."""

    def __init__(self, *, known: bool = False) -> None:
        self._known = known
        self._accepted = False
        self._blamed = False
        self._words = ""
        self._last = ""
        self._row: dict[str, list[NoticeRecipient]] = {}  # by one recipient of each answer
        self._of_us = False
        self._may_be_theirs: dict[str, list[tuple[NoticeRecipient, Reason]]] = {}

    @property
    def open(self) -> bool:
        """The last recipients were refused, and the server may be the reason."""
        return bool(self._row)

    def hear(self, claimed: Claim, answers: Mapping[str, Answer]) -> str:
        """The server's words once it is to blame; `taken` gives who is to wait."""
        accepted = any(answer.state is State.SENT for answer in answers.values())
        if accepted:
            self._accepted = True
            self._row.clear()
        for answer, addresses in _apart(answers):
            of_us = answer.state is State.RETRY
            # Tried before, beside others that were accepted: it goes on waiting by itself.
            if of_us and claimed.attempts and not self._known:
                continue
            people = [NoticeRecipient(claimed.key, address) for address in addresses]
            if answer.otherwise:
                said = [(person, answer.otherwise) for person in people]
                self._may_be_theirs[addresses[0]] = said
            if not accepted and not (self._known and self._accepted):
                self._note(answer, addresses[0], people, of_us=of_us)
        most = PROBED if self._known else ALIKE
        self._blamed = self._blamed or len(self._row) >= most
        return self._last if self._blamed and self._row else ""

    def _note(
        self, answer: Answer, one: str, people: list[NoticeRecipient], *, of_us: bool
    ) -> None:
        words = "" if of_us or self._known else alike(answer.reply, one)
        if words != self._words:
            self._row.clear()
            self._of_us = False
        self._words, self._last = words, answer.reply
        self._of_us |= of_us
        self._row[one] = people

    def unheard(self) -> str:
        """At the end: the server's words, if nobody was accepted and it spoke of us."""
        if self._accepted or not (self._known or self._of_us):
            return ""
        return self._last if self._row else ""

    def taken(self) -> list[NoticeRecipient]:
        """Who was refused in that row, for once."""
        people = [person for same in self._row.values() for person in same]
        self._row.clear()
        return people

    def theirs(self) -> list[tuple[NoticeRecipient, Reason]]:
        """At the end: who was refused for what they are, since others were accepted."""
        if not self._accepted or self._blamed or len(self._may_be_theirs) >= ALIKE:
            return []
        return [said for same in self._may_be_theirs.values() for said in same]


def _apart(answers: Mapping[str, Answer]) -> Iterator[tuple[Answer, list[str]]]:
    """Each doubtful answer with its recipients: the one to a message speaks for them all."""
    found: dict[int, tuple[Answer, list[str]]] = {}
    for address, answer in answers.items():
        if _is_doubtful(answer):
            found.setdefault(id(answer), (answer, []))[1].append(address)
    return iter(found.values())


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
