"""What a notice is, the states it passes through, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    DIGEST = "digest"
    NUDGE = "nudge"
    OVERDUE = "overdue"
    SUPPLEMENT = "supplement"  # what a unit was told is otherwise now
    RECEIPT = "receipt"
    READER = "reader"  # asks whom a unit has added whether they want copies
    REPORT = "report"


REMINDERS = (Kind.NUDGE, Kind.OVERDUE)
# What waits for approval, where mails are approved.
APPROVED_KINDS = (Kind.DIGEST, Kind.SUPPLEMENT)


class State(StrEnum):
    """Of a recipient: the first six. The others are set on the notice itself."""

    QUEUED = "queued"
    SENDING = "sending"
    RETRY = "retry"
    SENT = "sent"
    REFUSED = "refused"
    BOUNCED = "bounced"  # accepted, and sent back later
    HELD = "held"
    EXPIRED = "expired"
    BASELINE = "baseline"


UNFINISHED = (State.QUEUED, State.RETRY)
ON_ITS_WAY = (*UNFINISHED, State.SENDING)
WAITING = (*ON_ITS_WAY, State.HELD)
# Of a notice's recipients the first that is there decides; else all have accepted.
DECIDING = (State.SENDING, State.QUEUED, State.RETRY, State.REFUSED)
UNREACHED = (State.REFUSED, State.BOUNCED)


class Reason(StrEnum):
    """Why a notice or a recipient is in its state: the same word in ledger, log and page."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REHEARSAL = "rehearsal"
    PARTLY = "partly"
    NO_ADDRESS = "no-address"
    RECIPIENT_REFUSED = "recipient-refused"
    SENDER_REFUSED = "sender-refused"
    RECIPIENT_DEFERRED = "recipient-deferred"
    MESSAGE_REFUSED = "message-refused"
    MESSAGE_DEFERRED = "message-deferred"
    THROTTLED = "throttled"
    RESERVED_ADDRESS = "reserved-address"
    BOUNCED = "bounced"
    NO_SUCH_MAILBOX = "no-such-mailbox"  # it bounced, and no mail goes there any more
    BOUNCED_ADDRESS = "bounced-address"  # an earlier mail bounced so: this one was not sent
    SERVER = "server"
    SETTINGS = "server-settings"
    ANSWER_LOST = "answer-lost"
    INTERRUPTED = "interrupted"
    STORAGE = "storage"
    DAMAGED = "damaged"
    FIRST_START = "first-start"
    HOLD = "hold"
    RESTORED = "restored"
    BY_HAND = "held-by-hand"
    APPROVAL = "approval"
    APPROVED = "approved"
    CHANGED = "changed"
    RELEASED = "released"
    DROPPED = "dropped"
    TOO_LATE = "too-late"
    UNKNOWN = "unknown"  # too late, and in a restored ledger: it may have gone
    DONE = "done"
    DROPPED_FROM_PLAN = "dropped-from-plan"
    MOVED = "moved"
    CLOCK = "clock"
    RESENT = "resent"
    RENEWED = "renewed"
    # By choice: of its unit, or of the reader of a copy.
    DECLINED = "declined"
    PAUSED = "paused"
    LEFT = "left"


BY_CHOICE = (Reason.DECLINED, Reason.PAUSED, Reason.LEFT)

# Of a held notice: it goes when the operator releases it.
ON_HOLD = (Reason.HOLD, Reason.RESTORED, Reason.BY_HAND)


# A notice that ended so told nobody anything, as far as the ledger knows.
NEVER_WENT = (Reason.TOO_LATE, Reason.UNKNOWN, Reason.DONE, Reason.DROPPED_FROM_PLAN, Reason.MOVED)
# Of a held digest: nobody has read it yet; it goes at its moment, as approved or whatever it
# says by then; it would go to nobody as things are.
UNREAD = (Reason.APPROVAL,)
CLEARED = (Reason.APPROVED, Reason.RELEASED)
NEEDLESS = (Reason.DONE, Reason.DROPPED_FROM_PLAN, Reason.NO_ADDRESS)


def still_reached(stream: str, now: str) -> bool:
    """Whether who got a mail on that stream has it: an outbox folder reached nobody, once mails
    go by a server."""
    return stream == now or stream != "maildir"


@dataclass(frozen=True)
class Answer:
    """What became of one recipient: a state, why, and the server's own words.

    A refusal that speaks of the sender waits, and would be one for the reason `otherwise` if it
    turned out to concern that recipient or message alone.
    """

    state: State
    reason: Reason
    reply: str = ""
    otherwise: Reason | None = None


@dataclass(frozen=True)
class NoticeDraft:
    """A notice that is due: an occasion for one unit, before it has bytes.

    `due` and `useful_until` are aware. `tasks` are (task id, due date as ISO, step) for
    which the unit need not be reminded again; empty for a digest. What its unit reads in a
    digest of the same day, `by_digest`, goes to those alone who are told beside it.
    """

    key: str
    kind: Kind
    period: str
    unit: str
    due: datetime
    useful_until: datetime
    tasks: tuple[tuple[str, str, int], ...] = ()
    by_digest: bool = False

    def __post_init__(self) -> None:
        if self.due.tzinfo is None or self.useful_until.tzinfo is None:
            raise ValueError(f"{self.key}: moments need a time zone")

    @property
    def plan(self) -> str:
        return plan_of(self.key)


def notice_key(plan_id: str, kind: Kind, period: str, unit: str, *, rehearsal: bool = False) -> str:
    """The name that makes a notice unique, e.g. `npc-deputies/digest/2026-03/deputies`."""
    middle = f"rehearsal/{kind}" if rehearsal else str(kind)
    return f"{plan_id}/{middle}/{period}/{unit}"


def number_of(key: str) -> int:
    """Of a receipt's or a supplement's key the number of what it tells last."""
    return int(original(key).split("/")[-2])


def plan_of(key: str) -> str:
    """The id of the plan with which a notice's key begins."""
    return key.partition("/")[0]


def is_to_operator(key: str) -> bool:
    """Whether that notice is a report."""
    return key.split("/")[1:2] == [Kind.REPORT]


def original(key: str) -> str:
    """Of a copy that was made anew (`KEY#2`) the notice that it copies; else the key itself."""
    return key.partition("#")[0]


def copy_number(key: str) -> int:
    """1 for a notice, 2 and more when it was made anew."""
    return int(key.partition("#")[2] or 1)


def copy_key(key: str, number: int) -> str:
    return f"{key}#{number}"


def derive_state(recipients: Iterable[State]) -> tuple[State, Reason | None]:
    """A notice's state from its recipients': the first that fits, unfinished before finished.
    What was sent back later is refused."""
    states = set(recipients)
    bounced = State.BOUNCED in states
    if bounced:
        states.add(State.REFUSED)
    state = next((state for state in DECIDING if state in states), State.SENT)
    if state is not State.REFUSED:
        return state, None
    return state, Reason.PARTLY if State.SENT in states else Reason.BOUNCED if bounced else None
