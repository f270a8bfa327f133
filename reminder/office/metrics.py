"""What monitoring is told, in numbers: nothing of a unit, an address or a person."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection

from reminder.domain.notices import ON_HOLD
from reminder.domain.timetable import Timetable
from reminder.ledger import measures
from reminder.ledger.database import DatabaseServer
from reminder.ledger.holds import read_hold
from reminder.ledger.measures import BOUNDS, OUTCOMES, DeliveryTimes
from reminder.ledger.occasions import last_tick
from reminder.ledger.schema import REVISION
from reminder.ledger.senders import present, read_alarms
from reminder.office.alerts import kind_of
from reminder.office.application import Application
from reminder.office.backups import last_backup

PLANS = 100  # with more of them they are counted together, as plan `*`
MAIL, SUM = "mail", "sum"
TROUBLES = ("broken", "conflict", "pending", "other")  # of files
Labels = tuple[str, ...]
Values = Mapping[Any, float]  # by labels
Reading = tuple[str, Values]


@dataclass(frozen=True)
class Metric:
    """`kind` is gauge, counter or histogram; a histogram's values are by their labels, then by
    `BOUNDS` and `SUM`."""

    name: str
    kind: str
    meaning: str
    labels: Labels = ()


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, "gauge", meaning, labels)


METRICS = (
    _gauge("reminder_notices", "Notices in the ledger.", "plan", "kind", "state"),
    _gauge("reminder_recipients", "Addresses of notices in the ledger.", "route", "state"),
    Metric(
        "reminder_delivery_seconds",
        "histogram",
        "From when a mail could go to when a server took it, of all that the ledger ever sent.",
        ("kind",),
    ),
    _gauge(
        "reminder_oldest_waiting_seconds",
        "How long the oldest mail on its way has waited; 0 when none does.",
        "route",
    ),
    _gauge(
        "reminder_digest_units",
        "Units that should have this month's digest, by the best that became of it.",
        "plan",
        "outcome",
    ),
    _gauge("reminder_next_digest_timestamp_seconds", "When the next month's digest is due."),
    _gauge("reminder_held", "1 while mails are held for this reason.", "reason"),
    _gauge("reminder_server_troubles", "Replicas that have trouble with the route.", "route"),
    _gauge(
        "reminder_server_trouble_since_timestamp_seconds",
        "Since when the route has been in trouble; 0 when it works.",
        "route",
    ),
    _gauge(
        "reminder_alarm_since_timestamp_seconds",
        "Since when the operator's alarm is on; a series for each that is.",
        "alarm",
    ),
    _gauge(
        "reminder_last_backup_timestamp_seconds",
        "When the newest backup was made; nothing where no folder is set or none is there.",
    ),
    _gauge("reminder_alarms", "Alarms of the operator that are on."),
    _gauge("reminder_bounced_addresses", "Addresses that get no mail until somebody clears them."),
    _gauge("reminder_incoming_waiting", "Answers by mail that wait for a person."),
    _gauge("reminder_provisional_windows", "Windows to come that rest on a guess or lack a day."),
    _gauge("reminder_undated_sessions", "Sessions of this month or later that have no day yet."),
    _gauge("reminder_publication", "The number of the version that this process goes by."),
    _gauge("reminder_files_trouble", "1 while edited files are not in force, and why.", "trouble"),
    _gauge("reminder_ledger_info", "The ledger's tables and its database.", "schema", "database"),
    _gauge("reminder_build_info", "The program's version.", "version"),
    _gauge("reminder_replicas", "Processes that may send, on a ledger that many share."),
    _gauge("reminder_sender", "1 while this process delivers."),
    _gauge("reminder_last_tick_timestamp_seconds", "When this process last made a pass."),
    _gauge(
        "reminder_last_good_tick_timestamp_seconds",
        "When any process last planned, as the ledger says.",
    ),
    Metric("reminder_ticks", "counter", "Passes of this process."),
    Metric("reminder_tick_failures", "counter", "Passes of this process that ended early."),
    Metric("reminder_feed_requests", "counter", "Answers of this process about calendars.",
           ("feed", "status")),
    Metric("reminder_page_requests", "counter", "Its answers about all else.", ("area", "status")),
)  # fmt: skip


class MetricReader:
    """Keeps what it has counted: of the history, and of one version's windows on one day."""

    def __init__(self) -> None:
        self._delivery_times = DeliveryTimes()
        self._counted: tuple[tuple[Timetable, ...], date] | None = None
        self._open = 0, 0

    def read(self, app: Application, connection: Connection, at: datetime) -> dict[str, Values]:
        """All but the counts of requests, out of one transaction."""
        taken = self._delivery_times.read(connection, at)
        return dict(
            [
                ("reminder_delivery_seconds", dict(_histogram(taken))),
                *_of_notices(app, connection, at),
                *_of_troubles(app, connection),
                *_of_office(app, connection, at),
                *self._open_questions(app.tables, app.tables[0].local_day(at)),
                *_of_process(app, connection),
            ]
        )

    def _open_questions(self, tables: tuple[Timetable, ...], on: date) -> Iterator[Reading]:
        """Once a day and version: thousands of plans have tens of thousands of windows."""
        if not (self._counted and self._counted[0] is tables and self._counted[1] == on):
            self._counted, self._open = (tables, on), _open_questions(tables, on)
        yield "reminder_provisional_windows", {(): self._open[0]}
        yield "reminder_undated_sessions", {(): self._open[1]}


def _histogram(taken: Mapping[str, measures.Taken]) -> Iterator[tuple[Labels, float]]:
    for kind, it in taken.items():
        count = 0
        for bound, more in zip(
            (*(f"{bound:.1f}" for bound in BOUNDS), "+Inf"), it.counts, strict=True
        ):
            yield (kind, bound), (count := count + more)
        yield (kind, SUM), it.seconds


def _of_notices(app: Application, connection: Connection, at: datetime) -> Iterator[Reading]:
    stream = app.settings.stream
    live = [(t.plan.id, t.plan.period(month)) for t in app.tables if (month := t.live_digest(at))]
    outcomes = measures.digest_outcomes(connection, live, stream)
    for plan in {plan for plan, _ in outcomes}:
        for outcome in OUTCOMES:
            outcomes[plan, outcome] += 0
    yield "reminder_notices", _bounded(app, measures.notice_counts(connection, stream))
    yield "reminder_digest_units", _bounded(app, outcomes)
    recipients = measures.recipient_counts(connection)
    yield "reminder_recipients", {(r or MAIL, state): n for (r, state), n in recipients.items()}
    waiting: dict[Labels, float] = {(route or MAIL,): 0 for route in _routes(recipients)}
    for route, since in measures.oldest_waiting(connection, stream).items():
        waiting[route or MAIL,] = max(0.0, (at - since).total_seconds())
    yield "reminder_oldest_waiting_seconds", waiting


def _routes(recipients: Mapping[tuple[str, str], int]) -> set[str]:
    return {"", *(route for route, _ in recipients)}


def _bounded(app: Application, counts: Counter[Any]) -> Values:
    if len(app.office.series) <= PLANS:
        return counts
    together: Counter[Labels] = Counter()
    for (_, *rest), count in counts.items():
        together["*", *rest] += count
    return together


def _of_troubles(app: Application, connection: Connection) -> Iterator[Reading]:
    hold = read_hold(connection, app.settings.stream)
    yield "reminder_held", {(reason,): hold is not None and hold.reason is reason
                            for reason in ON_HOLD}  # fmt: skip
    counts: dict[Labels, float] = {(MAIL,): 0}
    since: dict[Labels, float] = {(MAIL,): 0}
    for route, (count, begun) in measures.troubles(connection).items():
        name = route.strip("<>") or MAIL  # of the mailbox for answers, too
        counts[name,], since[name,] = count, begun.timestamp()
    yield "reminder_server_troubles", counts
    yield "reminder_server_trouble_since_timestamp_seconds", since
    alarms: dict[Labels, float] = {}
    found = read_alarms(connection)
    for alarm in found.values():  # the oldest first
        alarms.setdefault((kind_of(alarm.name),), alarm.since.timestamp())
    yield "reminder_alarm_since_timestamp_seconds", alarms
    yield "reminder_alarms", {(): len(found)}
    made = last_backup(app.settings, connection)
    yield "reminder_last_backup_timestamp_seconds", {(): made.made.timestamp()} if made else {}
    yield "reminder_bounced_addresses", {(): measures.count_bounced(connection)}
    yield "reminder_incoming_waiting", {(): measures.count_unread(connection)}


def _of_office(app: Application, connection: Connection, at: datetime) -> Iterator[Reading]:
    tables, office = app.tables, app.office
    due = [t.digest_due(month) for t in tables if (month := t.next_digest(at))]
    yield "reminder_next_digest_timestamp_seconds", {(): min(due).timestamp()} if due else {}
    yield "reminder_publication", {(): office.publication or 0}
    yield "reminder_files_trouble", {(name,): f"files/{name}" in app.activity.troubles
                                     for name in TROUBLES}  # fmt: skip
    is_shared = isinstance(app.settings.ledger, DatabaseServer)
    yield "reminder_ledger_info", {(REVISION, "postgresql" if is_shared else "sqlite"): 1}
    yield "reminder_build_info", {(_version(),): 1}
    replicas = len({*present(connection).values()}) if is_shared else 0
    yield "reminder_replicas", {(): replicas} if is_shared else {}


def _open_questions(tables: tuple[Timetable, ...], on: date) -> tuple[int, int]:
    """Windows to come that rest on a guess or wait for a session, and those sessions."""
    coming = [
        (table.plan.id, window)
        for table in tables
        for window in table.windows.values()
        if window.due >= on and window.provisional
    ]
    sessions = {(plan, it.meeting) for plan, it in coming if it.undated}
    return len(coming), len(sessions)


@cache
def _version() -> str:
    return version("reminder")


def _of_process(app: Application, connection: Connection) -> Iterator[Reading]:
    now = app.activity
    yield "reminder_sender", {(): now.delivers}
    last = {(): now.last_tick.timestamp()} if now.last_tick else {}
    yield "reminder_last_tick_timestamp_seconds", last
    ticked = last_tick(connection)
    yield "reminder_last_good_tick_timestamp_seconds", {(): ticked.timestamp()} if ticked else {}
    yield "reminder_ticks", {(): now.ticks}
    yield "reminder_tick_failures", {(): now.failed}
