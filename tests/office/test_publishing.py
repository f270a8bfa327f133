"""What is edited comes into force: from files and from the console, here and elsewhere."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from reminder.clock import Clock
from reminder.documents.edited_file import LARGEST
from reminder.documents.office import load_office
from reminder.domain.versions import Origin, Tell
from reminder.errors import ConfigurationError, DeclinedError
from reminder.ledger import publications
from reminder.office.application import Application
from reminder.office.completion import COMMAND, register, reopen
from reminder.office.edits import EditedFiles
from reminder.office.publishing import FileLook, is_sample, publish, publish_files, write_files
from reminder.office.versions import last_good, open_office
from reminder.words import SHIPPED
from tests.daemon.trials import MARCH, Trial

UNITS = "units.toml"


@pytest.fixture
def office(either: Trial) -> Trial:
    return either


def newest(app: Application) -> int:
    with app.database.read() as connection:
        return publications.newest(connection)


def begun(office: Trial) -> Application:
    app = office.app(MARCH)
    assert publish_files(app, author="") == FileLook(1, ())
    return app


def units_with(app: Application, old: str, new: str) -> dict[str, bytes | None]:
    text = app.office.contents[UNITS].decode()
    assert old in text
    return {UNITS: text.replace(old, new).encode()}


def address(app: Application) -> str:
    return app.table.directory["related"].to[0]


def by_console(app: Application, old: str, new: str) -> int:
    changes = units_with(app, old, new)
    return publish(app, changes, origin=Origin.CONSOLE, author="甲", base=newest(app))


def test_files_come_into_force_once(office: Trial) -> None:
    app = begun(office)
    assert publish_files(app, author="") == FileLook(0, ())
    with app.database.read() as connection:
        [first] = publications.read_publications(connection)
    assert (first.origin, first.documents) == (Origin.START, ("plan/plan.toml", UNITS))
    assert first.told == first.at


def test_edited_file_comes_into_force_everywhere(office: Trial) -> None:
    app, other = begun(office), begun_beside(office)
    office.edit_units("related@unit.test", "other@unit.test")
    assert publish_files(app, author="") == FileLook(2, ())
    assert address(app) == "other@unit.test"
    assert other.refresh()
    assert address(other) == "other@unit.test"


def begun_beside(office: Trial) -> Application:
    """Another process, of another time: its files are in force already."""
    app = office.app(MARCH)
    assert publish_files(app, author="").number == 0
    return app


def test_broken_file_changes_nothing_and_says_where(office: Trial) -> None:
    app = begun(office)
    office.edit_units('relation = "own"', 'relation = "owned"')
    look = publish_files(app, author="")
    assert (look.number, [fault.line for fault in look.faults]) == (0, [5, 11, 17])
    assert newest(app) == 1
    good = last_good(office.config, {"database_url": app.settings.database_url})
    assert good is not None
    assert good.contents == app.office.contents


def test_what_the_console_publishes_is_in_the_file_too(office: Trial) -> None:
    app = begun(office)
    assert by_console(app, "related@unit.test", "console@unit.test") == 2
    assert address(app) == "console@unit.test"
    assert write_files(app, [UNITS]) == []
    assert b"console@unit.test" in units_file(office).read_bytes()
    assert publish_files(app, author="") == FileLook(0, ())
    office.edit_units("console@unit.test", "file@unit.test")
    assert publish_files(app, author="") == FileLook(3, ())
    assert address(app) == "file@unit.test"


def units_file(office: Trial) -> Path:
    assert office.config is not None
    return office.config / UNITS


def test_file_and_console_that_both_changed_are_a_conflict(office: Trial) -> None:
    app = begun(office)
    office.edit_units("related@unit.test", "file@unit.test")
    by_console(app, "related@unit.test", "console@unit.test")
    assert publish_files(app, author="") == FileLook(0, (UNITS,))
    assert write_files(app, [UNITS]) == [UNITS]
    assert address(app) == "console@unit.test"
    assert publish_files(app, author="", forced=True) == FileLook(3, ())
    assert address(app) == "file@unit.test"
    assert publish_files(app, author="") == FileLook(0, ())


def test_file_that_stayed_behind_is_no_conflict(office: Trial) -> None:
    app = begun(office)
    by_console(app, "related@unit.test", "console@unit.test")
    assert publish_files(app, author="") == FileLook(0, ())
    # Nor for a process that begins now: it goes by what is in force.
    later = office.app(MARCH)
    publish_files(later, author="")
    assert address(later) == "console@unit.test"


def test_file_that_cannot_be_read_is_not_taken_away(office: Trial) -> None:
    days = units_file(office).parent / "workdays" / "2026.toml"
    days.parent.mkdir()
    days.write_text("rest = [2026-12-31]\n", "utf-8")
    app = begun(office)
    office.edit_units("related@unit.test", "file@unit.test")
    by_console(app, "related@unit.test", "console@unit.test")
    days.write_bytes(b"#" * (LARGEST + 1))
    look = publish_files(app, author="")
    assert (look.number, [fault.reason for fault in look.faults]) == (0, ["unreadable"])
    assert "workdays/2026.toml" in app.office.contents


def test_death_after_a_publication_makes_no_conflict(office: Trial) -> None:
    app = begun(office)
    office.edit_units("related@unit.test", "second@unit.test")
    app.wake = die
    with pytest.raises(KeyboardInterrupt):
        publish_files(app, author="")
    office.edit_units("second@unit.test", "third@unit.test")
    assert publish_files(office.app(MARCH), author="") == FileLook(3, ())


def die() -> None:
    raise KeyboardInterrupt


def test_file_that_a_death_left_behind_is_written_by_the_next_daemon(office: Trial) -> None:
    by_console(begun(office), "related@unit.test", "console@unit.test")
    assert EditedFiles(office.app(MARCH)).look() == []
    assert b"console@unit.test" in units_file(office).read_bytes()
    office.edit_units("console@unit.test", "file@unit.test")
    assert publish_files(office.app(MARCH), author="") == FileLook(3, ())


def test_of_two_who_publish_the_second_is_told(office: Trial) -> None:
    app = begun(office)
    by_console(app, "related@unit.test", "first@unit.test")
    with pytest.raises(DeclinedError, match="meanwhile"):
        publish(
            app,
            units_with(app, "first@unit.test", "second@unit.test"),
            origin=Origin.CONSOLE,
            author="乙",
            base=1,
        )
    assert address(app) == "first@unit.test"


def test_mistakes_are_said_before_anything_is_in_force(office: Trial) -> None:
    app = begun(office)
    with pytest.raises(ConfigurationError, match=r"units.toml:5: unit.relation"):
        by_console(app, 'relation = "own"', 'relation = "owned"')
    assert newest(app) == 1


def test_commands_go_by_what_is_in_force_or_comes_next(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = begun(office)
    by_console(app, "related@unit.test", "console@unit.test")
    given = {"database_url": app.settings.database_url}
    monkeypatch.setenv("REMINDER_PLAN", str(office.plan_file))
    read = open_office(office.config, given)
    assert (read.publication, read.table.directory["related"].to[0]) == (2, "console@unit.test")
    write_files(app, [UNITS])
    office.edit_units("console@unit.test", "edited@unit.test")
    read = open_office(office.config, given)
    assert (read.publication, read.table.directory["related"].to[0]) == (2, "edited@unit.test")
    assert newest(app) == 2


def test_what_nobody_is_told_of_is_kept_with_it(office: Trial) -> None:
    app = begun(office)
    changes = units_with(app, "related@unit.test", "quiet@unit.test")
    publish(
        app, changes, origin=Origin.CONSOLE, author="甲", base=1, note="改地址", tell=Tell.NOBODY
    )
    with app.database.read() as connection:
        last, first = publications.read_publications(connection, UNITS)
        assert publications.untold(connection) == [2]
        before = publications.contents(connection, at=1)
    assert (last.author, last.note, last.tell) == ("甲", "改地址", Tell.NOBODY)
    assert first.number == 1
    assert b"related@unit.test" in before[UNITS]


def test_what_is_registered_goes_on_when_a_task_gets_a_second_time(office: Trial) -> None:
    app = begun(office)
    register(app, ["2026-03-1"], None, date(2026, 3, 2), "", COMMAND)
    once = 'id = "2026-03-1"\n'
    twice = f'{once}when = "3月、9月"\n'
    for old, new, key in ((once, twice, "2026-03-1@2026-03"), (twice, once, "2026-03-1")):
        office.edit_plan(old, new)
        assert publish_files(app, author="").number
        assert app.progress().done == {key: date(2026, 3, 2)}
    reopen(app, "2026-03-1")
    assert app.progress().done == {}


@pytest.mark.parametrize(
    ("config", "plan", "samples"),
    [
        (None, None, (True, True)),
        (SHIPPED / "config", None, (False, False)),
        ("own", None, (False, True)),
        (None, SHIPPED / "plan" / "plan_2026.toml", (True, False)),
    ],
    ids=["nothing named", "a checkout's own", "another config", "the plan"],
)
def test_shipped_files_are_samples_until_somebody_names_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: Path | str | None,
    plan: Path | None,
    samples: tuple[bool, bool],
) -> None:
    monkeypatch.delenv("REMINDER_CONFIG", raising=False)
    if config == "own":
        config = tmp_path / "own"
        shutil.copytree(SHIPPED / "config", config)
    given = {"state_dir": tmp_path} | ({"plan": plan} if plan else {})
    app = Application(load_office(Path(config) if config else None, given), Clock())
    files = app.office.document_files
    units = app.office.document_files.config / UNITS
    assert (is_sample(app, units.resolve()), is_sample(app, files.plan)) == samples
