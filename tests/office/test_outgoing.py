"""What waits for a person: how it would go, what reads alike, and what may be done with it."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from reminder.domain.notices import Reason, State
from reminder.domain.versions import Origin, Tell
from reminder.errors import DeclinedError
from reminder.ledger import notices, publications
from reminder.ledger.holds import Hold, begin_hold
from reminder.office import holds, releasing
from reminder.office.application import Application
from reminder.office.outgoing import StoredMail, Wait
from reminder.office.releasing import Seen
from reminder.office.waiting import Choice, hash_of
from tests.daemon.trials import MARCH, NOBODY, Trial, by_smtp, parsed, trial
from tests.mail.servers import bad_server
from tests.office import approving
from tests.plans import plan_text, put_plans

HELD: dict[str, Any] = {"mail": {"first_start": "hold"}}
APRIL, LATER, MAY = (f"2026-0{day}T09:00+08:00" for day in ("4-01", "4-02", "5-06"))
LEAD, RELATED = "digest/2026-03/lead", "digest/2026-03/related"


def all_held(app: Application) -> Seen:
    """As the page shows all that a hold keeps back."""
    shown = approving.parts(app, Wait.RELEASE)
    at = shown[0].at if shown else app.clock.now()
    return Seen(Choice(of_hold=True), at, hash_of(one for it in shown for one in it.part.mails))


def by_page(office: Trial, at: str, **settings: Any) -> None:
    app = office.app(at, **settings)
    releasing.let_go(app, all_held(app))


def by_command(office: Trial, at: str, **settings: Any) -> None:
    releasing.release(office.app(at, **settings))


RELEASES = pytest.mark.parametrize("release", [by_page, by_command])
Release = Callable[..., None]


@RELEASES
def test_a_first_start_goes_when_it_is_released_and_then_all_goes(
    either: Trial, release: Release
) -> None:
    either.tick(MARCH, **HELD)
    assert either.states() == {(State.HELD, Reason.HOLD)}
    release(either, MARCH, **HELD)
    either.tick(MARCH, **HELD)
    either.tick(APRIL, **HELD)
    assert either.states() == {(State.SENT, Reason.ACCEPTED)}


@RELEASES
@pytest.mark.parametrize("begun", ["first start", "by hand", "restored"])
def test_what_is_over_is_not_sent_by_a_release(office: Trial, release: Release, begun: str) -> None:
    """March's mails, when nobody has ticked since; April's digest comes by the next tick."""
    if begun == "first start":
        office.tick(MARCH, **HELD)
    else:
        office.app(MARCH).plan(office.app(MARCH).clock.now())
        reason = Reason.RESTORED if begun == "restored" else Reason.BY_HAND
        app = office.app("2026-03-03T09:00+08:00")
        with app.database.write() as connection:
            begin_hold(connection, Hold(reason, app.clock.now()))
    release(office, APRIL, **HELD)
    why = Reason.UNKNOWN if begun == "restored" else Reason.TOO_LATE
    assert office.states(period="2026-03") == {(State.EXPIRED, why)}
    office.tick(APRIL, **HELD)
    assert {str(mail["Subject"])[:7] for mail in office.mails()} == {
        "【试·4月】承办"[:7],
        "【试·4月】相关"[:7],
    }


def test_one_goes_while_the_hold_stands_and_what_comes_is_held(either: Trial) -> None:
    either.tick(MARCH)
    app = either.app(MARCH)
    holds.hold(app.database, app.clock.now(), "to look first")
    either.tick(APRIL)
    app = either.app(APRIL)
    assert releasing.let_go(app, approving.one_seen(app, "small/digest/2026-04/lead"), "王某") == 1
    either.tick(APRIL)
    assert either.outcome("digest/2026-04/lead") == (State.SENT, Reason.ACCEPTED)
    assert either.outcome("digest/2026-04/related") == (State.HELD, Reason.BY_HAND)


def test_many_that_were_let_go_are_sent_in_one_pass_though_the_hold_stands(shipped: Trial) -> None:
    with bad_server() as server:
        smtp = by_smtp(server.port) | {"mail": {"first_start": "send"}}
        shipped.tick(MARCH, **smtp)
        app = shipped.app(MARCH, **smtp)
        holds.hold(app.database, app.clock.now(), "")
        shipped.tick(APRIL, **smtp)
        app = shipped.app(APRIL, **smtp)
        [shown] = [one for one in approving.parts(app, Wait.RELEASE) if one.period == "2026-04"]
        assert releasing.let_go(app, shown.whole()) == 31
        shipped.tick(APRIL, **smtp)
    assert shipped.states(period="2026-04", kind="digest") == {(State.SENT, Reason.ACCEPTED)}


def test_what_was_on_its_way_is_shown_and_goes_with_its_bytes_or_after_days_anew(
    office: Trial,
) -> None:
    office.tick(MARCH, **NOBODY)
    stored = office.stored(LEAD)
    app = office.app(MARCH, **NOBODY)
    holds.hold(app.database, app.clock.now(), "")
    for at, is_kept in (("2026-03-03T09:00+08:00", True), ("2026-03-06T09:00+08:00", False)):
        one = approving.find(office.app(at, **NOBODY), f"small/{LEAD}")
        assert isinstance(one.mail, StoredMail) == is_kept
        assert (one.composed().content == stored) == is_kept
        assert ("〔补发〕" in str(parsed(one.composed().content)["Subject"])) != is_kept
    shown = one.composed().content
    with bad_server() as server:
        smtp = by_smtp(server.port)
        by_page(office, "2026-03-06T09:00+08:00", **smtp)
        assert office.stored(LEAD) == shown
        office.tick("2026-03-06T09:00+08:00", **smtp)
    assert office.states(period="2026-03", kind="digest") == {(State.SENT, Reason.ACCEPTED)}


def test_two_at_once_let_each_go_once(either: Trial) -> None:
    either.tick(MARCH, **HELD)
    apps = [either.app(MARCH, **HELD) for _ in range(2)]
    seen = [all_held(app) for app in apps]

    def go(app: Application, what: Seen) -> int:
        try:
            return releasing.let_go(app, what)
        except DeclinedError:
            return 0

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(go, apps, seen))
    assert sum(counts) == 2
    either.tick(MARCH, **HELD)
    assert len(either.files()) == 2
    assert [row[1:] for row in either.history(LEAD)].count((State.QUEUED, Reason.RELEASED)) == 1


def test_a_death_in_the_middle_of_a_release_leaves_the_rest_held(tmp_path: Any) -> None:
    """By SIGKILL in the second transaction of four; whoever comes after it releases the rest."""
    with trial(tmp_path) as office:
        office.tick(APRIL, **HELD)
        office.close()
        if (child := os.fork()) == 0:
            try:
                _die_releasing(office)
            finally:
                os._exit(1)  # and never goes on with the tests
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        before = office.notices(period="2026-04", kind="digest").values()
        assert sorted([v.state for v in before].count(s) for s in (State.QUEUED, State.HELD)) == [
            10,
            21,
        ]
        assert office.app(APRIL, **HELD).tick().sent == 10
        assert approving.waiting(office.app(APRIL, **HELD)).hold is not None
        by_page(office, APRIL, **HELD)
        office.tick(APRIL, **HELD)
        assert len(office.files()) == 31
        assert office.states(period="2026-04", kind="digest") == {(State.SENT, Reason.ACCEPTED)}


def _die_releasing(office: Trial) -> None:
    passes, fix = count(1), notices.fix_all

    def fix_and_die(*given: Any) -> None:
        fix(*given)
        if next(passes) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def tens(keys: Any) -> Any:
        keys = list(keys)
        return [keys[start : start + 10] for start in range(0, len(keys), 10)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notices, "fix_all", fix_and_die)
        patch.setattr(releasing, "batched", tens)
        by_page(office, APRIL, **HELD)


def of_plans(office: Trial, at: str) -> dict[str, tuple[int, bool]]:
    """By plan how many wait on its page, and whether a hold stands there."""
    found = {}
    for plan in ("small", "other"):
        waiting = approving.waiting(office.app(at, **HELD).about(plan))
        found[plan] = waiting.count(Wait.RELEASE), waiting.hold is not None
    return found


def release_of(office: Trial, plan: str, at: str) -> None:
    app = office.app(at, **HELD).about(plan)
    releasing.let_go(app, all_held(app))


def test_each_of_several_plans_is_released_on_its_own_page(office: Trial) -> None:
    """A first start of one alone; what holds everything is lifted at once, and what it kept back
    of the other plan still waits there."""
    put_plans(office, small=plan_text(), other=plan_text("other"))
    office.tick(MARCH, **HELD)
    assert of_plans(office, MARCH) == {"small": (2, True), "other": (2, True)}
    release_of(office, "other", MARCH)
    assert of_plans(office, MARCH) == {"small": (2, True), "other": (0, False)}
    release_of(office, "small", MARCH)
    office.tick(MARCH, **HELD)
    app = office.app(MARCH)
    holds.hold(app.database, app.clock.now(), "")
    office.tick(APRIL, **HELD)
    release_of(office, "small", APRIL)
    assert of_plans(office, APRIL) == {"small": (0, False), "other": (2, False)}
    office.tick(APRIL, **HELD)
    assert of_plans(office, APRIL) == {"small": (0, False), "other": (2, False)}
    release_of(office, "other", APRIL)
    office.tick(APRIL, **HELD)
    assert len(office.files()) == 8


def test_with_four_eyes_nobody_lets_go_what_tells_of_their_own_edits(office: Trial) -> None:
    office.tick(MARCH, **HELD)
    app = office.app(MARCH, **HELD, console={"four_eyes": True})
    with app.database.write() as connection:
        of = {"origin": Origin.CONSOLE, "author": "王某", "tell": Tell.NOW}
        publications.add(connection, {"units.toml": b"edited"}, app.clock.now(), **of)
    seen = all_held(app)
    with pytest.raises(DeclinedError, match="somebody else"):
        releasing.let_go(app, seen, "王某")
    assert releasing.let_go(app, seen, "李某") == 2


def test_units_of_a_tone_are_shown_once_and_with_the_lines_in_which_the_few_differ(
    office: Trial,
) -> None:
    """Who has had no mail of the year yet reads two lines more."""
    office.tick(MARCH)
    office.edit_plan('related = ["相关委员会"]', 'related = ["相关委员会", "无关委员会"]')
    app = office.app(MARCH)
    holds.hold(app.database, app.clock.now(), "")
    office.tick(APRIL)
    shown = approving.parts(office.app(APRIL), Wait.RELEASE)
    [part] = [one.part for one in shown if one.period == "2026-04"]
    related = part.groups[1]
    assert [len(group.mails) for group in part.groups] == [1, 2]
    assert related.first.view.unit == "related"
    [(key, lines)] = related.own.items()
    assert key == "small/digest/2026-04/bystander"
    assert (len(lines.more), lines.less) == (2, ())


def test_a_group_is_found_minutes_later_though_its_mails_say_another_minute(office: Trial) -> None:
    office.tick(MARCH)
    holds.hold(office.app(MARCH).database, office.app(MARCH).clock.now(), "")
    office.tick(APRIL)
    moments = APRIL, APRIL.replace(":00+", ":07+")
    first, later = (approving.parts(office.app(at), Wait.RELEASE)[0].part.groups for at in moments)
    assert first[0].first.sha256 != later[0].first.sha256
    assert [group.id for group in first] == [group.id for group in later]
