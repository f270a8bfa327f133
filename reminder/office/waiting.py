"""What waits for a person: a plan's held notices as they would go now, those that read alike
together, and which of them somebody has chosen."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain.notices import REMINDERS, Kind, State, original
from reminder.errors import DeclinedError
from reminder.ledger import holds
from reminder.ledger.holds import Hold
from reminder.ledger.occasions import reminded_tasks
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.compose import LINK_MARKS, UNIT_MARK
from reminder.office.application import Application
from reminder.office.container import Container
from reminder.office.outgoing import OutgoingMail, Wait, as_of

_NO_LINKS = str.maketrans(dict.fromkeys(LINK_MARKS, "…"))
OWN_LINES = 6  # in which mails of one group may differ
COMPARED = 20  # groups of one subject with which a reading is compared


@dataclass(frozen=True)
class OwnLines:
    """In which a unit's mail differs from the one that is shown for its group."""

    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.more or self.less)


@dataclass(frozen=True)
class MailGroup:
    """Mails that read alike but for a few lines. The first is shown for all; `own` are the lines
    of those that differ from it, by key."""

    mails: tuple[OutgoingMail, ...]
    own: Mapping[str, OwnLines]

    @property
    def id(self) -> str:
        """Not of what it says: a mail whose time has come says another minute each time."""
        return hashlib.sha256(self.first.key.encode()).hexdigest()[:16]

    @property
    def first(self) -> OutgoingMail:
        return self.mails[0]

    @property
    def subject(self) -> str:
        return self.first.mail.subject if self.first.mail else ""


@dataclass(frozen=True)
class WaitingPart:
    """Those of one kind, of digests of one month, that wait for the same. `mails` are in the
    order of the directory."""

    wait: Wait
    kind: Kind
    period: str  # of digests alone
    mails: tuple[OutgoingMail, ...]

    @property
    def id(self) -> str:
        return "/".join((self.wait, self.kind, self.period))

    @property
    def due(self) -> datetime:
        return min(one.view.due for one in self.mails)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(str(one.view.reason) for one in self.mails)

    @cached_property
    def groups(self) -> list[MailGroup]:
        return list(_groups(self.mails))


@dataclass(frozen=True)
class Waiting:
    """Of a plan, as it is seen at one moment. `hold` is why nothing of it goes; None where mails
    go."""

    hold: Hold | None
    parts: tuple[WaitingPart, ...]

    def of(self, *waits: Wait) -> list[WaitingPart]:
        return [part for part in self.parts if part.wait in waits]

    def count(self, *waits: Wait) -> int:
        return sum(len(part.mails) for part in self.of(*waits))

    def part(self, part_id: str) -> WaitingPart | None:
        return next((part for part in self.parts if part.id == part_id), None)


@dataclass(frozen=True)
class Choice:
    """What somebody has ticked: single mails, or groups of a part, or all of it. `of_hold` is all
    that the hold keeps back."""

    keys: frozenset[str] = frozenset()
    part: str = ""
    groups: frozenset[str] = frozenset()
    whole: bool = False
    of_hold: bool = False

    def pick(self, waiting: Waiting) -> list[OutgoingMail]:
        """Raises `DeclinedError` when none of it waits; a hold may keep back nothing yet."""
        picked = {one.key: one for one in self._pick(waiting)}
        if picked or (self.of_hold and waiting.hold):
            return list(picked.values())
        if self.keys or self.groups or self.whole or self.of_hold:
            raise DeclinedError("waits_no_more")
        raise DeclinedError("nothing_chosen")

    @property
    def is_of_keys(self) -> bool:
        return bool(self.keys) and not (self.groups or self.whole or self.of_hold)

    def _pick(self, waiting: Waiting) -> Iterator[OutgoingMail]:
        for part in waiting.of(Wait.RELEASE, Wait.APPROVAL, Wait.MOMENT):
            is_asked = part.id == self.part
            if (self.of_hold and part.wait is Wait.RELEASE) or (self.whole and is_asked):
                yield from part.mails
                continue
            if is_asked and self.groups:
                for group in part.groups:
                    yield from group.mails if group.id in self.groups else ()
            yield from (one for one in part.mails if one.key in self.keys)


def hash_of(mails: Iterable[OutgoingMail]) -> str:
    """Of all that is seen of them."""
    lines = sorted(f"{one.key} {one.sha256}\n" for one in mails)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_hold_of(app: Application, connection: Connection) -> Hold | None:
    """Why nothing goes of the plan that the application is about, or of one of its years."""
    stream = app.settings.stream
    tables = [(table.plan.id, table.plan.year) for table in app.series]
    return next(
        (hold for table in tables if (hold := holds.read_hold(connection, stream, table))), None
    )


def read_waiting(app: Application, connection: Connection, shown: datetime) -> Waiting:
    """Of the plan that the application is about; what is over is none of it."""
    views = [view for view in held_views(app, connection) if view.useful_until > shown]
    parts = _parts(app, read_mails(app, connection, views, shown))
    return Waiting(read_hold_of(app, connection), tuple(parts))


def held_views(
    app: Application, connection: Connection, period: str | None = None
) -> list[NoticeView]:
    """Of the stream that goes now; of another one what was on its way there."""
    views = read_notices(connection, plan=app.table.plan.id, period=period, state=State.HELD)
    return [view for view in views if view.stream == app.settings.stream or view.sha256]


def read_keys(
    app: Application, connection: Connection, keys: Iterable[str], shown: datetime
) -> list[OutgoingMail]:
    """Raises `DeclinedError` when none of them waits any more."""
    views = [view for view in held_among(connection, keys) if view.useful_until > shown]
    if not views:
        raise DeclinedError("waits_no_more")
    return read_mails(app, connection, views, shown)


def held_among(connection: Connection, keys: Iterable[str]) -> list[NoticeView]:
    return [view for view in read_notices(connection, keys=keys) if view.state is State.HELD]


def read_mails(
    app: Application, connection: Connection, views: Sequence[NoticeView], shown: datetime
) -> list[OutgoingMail]:
    """Each by its own table, as it would go if somebody let it go who looks at that moment."""
    mails: dict[str, OutgoingMail] = {}
    for parts, mine in _by_table(app, connection, views).items():
        found = parts.held_mails.read(connection, mine, lambda view: as_of(view, shown))
        mails |= {one.key: one for one in found}
    return [mails[view.key] for view in views]


def _by_table(
    app: Application, connection: Connection, views: Iterable[NoticeView]
) -> dict[Container, list[NoticeView]]:
    """A reminder's is that of its tasks, a digest's that of its month."""
    views = list(views)
    reminders = {original(view.key) for view in views if view.kind in REMINDERS}
    tasks = reminded_tasks(connection, reminders) if reminders else {}
    months: dict[tuple[str, str], Container] = {}
    tables: dict[Container, list[NoticeView]] = defaultdict(list)
    for view in views:
        if asked := tasks.get(original(view.key)):
            parts = app.containers.with_work(view.plan, view.period, [task for task, *_ in asked])
        elif (month := (view.plan, view.period)) in months:
            parts = months[month]
        else:
            parts = months[month] = app.containers.with_work(*month)
        tables[parts].append(view)
    return tables


_ORDER = list(Wait)


def _parts(app: Application, mails: Iterable[OutgoingMail]) -> list[WaitingPart]:
    places = {unit: place for place, unit in enumerate(app.table.directory.units)}
    of_parts: dict[tuple[Wait, Kind, str], list[OutgoingMail]] = defaultdict(list)
    for one in mails:
        period = one.view.period if one.view.kind is Kind.DIGEST else ""
        of_parts[one.wait, one.view.kind, period].append(one)
    for same in of_parts.values():
        same.sort(key=lambda one: (places.get(one.view.unit, len(places)), one.view.due, one.key))
    found = [WaitingPart(*which, tuple(same)) for which, same in of_parts.items()]
    return sorted(found, key=lambda part: (_ORDER.index(part.wait), part.due, part.id))


# Together what reads alike


def _groups(mails: Iterable[OutgoingMail]) -> Iterator[MailGroup]:
    """The most frequent reading of each stands first; the groups in the order of their first
    units."""
    readings: dict[tuple[str, str, str], list[OutgoingMail]] = defaultdict(list)
    for one in mails:
        if one.mail:
            tone = one.unit.tone if one.unit else ""
            readings[one.mail.subject, tone, one.mail.reading].append(one)
    similar: dict[tuple[str, str], list[_Reading]] = defaultdict(list)
    for (subject, tone, _), same in readings.items():
        similar[subject, tone].append(_Reading(same))
    order = {one.key: place for place, one in enumerate(mails)}
    found = [group for alike in similar.values() for group in _together(alike)]
    yield from sorted(found, key=lambda group: min(order[one.key] for one in group.mails))


@dataclass(frozen=True)
class _Reading:
    mails: list[OutgoingMail]

    @cached_property
    def lines(self) -> Counter[str]:
        mail = self.mails[0].mail
        return Counter(filter(str.strip, mail.text.splitlines() if mail else ()))

    def own_lines(self, shown: "_Reading") -> OwnLines:
        more, less = self.lines - shown.lines, shown.lines - self.lines
        return OwnLines(tuple(more.elements()), tuple(less.elements()))


def _together(readings: list[_Reading]) -> Iterator[MailGroup]:
    """Of one subject and tone."""
    readings.sort(key=lambda reading: -len(reading.mails))
    groups: list[tuple[_Reading, list[OutgoingMail], dict[str, OwnLines]]] = []
    for reading in readings:
        for shown, mails, own in groups[:COMPARED]:
            differing = reading.own_lines(shown)
            if len(differing.more) <= OWN_LINES and len(differing.less) <= OWN_LINES:
                mails.extend(reading.mails)
                own |= {one.key: _named(differing, one) for one in reading.mails}
                break
        else:
            groups.append((reading, list(reading.mails), {}))
    for _, mails, own in groups:
        yield MailGroup(tuple(mails), own)


def _named(lines: OwnLines, one: OutgoingMail) -> OwnLines:
    """With the unit's name in place of its mark, and without links."""
    name = one.unit.name if one.unit else ""

    def said(which: tuple[str, ...]) -> tuple[str, ...]:
        named = (line.translate(_NO_LINKS).replace(UNIT_MARK, name) for line in which)
        return tuple(line.strip() for line in named)

    return OwnLines(said(lines.more), said(lines.less))
