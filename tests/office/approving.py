"""What the secretariat lets go, by an application at its own moment."""

from dataclasses import dataclass
from datetime import datetime

from reminder.domain.notices import Kind
from reminder.office import releasing
from reminder.office.application import Application
from reminder.office.outgoing import OutgoingMail, Wait
from reminder.office.releasing import Seen
from reminder.office.waiting import Choice, Waiting, WaitingPart, hash_of, read_keys, read_waiting


@dataclass(frozen=True)
class Shown:
    """One part of the page, as it was seen at that moment."""

    part: WaitingPart
    at: datetime

    @property
    def period(self) -> str:
        return self.part.period

    @property
    def mails(self) -> dict[str, OutgoingMail]:
        return {one.key: one for one in self.part.mails}

    def whole(self) -> Seen:
        return Seen(Choice(part=self.part.id, whole=True), self.at, hash_of(self.part.mails))

    def one(self, key: str) -> Seen:
        return Seen(Choice(frozenset([key])), self.at, hash_of([self.mails[key]]))


def waiting(app: Application) -> Waiting:
    with app.database.read() as connection:
        return read_waiting(app, connection, app.clock.now())


def parts(app: Application, *waits: Wait) -> list[Shown]:
    at = app.clock.now()
    with app.database.read() as connection:
        found = read_waiting(app, connection, at)
    return [Shown(part, at) for part in found.of(*waits)]


def unread(app: Application) -> list[Shown]:
    """The digests that wait for approval, month by month."""
    return [one for one in parts(app, Wait.APPROVAL) if one.part.kind is Kind.DIGEST]


def find(app: Application, key: str) -> OutgoingMail:
    with app.database.read() as connection:
        [one] = read_keys(app, connection, [key], app.clock.now())
    return one


def approve_all(app: Application) -> int:
    """All that waits for approval."""
    return sum(releasing.let_go(app, shown.whole()) for shown in unread(app))


def approve(app: Application, key: str) -> int:
    return releasing.let_go(app, one_seen(app, key))


def drop(app: Application, key: str, why: str) -> int:
    return releasing.drop(app, one_seen(app, key), why)


def one_seen(app: Application, key: str) -> Seen:
    return Seen(Choice(frozenset([key])), app.clock.now(), hash_of([find(app, key)]))
