"""Working days of China: whose word counts, make-up days, and the twelve months of 2026."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from reminder.documents.office import Office
from reminder.documents.workdays_file import published, read_workdays
from reminder.domain.workdays import WorkingDays
from tests.domain.builders import DAYS, announced

SATURDAY = date(2026, 5, 9)  # a working day by the notice, to make up for the holiday

# By hand from the State Council's notice for 2026: opens and first mail, due.
MONTHS = [
    ("01-04", "01-30"), ("02-02", "02-28"), ("03-02", "03-31"), ("04-01", "04-30"),
    ("05-06", "05-29"), ("06-01", "06-30"), ("07-01", "07-31"), ("08-03", "08-31"),
    ("09-01", "09-30"), ("10-08", "10-30"), ("11-02", "11-30"), ("12-01", "12-31"),
]  # fmt: skip


@pytest.mark.parametrize("month", range(1, 13))
def test_twelve_windows_and_sending_moments_of_2026(office: Office, month: int) -> None:
    days, (opens, due) = office.table.days, MONTHS[month - 1]
    assert days.first_of_month(2026, month) == date.fromisoformat(f"2026-{opens}")
    assert days.last_of_month(2026, month) == date.fromisoformat(f"2026-{due}")
    assert office.table.digest_due(month).isoformat() == f"2026-{opens}T09:00:00+08:00"


def test_every_day_of_2026_is_what_the_notice_says(office: Office) -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [d for d in year if office.table.days.is_working(d) is not announced(d)] == []


def test_a_year_whose_exceptions_are_all_named_rests_on_no_guess() -> None:
    days = WorkingDays(lambda _: None, {date(2030, 10, 2): False}, frozenset({2030}))
    assert [days.is_working(date(2030, 10, day)) for day in (1, 2, 5)] == [True, False, False]
    assert [days.is_provisional(date(year, 1, 2)) for year in (2030, 2031)] == [False, True]


@pytest.mark.parametrize(
    ("named", "public", "working"),
    [
        ({SATURDAY: False}, True, False),
        ({SATURDAY: True}, False, True),
        ({date(2026, 5, 8): False}, True, True),
        ({}, False, False),
        ({}, None, False),
    ],
)
def test_a_named_day_comes_before_the_published_before_the_guess(
    named: dict[date, bool], public: bool | None, working: bool
) -> None:
    assert WorkingDays(lambda _: public, named).is_working(SATURDAY) is working


def test_a_year_without_published_data_is_not_known() -> None:
    assert published(date(2099, 3, 2)) is None


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2027-01-01", False),
        ("2027-01-04", True),
        ("2027-01-09", False),
        ("2027-05-03", True),
        ("2027-10-01", False),
        ("2027-10-04", True),
    ],
)
def test_an_unannounced_year_is_guessed_from_weekdays_and_fixed_holidays(
    day: str, working: bool
) -> None:
    assert DAYS.is_working(date.fromisoformat(day)) is working


def test_a_guessed_day_is_provisional_and_none_that_was_announced_or_named() -> None:
    first, second = date(2027, 3, 1), date(2027, 3, 2)
    days = WorkingDays(announced, {first: False})
    found = [days.is_provisional(day) for day in (date(2026, 3, 2), first, second)]
    assert found == [False, False, True]


@pytest.mark.parametrize(
    ("on", "due", "left"),
    [
        ("2026-01-26", "2026-01-30", 4),
        ("2026-01-27", "2026-01-30", 3),
        ("2026-01-30", "2026-01-30", 0),
        ("2026-01-31", "2026-01-30", 0),
        ("2026-05-08", "2026-05-09", 1),
        ("2026-04-30", "2026-05-06", 1),
    ],
)
def test_days_between_count_after_the_first_day_up_to_the_last(
    on: str, due: str, left: int
) -> None:
    assert DAYS.between(date.fromisoformat(on), date.fromisoformat(due)) == left


def test_shift_steps_over_rest_days_and_onto_make_up_days() -> None:
    assert DAYS.shift(date(2026, 4, 30), 1) == date(2026, 5, 6)
    assert DAYS.shift(date(2026, 5, 11), -1) == date(2026, 5, 9)
    assert DAYS.shift(date(2026, 5, 6), 0) == date(2026, 5, 6)


def test_editors_sender_lock_a_years_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "2026.toml").write_text("rest = [2026-05-04]\n")
    (tmp_path / ".#2026.toml").symlink_to("somebody@desk.123")
    (tmp_path / "2026.toml~").write_text("rest = [")
    days, faults = read_workdays(tmp_path, None)
    assert (faults, days.is_working(date(2026, 5, 4))) == ([], False)
