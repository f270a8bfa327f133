"""Replies become registrations, as by the unit's link: from an address of that unit alone, vouched
for by the server that received it, and only where it is certain what is said.

Nothing is answered but by the receipt that every registration has, so no two programs can talk.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain.incoming import Became, Letter, LetterReason, LetterState
from reminder.domain.notices import REMINDERS, Kind, original
from reminder.domain.plan import Task
from reminder.domain.registrations import BY_MAIL, Act, Registration, Signature
from reminder.domain.replies import AskedTask, ReplyWords, UnderstoodReply, understand, words_of
from reminder.domain.units import Relation, Unit
from reminder.errors import DeclinedError
from reminder.ledger import notices, registrations
from reminder.ledger.incoming import Answered
from reminder.ledger.occasions import reminded_tasks
from reminder.ledger.preferences import read_preferences
from reminder.mail import mime
from reminder.office.application import Application
from reminder.office.completion import progress_in
from reminder.office.registrations import WHO, finish_in, sign_in
from reminder.words import CHINESE, ENGLISH

WORDS = "mail/reply_words.txt"
A_DAY = 20  # registrations by mail of one unit
_ASKING = (Kind.DIGEST, Kind.SUPPLEMENT, *REMINDERS)


def read_reply(
    connection: Connection, app: Application, letter: Letter, mail: Answered, number: int
) -> Became:
    """In the caller's transaction; `number` is the letter's."""
    unit = app.table.directory.receiver(mail.unit)
    if unit is None or mail.rehearsal or mail.plan not in app.office.series:
        return _waits(LetterReason.UNMATCHED, mail)
    if letter.sender not in _addresses(connection, unit):
        return _waits(LetterReason.STRANGER, mail)
    if not _is_vouched_for(app, letter):
        return _waits(LetterReason.UNPROVEN, mail)
    return _Reply(connection, app.about(mail.plan), letter, mail, unit, number).read()


def _waits(reason: LetterReason, mail: Answered, registration: int | None = None) -> Became:
    return Became(LetterState.WAITING, reason, mail.key, mail.unit, registration)


def _noted(mail: Answered) -> Became:
    return Became(LetterState.NOTED, LetterReason.NOTHING_NEW, mail.key, mail.unit)


def _addresses(connection: Connection, unit: Unit) -> set[str]:
    """In lower case; not of those who are told beside it."""
    readers = read_preferences(connection, [unit.id]).get(unit.id, ())
    agreed = [one.address for one in readers if one.extra and one.confirmed and not one.left]
    return {address.lower() for address in (*unit.to, *unit.cc, *agreed)}


def _is_vouched_for(app: Application, letter: Letter) -> bool:
    inbox = app.settings.inbox
    if inbox.authserv_id and letter.authentic is not None:
        return letter.authentic
    return inbox.trust


@dataclass
class _Reply:
    connection: Connection
    app: Application
    letter: Letter
    mail: Answered
    unit: Unit
    number: int

    @cached_property
    def at(self) -> datetime:
        return self.app.clock.now()

    def read(self) -> Became:
        asked = dict(self._asked()) if self.mail.kind in _ASKING else {}
        said = understand(self.letter.said, self._words, self._named(asked), self._writers)
        if said is None:
            return _waits(LetterReason.NOT_UNDERSTOOD, self.mail)
        if said.is_nothing:
            return _noted(self.mail)
        if said.unclear:
            # Who says so of what nobody asks for any more has said it before.
            done = not asked and self.mail.kind in REMINDERS
            return _noted(self.mail) if done else _waits(LetterReason.WHICH_TASK, self.mail)
        day = self.at - timedelta(days=1)
        if registrations.count_by_mail(self.connection, self.unit.id, day) >= A_DAY:
            return _waits(LetterReason.TOO_MANY, self.mail)
        return self._register(said, asked)

    def _register(self, said: UnderstoodReply, asked: dict[str, Task]) -> Became:
        newest = 0
        try:
            if said.signs and self._is_asked_to_sign:
                app, period = self.app.about_period(self.mail.period), self.mail.period
                newest = sign_in(self.connection, app, self.unit, period, self._by)
            for key in said.finished:
                newest = self._finish(asked[key]) or newest
        except DeclinedError:
            return _waits(LetterReason.DECLINED, self.mail, newest or None)
        mail, registered = self.mail, (LetterState.REGISTERED, LetterReason.REGISTERED)
        return Became(*registered, mail.key, mail.unit, newest) if newest else _noted(mail)

    def _finish(self, task: Task) -> int:
        app = self.app.about_task(task.id)
        unit, day = self.unit, self._day(app)
        entry = Registration(self.at, Act.FINISH, unit.id, "", task.id, self._by, day)
        return finish_in(self.connection, app, unit, task, entry)

    def _day(self, app: Application) -> date:
        """On which it was written: of a mail that was long on its way, the same."""
        today = app.table.local_day(self.at)
        written = app.table.local_day(self.letter.at) if self.letter.at else today
        return written if today - timedelta(days=7) <= written <= today else today

    @property
    def _is_asked_to_sign(self) -> bool:
        """Of another mail, and of a unit that signs nothing, the same words are a courtesy."""
        return self.mail.kind is Kind.DIGEST and self.unit.tone is not Relation.PARALLEL

    @property
    def _by(self) -> Signature:
        name = (self.letter.sender_name or self.letter.sender)[:WHO]
        return Signature(name, f"{BY_MAIL}{self.number}")

    def _asked(self) -> Iterator[tuple[str, Task]]:
        """What that mail asks the unit for, and is still open."""
        progress = progress_in(self.app, self.connection)
        table = self.app.about_period(self.mail.period).table
        if self.mail.kind in REMINDERS:
            key = original(self.mail.key)
            names = [name for name, *_ in reminded_tasks(self.connection, [key])[key]]
            tasks = [task for name in names if (task := table.find(name))]
        else:
            month = table.plan.month_of(self.mail.period) or table.shown_month(self.at)
            earlier = table.unconfirmed(self.unit.id, month, table.local_day(self.at), progress)
            tasks = [*table.leads(self.unit.id, table.month_tasks(month)), *earlier]
        for task in tasks:
            if progress.is_asked(task.id, self.unit.id):
                yield task.id, task

    def _named(self, asked: dict[str, Task]) -> list[AskedTask]:
        """By the numbers that stand in the mail that was answered."""
        content = notices.content_of(self.connection, self.mail.key)
        text = mime.read(content)[0].text if content else ""
        numbers = {key: _number_of(task, text) for key, task in asked.items()}
        unique = {n for n in numbers.values() if list(numbers.values()).count(n) == 1}
        names = {key: (key, t.table_id, t.title, t.brief) for key, t in asked.items()}
        return [AskedTask(k, names[k], n if n in unique else 0) for k, n in numbers.items()]

    @cached_property
    def _words(self) -> ReplyWords:
        """Of the unit's language, and of those that are shipped: people write as they like."""
        office, phrase = self.app.office, self.app.container.composer.phrase
        languages = {office.language_of(self.unit), CHINESE, ENGLISH}
        of_kinds = (
            frozenset().union(*(words_of(phrase(WORDS, kind, of)) for of in languages))
            for kind in ("sign", "finish", "courtesy", "before")
        )
        return ReplyWords(*of_kinds)

    @property
    def _writers(self) -> list[str]:
        unit = self.unit
        return [unit.name, unit.short, *unit.aliases, unit.contact, self.letter.sender_name]


def _number_of(task: Task, text: str) -> int:
    """Before its title in that mail; 0 where it has none, or several."""
    found = re.findall(rf"(?m)(?<!\d)(\d{{1,3}})\.\s*{re.escape(task.title)}", text)
    return int(found[0]) if len(set(found)) == 1 else 0
