"""Long work in short transactions."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

CHUNK = 200  # notices composed in one transaction: others wait for half a second at most

_Item = TypeVar("_Item")


def batched(items: Iterable[_Item], size: int = CHUNK) -> Iterator[list[_Item]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
