"""What units and their readers have chosen: which mails they want, at which hours, from when on.

A unit's own mailboxes always get its digests. Whoever gets copies, as an address under `cc` or a
reader whom the unit has added, may do without any kind of mail, or leave.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from reminder.domain.notices import REMINDERS, Kind, Reason
from reminder.domain.units import Unit
from reminder.errors import Mistake

WHOLE = ""  # in place of an address: the unit as a whole
UNIT_MAY_DECLINE = (Kind.NUDGE, Kind.OVERDUE, Kind.SUPPLEMENT, Kind.RECEIPT)
READER_MAY_DECLINE = (Kind.DIGEST, *UNIT_MAY_DECLINE)
EXPIRES = timedelta(days=7)  # what a new reader has not confirmed by then
MOST_READERS = 20  # of one unit
# A nudge is of use on one day, perhaps: it must be possible to hand it over.
LONGEST_QUIET = timedelta(hours=16)
LONGEST_PAUSE = timedelta(days=92)


@dataclass(frozen=True)
class QuietHours:
    """Each day, perhaps over midnight: nothing is handed over then. `end` is outside."""

    begin: time
    end: time

    def __post_init__(self) -> None:
        if not timedelta() < self.length <= LONGEST_QUIET:
            raise Mistake("quiet_too_long", hours=LONGEST_QUIET // timedelta(hours=1))

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """As it is kept: `22:00-07:00`. Raises `Mistake`."""
        try:
            begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
        except ValueError:
            raise Mistake("no_quiet_hours", value=text) from None
        return cls(begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0))

    @property
    def length(self) -> timedelta:
        minutes = (self.end.hour - self.begin.hour) * 60 + self.end.minute - self.begin.minute
        return timedelta(minutes=minutes % (24 * 60))

    def covers(self, clock: time) -> bool:
        if self.begin < self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True)
class Pause:
    """Both days are in it."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Mistake("pause_ends_early", first=self.first, last=self.last)
        if self.last - self.first >= LONGEST_PAUSE:
            raise Mistake("pause_too_long", days=LONGEST_PAUSE.days)

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Preference:
    """Of a unit as a whole, or of one of its readers, by the address in lower case. One whom the
    unit has added is `extra`, and reads from `confirmed` on."""

    unit: str
    address: str = WHOLE
    label: str = ""
    declined: frozenset[Kind] = frozenset()
    quiet: QuietHours | None = None
    pause: Pause | None = None
    extra: bool = False
    confirmed: datetime | None = None
    left: datetime | None = None
    changed: datetime | None = None
    who: str = ""

    @property
    def is_of_unit(self) -> bool:
        return self.address == WHOLE

    def why_not(self, kind: Kind, day: date) -> Reason | None:
        """Why no mail of that kind goes by it on that day."""
        may_decline = UNIT_MAY_DECLINE if self.is_of_unit else READER_MAY_DECLINE
        stops = REMINDERS if self.is_of_unit else READER_MAY_DECLINE
        if self.left:
            return Reason.LEFT
        if kind in self.declined and kind in may_decline:
            return Reason.DECLINED
        if self.pause and self.pause.covers(day) and kind in stops:
            return Reason.PAUSED
        return None


@dataclass(frozen=True)
class UnitChoices:
    """Of one unit: its own, and by address those of its readers who have chosen anything."""

    unit: Unit
    own: Preference
    readers: Mapping[str, Preference] = field(default_factory=dict)

    @classmethod
    def of(cls, unit: Unit, rows: Iterable[Preference]) -> "UnitChoices":
        by_address = {row.address: row for row in rows}
        own = by_address.pop(WHOLE, Preference(unit.id))
        return cls(unit, own, by_address)

    @property
    def copied(self) -> list[Preference]:
        """Whoever gets copies beside the unit's own mailboxes, or would had they not left: the
        addresses under `cc`, then whom the unit has added."""
        mailboxes = {address.lower() for address in self.unit.to}
        on_list = [address for address in self.unit.cc if address.lower() not in mailboxes]
        nothing = Preference(self.unit.id)
        found = {
            address.lower(): replace(self.readers.get(address.lower(), nothing), address=address)
            for address in on_list
        }
        for address, reader in self.readers.items():
            if reader.extra and reader.confirmed and address not in mailboxes:
                found.setdefault(address, reader)
        return list(found.values())

    @property
    def everybody(self) -> list[Preference]:
        """Whoever gets copies, left, or was asked."""
        found = {one.address: one for one in self.added}
        found |= {one.address.lower(): one for one in self.copied}
        return list(found.values())

    def find(self, address: str) -> Preference | None:
        """Of one of its readers, also one who has not confirmed yet."""
        reader = self.readers.get(address)
        if reader and reader.extra:
            return reader
        return next((one for one in self.copied if one.address.lower() == address), None)

    def is_of_its_domains(self, address: str) -> bool:
        """Whether it is where one of the unit's own addresses is."""
        return _domain(address) in self.domains

    @property
    def domains(self) -> list[str]:
        return sorted({_domain(one) for one in (*self.unit.to, *self.unit.cc)})

    @property
    def added(self) -> list[Preference]:
        """Whom the unit has added, confirmed or not."""
        return [reader for reader in self.readers.values() if reader.extra]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
