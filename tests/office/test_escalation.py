"""Reminders that others read along, through a real ledger: addressed, held, sent again, stopped."""

from typing import Any

import pytest

from reminder.office import completion, operations, releasing
from tests.daemon.trials import MARCH, NOBODY, Trial, by_smtp, text_of
from tests.mail.servers import Inbox, bad_server, real_server

NUDGED = "2026-03-26T09:00+08:00"  # three working days left
NUDGE = "nudge/2026-03-26/lead"
OFFICE, CHIEF = "office@unit.test", "chief@unit.test"
MAIL = {"reply_to": OFFICE}
COPIED = {"mail": MAIL, "nudge": [{"to": ["unit", CHIEF, "secretariat"]}]}
ASIDE = {"mail": MAIL, "nudge": [{"to": ["secretariat", CHIEF]}]}


def nudged(office: Trial, **settings: Any) -> Any:
    office.tick(NUDGED, **settings)
    return office.mail(NUDGE)


def addresses(office: Trial, key: str = NUDGE) -> list[str]:
    return [person.address for person in office.notice(key).recipients]


@pytest.mark.parametrize(
    ("settings", "others"),
    [
        (COPIED, [OFFICE, CHIEF]),
        ({"mail": MAIL}, []),
        ({"nudge": [{"to": ["unit", "Second@unit.test"]}]}, []),  # the unit's own
    ],
)
def test_the_lead_is_addressed_and_the_others_get_a_copy(
    office: Trial, settings: dict[str, Any], others: list[str]
) -> None:
    mail = nudged(office, **settings)
    assert "lead@unit.test" in str(mail["To"])
    assert str(mail["Cc"] or "") == ", ".join(others)
    assert sorted(addresses(office)) == sorted(["lead@unit.test", "second@unit.test", *others])
    assert (f"抄送：{OFFICE}、{CHIEF}" in text_of(mail)) == bool(others)


def test_a_digest_goes_to_its_unit_alone(office: Trial) -> None:
    office.tick(MARCH, **COPIED)
    assert addresses(office, "digest/2026-03/lead") == ["lead@unit.test", "second@unit.test"]


def test_a_step_without_the_lead_goes_to_the_others_and_names_it(office: Trial) -> None:
    mail = nudged(office, web={"base_url": "http://127.0.0.1:8026"}, **ASIDE)
    assert (str(mail["To"]), str(mail["Cc"])) == (OFFICE, CHIEF)
    assert str(mail["Subject"]).startswith("【试·3月】承办委员会·临近提醒1项")
    assert "请登记" not in text_of(mail)
    assert "http" not in text_of(mail)  # the unit's own links


@pytest.mark.parametrize("settings", [COPIED, ASIDE], ids=["copied", "aside"])
def test_no_word_presses_anybody(office: Trial, settings: dict[str, Any]) -> None:
    text = text_of(nudged(office, **settings))
    assert [words for words in ("催", "督", "逾期", "未完成", "通报") if words in text] == []


@pytest.mark.parametrize(
    ("settings", "reason", "told"),
    [(COPIED, "no-address", []), (ASIDE, "accepted", [OFFICE, CHIEF])],
)
def test_a_lead_without_address_is_not_replaced_by_the_others(
    office: Trial, settings: dict[str, Any], reason: str, told: list[str]
) -> None:
    office.edit_units('to = ["lead@unit.test", "second@unit.test"]', "to = []")
    office.tick(NUDGED, **settings)
    assert (office.notice(NUDGE).reason, addresses(office)) == (reason, told)


def test_a_rehearsal_replaces_everybody(office: Trial) -> None:
    settings = COPIED | {"mail": MAIL | {"redirect_to": "me@unit.test"}}
    office.tick(NUDGED, **settings)
    assert addresses(office, f"rehearsal/{NUDGE}") == ["me@unit.test"]


@pytest.mark.parametrize(
    ("settings", "to"),
    [(COPIED, ["lead@unit.test", "second@unit.test", OFFICE, CHIEF]), (ASIDE, [OFFICE, CHIEF])],
    ids=["copied", "aside"],
)
def test_a_released_notice_goes_to_the_same(
    office: Trial, settings: dict[str, Any], to: list[str]
) -> None:
    settings = settings | {"mail": MAIL | {"first_start": "hold"}}
    office.tick(NUDGED, **settings)
    assert addresses(office) == []
    releasing.release(office.app(NUDGED, **settings))
    assert sorted(addresses(office)) == sorted(to)


def test_sent_again_it_reaches_who_was_not_reached_beside_the_lead_too(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        office.tick(MARCH, **COPIED, **by_smtp(port))
        answers = ["250 ok", "550 5.1.1 no such user", "250 ok", "550 5.1.1 no such user"]
        with bad_server(RCPT=answers) as server:
            office.tick(NUDGED, **COPIED, **by_smtp(server.port))
        refused = {p.address for p in office.notice(NUDGE).recipients if p.state == "refused"}
        operations.resend(office.app(NUDGED, **COPIED, **by_smtp(port)), f"small/{NUDGE}")
    assert len(refused) == 2
    assert refused & {OFFICE, CHIEF}
    assert set(addresses(office, f"{NUDGE}#2")) == refused


def test_a_queued_reminder_to_others_alone_is_given_up_when_its_task_is_done(
    office: Trial,
) -> None:
    settings = ASIDE | NOBODY
    office.tick(NUDGED, **settings)
    completion.register(office.app(NUDGED, **settings), ["2026-03-1"], None, None, "")
    office.tick("2026-03-26T09:05+08:00", **settings)
    assert office.outcome(NUDGE) == ("expired", "done")
