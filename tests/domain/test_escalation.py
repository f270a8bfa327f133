"""Who is told beside a lead, on which step, of which units; and where it ends."""

from datetime import date

import pytest

from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.schedule import Addressees, together
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, at, due_reminders, reminders, task, timetable
from tests.mail.written import reminded

YEAR = date(2026, 1, 1), date(2026, 12, 31)
OFFICE, CHIEF = "secretariat@npc.example", "chief@npc.example"
ALONE = Addressees()
COPIED = Addressees(secretariat=(OFFICE,), named=(CHIEF,))
ASIDE = Addressees(lead=False, secretariat=(OFFICE,))


def escalated(
    to: Addressees, relation: Relation | None = Relation.OWN, *, soft: bool = False
) -> Timetable:
    """A task of April whose steps all go to them."""
    steps = {(Kind.NUDGE, 3): to, (Kind.OVERDUE, 1): to, (Kind.OVERDUE, 7): to}
    return timetable(task(4, soft=soft), relations={LEADER: relation}, escalation=steps)


def kinds(drafts: list[NoticeDraft]) -> list[Kind]:
    return [draft.kind for draft in drafts]


NUDGED = [Kind.NUDGE]
ALL = [Kind.NUDGE, Kind.OVERDUE, Kind.OVERDUE]


@pytest.mark.parametrize("to", [ALONE, COPIED, ASIDE], ids=["unit", "unit and others", "others"])
@pytest.mark.parametrize("relation", [*Relation, None])
def test_mails_and_calls_by_relation_and_list(to: Addressees, relation: Relation | None) -> None:
    table = escalated(to, relation)
    mails, calls = reminders(table, *YEAR)
    local = NUDGED if to.lead else []
    assert kinds(mails) == {Relation.PARALLEL: [], Relation.LOCAL: local}.get(relation, ALL)
    assert kinds(calls) == (ALL if relation is Relation.PARALLEL else [])
    # Others are told of the own house alone.
    told = to if relation in (Relation.OWN, None) else ALONE
    assert {addressees(table, draft) for draft in (*mails, *calls)} <= {told}


def test_each_step_goes_to_its_own_list() -> None:
    steps = {(Kind.OVERDUE, 1): ALONE, (Kind.OVERDUE, 7): COPIED}
    table = timetable(task(4), nudges=(), escalation=steps)
    assert [addressees(table, draft) for draft in reminders(table, *YEAR)[0]] == [ALONE, COPIED]


def test_one_mail_of_several_steps_goes_to_all_of_them() -> None:
    early = task(4, 1, due=date(2026, 4, 23))
    steps = {(Kind.OVERDUE, 1): ASIDE, (Kind.OVERDUE, 7): Addressees(named=(CHIEF,))}
    table = timetable(early, task(4, 2), nudges=(), escalation=steps)
    [draft] = due_reminders(table, at(5, 7), Progress(), set())[0]
    assert [step for _, _, step in draft.tasks] == [7, 1]
    assert addressees(table, draft) == COPIED


def test_the_secretariat_stands_before_who_it_named() -> None:
    found = together([Addressees(named=(CHIEF,)), Addressees(secretariat=(OFFICE,))])
    assert found.others == (OFFICE, CHIEF)


def test_a_local_lead_hears_of_its_last_own_step_though_a_later_one_leaves_it_out() -> None:
    steps = {(Kind.NUDGE, 5): ALONE, (Kind.NUDGE, 3): ASIDE}
    table = timetable(task(4), relations={LEADER: Relation.LOCAL}, nudges=(5, 3), escalation=steps)
    [draft] = due_reminders(table, at(4, 28), Progress(), set())[0]
    assert [step for _, _, step in draft.tasks] == [5]


def test_a_soft_task_is_never_told_to_others_alone() -> None:
    assert reminders(escalated(ASIDE, soft=True), *YEAR) == ([], [])
    table = escalated(COPIED, soft=True)
    [draft] = reminders(table, *YEAR)[0]
    assert addressees(table, draft) == COPIED


@pytest.mark.parametrize("to", [COPIED, ASIDE], ids=["unit and others", "others"])
@pytest.mark.parametrize(
    "progress",
    [
        Progress({"2026-04-1": date(2026, 4, 20)}),
        Progress(reported={("2026-04-1", LEADER, ""): date(2026, 4, 20)}),
    ],
    ids=["done", "reported"],
)
def test_everything_stops_when_it_is_done_or_reported(to: Addressees, progress: Progress) -> None:
    assert reminders(escalated(to), *YEAR, progress) == ([], [])


def test_a_step_that_comes_again_ends_with_its_ceiling() -> None:
    found = reminders(timetable(task(4), nudges=(), overdue=(7, 12, 17)), *YEAR)[0]
    assert [draft.period for draft in found] == ["2026-05-13", "2026-05-20", "2026-05-27"]
    assert found[0].useful_until == at(5, 20)


@pytest.mark.parametrize("kind", [Kind.NUDGE, Kind.OVERDUE])
def test_what_goes_to_others_alone_names_the_unit_and_asks_for_nothing(kind: Kind) -> None:
    table = timetable(task(4, short="调研", lead=("helan",)), relations={"helan": Relation.OWN})
    moment = at(4, 27) if kind is Kind.NUDGE else at(5, 6)
    told = reminded(table, kind, ["2026-04-1"], moment, "helan", for_lead=False)
    assert "】贺兰县人大常委会·" in told.subject
    assert told.summary.startswith("贺兰县人大常委会4月")
    assert told.summary.endswith("供了解。")
