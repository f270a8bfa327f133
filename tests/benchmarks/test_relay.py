"""The slow relay, and the bare sockets that are its limit."""

import pytest

from benchmarks.faraway import options, relay
from benchmarks.measuring import module, run
from benchmarks.relay import taken

pytestmark = pytest.mark.long


@pytest.mark.parametrize("pipelining", [True, False])
def test_relay_counts_what_bare_sockets_send(*, pipelining: bool) -> None:
    with relay(pipelining=pipelining) as port:
        run(module("bare", port, 2, 5, 11_000, *options(pipelining)))
        count, seconds = taken(port)

        assert count == 5
        assert seconds > 0
        assert taken(port)[0] == 0
