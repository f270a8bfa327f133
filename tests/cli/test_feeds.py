"""Addresses of feeds, and feeds as files."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.office.application import Application
from reminder.web.app import create_app
from tests.cli.conftest import Office, Reminder


def test_address_is_one_line_for_scripts(office: Office) -> None:
    (line,) = office("feed", "url", "--unit", "lead").out.splitlines()
    assert line.startswith("http://127.0.0.1:8026/feeds/")
    assert line.endswith("/lead.ics")


def test_address_is_the_same_every_time(office: Office) -> None:
    assert (
        office("feed", "url", "--unit", "lead").raw == office("feed", "url", "--unit", "lead").raw
    )


def test_each_unit_has_an_address_of_its_own(office: Office) -> None:
    tokens = {
        office("feed", "url", "--unit", unit).out.split("/")[4] for unit in ("lead", "related")
    }
    assert len(tokens) == 2


@pytest.mark.parametrize("words", [(), ("--unit", "plan")])
def test_address_without_unit_is_the_plans(office: Office, words: tuple[str, ...]) -> None:
    assert office("feed", "url", *words).out.endswith("/plan.ics\n")


def test_address_begins_with_the_sites(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMINDER_WEB__BASE_URL", "https://reminder.unit.cn/")
    assert office("feed", "url").out.startswith("https://reminder.unit.cn/feeds/")


def test_address_in_json_has_the_form_that_is_handed_out(office: Office) -> None:
    found = office("feed", "url", "--unit", "lead", "--json").json
    assert found["unit"] == "lead"
    assert found["handed_out"] == found["url"] + "?view=due&year-round=0"


def test_address_on_a_terminal_explains_itself(office: Office) -> None:
    ended = office("feed", "url", "--unit", "lead", terminal=True)
    assert len(ended.out.splitlines()) == 3
    assert "webcal://" in ended.out


def test_group_has_no_feed(reminder: Reminder) -> None:
    ended = reminder("feed", "url", "--unit", "local-congresses")
    assert (ended.status, "its members have feeds" in ended.err) == (2, True)


def test_export_writes_a_file_for_each_unit_and_the_plan(office: Office, tmp_path: Path) -> None:
    office("feed", "export", "--output", str(tmp_path / "a" / "feeds"))
    names = {path.name for path in (tmp_path / "a" / "feeds").iterdir()}
    assert names == {"lead.ics", "related.ics", "outsider.ics", "plan.ics"}


def test_export_of_the_real_plan_has_no_feed_of_a_group(reminder: Reminder, tmp_path: Path) -> None:
    reminder("feed", "export", "--output", str(tmp_path / "feeds"))
    names = {path.stem for path in (tmp_path / "feeds").iterdir()}
    assert len(names) == 40
    assert "local-congresses" not in names


@pytest.mark.parametrize("output", ["taken", "taken/feeds"])
def test_export_that_cannot_be_written_is_said_in_words(office: Office, output: str) -> None:
    Path("taken").write_text("")
    ended = office("feed", "export", "--output", output)
    assert (ended.status, output in ended.err) == (1, True)


def test_export_again_writes_the_same_bytes(office: Office, tmp_path: Path) -> None:
    for name in ("first", "second"):
        office("feed", "export", "--output", str(tmp_path / name))
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_exported_file_is_what_the_web_server_serves(office: Office, tmp_path: Path) -> None:
    office("feed", "export", "--output", str(tmp_path / "feeds"))
    loaded = load_office(office.folder)
    application = Application(loaded, Clock())
    client = TestClient(create_app(application), base_url="http://127.0.0.1:8026")
    for name in ("lead", "plan"):
        served = client.get(office("feed", "url", "--unit", name).out.strip())
        assert served.content == (tmp_path / "feeds" / f"{name}.ics").read_bytes()
    application.database.close()


def test_rotated_feed_has_a_new_address(office: Office) -> None:
    old = office("feed", "url", "--unit", "lead").out
    new = office("feed", "rotate", "--unit", "lead").out
    assert new != old
    assert office("feed", "url", "--unit", "lead").out == new


def test_revoked_feed_says_so(office: Office) -> None:
    assert "404" in office("feed", "revoke", "--unit", "lead").out


def test_a_reader_has_an_address_of_its_own(office: Office) -> None:
    made = office("feed", "add", "--unit", "lead", "--reader", "值班员")
    assert made.out.endswith("/lead~1.ics\n")
    assert office("feed", "url", "--unit", "lead~1").out == made.out
    [row] = [row for row in office("feed", "list", "--json").json if row["label"]]
    assert (row["link"], row["label"], row["revoked"]) == ("lead~1", "值班员", False)


def test_a_readers_address_is_rotated_and_revoked_alone(office: Office) -> None:
    made = office("feed", "add", "--unit", "plan", "--reader", "值班员").out
    assert office("feed", "rotate", "--unit", "plan~1").out != made
    office("feed", "revoke", "--unit", "plan~1")
    rows = {row["link"]: row for row in office("feed", "list", "--unit", "plan", "--json").json}
    assert (rows["plan~1"]["revoked"], rows["plan"]["revoked"]) == (True, False)


def test_a_units_page_is_rotated_apart_from_its_feed(office: Office) -> None:
    feed = office("feed", "url", "--unit", "lead").out
    page = office("feed", "rotate", "--unit", "lead", "--page").out
    assert "/units/" in page
    assert office("feed", "url", "--unit", "lead").out == feed
    assert "404" in office("feed", "revoke", "--unit", "lead", "--page").out


def test_rotating_a_page_says_that_the_feed_that_stood_on_it_stays(office: Office) -> None:
    for command in ("rotate", "revoke"):
        said = office("feed", command, "--unit", "lead", "--page").err
        assert "reminder feed rotate --unit lead" in said
    assert "which stood on that page" not in office("feed", "rotate", "--unit", "lead").err


def test_every_change_of_a_link_is_listed_with_who_and_when(office: Office) -> None:
    office("feed", "add", "--unit", "lead", "--reader", "值班员")
    office("feed", "rotate", "--unit", "lead~1")
    office("feed", "revoke", "--unit", "lead~1")
    rows = {row["link"]: row for row in office("feed", "list", "--unit", "lead", "--json").json}
    acts = [words.split(" ", 2) for words in rows["lead~1"]["changes"]]
    assert [act for _, act, _ in acts] == ["made", "rotated", "revoked"]
    assert all(at.startswith("2026-04-01T") for at, _, _ in acts)
    assert all(by.startswith("command line (") for _, _, by in acts)


@pytest.mark.parametrize("unit", ["lead~1", "nobody~1", "plan~x"])
def test_a_readers_address_that_nobody_made_is_unknown(office: Office, unit: str) -> None:
    for command in ("url", "rotate", "revoke"):
        assert office("feed", command, "--unit", unit).status == 3
    assert office("feed", "list", "--json").json[0]["generation"] == 1


def test_the_plan_has_no_page(office: Office) -> None:
    assert office("feed", "rotate", "--unit", "plan", "--page").status == 3


def test_a_label_too_long_is_refused(office: Office) -> None:
    assert office("feed", "add", "--unit", "lead", "--reader", "长" * 41).status == 2
