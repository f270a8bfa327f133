"""Addresses of feeds, and feeds as files."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.office.application import Application
from reminder.web.app import create_app
from tests.cli.conftest import Office, Reminder


def url(office: Office, unit: str = "lead") -> str:
    return office("feed", "url", "--unit", unit).out


def links(office: Office) -> dict[str, dict[str, Any]]:
    """Of feeds, by their names."""
    rows = office("feed", "list", "--json").json
    return {row["link"]: row for row in rows if row["purpose"] == "feed"}


def test_address_is_one_line_for_scripts_and_the_plans_without_a_unit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = url(office).splitlines()
    assert line.startswith("http://127.0.0.1:8026/feeds/")
    assert line.endswith("/lead.ics")
    assert url(office) == f"{line}\n"
    assert url(office, "related").split("/")[4] != line.split("/")[4]
    monkeypatch.setenv("REMINDER_WEB__BASE_URL", "https://reminder.unit.cn/")
    plan = office("feed", "url").out
    assert plan.startswith("https://reminder.unit.cn/feeds/")
    assert plan.endswith("/plan.ics\n")
    assert url(office, "plan") == plan
    found = office("feed", "url", "--json").json
    assert found["unit"] == "plan"
    assert found["handed_out"] == found["url"] + "?view=due&year-round=0"
    out = office("feed", "url", terminal=True).out
    assert (len(out.splitlines()), found["webcal"] in out) == (3, True)


def test_group_has_neither_feed_nor_mail_its_members_have(
    reminder: Reminder, tmp_path: Path
) -> None:
    for command, said in {
        "feed url": "its members have feeds",
        "preview --period 2026-04": "its members get the mails",
    }.items():
        ended = reminder(*command.split(), "--unit", "local-congresses")
        assert (ended.status, said in ended.err) == (2, True)
    reminder("feed", "export", "--output", str(tmp_path / "feeds"))
    names = {path.stem for path in (tmp_path / "feeds").iterdir()}
    assert (len(names), "local-congresses" in names) == (40, False)


def test_exported_file_is_what_the_web_server_serves(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "feeds"
    office("feed", "export", "--output", str(folder))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files.keys() == {"lead.ics", "related.ics", "outsider.ics", "plan.ics"}
    office("feed", "export", "--output", str(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    application = Application(load_office(office.folder), Clock())
    client = TestClient(create_app(application), base_url="http://127.0.0.1:8026")
    for name in ("lead", "plan"):
        assert client.get(url(office, name).strip()).content == files[f"{name}.ics"]
    application.database.close()


def test_a_reader_has_an_address_of_its_own_whose_changes_are_listed(office: Office) -> None:
    plan, made = url(office, "plan"), office("feed", "add", "--unit", "plan", "--reader", "值班员")
    assert made.out.endswith("/plan~1.ics\n")
    assert url(office, "plan~1") == made.out
    assert links(office)["plan~1"]["label"] == "值班员"
    rotated = office("feed", "rotate", "--unit", "plan~1").out
    assert rotated != made.out
    assert url(office, "plan~1") == rotated
    assert "404" in office("feed", "revoke", "--unit", "plan~1").out
    rows = links(office)
    assert (rows["plan~1"]["revoked"], rows["plan"]["revoked"]) == (True, False)
    assert url(office, "plan") == plan
    acts = [words.split(" ", 2) for words in rows["plan~1"]["changes"]]
    assert [act for _, act, _ in acts] == ["made", "rotated", "revoked"]
    assert all(at.startswith("2026-04-01T") for at, _, _ in acts)
    assert all(by.startswith("command line (") for _, _, by in acts)


def test_a_units_page_is_rotated_apart_from_its_feed(office: Office) -> None:
    feed, page = url(office), office("feed", "rotate", "--unit", "lead", "--page")
    assert "/units/" in page.out
    assert "reminder feed rotate --unit lead" in page.err
    assert url(office) == feed
    revoked = office("feed", "revoke", "--unit", "lead", "--page")
    assert "404" in revoked.out
    assert "reminder feed rotate --unit lead" in revoked.err
    assert "which stood on that page" not in office("feed", "rotate", "--unit", "lead").err


def test_the_token_for_monitoring_is_one_line_until_there_is_another(office: Office) -> None:
    first = office("metrics", "token").out
    assert len(first.split()) == 1
    assert office("metrics", "token").out == first
    second = office("metrics", "token", "--new").out
    assert second not in (first, "")
    assert office("metrics", "token").out == second
