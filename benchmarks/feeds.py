"""A calendar fetched whole and fetched unchanged, beside nginx with the same file."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.daemon import daemon, fetch
from benchmarks.measuring import (
    REMINDER,
    Unavailable,
    free_port,
    in_turn,
    ratios,
    run,
    running,
    spread,
    tool,
    until,
    workplace,
)
from benchmarks.office import write_office
from benchmarks.page import Part, Target
from benchmarks.planning import inside
from benchmarks.relay import answers

CLIENTS, THREADS = 16, 2
UNITS = 40
SIZES = (28, 388)  # months' tasks; twelve year-round events come on top
_NGINX = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  gzip off;
  sendfile on;
  keepalive_requests 1000000000;
  types {{ text/calendar ics; }}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}/feeds; }}
}}
"""


@dataclass
class Asked:
    """One address under load, again and again; latencies are in milliseconds."""

    what: str
    url: str
    seconds: int
    etag: str
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def load(self) -> float:
        words = [tool("wrk", "wrk"), f"-c{CLIENTS}", f"-t{THREADS}", f"-d{self.seconds}s"]
        headers = ["-H", f"If-None-Match: {self.etag}"] if self.etag else []
        said = run([*words, "--latency", *headers, self.url]).said
        if "Non-2xx" in said or "Socket errors" in said:
            raise Unavailable(f"wrk had errors: {said}")
        self.p50.append(_latency(said, 50))
        self.p99.append(_latency(said, 99))
        found = re.search(r"Requests/sec:\s*([\d.]+)", said)
        assert found
        self.rates.append(float(found[1]))
        return self.rates[-1]


def _latency(said: str, percent: int) -> float:
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def measure(quick: bool) -> Part:
    seconds, rounds = (1, 1) if quick else (4, 6)
    part = Part(
        "Calendars",
        f"`wrk -c{CLIENTS} -t{THREADS}` for {seconds} s at a time on the shipped plan's whole "
        "feed, from `reminder run` and from nginx (one worker, no log, no gzip) with the file "
        "that `reminder feed export` wrote: the same bytes. 304 is the answer to If-None-Match. "
        "Anew is the whole plan's feed after one task's wording changed and the ledger was brought "
        f"in step, in an office of {UNITS} units: events read, the changed one rendered, ETag and "
        "gzip form made, by the wall clock.",
    )
    part.rows.append(("", "a second", "p50, ms", "p99, ms"))
    with workplace() as folder, daemon(folder / "state") as reminder:
        run([REMINDER, "feed", "export", "--output", str(folder / "feeds")], reminder.settings)
        url = run([REMINDER, "feed", "url"], reminder.settings).said.strip()
        with nginx(folder) as base:
            file = f"{base}/plan.ics"
            _, body, etag = fetch(url)
            _, same, its_etag = fetch(file)
            if body != same or fetch(url, **{"If-None-Match": etag})[0] != 304:
                raise Unavailable("the feed and its file differ")
            part.rows.append((f"{len(body):,} bytes", "", "", ""))
            _compare(part, (file, url), (its_etag, etag), (rounds, seconds))
    for tasks in SIZES[:1] if quick else SIZES:
        with workplace() as folder:
            found = inside("rebuild", write_office(folder, UNITS, tasks), folder / "state")
        words, took = f"anew, {found['events']} events", spread(found["anew"])
        part.rows.append((words, "", str(took), ""))
        part.targets.append(Target(f"feed {words}", 10, took, " ms", most=True))
    return part


def _compare(
    part: Part, urls: tuple[str, str], etags: tuple[str, str], load: tuple[int, int]
) -> None:
    """Both of the product's answers are judged by nginx's 200 of the same round."""
    rounds, seconds = load
    asked = [
        Asked(f"{status}, {name}", url, seconds, etag if status == "304" else "")
        for status in ("200", "304")
        for name, url, etag in zip(("nginx", "reminder"), urls, etags, strict=True)
    ]
    in_turn(rounds, *(each.load for each in asked))
    for each in asked:
        figures = (str(spread(found)) for found in (each.rates, each.p50, each.p99))
        part.rows.append((each.what, *figures))
    limit, ours, _, unchanged = asked
    for each, bound in ((ours, 0.5), (unchanged, 0.65)):
        status = each.what[:3]
        ratio = ratios(each.rates, limit.rates)
        part.rows.append((f"{status}, ratio to nginx's 200", str(ratio), "", ""))
        words = f"feed, {status}, requests a second beside nginx's 200"
        part.targets.append(Target(words, bound, ratio))
        words = f"feed, {status}, p99 at {CLIENTS} connections"
        part.targets.append(Target(words, 10, spread(each.p99), " ms", most=True))


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Serves the folder's feeds, as whoever runs this."""
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, folder=folder, port=port))
    words = [tool("nginx", "nginx-light"), "-c", str(config), "-e", str(folder / "error.log")]
    with running([*words, "-p", str(folder)]) as process:
        until(lambda: answers(port), process, "nginx answers")
        yield f"http://127.0.0.1:{port}"
