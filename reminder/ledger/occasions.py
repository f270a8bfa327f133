"""When an office first started, which occasions were planned and reported, who was told by them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, bindparam, func, literal, or_, select, update

from reminder.domain.notices import NEVER_WENT, REMINDERS, Kind, NoticeDraft, State, still_reached
from reminder.domain.occasions import PastDigest, Step
from reminder.domain.plan import Plan
from reminder.domain.timetable import Timetable
from reminder.ledger.rows import batched, put, put_new, put_setting, read_setting
from reminder.ledger.schema import notice, occasion, registration, reminded, start, task_done

AHEAD = timedelta(days=90)  # of a clock: nearer than that the first start is believed
_LAST_TICK = "last-tick"
# Asked at each tick: made once, for making a statement takes longer than running it.
_STARTED_AHEAD = update(start).where(start.c.at > bindparam("latest")).values(at=bindparam("now"))
_STARTS = select(start)
_STARTS_OF_PLAN = select(start.c.stream, func.min(start.c.at).label("at")).group_by(start.c.stream)
_STARTS_OF_PLAN = _STARTS_OF_PLAN.where(start.c.plan == bindparam("of_plan"))
_HASHES = select(occasion.c.plan, occasion.c.period, occasion.c.input_hash)
_HASHES = _HASHES.where(occasion.c.kind == bindparam("of_kind"))
# What the reminders of a day were last planned from, all of one table.
REMINDERS_MADE_FROM = "reminders-made-from"
# Behind the key of a reminder: its unit has read it in a digest, so that it is for others alone.
BY_DIGEST = "/by-digest"


def begin(
    connection: Connection, stream: str, tables: Iterable[Timetable], at: datetime, *, held: bool
) -> list[Timetable]:
    """Writes the first start of each table on that stream, once. One that lies ahead was by a wrong
    clock: it is now. Returns those that go on with a plan that had begun before."""
    connection.execute(_STARTED_AHEAD, {"latest": at + AHEAD, "now": at})
    before = (stream, "smtp") if stream == "maildir" else (stream,)
    rows = connection.execute(_STARTS).all()
    begun = {(row.plan, row.year) for row in rows if row.stream in before}
    new = [table for table in tables if (table.plan.id, table.plan.year) not in begun]
    for table in new:  # of a year that is over there is nothing to hold
        is_held = held and at < table.digest_end(table.plan.months[-1])
        _begin(connection, stream, table, at, held=is_held)
    return [table for table in new if goes_on(table, rows)]


def goes_on(table: Timetable, starts: Iterable[Row[Any]]) -> bool:
    """Whether another year of its plan has begun, and this one has not, on any stream."""
    years = {row.year for row in starts if row.plan == table.plan.id}
    return bool(years) and table.plan.year not in years


def _begin(
    connection: Connection, stream: str, table: Timetable, at: datetime, *, held: bool
) -> None:
    """A ledger with one plan did not say which table had begun where it had sent nothing."""
    _adopt(connection, table)
    values = {"plan": table.plan.id, "year": table.plan.year}
    nameless = (start.c.stream == stream) & (start.c.year == 0)
    if not connection.execute(update(start).where(nameless).values(values)).rowcount:
        connection.execute(start.insert().values(stream=stream, at=at, held=held, **values))


def _adopt(connection: Connection, table: Timetable) -> None:
    """What a ledger with one plan has of tasks, where nothing says of which plan."""
    plan = table.plan
    for of, column, ids in (
        (task_done, task_done.c.task, plan.by_id),
        (registration, registration.c.task, plan.by_id),
    ):
        for batch in batched(ids):
            mine = (of.c.plan == "") & column.in_(batch)
            connection.execute(update(of).where(mine).values(plan=plan.id))


def read_start(connection: Connection, stream: str, plan: str) -> datetime | None:
    """When that plan first started on that stream, in UTC.

    A move from SMTP back to Maildir is no first start; one from Maildir to SMTP is.
    """
    rows = connection.execute(_STARTS_OF_PLAN, {"of_plan": plan})
    begun: dict[str, datetime] = {row.stream: row.at for row in rows}
    return begun.get(stream) or (begun.get("smtp") if stream == "maildir" else None)


def first_starts(connection: Connection) -> dict[str, datetime]:
    """Of plans, on whichever stream."""
    rows = connection.execute(select(start.c.plan, func.min(start.c.at)).group_by(start.c.plan))
    return {plan: at for plan, at in rows if plan}


def note_tick(connection: Connection, at: datetime) -> None:
    put_setting(connection, _LAST_TICK, at.isoformat())


def last_tick(connection: Connection) -> datetime | None:
    value = read_setting(connection, _LAST_TICK)
    return datetime.fromisoformat(value) if value else None


# Occasions


def note_occasion(
    connection: Connection,
    plan: str,
    kind: Kind | str,
    period: str,
    due: datetime,
    at: datetime,
    *,
    has_new: bool = False,
) -> bool:
    """True when it is new. One that `has_new` notices and is not new is reported once more."""
    row = {"key": f"{plan}/{kind}/{period}", "plan": plan, "kind": kind, "period": period}
    is_new = put_new(connection, occasion, row | {"due": due, "planned_at": at})
    if has_new and not is_new:
        report_again(connection, plan, kind, period, at)
    return is_new


def input_hashes(connection: Connection, kind: Kind | str) -> dict[str, dict[str, str | None]]:
    """By plan the periods whose occasion of that kind was planned, and from what when it was
    complete."""
    hashes: dict[str, dict[str, str | None]] = defaultdict(dict)
    for row in connection.execute(_HASHES, {"of_kind": kind}):
        hashes[row.plan][row.period] = row.input_hash
    return hashes


def note_complete(
    connection: Connection, plan: str, kind: Kind | str, period: str, input_hash: str
) -> None:
    """All its notices are there; from the same input there is nothing more to plan."""
    _update(connection, f"{plan}/{kind}/{period}", input_hash=input_hash)


def begun(row: RowMapping) -> datetime:
    """From when on its notices could go."""
    moment: datetime = max(row["planned_at"], row["due"])
    return moment


def unreported(connection: Connection, at: datetime) -> Sequence[RowMapping]:
    """But for what was planned early, to be approved, until it is due."""
    early = (occasion.c.planned_at < occasion.c.due) & (occasion.c.due > at)
    query = select(occasion).where(occasion.c.reported_at.is_(None), ~early)
    return connection.execute(query.order_by(occasion.c.due)).mappings().all()


def note_reported(connection: Connection, key: str, at: datetime, *, is_over: bool = True) -> None:
    """An interim report, unless it `is_over`."""
    _update(connection, key, **{"reported_at" if is_over else "interim_at": at})


def report_again(connection: Connection, plan: str, kind: str, period: str, at: datetime) -> None:
    """What became of an occasion changed after its report."""
    _update(connection, f"{plan}/{kind}/{period}", planned_at=at, interim_at=None, reported_at=None)


def last_occasion(connection: Connection, plan: str, at: datetime) -> RowMapping | None:
    """The plan's digest, nudge or 待确认 occasion that was due last."""
    kinds = occasion.c.kind.in_([Kind.DIGEST, *REMINDERS])
    query = select(occasion).where(occasion.c.plan == plan, kinds, occasion.c.due <= at)
    return connection.execute(query.order_by(occasion.c.due.desc()).limit(1)).mappings().first()


def _update(connection: Connection, key: str, **values: str | datetime | None) -> None:
    connection.execute(update(occasion).where(occasion.c.key == key).values(values))


# What units were told: digests that they got, reminders of each step


def note_reminded(connection: Connection, drafts: Iterable[NoticeDraft]) -> None:
    rows = [
        {"key": draft.key, "plan": draft.plan, "kind": draft.kind, "unit": draft.unit}
        | {"task": task, "due": due, "step": step}
        for draft in drafts
        for task, due, step in draft.tasks
    ]
    if rows:
        put(connection, reminded, *rows)


def reminded_tasks(
    connection: Connection, keys: Iterable[str]
) -> defaultdict[str, list[tuple[str, str, int]]]:
    """What nudges and 待确认 mails are about, by their keys: task, due date, step."""
    tasks: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for batch in batched(keys):
        for row in connection.execute(select(reminded).where(reminded.c.key.in_(batch))):
            tasks[row.key].append((row.task, row.due, row.step))
    return tasks


def read_notified(
    connection: Connection, plan: str, steps: Iterable[Step], *, rehearsal: bool
) -> dict[Step, set[str]]:
    """Each step with the units that were reminded by it; a mail that never went does not
    count, unless it was dropped by hand."""
    notified: dict[Step, set[str]] = {step: set() for step in steps}
    units = {(step.kind, step.task, step.due, step.step): notified[step] for step in notified}
    # Without a notice: the secretariat was asked to phone.
    went = notice.c.reason.not_in(NEVER_WENT) & (notice.c.rehearsal == rehearsal)
    query = select(reminded).join(notice, notice.c.key == reminded.c.key, isouter=True)
    query = query.where(reminded.c.plan == plan, notice.c.key.is_(None) | went)
    for tasks in batched({step.task for step in notified}):
        for row in connection.execute(query.where(reminded.c.task.in_(tasks))):
            units.get((row.kind, row.task, row.due, row.step), set()).add(row.unit)
    return notified


def read_past_digests(
    connection: Connection,
    table: Timetable,
    steps: Iterable[Step],
    at: datetime,
    *,
    rehearsal: bool,
) -> dict[str, list[PastDigest]]:
    """By the unit, since the first 待确认 step that is in reach, up to that moment.

    Also digests that wait, or were refused: what keeps them back would keep back the second mail.
    """
    since = min((step.since for step in steps if step.kind is Kind.OVERDUE), default=None)
    past_digests: dict[str, list[PastDigest]] = defaultdict(list)
    if since is None:
        return past_digests
    first = datetime.combine(since, time(), table.plan.zone)
    query = select(notice.c.unit, notice.c.period, notice.c.due, notice.c.created).where(
        notice.c.plan == table.plan.id,
        notice.c.kind == Kind.DIGEST,
        notice.c.rehearsal.is_(rehearsal),
        notice.c.state.is_distinct_from(State.BASELINE),
        notice.c.reason.not_in(NEVER_WENT),
        or_(notice.c.due >= first, notice.c.created >= first),
        notice.c.due <= at,
    )
    for row in connection.execute(query):
        day = table.local_day(max(row.due, row.created))
        past_digests[row.unit].append(
            PastDigest(table.plan.month_at(date.fromisoformat(f"{row.period}-01")), day)
        )
    return past_digests


def written_to(
    connection: Connection, plan: Plan, units: Collection[str], before: Collection[str], stream: str
) -> set[str]:
    """Those of the units that were written to in the plan's term, by notices of its own other than
    `before`: as seen from that stream."""
    query = select(notice.c.unit, notice.c.stream).where(
        notice.c.plan == plan.id,
        notice.c.unit.in_(units),
        notice.c.sha256.is_not(None),
        notice.c.period >= plan.period(plan.months[0]),
        notice.c.period < plan.period(plan.months[-1] + 1),
        notice.c.rehearsal.is_(False),
        notice.c.key.not_in(before),
    )
    rows = connection.execute(query.distinct())
    return {row.unit for row in rows if still_reached(row.stream, stream)}


def count_notified(
    connection: Connection, plan: str, tasks: Collection[str], periods: Collection[str]
) -> list[Row[Any]]:
    """What went of these tasks: digests of their months, then reminders; each with the number of
    `units` that were written to, and of a digest without the `task`."""
    arrived = (notice.c.sha256.is_not(None), notice.c.state.is_(None))
    went = (notice.c.plan == plan, *arrived, notice.c.rehearsal.is_(False))
    occasion_of, units = (notice.c.kind, notice.c.period), func.count().label("units")
    digests = select(*occasion_of, literal("").label("task"), units).where(
        *went, notice.c.kind == Kind.DIGEST, notice.c.period.in_(periods)
    )
    digests = digests.group_by(*occasion_of).order_by(notice.c.period)
    of_task = (*occasion_of, reminded.c.task)
    rows = select(*of_task, units).join(reminded, reminded.c.key == notice.c.key)
    rows = rows.where(*went, reminded.c.task.in_(tasks))
    rows = rows.group_by(*of_task).order_by(notice.c.period, reminded.c.task)
    return [*connection.execute(digests), *connection.execute(rows)]
