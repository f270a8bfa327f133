"""The benchmarks that call the product's own functions."""

from pathlib import Path

import pytest

from benchmarks.inside import CHANGES, EDITS, PASSES
from benchmarks.office import write_installation, write_office
from benchmarks.planning import inside

pytestmark = pytest.mark.long


def test_a_months_digests_are_planned_once(tmp_path: Path) -> None:
    found = inside("plan", write_office(tmp_path / "office", 40), tmp_path / "state")

    assert found["notices"] == 40
    assert len(found["idle"]) == PASSES


def test_a_changed_feed_is_rendered_anew(tmp_path: Path) -> None:
    found = inside("rebuild", write_office(tmp_path / "office", 2, 12), tmp_path / "state")

    assert found["events"] == 24
    assert len(found["anew"]) == CHANGES


@pytest.mark.long
def test_many_plans_are_planned_once_and_edited_one_by_one(tmp_path: Path) -> None:
    found = inside("installation", write_installation(tmp_path / "o", 3, 40, 60), tmp_path / "s")

    assert found["notices"] == 3 * 40
    assert len(found["edit"]) == EDITS
