"""The promise, checked against what was due and what the mail server knows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from reminder.domain.notices import NEVER_WENT, Kind, Reason, State, copy_number, number_of
from reminder.domain.units import Relation
from reminder.domain.workdays import DAY
from reminder.ledger import registrations
from reminder.ledger.integrity import verify
from reminder.ledger.notices import content_of
from reminder.ledger.occasions import read_start
from reminder.ledger.schema import own_message, reminded
from reminder.ledger.views import NoticeView, RecipientView, read_notices
from tests.simulation.actors import Published
from tests.simulation.expected import Telling, Tick, expected, receipts_due
from tests.simulation.faults import Fault, Faults
from tests.simulation.year import FaultyYear

# With nothing wrong for so long, whatever waits has gone: the longest back-off and a bit.
ENOUGH = timedelta(hours=7)
READ = "/by-digest"  # ends the key under which stands what was read in a digest


@dataclass(frozen=True)
class Breach:
    """A notice, and how it broke the promise."""

    notice: str
    words: str


def simulate(*where: Any, **how: Any) -> "Outcome":
    """A `FaultyYear` from its beginning to its end, held against the promise."""
    year = FaultyYear(*where, **how)
    year.run()
    outcome = Outcome(year)
    year.app.database.close()
    return outcome


class Outcome:
    """What a year left behind, and how it broke the promise. `copies` are messages that a
    recipient got more than once."""

    def __init__(self, year: FaultyYear) -> None:
        self.year, self.server, self._table = year, year.sick, year.office.table
        self._journal, self._reader = year.journal, year.approver
        self._prefix = f"{self._table.plan.id}/"
        self._reminded: dict[str, set[Telling]] = defaultdict(set)  # by the notice's key
        with year.app.database.read() as connection:
            self.notices = list(read_notices(connection))
            self._started = (
                read_start(connection, year.app.settings.stream, self._table.plan.id) or year.start
            )
            for row in connection.execute(select(reminded)):
                self._reminded[row.key].add((row.kind, row.unit, row.task, row.due, row.step))
            said = list(registrations.read_all(connection, self._table.plan.id))
            own = connection.execute(select(own_message)).all()
            self._content = {view.key: content_of(connection, view.key) for view in self.notices}
        # What is known by its Message-ID: the notice, and the hash of its bytes.
        views = {view.key: view for view in self.notices}
        self._known = {
            view.message_id: (view, view.sha256) for view in self.notices if view.message_id
        } | {row.message_id: (views[row.notice], row.sha256) for row in own}
        self._own = {(row.notice, row.address): row.message_id for row in own}
        self._receipts = receipts_due(said, self.notices)
        self._due = expected(
            self._table, self._journal, self._started, approved=self._reader is not None
        )
        self._accepted = self.server.accepted_by_address()
        self.copies = sum(count - 1 for count in self._accepted.values())
        self._hashes = self.server.hashes()
        self._accepted_at: dict[str, datetime] = {}  # first
        for delivery in self.server.deliveries:
            self._accepted_at.setdefault(delivery.message_id, delivery.at)
        self._calm = list(_calm(self._journal, year.faults))
        self.breaches = list(self._breaches())

    def _breaches(self) -> Iterator[Breach]:
        for words in verify(self.year.app.database.place):
            yield Breach("ledger", words)
        yield from self._keys()
        yield from self._tellings()
        yield from self._copies()
        yield from self._early()
        yield from self._reports()
        yield from self._second_mails()
        yield from self._supplements()
        for view in self.notices:
            for words in self._fate(view):
                yield Breach(view.key, words)

    def _keys(self) -> Iterator[Breach]:
        keys = {
            view.key.removeprefix(self._prefix)
            for view in self.notices
            if view.kind not in (Kind.REPORT, Kind.SUPPLEMENT)
        }
        for key in sorted((self._due.must | self._receipts) - keys):
            yield Breach(key, "was due and the ledger does not know it")
        for key in sorted(keys - self._due.may - self._receipts):
            yield Breach(key, "stands in the ledger and was never due")

    def _tellings(self) -> Iterator[Breach]:
        """Each reminder reached its unit's mail or the call list, and only one of them."""
        told: dict[Telling, list[str]] = defaultdict(list)
        gone = {
            view.key
            for view in self.notices
            if view.state is State.EXPIRED and view.reason in NEVER_WENT
        }
        for key, tellings in self._reminded.items():
            for telling in tellings:
                told[telling].append(key.removesuffix(READ))
        for telling in sorted((self._due.tellings | self._due.calls) - set(told)):
            yield Breach(f"{telling[0]} {telling[1]}", f"was never told of {telling[2:]}")
        for telling, keys in told.items():
            if len(set(keys) - gone) > 1:
                yield Breach(keys[-1], f"tells again what {keys[0]} told: {telling[2:]}")

    def _copies(self) -> Iterator[Breach]:
        for (message_id, address), count in self._accepted.items():
            if message_id not in self._known:
                yield Breach(message_id, f"went to {address} and the ledger does not know it")
                continue
            view = self._known[message_id][0]
            if count > 1 + self.server.excused[message_id]:
                yield Breach(view.key, f"went to {address} {count} times")
            if self._message_for(view, address) != message_id:
                yield Breach(view.key, f"went to {address}, who was to get another text")
        for message_id, (view, sha256) in self._known.items():
            if {found.hex() for found in self._hashes[message_id]} - {sha256}:
                yield Breach(view.key, "went with other bytes than were recorded")

    def _message_for(self, view: NoticeView, address: str) -> str:
        return self._own.get((view.key, address), view.message_id or "")

    def _early(self) -> Iterator[Breach]:
        """A clock that was wrong by then may have made anything due."""
        wrong = [s.start for s in self.year.faults.spells if s.fault is Fault.CLOCK]
        for delivery in self.server.deliveries:
            view, _ = self._known.get(delivery.message_id, (None, None))
            misled = any(start <= delivery.at for start in wrong)
            if view and delivery.clock < view.due and not misled:
                yield Breach(view.key, "went before it was due")

    def _second_mails(self) -> Iterator[Breach]:
        """On the day of a unit's digest the digest asks for what is past, and no other mail."""
        table, days = self._table, dict[tuple[str, str], NoticeView]()
        for view in self._of(Kind.DIGEST):
            never = view.state is State.EXPIRED and view.reason in NEVER_WENT
            if copy_number(view.key) == 1 and view.state is not State.BASELINE and not never:
                # It was due or, later, made on that day; what is approved was made in time.
                made = view.due if self._reader else max(view.due, view.as_of or view.due)
                days[view.unit, table.local_day(made).isoformat()] = view
        for view in self._of(Kind.OVERDUE):
            unit = table.directory.receiver(view.unit)
            to_itself = unit and {person.address for person in view.recipients} & {
                *unit.to,
                *unit.channels,
            }
            digest = days.get((view.unit, view.period))
            if not (digest and to_itself) or copy_number(view.key) > 1:
                continue
            if self._last_month(view.key) <= int(digest.period[5:]):
                yield Breach(view.key, f"asks on the day of {digest.key}")
        for key, tellings in self._reminded.items():
            asked = {unit for _, unit, *_ in tellings}
            months = [int(view.period[5:]) for view in days.values() if view.unit in asked]
            if key.endswith(READ) and max(months, default=0) < self._last_month(key):
                yield Breach(key, "counts as read in a digest, and there is none")

    def _supplements(self) -> Iterator[Breach]:
        """Of each wording that was told and is another now each of its units hears once, by a mail
        of its own or by a digest that is made afterwards, and nobody else."""
        for view in self._of(Kind.SUPPLEMENT):
            said = [one for one in self.year.published if one.title in self._now(view)]
            if not said and self._text(view):
                yield Breach(view.key, "tells of no wording that was published")
            for one in said:
                if view.unit not in self._units(one.row):
                    yield Breach(view.key, f"tells of {one.row}, which is not its unit's")
        firsts = [view for view in self._of(Kind.SUPPLEMENT) if copy_number(view.key) == 1]
        for one in self.year.published:
            for unit in self._units(one.row):
                heard = [view for view in firsts if view.unit == unit]
                telling = [view for view in heard if one.title in self._now(view)]
                if len(telling) > 1:
                    yield Breach(telling[1].key, f"tells {unit} of {one.title} again")
                is_told = any(number_of(view.key) >= one.number for view in heard)
                if self._must_hear(one, unit) and not is_told:
                    yield Breach(f"supplement/{one.number}/{unit}", "was never told")

    def _must_hear(self, one: Published, unit: str) -> bool:
        """Whether its digest of that month had told of the row, none came after it, and there was
        time in that month while nothing was wrong."""
        table, month = self._table, one.at.astimezone(self._table.plan.zone).month
        [task] = [task for task in table.plan.tasks if task.table_id == one.row]
        until, period = table.digest_end(month), table.plan.period(month)
        digests = [v for v in self._of(Kind.DIGEST) if v.unit == unit and v.state is State.SENT]
        is_known = any(v.period == period and _knows(v) < one.number for v in digests)
        is_in_digest = any(v.created < until and _knows(v) >= one.number for v in digests)
        is_told = not {month, month + 1}.isdisjoint(table.months_of(task))
        calm = ((max(begin, one.at), min(end, until)) for begin, end in self._calm)
        had_time = any(end - begin >= DAY for begin, end in calm)
        is_last = not any(
            other.row == one.row and one.number < other.number and other.at < until
            for other in self.year.published
        )
        is_open = all(task.id not in tick.done for tick in self._journal)
        return is_known and not is_in_digest and is_told and had_time and is_last and is_open

    def _units(self, row: str) -> set[str]:
        tasks = [task for task in self._table.plan.tasks if task.table_id == row]
        names = [name for task in tasks for name in (*task.lead, *task.related)]
        return set(self._table.directory.expand(names))

    def _now(self, view: NoticeView) -> str:
        """What a correction says is so, less what it says was so."""
        lines = self._text(view).splitlines()
        return "\n".join(line for line in lines if "原文：" not in line)

    def _last_month(self, key: str) -> int:
        """Of the tasks that it was to tell of."""
        told = self._reminded.get(key, set())
        return max((self._table.plan.by_id[task].month for _, _, task, *_ in told), default=13)

    def _reports(self) -> Iterator[Breach]:
        """The operator heard what truly became of each month's digests."""
        for month in range(1, 13):
            period = self._table.plan.period(month)
            views = [view for view in self._of(Kind.DIGEST, period)
                     if view.state is not State.BASELINE]  # fmt: skip
            reports = [r for r in self._of(Kind.REPORT, period) if "/report/digest/" in r.key]
            if not views or not self._settled(views) or not self._settled(reports):
                continue
            arrived = sum(all(self._accepted[self._message_for(view, one.address), one.address]
                              for one in view.recipients) and bool(view.recipients)
                          for view in views)  # fmt: skip
            words = f"应发{len(views)}封，邮件服务器已接收{arrived}封"
            if any(report.state is State.EXPIRED for report in reports):
                continue  # whether it had to be is asked of every notice
            if not any(words in self._text(report) for report in reports):
                yield Breach(f"report/digest/{period}", f"no report says: {words}")

    def _of(self, kind: Kind, period: str = "") -> list[NoticeView]:
        """Of that period, or of all."""
        return [v for v in self.notices if v.kind is kind and period in ("", v.period)]

    def _settled(self, views: list[NoticeView]) -> bool:
        """All have ended, with time enough for a report to follow."""
        ended = max((view.updated for view in views), default=self._started)
        calm = any(end - max(begin, ended) >= ENOUGH for begin, end in self._calm)
        return calm and not any(view.waiting for view in views)

    def _text(self, view: NoticeView) -> str:
        """What its reader reads; nothing when it never went."""
        content = self._content[view.key] if self._hashes[view.message_id or ""] else None
        body = message_from_bytes(content or b"", policy=default).get_body(("plain",))
        return str(body.get_content()) if content and body else ""

    def _names_its_tasks(self, view: NoticeView) -> Iterator[str]:
        told = self._reminded.get(view.key, set())
        text = self._text(view) if told else ""
        for _, _, task, _, _ in told if text else ():
            found = self._table.plan.by_id[task]
            # Who edits the plan meanwhile changes what stands in brackets.
            kept = found.title.partition("（")[0]
            if kept not in text and found.brief not in text:
                yield f"was to tell of {task} and does not name it"

    def _presses_nobody(self, view: NoticeView) -> Iterator[str]:
        """What was registered before a pass is not asked for in that pass."""
        told = {telling[2] for telling in self._reminded.get(view.key, set())}
        moment = self._accepted_at.get(view.message_id or "") if told else None
        if moment is None:
            return
        last = [t for t in self._journal if t.at <= moment][-1]
        if all(task in last.done or not last.is_asked(task, view.unit) for task in told):
            yield "asks for what was registered before"

    def _fate(self, view: NoticeView) -> Iterator[str]:
        for person in view.recipients:
            yield from self._answer(view, person)
        yield from self._names_its_tasks(view)
        yield from self._presses_nobody(view)
        reader, why = self._reader, view.reason
        read = reader is not None and view.kind is Kind.DIGEST
        approved = {None, *reader.approved[view.key]} if reader and read else {view.sha256}
        held, expired = view.state is State.HELD, view.state is State.EXPIRED
        late, done = expired and why == Reason.TOO_LATE, expired and why == Reason.DONE
        needless = view.key.removeprefix(self._prefix) in self._due.needless
        baseline, had_time = view.state is State.BASELINE, self._had_time(view)
        yield from _true({
            "was left in sending": view.state is State.SENDING and self._journal[-1].completed,
            "is held, and nothing was to be held": held and not read,
            f"is still held ({why}) and had time to go": held and read and had_time,
            f"still waits ({why}) and had time to go":
                view.state in (State.QUEUED, State.RETRY) and had_time,
            "has other bytes than were approved": view.sha256 not in approved,
            "counts as older than the first start and is not":
                baseline and view.useful_until > self._started,
            "was refused for want of an address and has one":
                why == Reason.NO_ADDRESS and self._addresses(view),
            f"ended as expired ({why}), and nobody asked for it": expired and not (late or done),
            "was given up while it was of use": late and view.updated < view.useful_until,
            "is too late and had time to go": late and had_time,
            "counts as needless and was due all the time": done and read and not needless,
            "counts as done and is not": done and not read and not self._is_done(view),
        })  # fmt: skip

    def _answer(self, view: NoticeView, person: RecipientView) -> Iterator[str]:
        address, message = person.address, (self._message_for(view, person.address), person.address)
        accepted, excused = self._accepted[message], self.server.excused[message[0]]
        sent, refused = person.state is State.SENT, person.state is State.REFUSED
        bounced, came_back = person.state is State.BOUNCED, message in self.server.bounced
        stopped = refused and person.reason == Reason.BOUNCED_ADDRESS
        yield from _true({
            f"went to {address}, which is not the unit's":
                view.kind is not Kind.REPORT and address not in self._addresses(view),
            f"counts as sent to {address}, and the server never accepted it":
                sent and not accepted,
            f"counts as refused for {address}, and the server never refused it":
                refused and not stopped and message not in self.server.said_no,
            f"counts as stopped for {address}, from where nothing came back":
                stopped and address not in {one for _, one in self.server.bounced},
            f"counts as sent back from {address}, and never was": bounced and not came_back,
            f"came back from {address} and counts as sent":
                sent and came_back and not self.server.returned,
            f"was accepted for {address} and counts as {person.state}":
                accepted and not sent and not bounced and not excused,
        })  # fmt: skip

    def _is_done(self, view: NoticeView) -> bool:
        """Whether all that it was to tell of was done, or reported by its unit, at some time."""
        told = {telling[2] for telling in self._reminded.get(view.key, set())}
        ever = {
            task
            for tick in self._journal
            for task in (*tick.done, *(task for task, unit in tick.reported if unit == view.unit))
        }
        return bool(told) and told <= ever

    def _had_time(self, view: NoticeView) -> bool:
        """Whether, while it was of use, nothing was wrong for long enough."""
        due = view.due
        if self._reader and view.kind is Kind.DIGEST:
            due = max(due, self._reader.begins[view.period])
        for begin, end in self._calm:
            if min(end, view.useful_until) - max(begin, due) >= ENOUGH:
                return True
        return False

    def _addresses(self, view: NoticeView) -> set[str]:
        unit = self._table.directory.units.get(view.unit)
        if unit is None:
            return set()
        told = self._reminded.get(view.key, set())
        others = set[str]()
        if unit.tone is Relation.OWN:
            schedule = self._table.schedule
            for kind, _, _, due, step in told:
                at = max(schedule.nudges_of_leads) if due == "once" else step
                others |= {*schedule.addressees(Kind(kind), at).others}
        return {*unit.addresses, *others}


def _true(wrong: Mapping[str, object]) -> Iterator[str]:
    return (words for words, is_so in wrong.items() if is_so)


def _knows(view: NoticeView) -> int:
    """By which publication it was made."""
    return view.publication or 0


def _calm(journal: list[Tick], faults: Faults) -> Iterator[tuple[datetime, datetime]]:
    """Times of passes that ended while nothing was wrong; the clock was right then."""
    begin: Tick | None = None
    for before, tick in pairwise(journal):
        if before.completed and tick.completed and faults.healthy(before.at, tick.at):
            begin = begin or before
            last = tick
        elif begin:
            yield begin.at, last.at
            begin = None
    if begin:
        yield begin.at, last.at
