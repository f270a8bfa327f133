"""Senders on hosts of their own: what one leaves, others send. `make hosts` has all cases, with
leases as long as they are."""

import os
from pathlib import Path

import pytest

from tests.hosts.cluster import Shape
from tests.hosts.network import missing
from tests.hosts.troubles import (
    CUT_OFF,
    DEAD,
    FROZEN,
    KILLED,
    befallen,
    failed_over,
    served_alike,
)
from tests.postgresql import program


@pytest.fixture(autouse=True)
def _hosts() -> None:
    absent = "" if program("postgres") else "PostgreSQL's programs are not on this machine"
    if words := missing() or absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)


@pytest.mark.long
def test_what_a_killed_and_a_frozen_sender_held_is_sent_by_the_third(tmp_path: Path) -> None:
    shape = Shape(units=120, body=0.15, hasty=True)
    found = befallen(tmp_path, shape, KILLED, FROZEN)
    assert found.breaches == []
    assert 0 < found.copies <= 2 * shape.connections
    assert found.held > found.copies


@pytest.mark.long
def test_feeds_are_the_same_on_every_host(tmp_path: Path) -> None:
    breaches, _ = served_alike(tmp_path)
    assert breaches == []


@pytest.mark.long
@pytest.mark.parametrize("how", [DEAD, CUT_OFF])
def test_standby_that_is_promoted_while_all_send_loses_nothing(tmp_path: Path, how: str) -> None:
    shape = Shape(units=120, body=0.15, hasty=True, standby=True)
    found = failed_over(tmp_path, shape, how)
    assert found.breaches == []
    assert found.copies <= shape.senders * shape.connections
