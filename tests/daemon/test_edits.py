"""Files are edited while a daemon runs: what becomes of it, here and on other machines."""

import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reminder.domain.versions import Origin, Tell
from reminder.ledger import publications
from reminder.office.edits import EditedFiles, watch
from reminder.office.publishing import publish_files
from tests.daemon.test_daemon import answer, daemon, stopped
from tests.daemon.trials import MARCH, OPERATOR, Trial, trial
from tests.postgresql import PostgreSQL

SHIPPED = Path(__file__).parents[2]
SOON = 30  # seconds that anything may take on a busy machine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("config", "plan"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True) as opened:
        yield opened


def numbers(office: Trial) -> int:
    with office.reading() as connection:
        return publications.newest(connection)


def wait(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def running(folder: Path) -> Iterator[tuple[Trial, str]]:
    where = {"CONFIG": str(folder / "config"), "PLAN": str(folder / "plan")}
    with trial(folder, made=False) as office, daemon(office.state, **where) as (process, screen):
        found = re.search(r"http://\S+/\S*", screen)
        assert found
        yield office, found[0].rstrip(".")
        assert stopped(process) == 0


def test_saved_plan_is_in_force_on_every_page_without_a_restart(
    running: tuple[Trial, str], folder: Path
) -> None:
    office, page = running
    plan = folder / "plan" / "plan_2026.toml"
    edit(plan, "2026年度代表工作安排表", "2026年度代表工作安排表（修订）")
    wait(lambda: numbers(office) == 2)
    # A broken one changes nothing; mended it comes into force, and so does a new year's file.
    edit(plan, "[plan]", "[plan")
    (folder / "config" / "workdays" / "2026.toml").write_text("rest = [2026-12-31]\n")
    time.sleep(0.5)
    assert answer(page)[0] == 200
    assert numbers(office) == 2
    edit(plan, "[plan\n", "[plan]\n")
    wait(lambda: numbers(office) >= 3)


def test_saves_without_a_pause_are_one_version(running: tuple[Trial, str], folder: Path) -> None:
    office, _ = running
    plan = folder / "plan" / "plan_2026.toml"
    text = plan.read_text("utf-8")
    for number in range(20):
        plan.write_text("", "utf-8")  # as some editors begin
        plan.write_text(f"{text}# {number}\n", "utf-8")
        time.sleep(0.1)
    last = f"# {number}\n".encode()
    wait(lambda: contents(office)["plan/plan_2026.toml"].endswith(last))
    assert numbers(office) <= 3  # a tick may have come between


@pytest.mark.long
def test_what_changes_while_an_edit_is_taken_in_is_seen(small: Trial) -> None:
    """As Kubernetes changes the files of a ConfigMap: the folders to watch are others each time."""
    assert small.config is not None
    units, stop, looks = small.config / "units.toml", threading.Event(), []
    for name in ("first", "second"):
        (small.config / name).mkdir()
        shutil.copy(units, small.config / name / "units.toml")
    lead(units, "first")

    def look() -> None:
        looks.append(units.resolve().parent.name)
        lead(units, "second")
        if len(looks) > 1:
            stop.set()

    watcher = threading.Thread(target=watch, args=(small.app(MARCH), stop, look))
    watcher.start()
    while not looks and watcher.is_alive():
        small.plan_file.touch()
        time.sleep(0.05)
    watcher.join(SOON)
    stop.set()
    assert looks[:2] == ["first", "second"]


def lead(link: Path, folder: str) -> None:
    new = link.with_name("link")
    new.symlink_to(f"{folder}/{link.name}")
    new.replace(link)


def contents(office: Trial) -> dict[str, bytes]:
    with office.reading() as connection:
        return publications.contents(connection)


def test_hang_up_makes_a_daemon_look_and_not_end(folder: Path) -> None:
    where = {"CONFIG": str(folder / "config"), "PLAN": str(folder / "plan")}
    with trial(folder, made=False) as office, daemon(office.state, **where) as (process, _):
        edit(folder / "config" / "units.toml", "npc.example", "office.example")
        process.send_signal(signal.SIGHUP)
        wait(lambda: numbers(office) == 2)
        assert process.poll() is None
        assert stopped(process) == 0


def test_settings_that_may_change_do_and_the_others_are_named(small: Trial) -> None:
    assert small.config is not None
    settings = small.config / "reminder.toml"
    settings.write_text("[digest]\nat = 09:00:00\n", "utf-8")
    app = small.app(MARCH)
    edits = EditedFiles(app)
    assert edits.look() == []
    settings.write_text(
        'uid_domain = "other.example"\n[digest]\nat = 10:30:00\n[mail]\napproval = true\n', "utf-8"
    )
    [pending] = edits.look()
    assert pending.facts == {"names": ["uid_domain"]}
    assert (app.settings.uid_domain, app.settings.mail.approval) == ("reminder.example", True)
    assert app.table.digest_due(3).strftime("%H:%M") == "10:30"
    settings.write_text('[digest]\nat = "25:00:00"\n', "utf-8")
    [broken] = edits.look()
    assert "reminder.toml:2: digest.at" in broken.detail
    assert [fault.line for fault in app.file_faults] == [2]
    assert app.table.digest_due(3).strftime("%H:%M") == "10:30"


def test_replica_with_older_files_goes_by_what_is_in_force(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    place = postgresql.create("shared")
    (tmp_path / "other").mkdir()
    with (
        trial(tmp_path, small=True, place=place) as office,
        trial(tmp_path / "other", small=True, place=place) as other,
    ):
        one, two = office.app(MARCH), other.app(MARCH)
        assert publish_files(one, author="").number == 1
        assert publish_files(two, author="").number == 0
        office.edit_units("related@unit.test", "new@unit.test")
        publish_files(one, author="")
        # Its files are behind: they change nothing, now or when it begins again.
        assert publish_files(two, author="").number == 0
        assert two.table.directory["related"].to == ("new@unit.test",)
        later = other.app(MARCH)
        assert publish_files(later, author="").number == 0
        assert later.table.directory["related"].to == ("new@unit.test",)
        assert one.is_current()
        assert two.is_current()
        # Who edits them does not know what came since: nothing of it is lost.
        other.edit_units("second@unit.test", "other@unit.test")
        assert publish_files(later, author="").conflicts == ("units.toml",)
        assert one.table.directory["related"].to == ("new@unit.test",)


def test_conflict_is_told_and_is_over_when_the_file_wins(small: Trial) -> None:
    small.tick(MARCH, mail=OPERATOR)
    app = small.app(MARCH, mail=OPERATOR)
    edits = EditedFiles(app)
    edits.look()
    with app.database.write() as connection:
        content = app.office.contents["units.toml"].replace(b"related@", b"console@")
        publications.add(
            connection,
            {"units.toml": content},
            app.clock.now(),
            origin=Origin.CONSOLE,
            author="",
            tell=Tell.NOBODY,
        )
    small.edit_units("related@unit.test", "file@unit.test")
    [conflict] = edits.look()
    assert conflict.facts == {"documents": ("units.toml",)}
    assert app.table.directory["related"].to == ("console@unit.test",)
    app.look(app.clock.now(), [conflict])
    app.sender.send_ready()
    assert any("各有改动" in str(mail["Subject"]) for mail in small.mails())
    publish_files(app, author="", forced=True)
    assert edits.look() == []
    assert app.table.directory["related"].to == ("file@unit.test",)
