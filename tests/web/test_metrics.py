"""What Prometheus reads: who may, in which form, and that the numbers are right."""

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as as_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.office.application import Application
from reminder.office.links import metrics_token
from reminder.office.metrics import METRICS
from reminder.web.app import create_app
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial, by_smtp
from tests.mail.servers import bad_server

HEADERS = {"Accept-Encoding": "identity"}
Numbers = dict[tuple[str, ...], float]


def client(app: Application) -> TestClient:
    return TestClient(create_app(app), headers=HEADERS)


def bearer(app: Application) -> dict[str, str]:
    return {"Authorization": f"Bearer {metrics_token(app)}"}


def numbers(app: Application, through: TestClient | None = None) -> Numbers:
    """By the name and the values of its labels, in the order of their names."""
    answer = (through or client(app)).get("/metrics", headers=bearer(app))
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def later(office: Trial, at: str, **settings: Any) -> Application:
    app = office.app(at, **settings)
    app.tick()
    return app


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic {}", "{}", "Bearer {}x"])
def test_without_its_token_it_says_in_a_line_how_to_get_one(house: Any, given: str) -> None:
    token = metrics_token(house.application)
    headers = {"Authorization": given.format(token)} if given else {}
    answer = house.client().get("/metrics", headers=headers)  # with the local pages' cookie
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.text == "A bearer token opens this page: reminder metrics token\n"


def test_the_token_opens_it_until_there_is_another(house: Any) -> None:
    old = bearer(house.application)
    stranger = house.client("203.0.113.9", "reminder.example", is_inside=False)
    assert stranger.get("/metrics", headers=old).status_code == 200
    new = {"Authorization": f"bearer  {metrics_token(house.application, anew=True)}"}
    assert stranger.get("/metrics", headers=old).status_code == 401
    assert stranger.get("/metrics", headers=new).status_code == 200


@pytest.mark.parametrize(("setting", "status"), [("open", 200), ("off", 404), ("token", 401)])
def test_the_setting_says_to_whom_it_opens(house: Any, setting: str, status: int) -> None:
    web = house.settings.web.model_copy(update={"metrics": setting})
    house.set(web=web)
    assert house.client(is_inside=False).get("/metrics").status_code == status


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4"),
        ("text/html", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=x", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
    ],
)
def test_forms_are_the_ones_that_are_asked_for(house: Any, accept: str, kind: str) -> None:
    given = bearer(house.application) | {"Accept": accept}
    answer = house.client().get("/metrics", headers=given)
    assert answer.headers["Content-Type"].startswith(kind)
    read = as_openmetrics if "openmetrics" in kind else text_string_to_metric_families
    found = {family.name.removesuffix("_total") for family in read(answer.text)}
    assert {metric.name for metric in METRICS} <= found
    short = house.client().head("/metrics", headers=given)
    assert (short.status_code, short.content) == (200, b"")
    packed = house.client().get("/metrics", headers=given | {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "reminder_notices" in packed.text


def test_a_ledger_that_does_not_answer_is_a_scrape_that_failed(house: Any, client: Any) -> None:
    given = bearer(house.application)
    house.database.close()
    (house.settings.state_dir / "ledger.db").write_bytes(b"not a ledger" * 1000)
    assert client.get("/metrics", headers=given).status_code == 503


def test_numbers_are_those_of_the_ledger(either: Trial) -> None:
    replies = ["250 ok", "550 5.1.1 gone", "450 later"]
    with bad_server(RCPT=replies) as server:
        app = later(either, MARCH, **by_smtp(server.port), mail=OPERATOR)
        found = numbers(app)
        kinds = {("digest", "refused"): 1, ("digest", "retry"): 1}
        assert {
            key[1::2]: n for key, n in found.items() if key[:2] == ("reminder_notices", "digest")
        } == {tuple(key): n for key, n in kinds.items()}
    assert found["reminder_recipients", "mail", "sent"] == 1
    assert found["reminder_recipients", "mail", "refused"] == 1
    assert found["reminder_digest_units", "waiting", "small"] == 1
    assert found["reminder_digest_units", "refused", "small"] == 1
    assert found["reminder_delivery_seconds_count", "digest"] == 1
    assert found["reminder_next_digest_timestamp_seconds",] == stamp("2026-04-01T09:00+08:00")
    assert found["reminder_last_good_tick_timestamp_seconds",] == stamp(MARCH)
    database = "sqlite" if either.place == either.state / "ledger.db" else "postgresql"
    assert found["reminder_ledger_info", database, "0011"] == 1


def stamp(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def test_what_waits_for_the_server_is_told_with_its_age_and_the_alarm(office: Trial) -> None:
    office.tick(MARCH, **NOBODY, mail=OPERATOR)
    found = numbers(later(office, "2026-03-02T11:00+08:00", **NOBODY, mail=OPERATOR))
    assert found["reminder_oldest_waiting_seconds", "mail"] == 7200
    assert found["reminder_server_troubles", "mail"] == 1
    assert found["reminder_server_trouble_since_timestamp_seconds", "mail"] == stamp(MARCH)
    assert found["reminder_alarm_since_timestamp_seconds", "server"] == stamp(
        "2026-03-02T11:00+08:00"
    )
    well = numbers(later(office, "2026-03-02T12:00+08:00", mail=OPERATOR))
    assert well["reminder_oldest_waiting_seconds", "mail"] == 0  # its stream has nothing to send


def test_a_hold_is_told_with_its_reason(office: Trial) -> None:
    way = by_smtp(1)
    app = office.app(MARCH, **way, mail={"first_start": "hold"})
    app.tick()
    found = numbers(app)
    assert found["reminder_held", "hold"] == 1
    assert found["reminder_held", "restored"] == 0
    assert found["reminder_digest_units", "waiting", "small"] == 2


def test_a_unit_without_address_is_told_apart(office: Trial) -> None:
    office.edit_units('to = ["related@unit.test"]', "to = []")
    found = numbers(later(office, MARCH))
    outcomes = ("accepted", "waiting", "refused", "expired", "no-address")
    told = [found["reminder_digest_units", outcome, "small"] for outcome in outcomes]
    assert told == [1, 0, 0, 0, 1]


def test_times_of_deliveries_only_grow_and_are_the_same_after_a_start(either: Trial) -> None:
    app = either.app(MARCH, **NOBODY)
    through, seen = client(app), []
    app.tick()
    with bad_server() as server:
        for at in ("2026-03-02T10:00+08:00", "2026-04-01T09:00+08:00"):
            either.tick(at, **by_smtp(server.port))
            for seconds in (0, 90):  # and again when all of it is settled
                app.clock = Clock(datetime.fromisoformat(at) + timedelta(seconds=seconds))
                seen.append(times(numbers(app, through)))
    assert seen == sorted(seen, key=lambda found: sum(found.values()))
    assert seen[1] == seen[0]
    assert seen[3] == seen[2] == times(numbers(app))  # by a process that has counted nothing yet
    assert seen[3]["count", "digest"] == 6  # addresses
    assert seen[3]["bucket", "digest", "900.0"] == 3  # three waited for an hour
    assert seen[3]["sum", "digest"] == 3 * 3600


def times(found: Numbers) -> Numbers:
    begin = "reminder_delivery_seconds_"
    return {
        (key[0].removeprefix(begin), *key[1:]): value
        for key, value in found.items()
        if key[0].startswith(begin)
    }


def test_nothing_of_a_unit_or_an_address_is_told(shipped: Trial) -> None:
    app = later(shipped, "2026-04-01T09:00+08:00")
    text = client(app).get("/metrics", headers=bearer(app)).text
    told = [line for line in text.splitlines() if line.startswith("reminder_")]
    assert not [unit for unit in app.table.directory.units if f'"{unit}"' in text]
    assert "@" not in text
    assert len(told) < 120


def test_answers_are_counted_by_what_was_asked_for(house: Any) -> None:
    through = house.client(is_inside=False)
    for path in (house.url("helan"), house.url("helan"), house.url("plan"), "/feeds/x/a~1.ics"):
        through.get(path)
    for path in ("/", "/healthz", "/console", "/nothing/there", "/units/x/y", "/a%09b"):
        through.get(path)
    found = numbers(house.application, through)
    asked = {key[1:]: n for key, n in found.items() if key[0].endswith("_requests_total")}
    assert asked[("unit", "200")] == 2
    assert asked[("plan", "200")] == 1
    assert asked[("reader", "404")] == 1
    assert asked[("front", "200")] == asked[("healthz", "200")] == 1
    assert asked[("other", "404")] == 2
    assert {key[0] for key in asked} >= {"console", "units"}


def test_who_is_not_watched_pays_nothing() -> None:
    words = "import reminder.daemon, sys; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
