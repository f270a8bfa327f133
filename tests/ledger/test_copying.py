"""An office's whole history moves to another database, and only one of the two goes on."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from reminder.errors import LedgerError, UsageError
from reminder.ledger import integrity
from reminder.ledger.access import FEED, LinkView
from reminder.ledger.database import Place, open_database, reading
from reminder.ledger.schema import metadata, setting
from reminder.mail.replicas import single_process_lock
from reminder.office import completion, records
from reminder.office.links import rotate
from tests.daemon.processes import until
from tests.daemon.trials import MARCH, Trial, forked, trial
from tests.postgresql import PostgreSQL

APRIL = "2026-04-01T09:00+08:00"


@pytest.fixture(params=["to the server", "from the server"])
def places(
    request: pytest.FixtureRequest, postgresql: PostgreSQL, tmp_path: Path
) -> tuple[Place, Place]:
    pair = (tmp_path / "state" / "ledger.db", postgresql.emptied())
    return pair if request.param == "to the server" else pair[::-1]


@pytest.fixture
def office(places: tuple[Place, Place], tmp_path: Path) -> Iterator[Trial]:
    """That went through March, with a task done and a feed's address changed."""
    with trial(tmp_path, small=True, place=places[0]) as opened:
        app = opened.app(MARCH)
        app.tick()
        rotate(app, LinkView(FEED, "lead"))
        completion.register(app, ["2026-03-1"], None, None, "办结")
        yield opened


@pytest.fixture
def target(places: tuple[Place, Place]) -> Place:
    return places[1]


def move(office: Trial, target: Place) -> dict[str, int]:
    return records.move(office.place, target, office.state)


def everything(place: Place) -> dict[str, list[dict[str, object]]]:
    with reading(place) as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
                if row.get("name") not in ("moved-to", "lies")
            ]
            for table in metadata.sorted_tables
        }


def test_copy_has_every_row_as_it_was_and_the_office_goes_on_there_and_doubles_nothing(
    office: Trial, target: Place
) -> None:
    before = everything(office.place)
    counts = move(office, target)
    assert everything(target) == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert counts["message"] == 2
    office.use(target)
    assert office.tick(MARCH) == {}
    assert office.tick(APRIL) == {"planned": 2, "sent": 2}
    assert len(office.files()) == 4
    assert list(integrity.verify(target)) == []


def test_old_ledger_is_used_by_nobody_who_opens_it_or_has_it_open(
    office: Trial, target: Place
) -> None:
    """Until the move is taken back."""
    app = office.app(APRIL)
    with app.database.read():
        move(office, target)
    for tick in (app.tick, lambda: office.tick(APRIL)):
        with pytest.raises(LedgerError, match=f"was moved to {target}") as refusal:
            tick()
        assert "REMINDER_DATABASE_URL" in refusal.value.hint
    assert len(office.files()) == 2
    assert records.take_back(office.place)
    assert not records.take_back(office.place)
    assert office.tick(APRIL) == {"planned": 2, "sent": 2}


def test_target_that_is_in_use_is_refused(office: Trial, target: Place, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with trial(tmp_path / "other", small=True, place=target) as other:
        other.tick(MARCH)
    before = everything(target)
    with pytest.raises(LedgerError, match="is in use: it has rows in notice"):
        move(office, target)
    assert everything(target) == before
    assert office.tick(APRIL) == {"planned": 2, "sent": 2}


def test_source_that_somebody_delivers_from_is_not_moved(office: Trial, target: Place) -> None:
    with (
        single_process_lock(office.app(MARCH).settings.lock_path),
        pytest.raises(LedgerError, match="another process delivers from") as refusal,
    ):
        move(office, target)
    assert "Stop the daemon" in refusal.value.hint


def test_source_that_is_not_sound_is_not_moved(office: Trial, target: Place) -> None:
    with closing(open_database(office.place)) as database, database.write() as connection:
        connection.execute(text("DELETE FROM history WHERE state = 'sent'"))
    with pytest.raises(LedgerError, match="was not copied, it is not sound"):
        move(office, target)
    with pytest.raises(UsageError, match="wanted two"):
        move(office, office.place)
    assert office.tick(MARCH) == {}


def test_copy_that_fails_leaves_the_old_ledger_open(postgresql: PostgreSQL, tmp_path: Path) -> None:
    narrow = postgresql.create("narrow")
    open_database(narrow).close()
    postgresql.execute("ALTER TABLE message ADD CHECK (notice = '')", "narrow")
    with trial(tmp_path, small=True) as office:
        office.tick(MARCH)
        with pytest.raises(LedgerError, match="violates check constraint"):
            move(office, narrow)
        assert everything(narrow)["notice"] == []
        assert office.tick(APRIL) == {"planned": 2, "sent": 2}


def closed(place: Place) -> bool:
    with reading(place) as connection:
        mark = select(setting).where(setting.c.name == "moved-to")
        return connection.execute(mark).first() is not None


def test_copier_that_is_killed_leaves_no_second_ledger_to_send_from(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    target = postgresql.emptied()
    with trial(tmp_path, small=True) as office:
        office.tick(MARCH)
        environ = {"CONFIG": str(office.config), "PLAN": str(tmp_path / "plan.toml")}
        words = ["ledger", "copy", "--from", f"sqlite:///{office.place}"]
        with closing(open_database(target)) as other, other.record() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("LOCK TABLE message"))
            copier = forked(office.state, *words, DATABASE_URL=target.url, **environ)
            with copier:
                assert until(lambda: closed(office.place), copier)
                copier.kill()
        assert everything(target)["notice"] == []
        with pytest.raises(LedgerError, match="was moved to"):
            office.tick(APRIL)
        assert records.take_back(office.place)
        assert office.tick(APRIL)["sent"] == 2
