"""Feeds as each host serves them."""

import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.hosts.cluster import Shape, cluster

SECONDS = 10  # that a change may take at most: a poll is answered from memory for one


def served_alike(folder: Path) -> tuple[list[str], list[float]]:
    """What is not as it should be; and how long after a registration on one of the hosts each of
    them showed it, in seconds."""
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    with cluster(folder, Shape(12, body=0.01, hasty=True)) as run:
        run.start()
        run.until(run.done, "everything is sent and recorded")
        first, *_ = run.senders
        url = next(word for word in first.says("feed", "url", "--unit", "unit0").split()
                   if word.startswith("http"))  # fmt: skip
        path = urlsplit(url).path
        before = {one.asked(path) for one in run.senders}
        breaches = [] if len(before) == 1 else [f"different before: {before}"]
        first.says("task", "done", f"{today.year}-{today.month:02}-1")
        begun, seconds, after = time.monotonic(), [], set()
        for one in run.senders:
            run.until(lambda: one.asked(path) not in before, "the change", SECONDS)  # noqa: B023
            seconds.append(time.monotonic() - begun)
            after.add(one.asked(path))
        if len(after) != 1:
            breaches.append(f"different after: {after}")
    return breaches, seconds
