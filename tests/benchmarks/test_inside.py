"""The benchmarks that call the product's own functions."""

from pathlib import Path

from benchmarks.inside import CHANGES, PASSES
from benchmarks.office import write_office
from benchmarks.planning import inside


def test_a_months_digests_are_planned_once(tmp_path: Path) -> None:
    found = inside("plan", write_office(tmp_path / "office", 40), tmp_path / "state")

    assert found["notices"] == 40
    assert len(found["idle"]) == PASSES


def test_a_changed_feed_is_rendered_anew(tmp_path: Path) -> None:
    found = inside("rebuild", write_office(tmp_path / "office", 2, 12), tmp_path / "state")

    assert found["events"] == 24
    assert len(found["anew"]) == CHANGES
