"""What the page says of a target."""

import pytest

from benchmarks.measuring import Spread
from benchmarks.page import Target

pytestmark = pytest.mark.long


def reached(target: Target) -> str:
    return target.row()[-1]


def test_what_is_to_stay_above_is_reached_above() -> None:
    found = [reached(Target("rate", 0.25, Spread(n, n, n))) for n in (0.2, 0.25)]

    assert found == ["**no**", "yes"]


def test_what_is_to_stay_below_is_reached_below() -> None:
    found = [reached(Target("time", 50, Spread(n, n, n), most=True)) for n in (50, 51)]

    assert found == ["yes", "**no**"]


def test_what_was_not_measured_is_not_reached() -> None:
    assert reached(Target("time", 50, None)) == "not measured"
