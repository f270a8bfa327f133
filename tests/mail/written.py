"""What the shipped templates make of the facts of a mail, in parts that a test can ask for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from reminder.documents.templates import environment, phrase
from reminder.domain.digest import Content, Item, MailSection, digest, reminder
from reminder.domain.notices import Kind
from reminder.domain.status import TaskState
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.words import CHINESE, ENGLISH
from tests.domain.builders import LEADER, at, reader
from tests.mail.facts import say_the_same

SAY = "mail/words.txt"


@dataclass(frozen=True)
class Line:
    title: str
    number: int
    timing: str
    status: str
    state: TaskState


@dataclass(frozen=True)
class Part:
    kind: str
    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Mail:
    subject: str
    summary: str
    parts: tuple[Part, ...]

    @property
    def whole(self) -> str:
        """Everything that it says but for its subject."""
        said = [self.summary]
        for part in self.parts:
            said += [part.title, *part.notes]
            said += [f"{line.title} {line.timing} {line.status}" for line in part.lines]
        return "\n".join(said)

    @property
    def kinds(self) -> list[str]:
        return [part.kind for part in self.parts]

    @property
    def lines(self) -> list[Line]:
        return [line for part in self.parts for line in part.lines]

    def titles(self, kind: str) -> list[str]:
        """What stands in the parts of that kind."""
        return [line.title for part in self.parts if part.kind == kind for line in part.lines]

    def heading(self, kind: str) -> str:
        """The title of the only part of that kind."""
        [title] = [part.title for part in self.parts if part.kind == kind]
        return title


def say(name: str, macro: str, **facts: object) -> str:
    """In Chinese; what English says of it has the same days and numbers."""
    chinese, english = (
        phrase(environment(None, autoescape=False, language=language), name, macro, **facts)
        for language in (CHINESE, ENGLISH)
    )
    assert say_the_same(chinese, english), (chinese, english)
    return chinese


def worded(content: Content) -> Mail:
    name = f"mail/{content.kind}.txt"
    headline = say(name, "headline", content=content)
    return Mail(
        say(SAY, "subject", content=content, headline=headline),
        say(name, "summary", content=content),
        tuple(_part(section, content) for section in content.sections),
    )


def _part(section: MailSection, content: Content) -> Part:
    facts = {"section": section, "reader": content.reader}
    return Part(
        section.kind,
        say(SAY, "title", **facts),
        tuple(_line(item, section, content) for item in section.items),
        tuple(say(SAY, "notes", **facts).splitlines()),
    )


def _line(item: Item, section: MailSection, content: Content) -> Line:
    return Line(
        item.task.title,
        item.number,
        say(SAY, "timing", item=item, kind=section.kind, reader=content.reader),
        say(SAY, "status", item=item, kind=section.kind),
        item.status.state,
    )


def written(
    table: Timetable,
    unit: str = LEADER,
    month: int = 4,
    progress: Progress | None = None,
    *,
    on: int | datetime = 0,
    late: bool = False,
) -> Mail:
    """The digest as it is written on its own day, or on that day of its month."""
    moment = at(month, on) if isinstance(on, int) and on else on or table.digest_due(month)
    assert isinstance(moment, datetime)
    return worded(replace(digest(reader(table, unit, moment, progress), month, moment), late=late))


def reminded(
    table: Timetable,
    kind: Kind,
    tasks: Iterable[str],
    moment: datetime,
    unit: str = LEADER,
    *,
    for_lead: bool = True,
) -> Mail:
    content = replace(reminder(kind, reader(table, unit, moment), tasks, moment), for_lead=for_lead)
    return worded(content)
