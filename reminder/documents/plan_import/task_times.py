"""When a task is to be done: by its row, by its wording, by the sessions that it names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reminder.documents.plan_import.draft import Doubt, DraftMeeting, DraftTask, Question
from reminder.documents.plan_import.headings import Column, Columns
from reminder.documents.plan_import.rows import SourceRow
from reminder.documents.plan_import.times import TimeRead, read_time
from reminder.domain.plan import TaskKind
from reminder.domain.when import Basis, Span, Term, parse_when
from reminder.domain.wordings import SessionNamed, TimeNamed, sessions_named, times_named


@dataclass(frozen=True)
class RowTime:
    read: TimeRead
    said: str = ""
    questions: tuple[Question, ...] = ()
    is_said: bool = True  # somewhere: in a cell or a section


def row_time(row: SourceRow, columns: Columns, term: Term) -> RowTime:
    if columns.has(Column.BEGIN):
        return _from_to(row, columns, term)
    times, heading = row.times, columns.heading(Column.TIME)
    if Column.TIME in row.from_above:
        times = (row.text(Column.TIME),)
    said = " ".join(times).replace("\n", "")
    place = replace(row.place, column=heading)
    if not said.strip(" /—-"):
        return _of_section(row, columns, term)
    found = read_time(times[-1], term, heading=heading, within=row.within)
    questions: list[Question] = []
    if len(times) > 1:
        found, doubt = _of_two(times, found, term, heading)
        if doubt:
            questions.append(Question(doubt, place, said, found.words))
    if found.doubt:
        questions.append(Question(found.doubt, place, said, found.words))
    if Column.TIME in row.from_above:
        questions.append(Question(Doubt.EMPTY_TIME, place, taken=said))
    elif row.within and found.is_known and not _lies_in(found, row.within, term):
        questions.append(Question(Doubt.TIME_CONFLICT, place, f"{row.within} {said}", found.words))
    return RowTime(found, said, tuple(questions))


def _from_to(row: SourceRow, columns: Columns, term: Term) -> RowTime:
    begin, end = row.text(Column.BEGIN).strip(), row.text(Column.END).strip()
    said = "—".join(dict.fromkeys(filter(None, (begin, end))))
    place = replace(row.place, column=columns.heading(Column.BEGIN))
    if not said:
        return RowTime(TimeRead(), questions=(Question(Doubt.EMPTY_TIME, place),))
    found = read_time(said, term)
    if begin and end and found.doubt is Doubt.TIME_UNREAD:
        spans = [_spans(read_time(text, term), term) for text in (begin, end)]
        if all(spans) and spans[0][0].first <= spans[1][-1].last:
            first, last = spans[0][0].first, spans[1][-1].last
            words = f"{first.month}月{first.day}日—{last.month}月{last.day}日"
            found = read_time(words, term)
    questions = (Question(found.doubt, place, said, found.words),) if found.doubt else ()
    return RowTime(found, said, questions)


def _of_section(row: SourceRow, columns: Columns, term: Term) -> RowTime:
    if row.within:
        found = read_time(row.within, term)
        asked = found.doubt
        questions = (Question(asked, row.place, row.within, found.words),) if asked else ()
        return RowTime(found, row.within, questions)
    if columns.has(Column.TIME):
        place = replace(row.place, column=columns.heading(Column.TIME))
        return RowTime(TimeRead(), questions=(Question(Doubt.EMPTY_TIME, place),), is_said=False)
    return RowTime(TimeRead(), is_said=False)


def _of_two(
    times: Sequence[str], last: TimeRead, term: Term, heading: str
) -> tuple[TimeRead, Doubt | None]:
    """3月 beside 15日前, or beside 3月15日前."""
    first = read_time(times[0], term, heading=heading)
    if last.doubt and first.words:
        last = read_time(times[-1], term, within=first.words)
    if not last.is_known:
        return (
            (first, None)
            if not times[-1].strip()
            else (replace(first, doubt=None), Doubt.TIME_UNREAD)
        )
    conflict = first.is_known and not _lies_in(last, first.words, term)
    return last, Doubt.TIME_CONFLICT if conflict else None


def _spans(read: TimeRead, term: Term) -> tuple[Span, ...]:
    return parse_when(read.words, term).spans if read.words else ()


def _lies_in(read: TimeRead, words: str, term: Term) -> bool:
    outer = _spans(read_time(words, term), term)
    inner = _spans(read, term)
    return not outer or not inner or all(_within(span, outer) for span in inner)


def _within(span: Span, outer: Sequence[Span]) -> bool:
    """Of 年底前 only the end is said."""
    first: date = span.last if span.basis is Basis.BEFORE else span.first
    return any(one.first <= first and span.last <= one.last for one in outer)


@dataclass(frozen=True)
class WordingTime:
    """`words` are taken for the task; `doubt` is of `said`."""

    words: str = ""
    said: str = ""
    doubt: Doubt | None = None


def wording_time(title: str, row: RowTime, term: Term, *, meets: bool) -> WordingTime:
    """`meets`: the wording names a session, from which 会前5个工作日 can count."""
    named = times_named(title)
    if not named:
        return WordingTime()
    said = "、".join(f"{time.year}年{time.words}" if time.year else time.words for time in named)
    if any(time.year and not _is_of(time, term) for time in named):
        return WordingTime(said=said, doubt=Doubt.DATE_OTHER_YEAR)
    reads = [read_time(time.words, term, within=row.read.words) for time in named]
    reads = [read for read in reads if read.kind is not TaskKind.YEAR] or reads
    if len(reads) > 1:
        return _of_several(reads, said, row, term)
    return _of_one(reads[0], said, title, row, term, meets)


def _of_one(
    read: TimeRead, said: str, title: str, row: RowTime, term: Term, meets: bool
) -> WordingTime:
    if read.kind is not TaskKind.MONTH or row.read.kind is TaskKind.STANDING:
        return WordingTime()  # 全年, or what is done at all times
    if read.doubt or not read.words:
        return WordingTime(said=said, doubt=read.doubt)
    when, outer = parse_when(read.words, term), _spans(row.read, term)
    if when.offset:
        return WordingTime(read.words, said) if meets else _asked(said)
    sure = None if _stands_as_a_time(said, title) else Doubt.TIME_IN_WORDING
    if not outer:  # the whole year, or nothing: what the wording says is more
        is_open = not row.is_said or row.read.kind is TaskKind.YEAR
        return WordingTime(read.words, said, sure if is_open else Doubt.TIME_IN_WORDING)
    if not all(_within(span, outer) for span in when.spans):
        return WordingTime(said=said, doubt=Doubt.TIME_CONFLICT)
    if when.spans == outer or when.spans[0].first < outer[0].first:
        return WordingTime()
    if len(when.spans) != len(outer):
        return _asked(said)
    return WordingTime(read.words, said, sure)


def _stands_as_a_time(said: str, title: str) -> bool:
    """Not 学习4月10日重要讲话精神, where it may be what the task is about."""
    before = title[: title.find(said)]
    return said.endswith("前") or said.startswith("每") or before[-1:] in ("", *"，,。；;：:于在")


def _asked(said: str) -> WordingTime:
    return WordingTime(said=said, doubt=Doubt.TIME_IN_WORDING)


def _of_several(reads: list[TimeRead], said: str, row: RowTime, term: Term) -> WordingTime:
    """Proposed together, in the order of the wording, where all lie in the row's time."""
    if any(read.doubt or not read.words for read in reads):
        return _asked(said)
    joined = read_time("、".join(dict.fromkeys(read.words for read in reads)), term)
    outer, spans = _spans(row.read, term), _spans(joined, term)
    fits = bool(spans) and not joined.doubt and all(_within(span, outer) for span in spans if outer)
    return WordingTime(joined.words if fits else "", said, Doubt.TIME_IN_WORDING)


def _is_of(time: TimeNamed, term: Term) -> bool:
    return term.year <= time.year <= term.year + (term.months[-1] - 1) // 12


# To be done for the session itself, so before its first day.
_FOR_IT = re.compile("会议?(?:的|有关|相关)*(?:服务保障|筹备|准备|会务|保障)")
# It is held then; not 关于召开…会议的决定.
_HELD = re.compile(
    "(?:召开|举行|开好|列席|参加|出席)[^，。；]*会议?"
    "(?!.{,2}(?:决定|决议|通知|建议|议案|报告|精神))"
)
_KINDS = (
    ("常委会|常务委员会", "sc"),
    ("全国人大|全国人民代表大会", "npc"),
    ("政协|政治协商", "cppcc"),
    ("人大|人民代表大会|人代会", "congress"),
    ("职工|职代会", "staff"),
    ("主任", "chairs"),
    ("理事|董事|监事", "board"),
    ("常务", "executive"),
    ("党组", "party-group"),
)


@dataclass
class _Session:
    named: SessionNamed
    tasks: list[tuple[DraftTask, bool]] = field(default_factory=list)


def find_sessions(tasks: Iterable[DraftTask], term: Term) -> list[DraftMeeting]:
    """In the order of their numbers; the tasks get their `meetings`."""
    sessions: list[_Session] = []
    for task in tasks:
        if task.kind is not TaskKind.MONTH:
            continue
        serves = bool(_FOR_IT.search(task.title))
        for named in sessions_named(task.title):
            same = next((s for s in sessions if s.named.is_same_as(named)), None)
            if same is None:
                sessions.append(same := _Session(named))
            elif len(named.words) > len(same.named.words):
                same.named = named
            same.tasks.append((task, serves))
    meetings: list[DraftMeeting] = []
    # The last of a task's meetings decides, and what was held before stands first.
    for session in sorted(sessions, key=lambda session: (session.named.term, session.named.number)):
        name = f"{_region(session.named, sessions)}{session.named.words}"
        meeting = DraftMeeting(_new_id(session.named, meetings), name, _month(session, term))
        meetings.append(meeting)
        if _is_doubtful(session, sessions):
            task = session.tasks[0][0]
            asked = Question(Doubt.SESSION_MONTH, task.place, name, f"{meeting.month}月")
            task.questions.append(asked)
        for task, serves in session.tasks:
            task.meetings = tuple(dict.fromkeys((*task.meetings, meeting.id)))
            task.at_meeting |= serves and _may_be_before(task, term)
    return meetings


def _is_doubtful(session: _Session, sessions: Iterable[_Session]) -> bool:
    """Spoken of alone, and not as one that was held before another."""
    named = session.named
    held = any(serves or _HELD.search(task.title) for task, serves in session.tasks)
    later = [
        other.named
        for other in sessions
        if other.named.term == named.term and other.named.body.endswith(named.body)
    ]
    return not held and not any(other.number > named.number for other in later)


def _may_be_before(task: DraftTask, term: Term) -> bool:
    """Beside days that are said there is no room for others."""
    spans = parse_when(task.when, term).spans if task.when else ()
    return len(spans) == 1 and spans[0].basis is Basis.MONTHS


def _region(named: SessionNamed, sessions: Iterable[_Session]) -> str:
    """Of a session that is named without it beside one of the same body."""
    bodies = {s.named.body for s in sessions if s.named.term == named.term}
    longer = [body for body in bodies if body != named.body and body.endswith(named.body)]
    return longer[0].removesuffix(named.body) if len(longer) == 1 and named.term else ""


def _month(session: _Session, term: Term) -> int:
    """Of the last task that serves it; else of the first that names it."""
    serving = [task for task, serves in session.tasks if serves]
    task = serving[-1] if serving else session.tasks[0][0]
    spans = parse_when(task.row_when or task.when, term).spans if task.row_when or task.when else ()
    return spans[0].last.month if spans else (term.first - 1) % 12 + 1


def _new_id(named: SessionNamed, meetings: Iterable[DraftMeeting]) -> str:
    kind = next((name for words, name in _KINDS if re.search(words, named.words)), "meeting")
    alone = kind == "sc" or not named.term
    wanted = f"{kind}-{named.number}" if alone else f"{kind}-{named.term}-{named.number}"
    taken = {meeting.id for meeting in meetings}
    ids = (wanted, *(f"{wanted}-{n}" for n in range(2, 1000)))
    return next(name for name in ids if name not in taken)
