"""Who reads a mail beside its unit's own mailboxes, and what a unit does without: as it is chosen
at the moment when the mail is made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.notices import NoticeDraft, Reason
from reminder.domain.occasions import addressees
from reminder.domain.preferences import Pause, Preference, UnitChoices
from reminder.ledger.access import InstallationKey
from reminder.ledger.composed import Withheld
from reminder.ledger.preferences import read_preferences
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.copies import Copy

Choices = Mapping[str, UnitChoices]


def reader_word(key: InstallationKey, reader: Preference) -> str:
    """Opens the page on which that reader chooses. It changes nothing but what they get, so it is
    good as long as they are a reader."""
    return key.derive("reader", f"{reader.unit}\0{reader.address.lower()}")


def reader_address(base: str, key: InstallationKey, reader: Preference) -> str:
    return f"{base}/readers/{reader_word(key, reader)}/{reader.unit}"


@dataclass(frozen=True)
class Readers:
    """Of one table's units."""

    composer: Composer

    def choices(self, connection: Connection, drafts: Iterable[NoticeDraft]) -> Choices:
        directory = self.composer.office.table.directory
        units = {draft.unit for draft in drafts if draft.unit in directory.units}
        rows = read_preferences(connection, units)
        return {unit: UnitChoices.of(directory[unit], rows.get(unit, ())) for unit in units}

    def why_not(self, choices: Choices, draft: NoticeDraft, at: datetime) -> Reason | None:
        """Why a unit does without that notice. Who is told beside it is told all the same."""
        table = self.composer.office.table
        if draft.unit not in choices:
            return None
        why = choices[draft.unit].own.why_not(draft.kind, table.local_day(at))
        return why if why and addressees(table, draft).lead else None

    def wished(
        self, connection: Connection, reminders: Sequence[NoticeDraft], at: datetime
    ) -> Iterator[NoticeDraft]:
        """Without those that come of use when their unit's pause is over. What a unit does without
        goes to those alone who are told beside it, if there are any."""
        choices, table = self.choices(connection, reminders), self.composer.office.table
        for draft in reminders:
            why, pause = self.why_not(choices, draft, at), choices[draft.unit].own.pause
            if why and addressees(table, draft).others:
                yield replace(draft, by_digest=True)
            elif not (why is Reason.PAUSED and pause and self._comes_later(pause, draft)):
                yield draft

    def _comes_later(self, pause: Pause, draft: NoticeDraft) -> bool:
        """On the first working day behind it."""
        table = self.composer.office.table
        return table.moment(table.days.shift(pause.last, 1)) < draft.useful_until

    def added(
        self, facts: UnitFacts, choices: Choices, draft: NoticeDraft, at: datetime
    ) -> UnitFacts:
        """With those who get a copy of it, and those who do not by their own choice."""
        if draft.unit not in choices:
            return facts
        copies, withheld, table = list[Copy](), list[Withheld](), self.composer.office.table
        readers = choices[draft.unit].copied
        others = addressees(table, draft).others if readers else ()
        told = {address.lower() for address in others}
        for reader in readers:
            if reader.address.lower() in told:  # by order of the office, whatever they chose
                continue
            if why := reader.why_not(draft.kind, table.local_day(at)):
                withheld.append(Withheld(reader.address, why))
            else:
                copies.append(Copy(reader.address, self._link(reader)))
        return replace(facts, copies=tuple(copies), withheld=tuple(withheld))

    def _link(self, reader: Preference) -> str:
        settings = self.composer.office.settings
        if not settings.links_in_mail:
            return ""
        return reader_address(settings.web.public_url, self.composer.key, reader)
