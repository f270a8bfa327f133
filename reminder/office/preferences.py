"""What a unit and its readers may choose: on the unit's page, on a reader's, by the secretariat."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.addresses import mailbox
from reminder.domain.characters import one_line
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.preferences import (
    EXPIRES,
    MOST_READERS,
    READER_MAY_DECLINE,
    UNIT_MAY_DECLINE,
    Pause,
    Preference,
    QuietHours,
    UnitChoices,
)
from reminder.domain.units import Unit
from reminder.errors import DeclinedError, Mistake
from reminder.ledger import preferences as ledger
from reminder.ledger.access import InstallationKey, is_same
from reminder.ledger.views import read_notices
from reminder.mail.copies import Copy
from reminder.office.application import Application
from reminder.office.readers import reader_address, reader_word

__all__ = ["READER_MAY_DECLINE", "UNIT_MAY_DECLINE", "Preference", "UnitChoices"]
LABEL = 40  # characters
# What nobody opens for two days would go with a Date of last week.
_USEFUL = timedelta(days=2)


@dataclass(frozen=True)
class Wishes:
    """As it was typed: hours as `22:00`, days as dates; empty where nothing was."""

    declined: Iterable[Kind] = ()
    quiet_from: str = ""
    quiet_until: str = ""
    pause_from: date | None = None
    pause_until: date | None = None

    def applied_to(self, before: Preference, today: date) -> Preference:
        """Raises `DeclinedError`."""
        may = UNIT_MAY_DECLINE if before.is_of_unit else READER_MAY_DECLINE
        declined = frozenset(self.declined)
        if not declined <= set(may):
            raise DeclinedError("not_to_be_declined", "a unit always gets its digests")
        try:
            return replace(before, declined=declined, quiet=self._quiet, pause=self._pause(today))
        except Mistake as mistake:
            raise declined_by(mistake) from None

    @property
    def _quiet(self) -> QuietHours | None:
        if not (self.quiet_from or self.quiet_until):
            return None
        return QuietHours.parse(f"{self.quiet_from}-{self.quiet_until}")

    def _pause(self, today: date) -> Pause | None:
        if self.pause_until is None:
            if self.pause_from:
                raise Mistake("pause_without_end")
            return None
        return Pause(self.pause_from or today, self.pause_until)


def declined_by(mistake: Mistake) -> DeclinedError:
    error = DeclinedError(mistake.reason, str(mistake))
    error.facts = dict(mistake.facts)
    return error


# Who is there


def choices_of(connection: Connection, unit: Unit) -> UnitChoices:
    rows = ledger.read_preferences(connection, [unit.id])
    return UnitChoices.of(unit, rows.get(unit.id, ()))


def all_choices(connection: Connection, units: Sequence[Unit]) -> list[UnitChoices]:
    """Of these units, whether they have chosen anything or not."""
    rows = ledger.read_preferences(connection, [unit.id for unit in units])
    return [UnitChoices.of(unit, rows.get(unit.id, ())) for unit in units]


def open_reader(
    connection: Connection, key: InstallationKey, unit: Unit | None, word: str
) -> Preference | None:
    """Whose link it is, of that unit's; None when it is nobody's."""
    if unit is None or unit.is_group:
        return None
    choices = choices_of(connection, unit)
    people = {one.address.lower(): one for one in (*choices.copied, *choices.added)}
    found = [one for one in people.values() if is_same(reader_word(key, one), word)]
    return found[0] if found else None


# What they do. `by` is from where: `page`, `reader`, `console`, or the command line


def choose(
    app: Application, unit: Unit, address: str, chosen: Wishes, by: str, who: str = ""
) -> Preference:
    """For the unit as a whole with an empty address, else for one of its readers."""
    today = app.table.local_day(app.clock.now())
    return _change(app, unit, address, "chosen", by, who, lambda old: chosen.applied_to(old, today))


def confirm(app: Application, unit: Unit, address: str, by: str) -> Preference:
    at = app.clock.now()
    return _change(
        app, unit, address, "confirmed", by, "", lambda old: replace(old, confirmed=at, left=None)
    )


def leave(app: Application, unit: Unit, address: str, by: str, who: str = "") -> Preference:
    """No more copies; twice is once."""
    at = app.clock.now()
    return _change(
        app, unit, address, "left", by, who, lambda old: replace(old, left=old.left or at)
    )


def put_back(app: Application, unit: Unit, address: str, by: str, who: str = "") -> Preference:
    """Copies go there again."""
    return _change(app, unit, address, "back", by, who, lambda old: replace(old, left=None))


def remove_reader(app: Application, unit: Unit, address: str, by: str, who: str = "") -> None:
    """Of those whom the unit has added; who stands under `cc` is the secretariat's."""
    with app.database.write(who) as connection:
        reader = choices_of(connection, unit).readers.get(address.lower())
        if reader is None or not reader.extra:
            raise DeclinedError("no_such_reader", f"{address} was not added by {unit.id}")
        at = app.clock.now()
        if reader.left:  # which is kept: they are not to be asked again
            hidden = replace(reader, extra=False)
            ledger.put_preference(connection, hidden, "removed", by, at)
        else:
            ledger.drop_preference(connection, reader, "removed", by, at)


def _change(
    app: Application,
    unit: Unit,
    address: str,
    act: str,
    by: str,
    who: str,
    change: Callable[[Preference], Preference],
) -> Preference:
    if app.settings.rehearsal:
        raise DeclinedError("rehearsal")
    with app.database.write(who) as connection:
        choices = choices_of(connection, unit)
        old = choices.find(address.lower()) if address else choices.own
        if old is None:
            raise DeclinedError("no_such_reader", f"{address} is no reader of {unit.id}")
        new = change(old)
        if new == old:
            return old
        new = replace(new, address=new.address.lower())
        return ledger.put_preference(connection, new, act, by, app.clock.now())


def add_reader(
    app: Application,
    unit: Unit,
    typed: str,
    label: str,
    by: str,
    who: str = "",
    *,
    any_: bool = False,
) -> Preference:
    """A mail asks them whether they want copies, once a day at most; the unit reads that it was
    asked. `any_` lets the secretariat name an address of another domain. Raises `DeclinedError`."""
    label = " ".join(label.split())[:LABEL]
    try:
        address = mailbox(typed.strip()).lower()
    except Mistake as mistake:
        raise declined_by(mistake) from None
    try:
        label = one_line(label) if label else ""
    except Mistake:
        raise DeclinedError("unseen_in_label", "the label has unseen characters") from None
    at, _ = app.clock.now(), app.containers  # made before, for it may write its key
    with app.database.write(who) as connection:
        choices = choices_of(connection, unit)
        _refuse_reader(app, connection, choices, address, any_=any_)
        old = choices.readers.get(address, Preference(unit.id, address))
        new = replace(old, label=label or old.label, extra=True, confirmed=None, left=None)
        reader = ledger.put_preference(connection, new, "added", by, at)
        _invite(app, connection, reader, at)
    app.wake()
    return reader


def _refuse_reader(
    app: Application, connection: Connection, choices: UnitChoices, address: str, *, any_: bool
) -> None:
    unit, rule = choices.unit, app.settings.mail.readers
    if rule == "off" or not app.settings.links_in_mail:
        raise DeclinedError("readers_are_off", "mail.readers is off, or no links are mailed")
    if app.settings.rehearsal:
        raise DeclinedError("rehearsal")
    if not unit.has_address:
        raise DeclinedError("unit_without_address", f"{unit.id} has no address itself")
    if rule != "any" and not any_ and not choices.is_of_its_domains(address):
        raise DeclinedError("other_domain", f"{address} is of a domain where {unit.id} is not")
    there = next((one for one in choices.copied if one.address.lower() == address), None)
    if address in {one.lower() for one in unit.to} or (there and not there.left):
        raise DeclinedError("reads_already", f"{address} reads the mails of {unit.id}")
    if not any_ and (old := choices.readers.get(address)) and old.left:
        raise DeclinedError("has_left", f"{address} has left, the secretariat may ask again")
    if len(choices.added) >= MOST_READERS and address not in choices.readers:
        raise DeclinedError("too_many_copies", f"{unit.id} has {MOST_READERS}", most=MOST_READERS)
    if app.container.notice_writer.hold(connection):
        raise DeclinedError("mails_are_held", "no mail goes at present")


def _invite(app: Application, connection: Connection, reader: Preference, at: datetime) -> None:
    parts, plan, base = app.container, app.table.plan.id, app.settings.web.public_url
    day = app.table.local_day(at).isoformat()
    word = app.key.derive("invitation", f"{reader.unit}\0{reader.address}", 8)
    key = f"{plan}/{Kind.READER}/{day}~{word}/{reader.unit}"
    asked = read_notices(connection, kind=Kind.READER, unit=reader.unit, period=day)
    if len(asked) >= MOST_READERS:  # else who has a unit's link could write to the world by it
        raise DeclinedError("too_many_copies", f"{reader.unit} asked them", most=MOST_READERS)
    if any(one.key == key for one in asked):
        raise DeclinedError("asked_today", f"{reader.address} was asked today")
    draft = NoticeDraft(key, Kind.READER, day, reader.unit, at, at + _USEFUL)
    copy = Copy(reader.address, reader_address(base, app.key, reader))
    [facts] = parts.notice_writer.unit_facts(connection, [draft])
    composed = parts.composer.invitation(draft, copy, at + EXPIRES, facts.page_link)
    parts.notice_writer.add_composed(connection, draft, at, composed)
