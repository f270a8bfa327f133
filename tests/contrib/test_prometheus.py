"""Alert rules and dashboard: what they ask for exists, and each alert fires when it should."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.office.links import metrics_token
from reminder.office.metrics import METRICS
from reminder.web.app import create_app
from tests.contrib.prometheus import FOLDER, RULES, prometheus, promtool
from tests.daemon.processes import hasty, killed_at_last
from tests.daemon.trials import MARCH, NOBODY, OPERATOR, Trial
from tests.mail.servers import bad_server
from tests.nginx import free_port

DASHBOARD = FOLDER.parent / "grafana" / "reminder.json"
PAGE = FOLDER.parents[1] / "docs" / "watching.md"
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
KNOWN = {
    f"{metric.name}{suffix}": {*metric.labels, "le", "job", "instance"}
    for metric in METRICS
    for suffix in SUFFIXES.get(metric.kind, [""])
}
ALERTS = re.findall(r"- alert: (\w+)\n +expr: (.+)\n", RULES.read_text())


def panels() -> Iterator[dict[str, Any]]:
    yield from json.loads(DASHBOARD.read_text())["panels"]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    return [*shown, *(expression.strip("'") for _, expression in ALERTS)]


def test_every_query_asks_for_metrics_and_labels_that_there_are() -> None:
    for query in expressions():
        names = set(re.findall(r"\breminder_\w+", query))
        assert names <= KNOWN.keys(), query
        labels = {label for name in names for label in KNOWN[name]}
        asked = {name for some in re.findall(r"by \(([^)]*)\)", query) for name in some.split(", ")}
        asked |= set(re.findall(r'(\w+)(?:=~|!=|!~|=)"', query))
        assert asked <= labels | {"job", "instance"}, query


def test_every_metric_is_shown_or_watched() -> None:
    text = " ".join(expressions())
    assert [metric.name for metric in METRICS if metric.name not in text] == []


def test_prometheus_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [
        query.replace("$__rate_interval", "5m").replace("$plan", ".*") for query in expressions()
    ]
    rules = [f"- record: query:{n}\n    expr: {json.dumps(q)}" for n, q in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(
        "groups:\n- name: all\n  rules:\n  " + "\n  ".join(rules) + "\n"
    )
    assert f"{len(queries)} rules found" in promtool("check", "rules", "rules.yml", folder=tmp_path)


def test_panels_do_not_cover_each_other() -> None:
    places = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels())
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23
    assert len({panel["id"] for panel in panels()}) == len(list(panels()))


@pytest.mark.long
def test_each_alert_fires_and_is_quiet_before() -> None:
    tested = set(re.findall(r"alertname: (\w+)\n", (FOLDER / "reminder.test.yml").read_text()))
    assert tested == {name for name, _ in ALERTS}
    assert "SUCCESS" in promtool("test", "rules", "reminder.test.yml")


def test_example_and_rules_are_right() -> None:
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES.name)


def test_each_alert_has_its_section_in_the_documentation() -> None:
    heads = {line[4:].lower() for line in PAGE.read_text().splitlines() if line.startswith("### ")}
    linked = re.findall(r"runbook_url: docs/watching.md#(\w+)", RULES.read_text())
    assert linked == [name.lower() for name, _ in ALERTS]
    assert set(linked) <= heads


def test_a_scrape_is_as_prometheus_wants_it(office: Trial) -> None:
    office.tick(MARCH, **NOBODY, mail=OPERATOR)
    app = office.app("2026-03-02T11:00+08:00", **NOBODY, mail=OPERATOR)
    app.tick()
    client = TestClient(create_app(app))
    given = {"Authorization": f"Bearer {metrics_token(app)}"}
    assert promtool("check", "metrics", given=client.get("/metrics", headers=given).text) == ""


def this_month(office: Trial) -> None:
    """Its digest is due now, whatever day it is."""
    today = Clock().now()
    office.edit_plan("year = 2026", f"year = {today.year}")
    office.edit_plan("month = 3\n", f"month = {today.month}\n")
    text = office.plan_file.read_text("utf-8")
    office.plan_file.write_text(text[: text.rindex("[[month]]")], "utf-8")


@pytest.mark.long
def test_a_mail_server_that_is_down_fires_and_when_it_works_again_no_more(
    office: Trial, tmp_path: Path
) -> None:
    this_month(office)
    mail, web = free_port(), free_port()
    environ = {
        "CONFIG": str(office.config), "PLAN": str(office.plan_file), "WEB__PORT": str(web),
        "TRANSPORT": "smtp", "SMTP__HOST": "127.0.0.1", "SMTP__PORT": str(mail),
        "SMTP__SECURITY": "none", "MAIL__FIRST_START": "send", "DIGEST__WORKDAYS_BEFORE": "10",
        "MAIL__OPERATOR": "operator@npc.test",
    }  # fmt: skip
    token = metrics_token(office.app(datetime.now().astimezone().isoformat()))
    with (
        killed_at_last(hasty(office.state, 5, "run", **environ)),
        prometheus(tmp_path / "prometheus", web, token) as watching,
    ):
        wanted = {"ReminderServerTrouble", "ReminderDigestNotAccepted"}
        assert watching.until(wanted.issubset) >= wanted
        scraped = watching.get("label/__name__/values")
        assert {name for name in scraped if name.startswith("reminder_")} <= KNOWN.keys()
        with bad_server(mail):
            assert not watching.until(wanted.isdisjoint) & wanted
