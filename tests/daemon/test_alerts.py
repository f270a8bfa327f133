"""What the operator is told: once when it begins, once when it is over."""

import logging
import shutil
from datetime import datetime
from typing import NamedTuple

import pytest

from reminder.clock import Clock
from reminder.domain.units import Relation
from reminder.ledger.senders import read_alarms
from reminder.mail.replicas import single_process_lock
from reminder.office.alerts import ROOM, SCHEDULER
from reminder.office.edits import EditedFiles
from reminder.office.status import why_not_ready
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp
from tests.mail.servers import TokenInbox, bad_server, taking_tokens
from tests.mail.token_server import CLIENT, SECRET, token_server

LOG_IN_REFUSED = {"EHLO": ["250-bad.test\r\n250 AUTH PLAIN"], "AUTH": ["535 5.7.8 no"]}


def on(day: str) -> str:
    return f"2026-{day}+08:00"


def told(office: Trial) -> list[str]:
    """The subjects of the operator's mails but the reports, oldest first."""
    reports = [view for view in office.notices().values() if "/report/alarm/" in view.key]
    ids = [view.message_id for view in sorted(reports, key=lambda view: view.due)]
    subjects = {str(mail["Message-ID"]): str(mail["Subject"]) for mail in office.mails()}
    return [subjects[str(message_id)] for message_id in ids]


def alarms(office: Trial) -> set[str]:
    with office.reading() as connection:
        return set(read_alarms(connection))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    wanted = (logging.WARNING, logging.ERROR)
    return [
        r.getMessage() for r in caplog.records if r.levelno in wanted and r.name.endswith("alerts")
    ]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_disk_nearly_full_is_told_once_and_its_end_once(
    office: Trial, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = [ROOM * 9, ROOM - 1, ROOM - 2, ROOM + 1, ROOM * 2, ROOM * 2]
    for hour, bytes_left in enumerate(free, 9):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, left=bytes_left: Usage(0, 0, left))
        office.tick(on(f"03-02T{hour:02}:00"), mail=OPERATOR)
    assert told(office) == ["【试】磁盘空间不足", "【试】磁盘空间已恢复"]
    assert len(logged(caplog)) == 2
    assert "disk nearly full: 99 MiB left" in logged(caplog)[0]


def test_month_without_published_working_days_is_told_when_it_is_near(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminder.documents.workdays_file.published", lambda _: None)
    office.tick(on("01-05T09:00"), mail=OPERATOR)
    assert alarms(office) == set()
    for day in ("02-10", "02-11"):
        office.tick(on(f"{day}T09:00"), mail=OPERATOR)
    assert alarms(office) == {"workdays/2026"}
    assert told(office) == ["【试】缺少2026年放假安排"]


def test_digest_that_did_not_go_says_how_many_were_expected(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server(RCPT=["250 ok", "250 ok", "450 later"]) as server:
        way = by_smtp(server.port)
        for hour in ("09:00", "09:30", "10:30", "11:30"):
            office.tick(on(f"03-02T{hour}"), **way)
        words = "digest 2026-03: expected 2, accepted 1, 1 wait: recipient-deferred"
        assert logged(caplog) == [words]
        server.script["RCPT"] = ["250 ok"]
        office.tick(on("03-02T17:00"), **way)
    assert logged(caplog) == [words, f"over: {words}"]
    assert alarms(office) == set()


def test_digest_that_nobody_planned_is_missed(office: Trial) -> None:
    office.tick(on("02-10T09:00"), mail=OPERATOR)
    app = office.app(on("03-02T10:01"), mail=OPERATOR)
    app.alerts.check(app.clock.now())  # as when planning failed before it
    assert alarms(office) == {"digest/2026-03"}


def test_refused_log_in_is_one_alarm_and_its_end_reaches_the_operator(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server(**LOG_IN_REFUSED) as server:
        way = by_smtp(server.port, username="u", password="p")
        for minute in range(0, 60, 10):
            office.tick(on(f"03-02T09:{minute:02}"), **way, mail=OPERATOR)
        assert "server" in alarms(office)
        refusals = [r for r in caplog.records if "refused the log-in" in r.getMessage()]
        assert len(refusals) == 1
        assert server.verbs.count("AUTH") <= 3
        server.script["AUTH"] = ["235 welcome"]
        office.tick(on("03-02T21:00"), **way, mail=OPERATOR)
    assert "server" not in alarms(office)
    assert [key for key in office.notices(state="sent") if "alarm/server" in key]


def test_token_that_nobody_gives_is_one_alarm_and_then_one_serves_all(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = {"error": "invalid_client", "error_description": f"AADSTS7000222: {SECRET} ended"}
    with (
        token_server(instead=(401, refusal)) as tokens,
        taking_tokens(TokenInbox("token-1")) as port,
    ):
        oauth = {"token_url": tokens.url, "client_id": CLIENT, "client_secret": SECRET}
        way = by_smtp(port, username="office", oauth=oauth)
        for minute in range(0, 60, 10):
            office.tick(on(f"03-02T09:{minute:02}"), **way, mail=OPERATOR)
        assert "server" in alarms(office)
        errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert len([words for words in errors if "AADSTS7000222: *** ended" in words]) == 1
        assert SECRET not in caplog.text
        assert len(tokens.asked) <= 6  # a probe says who it is in both ways
        tokens.instead = None
        app = office.app(on("03-02T21:00"), **way, mail=OPERATOR)
        app.tick()
        assert office.states(period="2026-03") == {("sent", "accepted")}
        assert tokens.given == ["token-1"]
    assert "server" not in alarms(office)


def test_mended_settings_are_tried_at_once(office: Trial) -> None:
    with bad_server(**LOG_IN_REFUSED | {"AUTH": ["535 5.7.8 no", "235 welcome"]}) as server:
        office.tick(MARCH, **by_smtp(server.port, username="u", password="wrong"))
        mended = by_smtp(server.port, username="u", password="p")
        assert office.tick(on("03-02T09:01"), **mended) == {"sent": 2}


def test_scheduler_that_stalled_is_told_and_over_at_the_next_look(office: Trial) -> None:
    office.tick(MARCH, mail=OPERATOR)
    app = office.app(on("03-02T10:00"), mail=OPERATOR)
    app.alerts.check(app.clock.now(), [SCHEDULER])
    office.tick(on("03-02T10:01"), mail=OPERATOR)
    office.tick(on("03-02T10:02"), mail=OPERATOR)
    assert told(office) == ["【试】定时任务曾停顿", "【试】定时任务已恢复"]


def test_broken_edit_leaves_the_last_good_version_and_is_said(office: Trial) -> None:
    edits = EditedFiles(app := office.app(MARCH))
    assert edits.look() == []
    office.edit_units('relation = "own"', 'relation = "owned"')
    [trouble] = edits.look()
    assert trouble.name == "files/broken"
    assert "units.toml:5: unit.relation: is 'owned'" in trouble.detail
    assert app.table.directory["lead"].relation is Relation.OWN
    office.edit_units('relation = "owned"', 'relation = "own"')
    assert edits.look() == []


def test_saved_edit_is_in_force_at_the_next_look(office: Trial) -> None:
    edits = EditedFiles(app := office.app(MARCH))
    assert edits.look() == []
    office.edit_units("related@unit.test", "other@unit.test")
    assert edits.look() == []
    assert app.table.directory["related"].to == ("other@unit.test",)


def test_ready_is_said_of_a_clock_that_was_set_back_only_until_the_next_tick(office: Trial) -> None:
    office.tick(MARCH)
    app = office.app(MARCH)
    assert why_not_ready(app, office.app(on("03-02T09:01")).clock.now()) is None
    assert "last tick" in str(why_not_ready(app, office.app(on("03-02T08:00")).clock.now()))


def test_tick_beside_a_daemon_leaves_to_it_what_only_it_sees(office: Trial) -> None:
    office.tick(MARCH, mail=OPERATOR)
    daemon, beside = (office.app(MARCH, mail=OPERATOR) for _ in range(2))
    edits = EditedFiles(daemon)
    edits.look()
    office.edit_units('relation = "own"', 'relation = "owned"')
    for minute in range(1, 5):
        beside.clock = daemon.clock = Clock(datetime.fromisoformat(on(f"03-02T10:0{minute}")))
        with single_process_lock(daemon.settings.lock_path):
            daemon.alerts.check(daemon.clock.now(), edits.look())
            beside.tick()
    office.edit_units('relation = "owned"', 'relation = "own"')
    office.tick(on("03-02T10:06"), mail=OPERATOR)
    assert told(office) == ["【试】编辑后的文件有误", "【试】此前的文件问题已消除"]


def test_rehearsal_neither_begins_nor_ends_an_alarm(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 1))
    office.tick(MARCH, mail={"redirect_to": "trial@unit.test"})
    assert alarms(office) == set()


@pytest.mark.parametrize("ahead", ["03-20T09:00", "04-20T09:00"])
def test_trouble_that_began_by_a_clock_ahead_is_told(office: Trial, ahead: str) -> None:
    for moment in (ahead, "03-02T09:00", "03-02T12:00"):
        office.tick(on(moment), **NOBODY)
    assert "server" in alarms(office)


def test_server_that_is_well_again_ends_its_alarm_though_nothing_waits(office: Trial) -> None:
    with bad_server(GREETING=["421 busy", "421 busy", "220 here"]) as server:
        way = by_smtp(server.port)
        for moment in ("04-30T20:00", "04-30T22:00"):
            office.tick(on(moment), **way, digest={"tracking": False})
        assert "server" in alarms(office)
        office.tick(on("05-10T10:00"), **way, digest={"tracking": False})
    assert "server" not in alarms(office)
