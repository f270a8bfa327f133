"""What smtp-sink says of itself."""

import os
import shutil

import pytest

from benchmarks.measuring import run, until
from benchmarks.sink import sink

pytestmark = pytest.mark.long


@pytest.mark.skipif(
    not (shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") or os.environ.get("CI")),
    reason="needs Debian's postfix",
)
def test_sink_counts_what_it_has_taken() -> None:
    with sink() as server:
        run(["/usr/sbin/smtp-source", "-m", "7", "-s", "2", f"127.0.0.1:{server.port}"])

        until(lambda: server.count == 7, server.process, "all are counted")
