"""The offices that benchmarks are about."""

from pathlib import Path

import pytest

from benchmarks.office import write_office
from reminder.documents.office import load_office
from reminder.documents.office_warnings import warnings

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("units", "tasks"), [(40, 60), (200, 28), (2, 388)])
def test_office_is_in_order_and_reaches_every_unit_every_month(
    tmp_path: Path, units: int, tasks: int
) -> None:
    office = load_office(write_office(tmp_path / "office", units, tasks))

    # The shipped wordings stand here without the sessions that they name.
    assert {warning.key for warning in warnings(office)} <= {"month.task.title"}
    assert len(office.table.directory.single) == units
    assert len(office.table.windows) == tasks
    assert {len(office.table.reached(month)) for month in range(1, 13)} == {units}
