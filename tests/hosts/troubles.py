"""What may befall senders while mails go, what is to be seen of it, and the judge.

The judge is plain: every unit's mail was accepted, as the mail server's own account says, once;
or once more where a sender was in trouble, with the same Message-ID and bytes, one at most for
each of that sender's connections; nobody else got anything; and the ledger says the same.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.daemon.accepted import differences, out_of_turn, unrecorded
from tests.hosts.cluster import LEDGER as PRIMARY
from tests.hosts.cluster import OPERATOR, Cluster, Sender, Shape, cluster

MINUTE = 60.0
FEEDS_LATEST = 10  # seconds that a change may take at most: a poll is answered from memory for one


@dataclass
class Outcome:
    """`taken_over` is in seconds from the trouble's beginning until others had sent the last of
    what the sender in trouble held, `held`; None where nobody was to take over."""

    case: str
    shares: Counter[int]
    copies: int
    held: int = 0
    taken_over: float | None = None
    breaches: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(self.shares.values())


def judged(case: str, run: Cluster, in_trouble: Set[int] = frozenset()) -> Outcome:
    """Of a run in which everything is done; senders by their numbers."""
    kept = run.account()
    again = unrecorded(kept)
    reached = {address for one in kept for address in one.recipients}
    breaches = [f"{address}: lost" for address in sorted(run.expected - reached)]
    strangers = reached - run.expected - {OPERATOR}
    breaches += [f"{address}: nobody's mail" for address in sorted(strangers)]
    breaches += [f"{one.message_id}: doubled by {one.life}, which had no trouble"
                 for one in again if one.life not in in_trouble]  # fmt: skip
    for connection, count in Counter(one.connection for one in again).items():
        if count > 1:
            breaches.append(f"{count} copies for connection {connection}")
    breaches += out_of_turn(kept)
    breaches += differences(run.server.nearby("ledger"), kept)
    if "Traceback" in run.logs():
        breaches.append(run.logs())
    return Outcome(case, run.shares(), len(again), breaches=breaches)


@contextmanager
def killed(run: Cluster, sender: Sender) -> Iterator[None]:
    sender.ended(signal.SIGKILL)
    yield


@contextmanager
def stopped(run: Cluster, sender: Sender) -> Iterator[None]:
    """As for a new version."""
    assert sender.ended(signal.SIGTERM) == 0
    yield


@contextmanager
def frozen(run: Cluster, sender: Sender) -> Iterator[None]:
    sender.tell(signal.SIGSTOP)
    try:
        yield
    finally:
        sender.tell(signal.SIGCONT)


Trouble = Callable[[Cluster, Sender], AbstractContextManager[None]]
KILLED, STOPPED, FROZEN = "killed", "stopped", "frozen"
LEDGER, LEDGER_SILENT = "ledger unplugged", "ledger silent"
MAIL, MAIL_SILENT = "mail server unplugged", "mail server silent"
TROUBLES: dict[str, Trouble] = {
    KILLED: killed,
    STOPPED: stopped,
    FROZEN: frozen,
    LEDGER: lambda run, sender: run.hosts.unplugged(sender.host, "ledger"),
    LEDGER_SILENT: lambda run, sender: run.hosts.silent(sender.number, "ledger"),
    MAIL: lambda run, sender: run.hosts.unplugged(sender.host, "mail"),
    MAIL_SILENT: lambda run, sender: run.hosts.silent(sender.number, "mail"),
}


def befallen(folder: Path, shape: Shape, *cases: str, seconds: float = 0) -> Outcome:
    """All send, then each of the first few is in trouble for so many seconds, or until the
    others have taken over, whichever is later."""
    with cluster(folder, shape) as run:
        run.start()
        run.until(run.all_send, "all of them send", MINUTE)
        few = dict(zip(cases, run.senders, strict=False))
        with ExitStack() as troubles:
            begun = time.monotonic()
            left = set[str]()
            for case, one in few.items():
                before = run.held(one)
                troubles.enter_context(TROUBLES[case](run, one))
                left |= before - run.accepted_from(one) if case == STOPPED else run.held(one)
            lost = sum(shape.connections for case in cases if case in (MAIL, MAIL_SILENT))
            taken_over = _taken_over(run, {one.number for one in few.values()}, left, lost)
            time.sleep(max(0, begun + seconds - time.monotonic()))
        run.until(run.done, "everything is sent and recorded", 5 * MINUTE)
        in_trouble = {one.number for case, one in few.items() if case != STOPPED}
        outcome = judged(", ".join(cases), run, in_trouble)
    outcome.held, outcome.taken_over = len(left), taken_over - begun
    if outcome.taken_over > MINUTE:
        outcome.breaches.append(f"others took over after {outcome.taken_over:.0f} s")
    return outcome


def _taken_over(run: Cluster, troubled: Set[int], left: Set[str], lost: int) -> float:
    """When others had sent the last of what they left. So many, whose answers are lost with a
    connection to the mail server, wait for their sender to give up on it, and come later."""

    def others() -> dict[str, float]:
        return {kept.message_id: kept.at for kept in run.account() if kept.life not in troubled}

    run.until(lambda: len(left - others().keys()) <= lost, "others take over")
    return max((at for message_id, at in others().items() if message_id in left), default=0)


def restarted(folder: Path, shape: Shape, how: signal.Signals, times: int = 3) -> Outcome:
    """The ledger's server, again and again while all send; SIGQUIT is `pg_ctl -m immediate`,
    SIGINT is `-m fast`."""
    with cluster(folder, shape) as run:
        run.start()
        run.until(run.all_send, "all of them send", MINUTE)
        for _ in range(times):
            run.server.stop(how)
            run.server.start()
            before = len(run.account())
            run.until(lambda: len(run.account()) > before + 20, "they go on")  # noqa: B023
        run.until(run.done, "everything is sent and recorded")
        return judged(f"the ledger's server restarted {times} times, {how.name}", run)


DEAD, CUT_OFF = "dead", "cut off"


def failed_over(folder: Path, shape: Shape, how: str) -> Outcome:
    """The ledger's server dies, or nothing reaches it any more, while all send; its synchronous
    standby is promoted. One that was cut off never comes back: whoever promotes sees to that."""
    with cluster(folder, shape) as run, ExitStack() as troubles:
        run.start()
        run.until(run.all_send, "all of them send", MINUTE)
        before, old, begun = len(run.account()), run.server, time.monotonic()
        if how == DEAD:
            old.stop(signal.SIGQUIT)
        else:
            troubles.enter_context(run.hosts.silent(PRIMARY, "ledger"))
            troubles.callback(old.stop, signal.SIGQUIT)
        run.fail_over()
        run.until(lambda: run.done() or len(run.account()) > before + 20, "they go on")
        taken_over = time.monotonic() - begun
        run.until(run.done, "everything is sent and recorded", 5 * MINUTE)
        case = f"the ledger's server {how}, its standby promoted"
        outcome = judged(case, run, {sender.number for sender in run.senders})
        outcome.taken_over = taken_over
    if taken_over > MINUTE:
        outcome.breaches.append(f"they went on after {taken_over:.0f} s")
    return outcome


def undisturbed(folder: Path, shape: Shape) -> tuple[Outcome, float]:
    """And messages a second, from the first to the last."""
    with cluster(folder, shape) as run:
        run.start()
        run.until(run.done, "everything is sent and recorded", 5 * MINUTE)
        at = sorted(kept.at for kept in run.account() if OPERATOR not in kept.recipients)
        outcome = judged(f"undisturbed, senders: {shape.senders}", run)
        return outcome, (len(at) - 1) / (at[-1] - at[0])


def served_alike(folder: Path) -> tuple[list[str], list[float]]:
    """What is not as it should be; and how long after a registration on one of the hosts each of
    them showed it, in seconds."""
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    with cluster(folder, Shape(12, senders=2, body=0.01, hasty=True)) as run:
        run.start()
        run.until(run.done, "everything is sent and recorded")
        first, *_ = run.senders
        url = next(word for word in first.says("feed", "url", "--unit", "unit0").split()
                   if word.startswith("http"))  # fmt: skip
        path = urlsplit(url).path
        before = {one.asked(path) for one in run.senders}
        breaches = [] if len(before) == 1 else [f"different before: {before}"]
        first.says("task", "done", f"{today.year}-{today.month:02}-1")
        begun, seconds, after = time.monotonic(), [], set()
        for one in run.senders:
            run.until(lambda: one.asked(path) not in before, "the change", FEEDS_LATEST)  # noqa: B023
            seconds.append(time.monotonic() - begun)
            after.add(one.asked(path))
        if len(after) != 1:
            breaches.append(f"different after: {after}")
    return breaches, seconds
