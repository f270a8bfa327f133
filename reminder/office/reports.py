"""What the operator is told: before a digest what will go to whom, after it what became of it."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, RowMapping

from reminder.domain import wording
from reminder.domain.calls import calls_on_tasks
from reminder.domain.notices import Kind, NoticeDraft, Reason, State, copy_key, original
from reminder.domain.occasions import digest_draft, digest_units
from reminder.domain.outcomes import REASONS, STATES
from reminder.domain.sessions import undated_sessions
from reminder.domain.timetable import Audience, Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.ledger import notices, occasions
from reminder.ledger.counts import Tally, read_unsettled, tally
from reminder.ledger.database import Database
from reminder.ledger.holds import is_all_held, read_hold
from reminder.ledger.registrations import read_progress, read_start
from reminder.mail.compose import Composer
from reminder.office.advice import console_words, held_words
from reminder.office.notice_writer import NoticeWriter
from reminder.office.planning import CALLS
from reminder.office.refused_reports import send_again

log = logging.getLogger(__name__)

PREFLIGHT = "preflight"
OPERATOR = "operator"
PATIENCE = timedelta(hours=1)  # a report waits so long for mails that are still on their way
USEFUL = timedelta(days=7)
SHOWN = 200  # rows of a listing; `reminder ledger list` has them all
NAMES = {Kind.DIGEST: "月度提示", Kind.NUDGE: "临近提醒", Kind.OVERDUE: "待确认提示"}


Row = tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A part of a report: a heading, and rows of cells."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Some:
    """The first of so many rows."""

    rows: Sequence[Row]
    count: int

    @property
    def shown(self) -> tuple[Row, ...]:
        """With a last one that says how many more there are."""
        more = self.count - len(self.rows)
        return (*self.rows, *([(f"其余{more}个略",)] if more else []))


@dataclass(frozen=True)
class Report:
    subject: str
    summary: str
    listings: tuple[Listing, ...]


class Reporter:
    """Without an operator's address the report stands in the log and in `reminder status`."""

    def __init__(self, composer: Composer, database: Database, notice_writer: NoticeWriter) -> None:
        self._composer = composer
        self._database = database
        self._registrar = notice_writer
        self._has_operator = bool(composer.office.settings.mail.operator)

    @property
    def _table(self) -> Timetable:
        return self._composer.office.table

    def report(self, at: datetime) -> int:
        """Queues every report that is due at that moment, each once. Returns how many."""
        with self._database.write() as connection:
            if is_all_held(connection):
                return 0  # a restored ledger does not know what was told since
            count = self._preflight(connection, at)
            if self._has_operator:
                count += send_again(connection, self._composer, self._registrar, at)
            for row in occasions.unreported(connection, at):
                count += self._occasion(connection, row, at)
        return count

    def _preflight(self, connection: Connection, at: datetime) -> int:
        table = self._table
        month = table.next_digest(at)
        if month is None:
            return 0
        period, due = table.plan.period(month), table.digest_due(month)
        kind = self._registrar.marked(PREFLIGHT)
        if at < table.preflight(month) or not occasions.note_occasion(
            connection, kind, period, due, at
        ):
            return 0
        occasions.note_reported(connection, f"{kind}/{period}", at)
        progress = read_progress(connection, table, self._registrar.stream)
        units = digest_units(table, month, table.local_day(due), progress)
        self._send(connection, kind, period, self.preflight(connection, month, units), at, due)
        return 1

    def preflight(self, connection: Connection, month: int, units: Sequence[str]) -> Report:
        """Each mail of the coming digest: to whom, under which subject."""
        table = self._table
        due = table.digest_due(month)
        subjects: dict[str, list[str]] = defaultdict(list)
        of_profile: dict[Audience, str] = {}
        context = self._registrar.context(connection, due)
        for unit in (table.directory[unit_id] for unit_id in units):
            if not unit.has_address:
                continue
            audience = table.audience(unit.id)
            if audience not in of_profile:
                draft = digest_draft(table, month, unit.id)
                [facts] = self._registrar.unit_facts(connection, [draft])
                of_profile[audience] = context.subject(draft, facts)
            subjects[of_profile[audience]].append(unit.id)
        count = sum(map(len, subjects.values()))
        rows = [
            (f"{subject}（{len(to)}封）", "；".join(self._addressees(to)))
            for subject, to in subjects.items()
        ]
        missing = [(unit.name, "无邮箱，需另行告知") for unit in table.directory.unaddressed(units)]
        progress = read_progress(connection, table, self._registrar.stream)
        undated = [
            (
                found.meeting.name,
                f"{found.meeting.month}月",
                "；".join(t.brief for t in found.tasks),
            )
            for found in undated_sessions(table, month, progress)
        ]
        when, settings = wording.moment(due), self._composer.office.settings
        hold = read_hold(connection, self._registrar.stream)
        approval = settings.mail.approval
        if hold and not (approval and not hold.of_all):
            mark, will, words = "，暂停发送", "放行后", held_words(hold)
            fate = f"原定{when}发出，目前暂停发送，到时不发"
        elif approval:
            where = console_words(settings, "/console/approval", "审核")
            words = f"须先审核，未经审核的到时不发。请在此之前{where}，逐封查看并审核。"
            mark, will, fate = "，待审核", "将", f"将于{when}发出"
        else:
            mark, will, fate = "", "将", f"将于{when}发出"
            words = "内容可用 reminder preview 逐封查看。"
        if undated:
            where = console_words(settings, "/console/meetings", "会议")
            words += f"另有{len(undated)}次会议会期未定，请确定后{where}登记。"
        return Report(
            f"【{table.plan.tag}·{month}月】发送预告：{count}封，{when}{mark}",
            f"{month}月提示{fate}，共{count}封。{words}",
            _listings(
                (f"{will}发送（{count}封）", first(rows)),
                (f"不发送（{len(missing)}）", first(missing)),
                (f"请登记会期（{len(undated)}次会议）", first(undated)),
                ("此前未送达，尚未处理", first(self._unsettled(connection))),
            ),
        )

    def _unsettled(self, connection: Connection) -> Iterator[Row]:
        directory = self._table.directory
        for found in read_unsettled(connection, self._registrar.stream, directory):
            late = [unit for unit in found.expired if unit not in found.unknown]
            for words, units in (
                (STATES[State.REFUSED], found.refused),
                (STATES[State.EXPIRED], late),
                (REASONS[Reason.UNKNOWN], found.unknown),
            ):
                if units:
                    few = first((directory.name_of(unit),) for unit in units)
                    names = "、".join(row[0] for row in few.shown)
                    yield f"{found.period} {NAMES[Kind.DIGEST]}", f"{words}：{names}"

    def _addressees(self, units: list[str]) -> list[str]:
        """Each by name and address; of very many the groups that are whole, and the first."""
        directory = self._table.directory
        rest, names = dict.fromkeys(units), []
        for group in directory.groups if len(units) > SHOWN else ():
            if rest.keys() >= set(group.members):
                names.append(f"{group.name}（{len(group.members)}个）")
                for member in group.members:
                    del rest[member]
        few = first((_with_addresses(directory[unit]),) for unit in rest)
        return [*names, *(cell for row in few.shown for cell in row)]

    def tell(
        self, connection: Connection, name: str, subject: str, words: str, at: datetime
    ) -> None:
        """A trouble that began, or one that is over."""
        tag = self._table.plan.tag
        period = self._table.local_day(at).isoformat()
        report = Report(f"【{tag}】{subject}", words, ())
        self._send(connection, f"alarm/{name}", period, report, at, at + USEFUL)

    def _occasion(self, connection: Connection, row: RowMapping, at: datetime) -> int:
        if row["kind"] == CALLS:
            report = self._calls(connection, row["period"], at)
            kind, ended = CALLS, True
        else:
            rehearsal, _, kind = row["kind"].rpartition("/")
            counted = tally(connection, Kind(kind), row["period"], rehearsal=bool(rehearsal))
            if not counted.expected:
                occasions.note_reported(connection, row["key"], at)
                return 0
            young = abs(at - occasions.begun(row)) < PATIENCE
            if counted.waiting and (row["interim_at"] or young):
                return 0
            report = self.after(connection, Kind(kind), row["period"], counted, at)
            kind = row["kind"]
            ended = not counted.waiting
        note = occasions.note_reported if ended else occasions.note_interim
        note(connection, row["key"], at)
        self._send(connection, kind, row["period"], report, at, at + USEFUL)
        return 1

    def after(
        self, connection: Connection, kind: Kind, period: str, counted: Tally, at: datetime
    ) -> Report:
        """Expected N, accepted M, and every one that is not: why, and what comes next."""
        rows = [
            (
                self._table.directory.name_of(view.unit),
                REASONS.get(view.reason) or f"{STATES[view.state]}（{view.reason}）",
                "；".join(f"{r.address} {r.reply}".strip() for r in view.recipients
                         if r.state is not State.SENT),
            )
            for view in counted.others
        ]  # fmt: skip
        missed = counted.expected - counted.accepted
        hold = read_hold(connection, self._registrar.stream)
        progress = read_progress(connection, self._table, self._registrar.stream)
        name = f"{period} {NAMES[kind]}"
        return Report(
            f"【{self._table.plan.tag}】{name}：应发{counted.expected}，已接收{counted.accepted}",
            f"{name}应发{counted.expected}封，邮件服务器已接收{counted.accepted}封"
            + (f"，其余{missed}封见下。" if missed else "。")
            + (f"目前暂停发送：{held_words(hold)}" if hold and missed else ""),
            _listings(
                (f"未送达（{missed}）", Some(rows, missed)),
                ("请电话联系", first(self.calls(at, progress))),
            ),
        )

    def _calls(self, connection: Connection, period: str, at: datetime) -> Report:
        progress = read_progress(connection, self._table, self._registrar.stream)
        rows = first(self.calls(at, progress))
        return Report(
            f"【{self._table.plan.tag}】请电话联系：{rows.count}项",
            f"{period} 以下事项由其他机关承办，系统不发提醒，请电话联系。",
            _listings(("请电话联系", rows)),
        )

    def calls(self, at: datetime, progress: Progress) -> Iterator[Row]:
        """Whom to phone: units of another body that lead a task which is closing or past."""
        for call in calls_on_tasks(self._table, self._table.local_day(at), progress):
            if call.unit.tone is Relation.PARALLEL and call.task and call.window:
                unit = call.unit
                contact = " ".join(filter(None, (unit.contact, unit.phone))) or "未登记联系人"
                yield unit.name, contact, call.task.title, wording.timing(call.window, call.task)

    def _send(
        self,
        connection: Connection,
        kind: str,
        period: str,
        report: Report,
        at: datetime,
        useful_until: datetime,
    ) -> None:
        log.info("report %s %s: %s", kind, period, report.summary)
        if not self._has_operator or read_start(connection, self._registrar.stream) is None:
            return
        key = f"{self._table.plan.id}/{Kind.REPORT}/{kind}/{period}"
        known = notices.keys_of(connection, Kind.REPORT, period)
        copies = sum(original(other) == key for other in known)
        key = copy_key(key, copies + 1) if copies else key
        draft = NoticeDraft(key, Kind.REPORT, period, OPERATOR, at, useful_until)
        composed = self._composer.report(
            key,
            at,
            report.subject,
            {
                "report": report,
                "office": self._table.directory[self._table.plan.office].name,
                "as_of": at.astimezone(self._table.plan.zone),
            },
        )
        notices.add(
            connection,
            draft,
            at,
            composed=composed,
            stream=self._registrar.stream,
            rehearsal=self._registrar.rehearsal,
        )


def first(rows: Iterable[Row]) -> Some:
    """Counts them all, keeps as many as anybody reads."""
    rest = iter(rows)
    kept = list(islice(rest, SHOWN))
    return Some(kept, len(kept) + sum(1 for _ in rest))


def _listings(*parts: tuple[str, Some]) -> tuple[Listing, ...]:
    return tuple(Listing(title, some.shown) for title, some in parts if some.rows)


def _with_addresses(unit: Unit) -> str:
    return f"{unit.name} {'，'.join((*unit.to, *unit.cc))}"
